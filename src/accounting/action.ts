import { Decimal } from '../core/decimal.ts'
import { InvalidText } from '../core/errors.ts'
import { isZeroTime, parseTime, type ZonedTime } from '../core/time.ts'
import type { Timing } from '../rating/model.ts'
import type { NameSet } from './account.ts'
import type { BalanceFilter } from './balance-filter.ts'
import { parseUnits, type Units } from './units.ts'

/** One action of a set, read. Reference 04, 11.1. */
export type Action = {
  /** The set it belongs to. */
  id: string
  /** `*topup`... Unknown ones are kept: they stop the set when it runs. */
  type: string
  extraParameters: string
  /** Filter ids and inline filters; the account must pass them. */
  filters: readonly string[]
  /** '' when none is given. */
  balanceType: string
  balance: BalanceFilter
  /** Resolved at each run; '' leaves the expiry unset. */
  expiryTime: string
  /** Undefined: not given. */
  units: Units | undefined
  weight: number
}

/** The columns of one row of Actions.csv, as text. */
export type ActionRow = {
  id: string
  action: string
  extraParameters: string
  filters: string
  balanceId: string
  balanceType: string
  categories: string
  destinationIds: string
  ratingSubject: string
  sharedGroups: string
  expiryTime: string
  timingIds: string
  units: string
  balanceWeight: string
  balanceBlocker: string
  balanceDisabled: string
  weight: string
  balanceUuid?: string | undefined
  /** Empty texts and sets are values, not wildcards: so do API calls set actions. Reference 04, 13.2. */
  isWhole?: boolean | undefined
}

/** Timings by id. Throws InvalidText for one that is not there. Reference 04, 14. */
export function timingsNamed(cell: string, timingOf: (id: string) => Timing | undefined): Timing[] {
  if (!isGiven(cell)) return []
  return Object.keys(readSet(cell)).map((id) => {
    const timing = timingOf(id)
    if (timing === undefined) throw new InvalidText(`error: NOT_FOUND querying timing with id: "${id}"`)
    return timing
  })
}

/** Reads a row. timings: those that it names. Throws InvalidText with the texts of the reference. Reference 04, 11.1 and 14. */
export function readAction(row: ActionRow, timings: readonly Timing[]): Action {
  const isSaid = row.isWhole === true ? (cell: string) => cell !== '' : isGiven
  const balance: BalanceFilter = row.isWhole
    ? { destinationIds: {}, ratingSubject: '', categories: {}, sharedGroups: {}, timingIds: {} }
    : {}
  if (row.balanceUuid !== undefined) balance.uuid = row.balanceUuid
  if (isSaid(row.balanceId)) balance.id = row.balanceId
  if (isSaid(row.categories)) balance.categories = readSet(row.categories)
  if (isSaid(row.destinationIds)) balance.destinationIds = readSet(row.destinationIds)
  if (isSaid(row.ratingSubject)) balance.ratingSubject = row.ratingSubject
  if (isSaid(row.sharedGroups)) balance.sharedGroups = readSet(row.sharedGroups)
  if (isSaid(row.timingIds)) {
    balance.timingIds = readSet(row.timingIds)
    balance.timings = timings
  }
  if (isSaid(row.balanceWeight)) balance.weight = readNumber(row.balanceWeight)
  if (isSaid(row.balanceBlocker)) balance.blocker = readBoolean(row.balanceBlocker)
  if (isSaid(row.balanceDisabled)) balance.disabled = readBoolean(row.balanceDisabled)
  return {
    id: row.id,
    type: row.action,
    extraParameters: row.extraParameters,
    filters: row.filters.split(';').filter((filter) => filter !== ''),
    balanceType: isSaid(row.balanceType) ? row.balanceType : '',
    balance,
    expiryTime: row.expiryTime,
    units: parseUnits(row.units, row.balanceType),
    weight: row.weight === '' ? 0 : readNumber(row.weight),
  }
}

/** The expiry that an ExpiryTime stands for at `now`: null never, undefined not given (or not to be understood). */
export function expiryAt(text: string, now: ZonedTime): bigint | null | undefined {
  if (text === '') return undefined
  try {
    const time = parseTime(text, now.zone, now)
    return isZeroTime(time) ? null : time.ns
  } catch (cause) {
    if (cause instanceof InvalidText) return undefined
    throw cause
  }
}

/** Empty cells and `*any` leave a field of the balance unset. */
function isGiven(cell: string): boolean {
  return cell !== '' && cell !== '*any'
}

/** `A;!B`; `*zero` is the empty set. */
export function readSet(cell: string): NonNullable<NameSet> {
  if (cell === '*zero') return {}
  const names = cell.split(';').filter((name) => name !== '')
  return Object.fromEntries(names.map((name) => (name.startsWith('!') ? [name.slice(1), false] : [name, true])))
}

const YEAR_2050_S = 2_524_608_000

/** The cell of a balance weight with `*time_asc` and `*time_desc` as the numbers that they stand for at nowMs. Reference 04, 2.2. */
export function weightAt(cell: string, nowMs: number): string {
  const nowS = Math.floor(nowMs / 1_000)
  if (cell === '*time_asc') return String(nowS)
  if (cell === '*time_desc') return String(YEAR_2050_S - nowS)
  return cell
}

/** A number that is no amount. Throws InvalidText with Go's text. */
export function readNumber(cell: string): number {
  try {
    return Number(Decimal.parse(cell))
  } catch {
    throw new InvalidText(`strconv.ParseFloat: parsing ${JSON.stringify(cell)}: invalid syntax`)
  }
}

/** Go's texts of a boolean. Throws InvalidText. */
export function readBoolean(cell: string): boolean {
  if (/^(?:1|t|T|TRUE|true|True)$/.test(cell)) return true
  if (/^(?:0|f|F|FALSE|false|False)$/.test(cell)) return false
  throw new InvalidText(`strconv.ParseBool: parsing ${JSON.stringify(cell)}: invalid syntax`)
}
