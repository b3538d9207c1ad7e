import { type Method, notYet } from '../../method.ts'
import {
  boolean,
  decimal,
  duration,
  integer,
  list,
  number,
  pointer,
  type Shape,
  type StructShape,
  struct,
  text,
} from '../../shape.ts'
import { actionTextShape } from '../../shapes/action.ts'

type Fields = Readonly<Record<string, Shape>>

/** An object of a tariff plan as clients store it: name, Go type, fields beside TPid, Go type and fields of its key, its lists. */
type TariffPlanObject = {
  readonly name: string
  readonly goType: string
  readonly fields: Fields
  readonly key: { readonly goType: string; readonly fields: Fields }
  readonly lists: Readonly<Record<string, string>>
}

const id = { ID: text }
const tenantId = { Tenant: text, ID: text }
const matched = {
  ...tenantId,
  FilterIDs: list(text),
  ActivationInterval: pointer(struct('utils.TPActivationInterval', { ActivationTime: text, ExpiryTime: text })),
}
const thresholds = { Stored: boolean, ThresholdIDs: list(text) }
const activations = list(
  struct('utils.TPRatingActivation', { ActivationTime: text, RatingPlanId: text, FallbackSubjects: text }),
)
const ofId = (name: string) => ({ goType: `v1.AttrGetTP${name}`, fields: id })
const ofTenantId = { goType: 'utils.TPTntID', fields: tenantId }

