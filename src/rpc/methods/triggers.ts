import { readNumber, timingsNamed } from '../../accounting/action.ts'
import { type ActionTrigger, addTriggers } from '../../accounting/trigger.ts'
import { rowOfTrigger, TRIGGER_COLUMN, triggerOfRow } from '../../accounting/trigger-rows.ts'
import { triggerWire } from '../../accounting/trigger-wire.ts'
import { Decimal } from '../../core/decimal.ts'
import { NotFound } from '../../core/errors.ts'
import type { EventFields, EventValue } from '../../core/event.ts'
import { valueText } from '../../core/event-values.ts'
import { formatTime, parseTime, type ZonedTime } from '../../core/time.ts'
import type { Timing } from '../../rating/model.ts'
import type { TariffRow } from '../../tariffs/tariff-rows.ts'
import { type Method, method, OK, requireFields } from '../method.ts'
import { plainly } from '../plainly.ts'
import { RpcError } from '../rpc-error.ts'
import { any, boolean, decimal, list, map, number, pointer, struct, text } from '../shape.ts'
import { triggerShape } from '../shapes/trigger.ts'
import type { TariffEditor } from './actions.ts'
import type { RpcDefaults } from './defaults.ts'

/** What the methods of action triggers ask of the engine. */
export interface TriggerServices {
  tariff: TariffEditor
  /** The triggers of a group, undefined when there is none. */
  triggersOf(groupId: string): readonly ActionTrigger[] | undefined
  triggers: {
    /** Rejects with NotFound. */
    of(tenant: string, id: string): Promise<readonly ActionTrigger[]>
    /** isLookedAt: those that are reached run now. Rejects with NotFound, and what `edit` throws. */
    change(
      tenant: string,
      id: string,
      edit: (triggers: readonly ActionTrigger[]) => readonly ActionTrigger[],
      isLookedAt: boolean,
    ): Promise<void>
  }
  timing(id: string): Timing | undefined
  now(): ZonedTime
  newUuid(): string
}

const account = { Tenant: text, Account: text }
const group = { GroupID: text, UniqueID: text }

