import { Decimal } from '../core/decimal.ts'
import { parseDuration } from '../core/duration.ts'
import { InvalidText } from '../core/errors.ts'
import { formatTime, isZeroTime, parseTime, ZERO_TIME, type ZonedTime } from '../core/time.ts'
import type { Timing } from '../rating/model.ts'
import type { TariffRow } from '../tariffs/tariff-rows.ts'
import type { NameSet } from './account.ts'
import { readBoolean, readNumber, readSet, timingsNamed, weightAt } from './action.ts'
import type { BalanceFilter } from './balance-filter.ts'
import type { ActionTrigger } from './trigger.ts'

/** Columns of ActionTriggers.csv. */
export const TRIGGER_COLUMN = {
  id: 0,
  uniqueId: 1,
  thresholdType: 2,
  thresholdValue: 3,
  recurrent: 4,
  minSleep: 5,
  expiryTime: 6,
  activationTime: 7,
  balanceId: 8,
  balanceType: 9,
  categories: 10,
  destinationIds: 11,
  ratingSubject: 12,
  sharedGroups: 13,
  balanceExpiryTime: 14,
  timingIds: 15,
  balanceWeight: 16,
  blocker: 17,
  disabled: 18,
  actionsId: 19,
  weight: 20,
} as const

/**
 * A row with what it stands for from now on: an id of its own when it has none, times of day and weights by the clock, timings as
 * they are. Throws InvalidText.
 */
export function stampTrigger(
  row: TariffRow,
  timingOf: (id: string) => Timing | undefined,
  now: ZonedTime,
  newUuid: () => string,
): TariffRow {
  const { uniqueId, expiryTime, activationTime, balanceExpiryTime, timingIds, balanceWeight } = TRIGGER_COLUMN
  const values = [...row.values]
  if (!values[uniqueId]) values[uniqueId] = newUuid()
  for (const column of [expiryTime, activationTime, balanceExpiryTime]) {
    const cell = values[column] ?? ''
    if (cell !== '' && cell !== '*any') values[column] = formatTime(parseTime(cell, now.zone, now))
  }
  values[balanceWeight] = weightAt(values[balanceWeight] ?? '', Number(now.ns / 1_000_000n))
  const timings = timingsNamed(values[timingIds] ?? '', timingOf)
  return { ...row, values, ...(timings.length === 0 ? {} : { more: { ...row.more, timings } }) }
}

/** Reads a stamped row: empty cells and `*any` leave a field of the balance unset. Throws InvalidText. Reference 04, 14. */
export function triggerOfRow({ values, more }: TariffRow): ActionTrigger {
  const cell = (column: keyof typeof TRIGGER_COLUMN) => values[TRIGGER_COLUMN[column]] ?? ''
  const given = (column: keyof typeof TRIGGER_COLUMN) => (cell(column) === '*any' ? '' : cell(column))
  const balance: BalanceFilter = {}
  if (given('balanceId') !== '') balance.id = cell('balanceId')
  if (given('categories') !== '') balance.categories = readSet(cell('categories'))
  if (given('destinationIds') !== '') balance.destinationIds = readSet(cell('destinationIds'))
  if (given('ratingSubject') !== '') balance.ratingSubject = cell('ratingSubject')
  if (given('sharedGroups') !== '') balance.sharedGroups = readSet(cell('sharedGroups'))
  if (given('balanceExpiryTime') !== '') balance.expiresAtNs = nsOf(cell('balanceExpiryTime'))
  if (given('timingIds') !== '') {
    balance.timingIds = readSet(cell('timingIds'))
    balance.timings = more?.timings ?? []
  }
  if (given('balanceWeight') !== '') balance.weight = readNumber(cell('balanceWeight'))
  if (given('blocker') !== '') balance.blocker = readBoolean(cell('blocker'))
  if (given('disabled') !== '') balance.disabled = readBoolean(cell('disabled'))
  return {
    id: cell('id'),
    uniqueId: cell('uniqueId'),
    thresholdType: cell('thresholdType'),
    threshold: amountOf(cell('thresholdValue')),
    recurrent: cell('recurrent') !== '' && readBoolean(cell('recurrent')),
    minSleepNs: parseDuration(cell('minSleep') || '0'),
    expiresAtNs: nsOf(cell('expiryTime')),
    activatesAtNs: nsOf(cell('activationTime')),
    balanceType: given('balanceType'),
    balance,
    weight: cell('weight') === '' ? 0 : readNumber(cell('weight')),
    actionsId: cell('actionsId'),
    minQueuedItems: more?.minQueuedItems ?? 0,
    executed: more?.executed ?? false,
    lastRunNs: null,
  }
}

function amountOf(cell: string): Decimal {
  try {
    return cell === '' ? Decimal.ZERO : Decimal.parse(cell)
  } catch {
    throw new InvalidText(`strconv.ParseFloat: parsing ${JSON.stringify(cell)}: invalid syntax`)
  }
}

/** No time, or the zero time: null. */
function nsOf(cell: string): bigint | null {
  const time = parseTime(cell === '*any' ? '' : cell, 'UTC', ZERO_TIME)
  return isZeroTime(time) ? null : time.ns
}

/** A row that says what a trigger says. place: who set it. */
export function rowOfTrigger(trigger: ActionTrigger, place: string): TariffRow {
  const { balance } = trigger
  const set = (names: NameSet | undefined) => (names === undefined ? '' : setText(names ?? {}))
  const cells: Record<keyof typeof TRIGGER_COLUMN, string> = {
    id: trigger.id,
    uniqueId: trigger.uniqueId,
    thresholdType: trigger.thresholdType,
    thresholdValue: trigger.threshold.toString(),
    recurrent: String(trigger.recurrent),
    minSleep: String(trigger.minSleepNs),
    expiryTime: timeText(trigger.expiresAtNs),
    activationTime: timeText(trigger.activatesAtNs),
    balanceId: balance.id ?? '',
    balanceType: trigger.balanceType,
    categories: set(balance.categories),
    destinationIds: set(balance.destinationIds),
    ratingSubject: balance.ratingSubject ?? '',
    sharedGroups: set(balance.sharedGroups),
    balanceExpiryTime: timeText(balance.expiresAtNs ?? null),
    timingIds: set(balance.timingIds),
    balanceWeight: balance.weight === undefined ? '' : String(balance.weight),
    blocker: balance.blocker === undefined ? '' : String(balance.blocker),
    disabled: balance.disabled === undefined ? '' : String(balance.disabled),
    actionsId: trigger.actionsId,
    weight: String(trigger.weight),
  }
  const { minQueuedItems, executed } = trigger
  const timings = balance.timings ?? []
  return { values: Object.values(cells), place, more: { minQueuedItems, executed, timings } }
}

/** `A;!B`; `*zero` is the empty set. */
function setText(names: NonNullable<NameSet>): string {
  const listed = Object.entries(names).map(([name, isIncluded]) => (isIncluded ? name : `!${name}`))
  return listed.length === 0 ? '*zero' : listed.join(';')
}

function timeText(ns: bigint | null): string {
  return ns === null ? '' : formatTime({ ns, zone: 'UTC' })
}