/** Reference 01, 9.6. */
const OBJECTS: readonly TariffPlanObject[] = [
  {
    name: 'Timing',
    goType: 'utils.ApierTPTiming',
    fields: { ...id, Years: text, Months: text, MonthDays: text, WeekDays: text, Time: text },
    key: ofId('Timing'),
    lists: { GetTPTimingIds: 'v1.AttrGetTPTimingIds' },
  },
  {
    name: 'Destination',
    goType: 'utils.TPDestination',
    fields: { ...id, Prefixes: list(text) },
    key: ofId('Destination'),
    lists: { GetTPDestinationIDs: 'v1.AttrGetTPDestinationIds' },
  },
  {
    name: 'Rate',
    goType: 'utils.TPRateRALs',
    fields: {
      ...id,
      RateSlots: list(
        struct('utils.RateSlot', {
          ConnectFee: decimal,
          Rate: decimal,
          RateUnit: text,
          RateIncrement: text,
          GroupIntervalStart: text,
        }),
      ),
    },
    key: ofId('Rate'),
    lists: { GetTPRateIds: 'v1.AttrGetTPRateIds' },
  },
  {
    name: 'DestinationRate',
    goType: 'utils.TPDestinationRate',
    fields: {
      ...id,
      DestinationRates: list(
        struct('utils.DestinationRate', {
          DestinationId: text,
          RateId: text,
          RoundingMethod: text,
          RoundingDecimals: integer,
          MaxCost: decimal,
          MaxCostStrategy: text,
        }),
      ),
    },
    key: ofId('DestinationRate'),
    lists: { GetTPDestinationRateIds: 'v1.AttrGetTPRateIds' },
  },
  {
    name: 'RatingPlan',
    goType: 'utils.TPRatingPlan',
    fields: {
      ...id,
      RatingPlanBindings: list(
        struct('utils.TPRatingPlanBinding', { DestinationRatesId: text, TimingId: text, Weight: number }),
      ),
    },
    key: ofId('RatingPlan'),
    lists: { GetTPRatingPlanIds: 'v1.AttrGetTPRatingPlanIds' },
  },
  {
    name: 'RatingProfile',
    goType: 'utils.TPRatingProfile',
    fields: { LoadId: text, Tenant: text, Category: text, Subject: text, RatingPlanActivations: activations },
    key: { goType: 'v1.AttrGetTPRatingProfile', fields: { RatingProfileID: text } },
    lists: {
      GetTPRatingProfileIds: 'v1.AttrGetTPRatingProfileIds',
      GetTPRatingProfileLoadIds: 'utils.AttrTPRatingProfileIds',
      GetTPRatingProfilesByLoadID: 'utils.TPRatingProfile',
    },
  },
  {
    name: 'SharedGroups',
    goType: 'utils.TPSharedGroups',
    fields: {
      ...id,
      SharedGroups: list(struct('utils.TPSharedGroup', { Account: text, Strategy: text, RatingSubject: text })),
    },
    key: ofId('SharedGroups'),
    lists: { GetTPSharedGroupIds: 'v1.AttrGetTPSharedGroupIds' },
  },
  {
    name: 'Actions',
    goType: 'utils.TPActions',
    fields: { ...id, Actions: list(actionTextShape) },
    key: ofId('Actions'),
    lists: { GetTPActionIds: 'v1.AttrGetTPActionIds' },
  },
  {
    name: 'ActionPlan',
    goType: 'utils.TPActionPlan',
    fields: {
      ...id,
      ActionPlan: list(struct('utils.TPActionTiming', { ActionsId: text, TimingId: text, Weight: number })),
    },
    key: ofId('ActionPlan'),
    lists: { GetTPActionPlanIds: 'v1.AttrGetTPActionPlanIds' },
  },
  {
    name: 'ActionTriggers',
    goType: 'utils.TPActionTriggers',
    fields: {
      ...id,
      ActionTriggers: list(
        struct('utils.TPActionTrigger', {
          Id: text,
          UniqueID: text,
          ThresholdType: text,
          ThresholdValue: decimal,
          Recurrent: boolean,
          MinSleep: text,
          ExpirationDate: text,
          ActivationDate: text,
          BalanceId: text,
          BalanceType: text,
          BalanceDestinationIds: text,
          BalanceWeight: text,
          BalanceExpirationDate: text,
          BalanceTimingTags: text,
          BalanceRatingSubject: text,
          BalanceCategories: text,
          BalanceSharedGroups: text,
          BalanceBlocker: text,
          BalanceDisabled: text,
          ActionsId: text,
          Weight: number,
        }),
      ),
    },
    key: ofId('ActionTriggers'),
    lists: { GetTPActionTriggerIds: 'v1.AttrGetTPActionTriggerIds' },
  },
  {
    name: 'AccountActions',
    goType: 'utils.TPAccountActions',
    fields: {
      LoadId: text,
      Tenant: text,
      Account: text,
      ActionPlanId: text,
      ActionTriggersId: text,
      AllowNegative: boolean,
      Disabled: boolean,
    },
    key: { goType: 'v1.AttrGetTPAccountActions', fields: { AccountActionsId: text } },
    lists: {
      GetTPAccountActionIds: 'v1.AttrGetTPAccountActionIds',
      GetTPAccountActionLoadIds: 'v1.AttrGetTPAccountActionIds',
      GetTPAccountActionsByLoadId: 'utils.TPAccountActions',
    },
  },
  {
    name: 'FilterProfile',
    goType: 'utils.TPFilterProfile',
    fields: {
      ...tenantId,
      Filters: list(struct('utils.TPFilter', { Type: text, Element: text, Values: list(text) })),
      ActivationInterval: matched.ActivationInterval,
    },
    key: ofTenantId,
    lists: { GetTPFilterProfileIds: 'v1.AttrGetTPFilterProfileIds' },
  },
  {
    name: 'AttributeProfile',
    goType: 'utils.TPAttributeProfile',
    fields: {
      ...matched,
      Contexts: list(text),
      Attributes: list(struct('utils.TPAttribute', { FilterIDs: list(text), Path: text, Type: text, Value: text })),
      Blocker: boolean,
      Weight: number,
    },
    key: ofTenantId,
    lists: { GetTPAttributeProfileIds: 'v1.AttrGetTPAttributeProfileIds' },
  },
  {
    name: 'Charger',
    goType: 'utils.TPChargerProfile',
    fields: { ...matched, RunID: text, AttributeIDs: list(text), Weight: number },
    key: ofTenantId,
    lists: { GetTPChargerIDs: 'v1.AttrGetTPChargerIds' },
  },
  {
    name: 'Resource',
    goType: 'utils.TPResourceProfile',
    fields: {
      ...matched,
      UsageTTL: text,
      Limit: text,
      AllocationMessage: text,
      Blocker: boolean,
      Weight: number,
      ...thresholds,
    },
    key: ofTenantId,
    lists: { GetTPResourceIDs: 'v1.AttrGetTPResourceIds' },
  },
  {
    name: 'Stat',
    goType: 'utils.TPStatProfile',
    fields: {
      ...matched,
      QueueLength: integer,
      TTL: text,
      Metrics: list(struct('utils.MetricWithFilters', { MetricID: text, FilterIDs: list(text) })),
      Blocker: boolean,
      Weight: number,
      MinItems: integer,
      ...thresholds,
    },
    key: ofTenantId,
    lists: { GetTPStatIDs: 'v1.AttrGetTPStatIds' },
  },
  {
    name: 'Trend',
    goType: 'utils.TPTrendsProfile',
    fields: {
      ...tenantId,
      Schedule: text,
      StatID: text,
      Metrics: list(text),
      TTL: text,
      QueueLength: integer,
      MinItems: integer,
      CorrelationType: text,
      Tolerance: number,
      ...thresholds,
    },
    key: ofTenantId,
    lists: { GetTPTrendIDs: 'v1.AttrGetTPTrendIds' },
  },
  {
    name: 'Ranking',
    goType: 'utils.TPRankingProfile',
    fields: {
      ...tenantId,
      Schedule: text,
      StatIDs: list(text),
      MetricIDs: list(text),
      Sorting: text,
      SortingParameters: list(text),
      ...thresholds,
    },
    key: ofTenantId,
    lists: { GetTPRankingIDs: 'v1.AttrGetTPRankingIds' },
  },
  {
    name: 'Threshold',
    goType: 'utils.TPThresholdProfile',
    fields: {
      ...matched,
      MaxHits: integer,
      MinHits: integer,
      MinSleep: text,
      Blocker: boolean,
      Weight: number,
      ActionIDs: list(text),
      Async: boolean,
      EeIDs: list(text),
    },
    key: ofTenantId,
    lists: { GetTPThresholdIDs: 'v1.AttrGetTPThresholdIds' },
  },
  {
    name: 'RouteProfile',
    goType: 'utils.TPRouteProfile',
    fields: {
      ...matched,
      Sorting: text,
      SortingParameters: list(text),
      Routes: list(
        struct('utils.TPRoute', {
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
      Weight: number,
    },
    key: ofTenantId,
    lists: { GetTPRouteProfileIDs: 'v1.AttrGetTPRouteProfileIDs' },
  },
  {
    name: 'DispatcherProfile',
    goType: 'utils.TPDispatcherProfile',
    fields: {
      ...matched,
      Subsystems: list(text),
      Strategy: text,
      StrategyParams: list(text),
      Weight: number,
      Hosts: list(
        struct('utils.TPDispatcherHostProfile', {
          ID: text,
          FilterIDs: list(text),
          Weight: number,
          Params: list(text),
          Blocker: boolean,
        }),
      ),
    },
    key: ofTenantId,
    lists: { GetTPDispatcherProfileIDs: 'v1.AttrGetTPDispatcherIds' },
  },
  {
    name: 'DispatcherHost',
    goType: 'utils.TPDispatcherHost',
    fields: {
      ...tenantId,
      Conn: pointer(
        struct('utils.TPDispatcherHostConn', {
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
      ),
    },
    key: ofTenantId,
    lists: { GetTPDispatcherHostIDs: 'v1.AttrGetTPDispatcherIds' },
  },
]

const page = { Search: text, Limit: pointer(integer), Offset: pointer(integer) }

function ofPlan(goType: string, fields: Fields): StructShape<Fields> {
  return struct(goType, { TPid: text, ...fields })
}

/** Tariff plans that are kept beside the one in force: their tables and the methods that move them. Reference 01, 9.6; 03, 3.3. */
export function absentTariffPlanMethods(): Method[] {
  return OBJECTS.flatMap(({ name, goType, fields, key, lists }) => {
    const object = ofPlan(goType, fields)
    const keyShape = ofPlan(key.goType, key.fields)
    return [
      notYet(`APIerSv1.SetTP${name}`, object),
      notYet(`APIerSv1.GetTP${name}`, keyShape, object),
      notYet(`APIerSv1.RemoveTP${name}`, keyShape),
      ...Object.entries(lists).map(([called, type]) =>
        type === goType
          ? notYet(`APIerSv1.${called}`, object, list(object))
          : notYet(`APIerSv1.${called}`, ofPlan(type, page), list(text)),
      ),
    ]
  })
}
