import type { BalanceFilter } from '../../../accounting/balance-filter.ts'
import type { ActionTrigger, Watch } from '../../../accounting/trigger.ts'
import { rowOfTrigger } from '../../../accounting/trigger-rows.ts'
import { triggerWire } from '../../../accounting/trigger-wire.ts'
import { isZeroTime, type ZonedTime } from '../../../core/time.ts'
import type { Method } from '../../method.ts'
import { list, struct, text, type ValueOf } from '../../shape.ts'
import type { accountShape } from '../../shapes/account.ts'
import { type balanceFilterShape, triggerShape } from '../../shapes/trigger.ts'
import type { TariffEditor } from '../actions.ts'
import { timingOf } from './rating.ts'
import { OPTIONS, replicated, requireKey } from './replicated.ts'

/** What the methods of replicated triggers ask of the engine. */
export interface ReplicatedTriggerServices {
  tariff: TariffEditor
  /** The triggers of a group, undefined when there is none. */
  triggersOf(groupId: string): readonly ActionTrigger[] | undefined
}

const triggersSet = struct('engine.SetActionTriggersArgWithAPIOpts', {
  Key: text,
  Attrs: list(triggerShape),
  ...OPTIONS,
})

/** Groups of action triggers as another engine has them. Reference 01, 9.5; 10, B2. */
export function replicatedTriggerMethods(services: ReplicatedTriggerServices): Method[] {
  const { tariff } = services
  return replicated({
    name: 'ActionTriggers',
    object: list(triggerShape),
    set: triggersSet,
    find: (id) => services.triggersOf(id)?.map(triggerWire),
    async put({ Key: id, Attrs: triggers }) {
      requireKey(id, 'Key')
      const rows = triggers.map((wire) =>
        rowOfTrigger({ ...triggerOf(wire), id, lastRunNs: null }, 'ReplicatorSv1.SetActionTriggers'),
      )
      await tariff.change(() => new Map([['ActionTriggers', new Map([[id, rows.length === 0 ? undefined : rows]])]]))
    },
    remove: (id) =>
      tariff.change((rows) => {
        const isHeld = rows.get('ActionTriggers')?.has(id) === true
        return new Map([['ActionTriggers', new Map(isHeld ? [[id, undefined]] : [])]])
      }),
  })
}

/** The triggers of an account and what it counts for them; undefined when there are none. */
export function watchOf({
  ActionTriggers: triggers,
  UnitCounters: counters,
}: Pick<ValueOf<typeof accountShape>, 'ActionTriggers' | 'UnitCounters'>): Watch | undefined {
  if (triggers.length === 0 && Object.keys(counters).length === 0) return undefined
  return {
    triggers: triggers.map(triggerOf),
    counters: Object.entries(counters).flatMap(([kind, types]) =>
      types.flatMap(({ CounterType: type, Counters: held }) =>
        held.map(({ Value: value, Filter: filter }) => ({
          kind,
          isOfBalance: type === '*balance',
          filter: filter === null ? {} : balanceFilterOf(filter),
          value,
        })),
      ),
    ),
  }
}

function triggerOf(wire: ValueOf<typeof triggerShape>): ActionTrigger {
  return {
    id: wire.ID,
    uniqueId: wire.UniqueID,
    thresholdType: wire.ThresholdType,
    threshold: wire.ThresholdValue,
    recurrent: wire.Recurrent,
    minSleepNs: wire.MinSleep,
    expiresAtNs: instantOf(wire.ExpirationDate),
    activatesAtNs: instantOf(wire.ActivationDate),
    balanceType: wire.Balance?.Type ?? '',
    balance: wire.Balance === null ? {} : balanceFilterOf(wire.Balance),
    weight: wire.Weight,
    actionsId: wire.ActionsID,
    minQueuedItems: wire.MinQueuedItems,
    executed: wire.Executed,
    lastRunNs: instantOf(wire.LastExecutionTime),
  }
}

function instantOf(time: ZonedTime): bigint | null {
  return isZeroTime(time) ? null : time.ns
}

function balanceFilterOf(wire: ValueOf<typeof balanceFilterShape>): BalanceFilter {
  const filter: BalanceFilter = {}
  if (wire.Uuid !== null) filter.uuid = wire.Uuid
  if (wire.ID !== null) filter.id = wire.ID
  if (wire.ExpirationDate !== null) filter.expiresAtNs = instantOf(wire.ExpirationDate)
  if (wire.Weight !== null) filter.weight = wire.Weight
  if (wire.DestinationIDs !== null) filter.destinationIds = wire.DestinationIDs
  if (wire.RatingSubject !== null) filter.ratingSubject = wire.RatingSubject
  if (wire.Categories !== null) filter.categories = wire.Categories
  if (wire.SharedGroups !== null) filter.sharedGroups = wire.SharedGroups
  if (wire.TimingIDs !== null) {
    filter.timingIds = wire.TimingIDs
    filter.timings = wire.Timings.map(timingOf)
  }
  if (wire.Disabled !== null) filter.disabled = wire.Disabled
  if (wire.Factors !== null) filter.factors = wire.Factors
  if (wire.Blocker !== null) filter.blocker = wire.Blocker
  return filter
}
