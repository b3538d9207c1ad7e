import { Decimal } from '../core/decimal.ts'
import type { JsonWriter } from '../core/json-writer.ts'
import type { Timing } from '../rating/model.ts'
import type { RecordKind } from '../store/unit-of-work.ts'
import type { Account, Balance, NameSet } from './account.ts'
import { decodeWatch, encodeWatch, type StoredWatch } from './watch-record.ts'

/** A whole number: as text when it does not fit a JavaScript number. */
type StoredInteger = number | string

/** value = coefficient x 10^-scale. */
type StoredBalance = [
  uuid: string,
  id: string,
  coefficient: StoredInteger,
  scale: number,
  expiresAtNs: StoredInteger | null,
  weight: number,
  flags: number,
  rest: StoredRest | 0,
]

/** What most balances do not have. */
type StoredRest = [
  destinationIds: NameSet,
  ratingSubject: string,
  categories: NameSet,
  sharedGroups: NameSet,
  timings: readonly Timing[] | null,
  timingIds: NameSet,
  factors: Record<string, string> | null,
]

type StoredAccount = [
  tenant: string,
  id: string,
  flags: number,
  updatedAtMs: number,
  balances: Record<string, StoredBalance[]>,
  watch?: StoredWatch,
]

const DISABLED = 1
const BLOCKER = 2
const ALLOW_NEGATIVE = 2

/** Accounts in the data store, by `tenant:id`. An account is written at every charge: its text is put together by hand. */
export const accountKind: RecordKind<Account> = {
  table: 'account',
  write({ tenant, id, balances, allowNegative, disabled, updatedAtMs, watch }, writer) {
    const flags = (disabled ? DISABLED : 0) | (allowNegative ? ALLOW_NEGATIVE : 0)
    writer.raw('[').text(tenant).raw(',').text(id).raw(',').integer(flags).raw(',').integer(updatedAtMs).raw(',{')
    let isFirst = true
    for (const type in balances) {
      writer
        .raw(isFirst ? '' : ',')
        .text(type)
        .raw(':[')
      isFirst = false
      let separator = ''
      for (const balance of balances[type] ?? []) {
        writeBalance(writer.raw(separator), balance)
        separator = ','
      }
      writer.raw(']')
    }
    if (watch === undefined) writer.raw('}]')
    else writer.raw('},').json(encodeWatch(watch)).raw(']')
  },
  decode(text) {
    const [tenant, id, flags, updatedAtMs, stored, watched] = JSON.parse(text) as StoredAccount
    const balances: Record<string, readonly Balance[]> = {}
    for (const type in stored) balances[type] = (stored[type] ?? []).map(decodeBalance)
    const allowNegative = (flags & ALLOW_NEGATIVE) !== 0
    const watch = watched === undefined ? undefined : decodeWatch(watched)
    return { tenant, id, balances, allowNegative, disabled: (flags & DISABLED) !== 0, updatedAtMs, watch }
  },
}

function writeBalance(writer: JsonWriter, balance: Balance): void {
  const { uuid, id, value, expiresAtNs, weight } = balance
  const flags = (balance.disabled ? DISABLED : 0) | (balance.blocker ? BLOCKER : 0)
  const rest = storedRest(balance)
  writer.raw('[').text(uuid).raw(',').text(id).raw(',')
  writeInteger(writer, value.coefficient)
  writer.raw(',').integer(value.scale).raw(',')
  if (expiresAtNs === null) writer.raw('null')
  else writeInteger(writer, expiresAtNs)
  writer.raw(',').raw(String(weight)).raw(',').integer(flags).raw(',')
  writer.json(rest === 0 ? '0' : JSON.stringify(rest)).raw(']')
}

function writeInteger(writer: JsonWriter, value: bigint): void {
  if (Number.isSafeInteger(Number(value))) writer.integer(value)
  else writer.quotedInteger(value)
}

function storedRest({
  destinationIds,
  ratingSubject,
  categories,
  sharedGroups,
  timings,
  timingIds,
  factors,
}: Balance): StoredRest | 0 {
  const isPlain =
    ratingSubject === '' &&
    destinationIds === null &&
    categories === null &&
    sharedGroups === null &&
    timings === null &&
    timingIds === null &&
    factors === null
  if (isPlain) return 0
  const stored =
    factors && Object.fromEntries(Object.entries(factors).map(([name, factor]) => [name, factor.toString()]))
  return [destinationIds, ratingSubject, categories, sharedGroups, timings, timingIds, stored]
}

function decodeBalance(stored: StoredBalance): Balance {
  const [uuid, id, coefficient, scale, expires, weight, flags, rest] = stored
  const [destinationIds, ratingSubject, categories, sharedGroups, timings, timingIds, factors] =
    rest === 0 ? NOTHING : rest
  return {
    uuid,
    id,
    value: new Decimal(BigInt(coefficient), scale),
    expiresAtNs: expires === null ? null : BigInt(expires),
    weight,
    destinationIds,
    ratingSubject,
    categories,
    sharedGroups,
    timings,
    timingIds,
    disabled: (flags & DISABLED) !== 0,
    factors: factors && Object.fromEntries(Object.entries(factors).map(([name, text]) => [name, Decimal.parse(text)])),
    blocker: (flags & BLOCKER) !== 0,
  }
}

const NOTHING: StoredRest = [null, '', null, null, null, null, null]
