import { type Method, notYet } from '../../method.ts'
import {
  any,
  boolean,
  decimal,
  duration,
  embedded,
  integer,
  list,
  map,
  number,
  pointer,
  type Shape,
  struct,
  text,
} from '../../shape.ts'
import { pageShape, tenantIdShape, tenantShape } from '../../shapes/event.ts'
import { activationShape } from '../../shapes/profile.ts'

const matched = { FilterIDs: list(text), ActivationInterval: pointer(activationShape) }
const thresholds = { Stored: boolean, ThresholdIDs: list(text) }

const attributeFields = {
  ...matched,
  Contexts: list(text),
  Blocker: boolean,
  Weight: number,
}

/** Fields beside Tenant and ID, by profile: those of subsystems that this version does not have. Reference 01, 9.6. */
export const PROFILES = {
  AttributeProfile: struct('engine.AttributeProfile', {
    Tenant: text,
    ID: text,
    ...attributeFields,
    Attributes: list(
      struct('engine.Attribute', {
        FilterIDs: list(text),
        Path: text,
        Type: text,
        Value: list(struct('config.RSRParser', { Rules: text })),
      }),
    ),
  }),
  ResourceProfile: struct('engine.ResourceProfile', {
    Tenant: text,
    ID: text,
    ...matched,
    UsageTTL: duration,
    Limit: decimal,
    AllocationMessage: text,
    Blocker: boolean,
    Weight: number,
    ...thresholds,
  }),
  IPProfile: struct('engine.IPProfile', {
    Tenant: text,
    ID: text,
    ...matched,
    Weight: number,
    TTL: duration,
    Stored: boolean,
    Pools: list(
      struct('engine.IPPool', {
        ID: text,
        FilterIDs: list(text),
        Type: text,
        Range: text,
        Strategy: text,
        Message: text,
        Weight: number,
        Blocker: boolean,
      }),
    ),
  }),
  StatQueueProfile: struct('engine.StatQueueProfile', {
    Tenant: text,
    ID: text,
    ...matched,
    QueueLength: integer,
    TTL: duration,
    MinItems: integer,
    Metrics: list(struct('engine.MetricWithFilters', { MetricID: text, FilterIDs: list(text) })),
    Blocker: boolean,
    Weight: number,
    ...thresholds,
  }),
  ThresholdProfile: struct('engine.ThresholdProfile', {
    Tenant: text,
    ID: text,
    ...matched,
    MaxHits: integer,
    MinHits: integer,
    MinSleep: duration,
    Blocker: boolean,
    Weight: number,
    ActionIDs: list(text),
    Async: boolean,
    EeIDs: list(text),
  }),
  TrendProfile: struct('engine.TrendProfile', {
    Tenant: text,
    ID: text,
    Schedule: text,
    StatID: text,
    Metrics: list(text),
    TTL: duration,
    QueueLength: integer,
    MinItems: integer,
    CorrelationType: text,
    Tolerance: number,
    ...thresholds,
  }),
  RankingProfile: struct('engine.RankingProfile', {
    Tenant: text,
    ID: text,
    Schedule: text,
    StatIDs: list(text),
    MetricIDs: list(text),
    Sorting: text,
    SortingParameters: list(text),
    ...thresholds,
  }),
  RouteProfile: struct('engine.RouteProfile', {
    Tenant: text,
    ID: text,
    ...matched,
    Sorting: text,
    SortingParameters: list(text),
    Weight: number,
    Routes: list(
      struct('engine.Route', {
        ID: text,
        FilterIDs: list(text),
        AccountIDs: list(text),
        RatingPlanIDs: list(text),
        ResourceIDs: list(text),
        StatIDs: list(text),
        Weight: number,
        Blocker: boolean,
        RouteParameters: text,
      }),
    ),
  }),
  DispatcherProfile: struct('engine.DispatcherProfile', {
    Tenant: text,
    ID: text,
    ...matched,
    Subsystems: list(text),
    Strategy: text,
    StrategyParams: map(any),
    Weight: number,
    Hosts: list(
      struct('engine.DispatcherHostProfile', {
        ID: text,
        FilterIDs: list(text),
        Weight: number,
        Params: map(any),
        Blocker: boolean,
      }),
    ),
  }),
  DispatcherHost: struct('engine.DispatcherHost', {
    Tenant: text,
    ID: text,
    Address: text,
    Transport: text,
    ConnectAttempts: integer,
    Reconnects: integer,
    MaxReconnectInterval: duration,
    ConnectTimeout: duration,
    ReplyTimeout: duration,
    TLS: boolean,
    ClientKey: text,
    ClientCertificate: text,
    CaCertificate: text,
  }),
} as const

type ProfileName = keyof typeof PROFILES

/** Names of arguments that are not `engine.<Profile>WithAPIOpts`. */
const ARGUMENT_TYPES: Partial<Record<ProfileName, string>> = {
  RouteProfile: 'engine.RouteWithAPIOpts',
  DispatcherProfile: 'v1.DispatcherWithAPIOpts',
}

const idShape = struct('utils.TenantID', { Tenant: text, ID: text })

/** Profiles of subsystems to come. Reference 01, 9.6. */
export function absentProfileMethods(): Method[] {
  const methods: Method[] = []
  for (const [name, shape] of Object.entries(PROFILES) as [ProfileName, Shape][]) {
    const goType = ARGUMENT_TYPES[name] ?? `engine.${name}WithAPIOpts`
    methods.push(
      notYet(`APIerSv1.Get${name}`, name === 'AttributeProfile' ? tenantIdShape : idShape, shape),
      notYet(`APIerSv1.Set${name}`, struct(goType, { [name]: embedded(shape), APIOpts: map(any) })),
      notYet(`APIerSv1.Remove${name}`, tenantIdShape),
    )
    if (name !== 'TrendProfile') methods.push(notYet(`APIerSv1.Get${name}IDs`, pageShape, list(text)))
  }
  const attributeV2 = struct('engine.APIAttributeProfile', {
    Tenant: text,
    ID: text,
    ...attributeFields,
    Attributes: list(
      struct('engine.ExternalAttribute', { FilterIDs: list(text), Path: text, Type: text, Value: text }),
    ),
  })
  methods.push(
    notYet(
      'APIerSv2.SetAttributeProfile',
      struct('v2.AttributeWithAPIOpts', { APIAttributeProfile: embedded(attributeV2), APIOpts: map(any) }),
    ),
    notYet('APIerSv1.GetAttributeProfileCount', tenantShape, integer),
    notYet('APIerSv1.GetThresholdProfileCount', tenantShape, integer),
  )
  return methods
}