/** Action triggers, by group and of accounts. Reference 01, 9.6; 04, 13.2. */
export function triggerMethods(services: TriggerServices, defaults: RpcDefaults): Method[] {
  const { tariff, triggers } = services
  const tenantOf = ({ Tenant: tenant }: { Tenant: string }) => tenant || defaults.tenant
  return [
    method('APIerSv1.SetActionTrigger', {
      summary:
        'Changes a trigger of a group, as far as it is said, or adds one. Errors: MANDATORY_IE_MISSING: [GroupID].',
      params: struct('v1.AttrSetActionTrigger', { ...group, ActionTrigger: map(any) }),
      reply: OK,
      async run(argument) {
        requireFields(argument, 'GroupID')
        const { GroupID: groupId, UniqueID: uniqueId, ActionTrigger: fields } = argument
        await tariff.change((rows) => {
          const held = rows.get('ActionTriggers')?.get(groupId) ?? []
          const at = held.findIndex(({ values }) => uniqueId !== '' && values[TRIGGER_COLUMN.uniqueId] === uniqueId)
          const place = 'APIerSv1.SetActionTrigger'
          const before = held[at] ?? blankRow(groupId, uniqueId || services.newUuid(), place)
          const row = { ...withFields(before, fields, services), place }
          const after = at < 0 ? [...held, row] : held.with(at, row)
          return new Map([['ActionTriggers', new Map([[groupId, after]])]])
        })
        return 'OK'
      },
    }),
    method('APIerSv1.GetActionTriggers', {
      summary: 'Triggers of groups; of all when none is named. Errors: NOT_FOUND.',
      params: struct('v1.AttrGetActionTriggers', { GroupIDs: list(text) }),
      reply: list(triggerShape),
      run({ GroupIDs: named }) {
        const ids = named.length > 0 ? named : [...(tariff.rows.get('ActionTriggers')?.keys() ?? [])].sort()
        if (ids.length === 0) throw new NotFound()
        return ids.flatMap((id) => groupOf(services, id).map(triggerWire))
      },
    }),
    method('APIerSv1.RemoveActionTrigger', {
      summary:
        'Removes a trigger of a group, or the group; an unknown one is no error. Errors: MANDATORY_IE_MISSING: [GroupID].',
      params: struct('v1.AttrRemoveActionTrigger', group),
      reply: OK,
      async run(argument) {
        requireFields(argument, 'GroupID')
        const { GroupID: groupId, UniqueID: uniqueId } = argument
        await tariff.change((rows) => {
          const held = rows.get('ActionTriggers')?.get(groupId)
          if (held === undefined) return new Map()
          const kept = held.filter(({ values }) => uniqueId !== '' && values[TRIGGER_COLUMN.uniqueId] !== uniqueId)
          return new Map([['ActionTriggers', new Map([[groupId, kept.length === 0 ? undefined : kept]])]])
        })
        return 'OK'
      },
    }),
    method('APIerSv1.GetAccountActionTriggers', {
      summary: 'Triggers of an account. Errors: MANDATORY_IE_MISSING: [Account], SERVER_ERROR: NOT_FOUND.',
      params: struct('utils.TenantAccount', account),
      reply: list(triggerShape),
      async run(argument) {
        requireFields(argument, 'Account')
        const found = await triggers.of(tenantOf(argument), argument.Account).catch(wrapped)
        return found.map(triggerWire)
      },
    }),
    method('APIerSv1.AddAccountActionTriggers', {
      summary: 'Gives an account the triggers of groups. Errors: MANDATORY_IE_MISSING: [Account], NOT_FOUND.',
      params: struct('v1.AttrAddAccountActionTriggers', {
        ...account,
        ActionTriggerIDs: list(text),
        ActionTriggerOverwrite: boolean,
        ActivationDate: text,
        Executed: boolean,
      }),
      reply: OK,
      async run(argument) {
        requireFields(argument, 'Account')
        const { ActionTriggerIDs: ids, ActionTriggerOverwrite: isAllNew, Executed: executed } = argument
        const now = services.now()
        const activation = plainly(() => parseTime(argument.ActivationDate, now.zone, now))
        const activatesAtNs = argument.ActivationDate === '' ? null : activation.ns
        const added = ids
          .flatMap((id) => groupOf(services, id))
          .map((trigger): ActionTrigger => ({ ...trigger, activatesAtNs, executed }))
        await triggers.change(
          tenantOf(argument),
          argument.Account,
          (held) => addTriggers(isAllNew ? [] : held, added),
          false,
        )
        return 'OK'
      },
    }),
    method('APIerSv1.SetAccountActionTriggers', {
      summary:
        'Changes triggers of an account, as far as it is said, or makes one; those that are reached run. ' +
        'Errors: MANDATORY_IE_MISSING, NOT_FOUND.',
      params: struct('v1.AttrSetAccountActionTriggers', { ...account, ...group, ActionTrigger: map(any) }),
      reply: OK,
      async run(argument) {
        requireFields(argument, 'Account')
        const { ActionTrigger: fields } = argument
        const change = (trigger: ActionTrigger) => changed(trigger, fields, services)
        const edit = (held: readonly ActionTrigger[]) => {
          if (held.some((trigger) => isNamed(trigger, argument)))
            return held.map((trigger) => (isNamed(trigger, argument) ? change(trigger) : trigger))
          return [...held, change(newTrigger(argument, fields, services))]
        }
        await triggers.change(tenantOf(argument), argument.Account, edit, true)
        return 'OK'
      },
    }),
    method('APIerSv1.ResetAccountActionTriggers', {
      summary:
        'Says of triggers of an account whether they have run; those that are reached run now when not. ' +
        'Errors: MANDATORY_IE_MISSING: [Account], NOT_FOUND.',
      params: struct('v1.AttrResetAccountActionTriggers', { ...account, ...group, Executed: boolean }),
      reply: OK,
      async run(argument) {
        requireFields(argument, 'Account')
        const { Executed: executed } = argument
        const edit = (held: readonly ActionTrigger[]) =>
          held.map((trigger) => (isNamed(trigger, argument) ? { ...trigger, executed } : trigger))
        await triggers.change(tenantOf(argument), argument.Account, edit, !executed)
        return 'OK'
      },
    }),
    method('APIerSv1.RemoveAccountActionTriggers', {
      summary:
        'Takes triggers from an account; all when none is named. Errors: MANDATORY_IE_MISSING: [Account], NOT_FOUND.',
      params: struct('v1.AttrRemoveAccountActionTriggers', { ...account, ...group }),
      reply: OK,
      async run(argument) {
        requireFields(argument, 'Account')
        const edit = (held: readonly ActionTrigger[]) => held.filter((trigger) => !isNamed(trigger, argument))
        await triggers.change(tenantOf(argument), argument.Account, edit, false)
        return 'OK'
      },
    }),
    method('APIerSv1.AddTriggeredAction', {
      summary: 'Gives an account a trigger without ids. Errors: MANDATORY_IE_MISSING: [Account], NOT_FOUND.',
      params: struct('v1.AttrAddActionTrigger', {
        ActionTriggersId: text,
        ...account,
        ThresholdType: text,
        ThresholdValue: decimal,
        BalanceId: text,
        BalanceType: text,
        BalanceDestinationIds: text,
        BalanceRatingSubject: text,
        BalanceWeight: pointer(number),
        BalanceExpiryTime: text,
        BalanceSharedGroup: text,
        Weight: number,
        ActionsId: text,
      }),
      reply: OK,
      async run(argument) {
        requireFields(argument, 'Account')
        const { BalanceWeight: weight, ActionTriggersId: _, ...said } = argument
        const fields: EventFields = {
          ThresholdType: said.ThresholdType,
          ThresholdValue: said.ThresholdValue,
          BalanceID: said.BalanceId,
          BalanceType: said.BalanceType,
          BalanceDestinationIds: said.BalanceDestinationIds,
          BalanceRatingSubject: said.BalanceRatingSubject,
          BalanceExpirationDate: said.BalanceExpiryTime,
          BalanceSharedGroups: said.BalanceSharedGroup,
          Weight: said.Weight,
          ActionsID: said.ActionsId,
          ...(weight === null ? {} : { BalanceWeight: weight }),
        }
        const blank = triggerOfRow(blankRow('', '', 'APIerSv1.AddTriggeredAction'))
        const added = changed(blank, fields, services)
        await triggers.change(tenantOf(argument), argument.Account, (held) => [...held, added], false)
        return 'OK'
      },
    }),
  ]
}

