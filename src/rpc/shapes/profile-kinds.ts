import type { EventValue } from '../../core/event.ts'
import { formatTime } from '../../core/time.ts'
import type { ProfileFile } from '../../tariffs/tariff-rows.ts'
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
  type ValueOf,
} from '../shape.ts'
import { activationShape } from './profile.ts'

/** A list that is null until somebody gives one. */
const texts = pointer(list(text))

const named = { Tenant: text, ID: text }
const matched = { FilterIDs: texts, ActivationInterval: pointer(activationShape) }

const attributeProfileShape = struct('engine.AttributeProfile', {
  ...named,
  Contexts: texts,
  ...matched,
  Attributes: pointer(
    list(
      struct('engine.Attribute', {
        FilterIDs: texts,
        Path: text,
        Type: text,
        Value: pointer(list(struct('config.RSRParser', { Rules: text }))),
      }),
    ),
  ),
  Blocker: boolean,
  Weight: number,
})

/** Reference 06, 3.1. */
export const resourceProfileShape = struct('engine.ResourceProfile', {
  ...named,
  ...matched,
  UsageTTL: duration,
  Limit: decimal,
  AllocationMessage: text,
  Blocker: boolean,
  Stored: boolean,
  Weight: number,
  ThresholdIDs: texts,
})

const ipProfileShape = struct('engine.IPProfile', {
  ...named,
  ...matched,
  Weight: number,
  TTL: duration,
  Stored: boolean,
  Pools: list(
    struct('engine.IPPool', {
      ID: text,
      FilterIDs: texts,
      Type: text,
      Range: text,
      Strategy: text,
      Message: text,
      Weight: number,
      Blocker: boolean,
    }),
  ),
})

const statQueueProfileShape = struct('engine.StatQueueProfile', {
  ...named,
  ...matched,
  QueueLength: integer,
  TTL: duration,
  MinItems: integer,
  Metrics: pointer(list(struct('engine.MetricWithFilters', { FilterIDs: texts, MetricID: text }))),
  Stored: boolean,
  Blocker: boolean,
  Weight: number,
  ThresholdIDs: texts,
})

const thresholdProfileShape = struct('engine.ThresholdProfile', {
  ...named,
  ...matched,
  MaxHits: integer,
  MinHits: integer,
  MinSleep: duration,
  Blocker: boolean,
  Weight: number,
  ActionIDs: texts,
  Async: boolean,
  EeIDs: texts,
})

const trendProfileShape = struct('engine.TrendProfile', {
  ...named,
  Schedule: text,
  StatID: text,
  Metrics: texts,
  TTL: duration,
  QueueLength: integer,
  MinItems: integer,
  CorrelationType: text,
  Tolerance: number,
  Stored: boolean,
  ThresholdIDs: texts,
})

const rankingProfileShape = struct('engine.RankingProfile', {
  ...named,
  Schedule: text,
  StatIDs: texts,
  MetricIDs: texts,
  Sorting: text,
  SortingParameters: texts,
  Stored: boolean,
  ThresholdIDs: texts,
})

const routeProfileShape = struct('engine.RouteProfile', {
  ...named,
  ...matched,
  Sorting: text,
  SortingParameters: texts,
  Routes: pointer(
    list(
      struct('engine.Route', {
        ID: text,
        FilterIDs: texts,
        AccountIDs: texts,
        RatingPlanIDs: texts,
        ResourceIDs: texts,
        StatIDs: texts,
        Weight: number,
        Blocker: boolean,
        RouteParameters: text,
      }),
    ),
  ),
  Weight: number,
})

const dispatcherProfileShape = struct('engine.DispatcherProfile', {
  ...named,
  Subsystems: texts,
  ...matched,
  Strategy: text,
  StrategyParams: pointer(map(any)),
  Weight: number,
  Hosts: pointer(
    list(
      struct('engine.DispatcherHostProfile', {
        ID: text,
        FilterIDs: texts,
        Weight: number,
        Params: pointer(map(any)),
        Blocker: boolean,
      }),
    ),
  ),
})

const remoteHostShape = struct('config.RemoteHost', {
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
})

const dispatcherHostShape = struct('engine.DispatcherHost', { Tenant: text, RemoteHost: embedded(remoteHostShape) })

/** What profiles of all kinds have. A field of a kind without filters is undefined. */
export type Profile = {
  readonly Tenant: string
  readonly ID: string
  readonly FilterIDs?: readonly string[] | null
  readonly ActivationInterval?: ValueOf<typeof activationShape> | null
}

/** Where the profiles of a kind are looked up by their filters. Reference 02, 6.6. */
export type ProfileIndexKind = {
  /** ItemType of the index methods. */
  readonly itemType: string
  /** In the error of a filter that is removed while profiles name it. */
  readonly name: string
  /** Field with the contexts of a profile, each of which has an index; empty is `*any`. */
  readonly contexts?: 'Contexts' | 'Subsystems'
}

/** That of the chargers, whose profiles are compiled. */
export const CHARGER_INDEX: ProfileIndexKind = { itemType: '*chargers', name: '*charger_filter_indexes' }

