import { Decimal } from '../core/decimal.ts'
import type { BalanceFilter } from './balance-filter.ts'
import type { ActionTrigger, Counter, Watch } from './trigger.ts'

type StoredFilter = Omit<BalanceFilter, 'expiresAtNs' | 'factors'> & { expires?: string | null }
type StoredNs = string | null

/** Triggers and counters as they lie in the data store: amounts and times are texts. */
export type StoredWatch = [
  triggers: (Omit<
    ActionTrigger,
    'threshold' | 'minSleepNs' | 'expiresAtNs' | 'activatesAtNs' | 'balance' | 'lastRunNs'
  > & {
    threshold: string
    minSleepNs: string
    expiresAtNs: StoredNs
    activatesAtNs: StoredNs
    lastRunNs: StoredNs
    balance: StoredFilter
  })[],
  counters: [kind: string, isOfBalance: boolean, value: string, filter: StoredFilter][],
]

export function encodeWatch({ triggers, counters }: Watch): string {
  const stored: StoredWatch = [
    triggers.map((trigger) => ({
      ...trigger,
      threshold: trigger.threshold.toString(),
      minSleepNs: String(trigger.minSleepNs),
      expiresAtNs: nsText(trigger.expiresAtNs),
      activatesAtNs: nsText(trigger.activatesAtNs),
      lastRunNs: nsText(trigger.lastRunNs),
      balance: storedFilter(trigger.balance),
    })),
    counters.map(({ kind, isOfBalance, filter, value }) => [kind, isOfBalance, value.toString(), storedFilter(filter)]),
  ]
  return JSON.stringify(stored)
}

export function decodeWatch([triggers, counters]: StoredWatch): Watch {
  return {
    triggers: triggers.map(
      (trigger): ActionTrigger => ({
        ...trigger,
        threshold: Decimal.parse(trigger.threshold),
        minSleepNs: BigInt(trigger.minSleepNs),
        expiresAtNs: nsOf(trigger.expiresAtNs),
        activatesAtNs: nsOf(trigger.activatesAtNs),
        lastRunNs: nsOf(trigger.lastRunNs),
        balance: filterOf(trigger.balance),
      }),
    ),
    counters: counters.map(
      ([kind, isOfBalance, value, filter]): Counter => ({
        kind,
        isOfBalance,
        value: Decimal.parse(value),
        filter: filterOf(filter),
      }),
    ),
  }
}

function storedFilter({ expiresAtNs, factors: _, ...rest }: BalanceFilter): StoredFilter {
  return expiresAtNs === undefined ? rest : { ...rest, expires: nsText(expiresAtNs) }
}

function filterOf({ expires, ...rest }: StoredFilter): BalanceFilter {
  return expires === undefined ? rest : { ...rest, expiresAtNs: nsOf(expires) }
}

function nsText(ns: bigint | null): StoredNs {
  return ns === null ? null : String(ns)
}

function nsOf(text: StoredNs): bigint | null {
  return text === null ? null : BigInt(text)
}