type Named = { GroupID: string; UniqueID: string }

/** Ids that are left out fit all. */
function isNamed({ id, uniqueId }: ActionTrigger, { GroupID: groupId, UniqueID: wanted }: Named): boolean {
  return (groupId === '' || id === groupId) && (wanted === '' || uniqueId === wanted)
}

/** Throws NotFound. */
function groupOf(services: TriggerServices, id: string): readonly ActionTrigger[] {
  const found = services.triggersOf(id)
  if (found === undefined) throw new NotFound()
  return found
}

/** A trigger to be made. Throws RpcError MANDATORY_IE_MISSING. */
function newTrigger(
  { GroupID: groupId, UniqueID: uniqueId }: Named,
  fields: EventFields,
  services: TriggerServices,
): ActionTrigger {
  const { ThresholdType: type, ThresholdValue: value } = fields
  const missing = [
    ...(groupId === '' ? ['GroupID'] : []),
    ...(type === undefined ? ['ThresholdType'] : []),
    ...(value === undefined ? ['ThresholdValue'] : []),
  ]
  if (missing.length > 0) throw new RpcError(`MANDATORY_IE_MISSING: [${missing.join(' ')}]`)
  return triggerOfRow(blankRow(groupId, uniqueId || services.newUuid(), 'APIerSv1.SetAccountActionTriggers'))
}