/** One kind of profile: its object in clients, files and the store. Reference 01, 9.6; 06, 1.2. */
export type ProfileKind = {
  readonly shape: Shape
  /** Go type of the argument that sets one, and its field with the object. */
  readonly argument: readonly [goType: string, field: string]
  readonly file: ProfileFile
  /** Undefined: it has no filters. */
  readonly index?: ProfileIndexKind
  /** What clients get for one that is not there. */
  readonly notFound: string
  /** Methods that only some kinds have. */
  readonly hasIds: boolean
  readonly hasCount: boolean
  /** The argument that asks for one has options. */
  readonly isAskedWithOptions?: true
}

const USUAL = { notFound: 'NOT_FOUND', hasIds: true, hasCount: false } as const

/** Kinds of profiles whose services only read them: provisioned, loaded and replicated whether the service runs or not. */
export const PROFILE_KINDS = {
  AttributeProfile: {
    ...USUAL,
    shape: attributeProfileShape,
    argument: ['engine.AttributeProfileWithAPIOpts', 'AttributeProfile'],
    file: 'Attributes',
    index: { itemType: '*attributes', name: '*attribute_filter_indexes', contexts: 'Contexts' },
    hasCount: true,
    isAskedWithOptions: true,
  },
  ResourceProfile: {
    ...USUAL,
    shape: resourceProfileShape,
    argument: ['engine.ResourceProfileWithAPIOpts', 'ResourceProfile'],
    file: 'Resources',
    index: { itemType: '*resources', name: '*resource_filter_indexes' },
  },
  IPProfile: {
    ...USUAL,
    shape: ipProfileShape,
    argument: ['engine.IPProfileWithAPIOpts', 'IPProfile'],
    file: 'IPs',
    index: { itemType: '*ips', name: '*ip_filter_indexes' },
  },
  StatQueueProfile: {
    ...USUAL,
    shape: statQueueProfileShape,
    argument: ['engine.StatQueueProfileWithAPIOpts', 'StatQueueProfile'],
    file: 'Stats',
    index: { itemType: '*stats', name: '*stat_filter_indexes' },
  },
  ThresholdProfile: {
    ...USUAL,
    shape: thresholdProfileShape,
    argument: ['engine.ThresholdProfileWithAPIOpts', 'ThresholdProfile'],
    file: 'Thresholds',
    index: { itemType: '*thresholds', name: '*threshold_filter_indexes' },
    hasCount: true,
  },
  TrendProfile: {
    ...USUAL,
    shape: trendProfileShape,
    argument: ['engine.TrendProfileWithAPIOpts', 'TrendProfile'],
    file: 'Trends',
    hasIds: false,
  },
  RankingProfile: {
    ...USUAL,
    shape: rankingProfileShape,
    argument: ['engine.RankingProfileWithAPIOpts', 'RankingProfile'],
    file: 'Rankings',
  },
  RouteProfile: {
    ...USUAL,
    shape: routeProfileShape,
    argument: ['engine.RouteWithAPIOpts', 'RouteProfile'],
    file: 'Routes',
    index: { itemType: '*routes', name: '*route_filter_indexes' },
  },
  DispatcherProfile: {
    ...USUAL,
    shape: dispatcherProfileShape,
    argument: ['v1.DispatcherWithAPIOpts', 'DispatcherProfile'],
    file: 'DispatcherProfiles',
    index: { itemType: '*dispatchers', name: '*dispatcher_filter_indexes', contexts: 'Subsystems' },
    notFound: 'DSP_PROFILE_NOT_FOUND',
  },
  DispatcherHost: {
    ...USUAL,
    shape: dispatcherHostShape,
    argument: ['engine.DispatcherHostWithAPIOpts', 'DispatcherHost'],
    file: 'DispatcherHosts',
    notFound: 'DSP_HOST_NOT_FOUND',
  },
} as const satisfies Record<string, ProfileKind>

export type ProfileName = keyof typeof PROFILE_KINDS

/** The object of a kind: its fields beside each other. */
export type ProfileOf<K extends ProfileName> = Flat<ValueOf<(typeof PROFILE_KINDS)[K]['shape']>>

type Flat<V> = V extends { Tenant: string; RemoteHost: infer R } ? { Tenant: string } & R : V

/** The contexts of a profile of a kind, undefined for a kind without. */
export function contextsOf({ index }: ProfileKind, profile: Profile): readonly string[] | undefined {
  if (index?.contexts === undefined) return undefined
  return (profile as { readonly [field: string]: unknown })[index.contexts] as readonly string[]
}

/** A profile as clients read it, and as it is stored. */
export function profileWire(profile: Profile): Record<string, EventValue> {
  const { ActivationInterval: interval } = profile
  const wire = profile as Record<string, unknown>
  if (interval === null || interval === undefined) return wire as Record<string, EventValue>
  const { ActivationTime: from, ExpiryTime: until } = interval
  const times = { ActivationTime: formatTime(from), ExpiryTime: formatTime(until) }
  return { ...wire, ActivationInterval: times } as Record<string, EventValue>
}