function blankRow(groupId: string, uniqueId: string, place: string): TariffRow {
  const values = Object.keys(TRIGGER_COLUMN).map(() => '')
  values[TRIGGER_COLUMN.id] = groupId
  values[TRIGGER_COLUMN.uniqueId] = uniqueId
  return { values, place }
}

/** The trigger with what the fields say; when it last ran stays. Throws RpcError. */
function changed(trigger: ActionTrigger, fields: EventFields, services: TriggerServices): ActionTrigger {
  const row = withFields(rowOfTrigger(trigger, ''), fields, services)
  return { ...plainly(() => triggerOfRow(row)), lastRunNs: trigger.lastRunNs }
}

type Reader = (value: EventValue, services: Pick<TriggerServices, 'now'>) => string

const plain: Reader = (value) => valueText(value)
const names: Reader = (value) =>
  Array.isArray(value) ? value.map((name) => valueText(name)).join(';') : valueText(value)
const instant: Reader = (value, services) => {
  const literal = valueText(value)
  const now = services.now()
  return literal === '' ? '' : formatTime(parseTime(literal, now.zone, now))
}
const float: Reader = (value) => Decimal.ofNumber(readNumber(valueText(value) || '0')).toString()

/** Keys of an `ActionTrigger` argument: their columns, and how they are read. Reference 04, 13.2. */
const FIELDS: Readonly<Record<string, [keyof typeof TRIGGER_COLUMN, Reader]>> = {
  ThresholdType: ['thresholdType', plain],
  ThresholdValue: ['thresholdValue', plain],
  Recurrent: ['recurrent', plain],
  MinSleep: ['minSleep', plain],
  ExpirationDate: ['expiryTime', instant],
  ActivationDate: ['activationTime', instant],
  BalanceID: ['balanceId', plain],
  BalanceType: ['balanceType', plain],
  BalanceDestinationIds: ['destinationIds', names],
  BalanceWeight: ['balanceWeight', float],
  BalanceExpirationDate: ['balanceExpiryTime', instant],
  BalanceTimingTags: ['timingIds', names],
  BalanceRatingSubject: ['ratingSubject', plain],
  BalanceCategories: ['categories', names],
  BalanceSharedGroups: ['sharedGroups', names],
  BalanceBlocker: ['blocker', plain],
  BalanceDisabled: ['disabled', plain],
  ActionsID: ['actionsId', plain],
  Weight: ['weight', float],
}

/** The row with what the fields say. Throws RpcError with the text of what cannot be read. */
function withFields(row: TariffRow, fields: EventFields, services: TriggerServices): TariffRow {
  return plainly(() => {
    const values = [...row.values]
    for (const [name, value] of Object.entries(fields)) {
      const [column, read] = FIELDS[name] ?? []
      if (column !== undefined && read !== undefined) values[TRIGGER_COLUMN[column]] = read(value, services)
    }
    const { Executed: executed, MinQueuedItems: queued } = fields
    const timings = timingsNamed(values[TRIGGER_COLUMN.timingIds] ?? '', (id) => services.timing(id))
    const more = {
      ...row.more,
      timings,
      ...(executed === undefined ? {} : { executed: executed === true || executed === 'true' }),
      ...(queued === undefined ? {} : { minQueuedItems: readNumber(valueText(queued)) }),
    }
    const made = { ...row, values, more }
    triggerOfRow(made)
    return made
  })
}

/** This method wraps what is not there. */
function wrapped(cause: unknown): never {
  throw cause instanceof NotFound ? new RpcError(`SERVER_ERROR: ${cause.message}`) : cause
}
