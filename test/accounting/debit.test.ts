import t from 'tap'
import type { Account } from '../../src/accounting/account.ts'
import { type DebitMode, type DebitRequest, debit } from '../../src/accounting/debit.ts'
import { maxDebit } from '../../src/accounting/max-debit.ts'
import { maxUsage } from '../../src/accounting/max-usage.ts'
import { roundCallCost } from '../../src/accounting/rounding.ts'
import { Decimal } from '../../src/core/decimal.ts'
import { parseDuration } from '../../src/core/duration.ts'
import type { RateInterval } from '../../src/rating/model.ts'
import type { TariffIndex } from '../../src/rating/tariff-index.ts'
import {
  accountOf,
  type BalanceText,
  contextOf,
  names,
  requestOf,
  settingsOf,
  show,
  showIncrements,
  tariffBySubject,
} from '../support/accounts.ts'
import { at, interval, timing } from '../support/tariffs.ts'

type Balances = Record<string, Record<string, BalanceText>>
type Operation = 'debit' | 'deny' | 'preview' | 'maxDebit' | 'max'

/** One row: what is there, what is asked, and what must come of it. */
type Row = {
  name: string
  rates?: Record<string, string | RateInterval>
  balances: Balances
  flags?: Partial<Pick<Account, 'allowNegative' | 'disabled'>>
  do: Operation
  usage: string
  fields?: Partial<DebitRequest>
  decimals?: number
  rounding?: boolean
  force?: boolean
  maxRate?: [price: string, unit: string]
  /** Longest usage (`max`), else the cost, or the fault. */
  result: string
  covers?: string
  after?: string
  runs?: string
}

const ONE = { '*any': '1/1s/1s' }
const UNIT = { '*any': '1/1/1' }
const SMS = { toR: '*sms' } satisfies Partial<DebitRequest>
const DST = { NAT: ['0723'] }
const toNat = { destinationIds: names('NAT') }

const MODES: Partial<Record<Operation, DebitMode>> = { debit: 'all', deny: 'covered', preview: 'preview' }

function play(row: Row, account: Account, tariff: TariffIndex) {
  const settings = settingsOf(row.decimals)
  const request = requestOf(row.usage, row.fields)
  const context = contextOf()
  const maxRate = row.maxRate && { price: Decimal.parse(row.maxRate[0]), unit: parseDuration(row.maxRate[1]) }
  if (row.do === 'max') {
    const max = maxUsage(account, request, tariff, settings, context, maxRate)
    return { result: max.ok ? String(max.usage) : max.fault }
  }
  const limits = { ...(row.force === undefined ? {} : { forceDuration: row.force }), ...(maxRate && { maxRate }) }
  const mode = MODES[row.do]
  const done =
    mode === undefined
      ? maxDebit(account, request, tariff, settings, context, limits)
      : debit(account, request, mode, tariff, settings, context)
  if (!done.ok) return { result: done.fault }
  const rounded = row.rounding
    ? roundCallCost(done, account, settings.roundingDecimals, 1)
    : { account: done.account, callCost: done.callCost }
  return {
    result: rounded.callCost.cost.toString(),
    covers: rounded.callCost.ratedUsage,
    after: show(rounded.account),
    runs: showIncrements(rounded.callCost),
  }
}

function check(row: Row): void {
  t.test(row.name, async (t) => {
    const options = { ...(row.decimals === undefined ? {} : { decimals: row.decimals }), destinations: DST }
    const account = accountOf(row.balances, row.flags)
    const found = play(row, account, tariffBySubject(row.rates ?? ONE, options))
    const isUsage = row.do === 'max' && /^\d/.test(row.result)
    t.equal(found.result, isUsage ? String(parseDuration(row.result)) : row.result, 'result')
    if (row.covers !== undefined) t.equal(found.covers, parseDuration(row.covers), 'covers')
    if (row.after !== undefined) t.equal(found.after, row.after, 'balances after')
    if (row.runs !== undefined) t.equal(found.runs, row.runs, 'increments')
  })
}

const S = '000000000'
const subjectS = { ratingSubject: 'S' }
const W6 = { '*any': '1/1s/1s', S: 'fee 0.01; 0/20s/20s' }
const W8 = { '*any': 'fee 0.01; 0.1/1s/1s', S: 'fee 0.01; 0/20s/20s' }
const W12 = { '*any': 'fee 0.15; 0.05/60s/60s' }
const w12 = (bblocker: string): Balances => ({
  '*monetary': { bblocker: { value: bblocker, weight: 20, blocker: true, ...toNat }, bfree: '20' },
})
const W17 = { '*any': 'fee 0.4; 0.2/60s/60s' }
const half = (id: string, startTime: string, endTime: string) => ({
  timings: [timing(id, { startTime, endTime })],
  timingIds: names(id),
})
const w17: Balances = {
  '*monetary': {
    bal1: { value: '10', ...half('AM', '00:00:00', '11:59:59') },
    bal2: { value: '10', ...half('PM', '12:00:00', '23:59:59') },
  },
}
const W18 = { '*any': interval('fee 0.15; 0.05/60s/1s', { rounding: 'up2' }) }
const FEE = { '*any': 'fee 2; 1/1s/1s' }
const U = { '*any': '1/1s/1s', U: '1/1s/1s' }
const capped = (strategy: string) => ({ '*any': interval('1/1s/1s', { maxCost: strategy }) })

// biome-ignore format: what is asked and what comes of it stand side by side
const rows: Row[] = [
  {
    name: '04 W1: free seconds pay before money',
    balances: { '*voice': { V: { value: '10s', ratingSubject: '*zero1s', ...toNat } }, '*monetary': { M: '21' } },
    do: 'debit', usage: '10s', result: '0', covers: '10s', after: 'V 0, M 21', runs: `10x1${S}@0 V`,
  },
  {
    name: '04 W2: a started step is taken whole',
    balances: { '*voice': { V: { value: '70s', ratingSubject: '*zero1m', ...toNat } }, '*monetary': { M: '21' } },
    do: 'debit', usage: '10s', result: '0', covers: '60s', after: `V 10${S}, M 21`, runs: `1x60${S}@0 V`,
  },
  {
    name: '04 W3: the heavier balance first',
    balances: {
      '*voice': {
        A: { value: '70s', ratingSubject: '*zero1m', weight: 5 },
        B: { value: '10s', ratingSubject: '*zero1s', weight: 10 },
      },
    },
    do: 'debit', usage: '20s', result: '0', after: `A 10${S}, B 0`,
  },
  {
    name: '04 W4: steps that do not fit go to the next balance',
    balances: {
      '*voice': {
        A: { value: '70s', ratingSubject: '*zero1m', weight: 10 },
        B: { value: '150s', ratingSubject: '*zero1s', weight: 5 },
      },
    },
    do: 'debit', usage: '80s', result: '0', after: `A 10${S}, B 130${S}`,
  },
  {
    name: '04 W5: units one by one by default',
    balances: { '*data': { D: { value: '100', ...toNat } }, '*monetary': { M: '21' } }, do: 'debit', usage: '80',
    fields: { toR: '*data' }, result: '0', after: 'D 20, M 21', runs: '80x1@0 D',
  },
  {
    name: '04 W6: units with a tariff of their own, its fee from money',
    rates: W6, balances: { '*voice': { V: { value: '40s', ...subjectS } }, '*monetary': { M: '10' } }, do: 'debit',
    usage: '10s', result: '0.01', after: `V 20${S}, M 9.99`, runs: `1x0@0.01 M, 1x20${S}@0 V`,
  },
  {
    name: '04 W7: the fee puts *default into debt',
    rates: W6, balances: { '*voice': { V: { value: '40s', ...subjectS } } }, do: 'debit', usage: '10s',
    result: '0.01', after: `V 20${S}, *default -0.01`,
  },
  ...(
    [
      { name: '60 s', do: 'maxDebit', usage: '60s', result: '0.91', covers: '49s', after: 'V 0, M 0.09' },
      { name: 'with a rate limit', do: 'max', usage: '60s', maxRate: ['1', '60s'], result: '40s' },
      { name: 'forced', do: 'maxDebit', usage: '100s', force: true, result: 'INSUFFICIENT_CREDIT' },
      { name: '40 s', do: 'maxDebit', usage: '40s', result: '0.01', covers: '40s' },
    ] satisfies Omit<Row, 'balances'>[]
  ).map((row) => ({
    ...row,
    name: `04 W8, 03 D11, D12: ${row.name}`,
    rates: W8, balances: { '*voice': { V: { value: '40s', ...subjectS } }, '*monetary': { M: '1' } },
  })),
  {
    name: '04 W9: the fee shortens what is left',
    rates: { '*any': 'fee 1; 1/1s/1s' }, balances: { '*monetary': { M: '10000' } }, do: 'max', usage: '3h',
    result: '9999s',
  },
  {
    name: '04 W10: a blocker that covers all',
    rates: UNIT, balances: { '*sms': { S: { value: '10', blocker: true, weight: 20 } }, '*monetary': { M: '1' } },
    do: 'debit', usage: '8', fields: SMS, result: '0', after: 'S 2, M 1',
  },
  {
    name: '04 W10: a blocker that does not',
    rates: UNIT, balances: { '*sms': { S: { value: '2', blocker: true, weight: 20 } }, '*monetary': { M: '1' } },
    do: 'debit', usage: '3', fields: SMS, result: 'INSUFFICIENT_CREDIT_BALANCE_BLOCKER',
  },
  {
    name: '04 W11: a blocker limits the authorization',
    balances: { '*voice': { V: { value: '10s', blocker: true } } }, do: 'max', usage: '30s', result: '10s',
  },
  {
    name: '04 W11: an empty blocker grants nothing',
    balances: { '*voice': { V: { value: '0', blocker: true } } }, do: 'maxDebit', usage: '1s', result: '0',
    covers: '0',
  },
  { name: '04 W12: max of 30 m', rates: W12, balances: w12('1'), decimals: 6, do: 'max', usage: '30m', result: '17m' },
  {
    name: '04 W12: MaxDebit',
    rates: W12, balances: w12('1'), decimals: 6, do: 'maxDebit', usage: '30m', result: '1', covers: '17m',
    after: 'bblocker 0, bfree 20',
  },
  {
    name: '04 W12: Debit',
    rates: W12, balances: w12('1'), decimals: 6, do: 'debit', usage: '30m',
    result: 'INSUFFICIENT_CREDIT_BALANCE_BLOCKER',
  },
  { name: '04 W12: empty', rates: W12, balances: w12('0'), decimals: 6, do: 'max', usage: '30m', result: '0' },
  {
    name: '04 W12: another destination',
    rates: { '*any': 'fee 1.12; 0/1s/1s' }, balances: w12('1'), decimals: 6, do: 'max', usage: '30m',
    fields: { destination: '0999' }, result: '30m',
  },
  {
    name: '04 W13: four units an SMS',
    rates: UNIT, balances: { '*sms': { S: { value: '10', factors: { f: '4' } } }, '*monetary': { M: '5' } },
    do: 'debit', usage: '4', fields: { ...SMS, balanceFactorId: 'f' }, result: '2', after: 'S 2, M 3',
  },
  {
    name: '04 W13: three units an SMS',
    rates: UNIT, balances: { '*sms': { S: { value: '10', factors: { f: '3' } } }, '*monetary': { M: '5' } },
    do: 'debit', usage: '6', fields: { ...SMS, balanceFactorId: 'f' }, result: '3', after: 'S 1, M 2',
  },
  {
    name: '04 W13: two seconds a second',
    balances: { '*voice': { V: { value: '100s', factors: { voiceFactor: '2' } } } }, do: 'debit', usage: '17s',
    fields: { balanceFactorId: 'voiceFactor' }, result: '0', after: `V 66${S}`,
  },
  ...[6, 5].map(
    (decimals): Row => ({
      name: `04 W14: a fraction of a unit for a second, ${decimals} decimals`,
      balances: { '*generic': { G: { value: '100', factors: { call: '1.6666666666666667e-11' } } } }, decimals,
      do: 'debit', usage: '30s', fields: { balanceFactorId: 'call' }, result: '0',
      after: decimals === 6 ? 'G 99.49999' : 'G 99.4999',
    }),
  ),
  { name: '04 W16: free for all', rates: { '*any': '0/1s/1s' }, balances: {}, do: 'max', usage: '60s', result: '60s' },
  { name: '04 W16: no credit', rates: { '*any': '0.5/1s/1s' }, balances: {}, do: 'max', usage: '60s', result: '0' },
  {
    name: '04 W16: MaxDebit without credit',
    rates: { '*any': '0.5/1s/1s' }, balances: {}, do: 'maxDebit', usage: '60s', result: '0', covers: '0', after: '',
  },
  {
    name: '04 W16: Debit without credit',
    rates: { '*any': '0.5/1s/1s' }, balances: {}, do: 'debit', usage: '60s', result: '30', after: '*default -30',
  },
  {
    name: '04 W16: AllowNegative',
    rates: { '*any': '0.5/1s/1s' }, balances: {}, flags: { allowNegative: true }, do: 'maxDebit', usage: '5s',
    result: '2.5', after: '*default -2.5',
  },
  {
    name: '04 W16: AllowNegative again',
    rates: { '*any': '0.5/1s/1s' }, balances: { '*monetary': { '*default': '-2.5' } }, flags: { allowNegative: true },
    do: 'maxDebit', usage: '5s', result: '2.5', after: '*default -5',
  },
  {
    name: '04 W16: AllowNegative has no limit',
    balances: {}, flags: { allowNegative: true }, do: 'max', usage: '5s', result: '-1',
  },
  {
    name: '04 W17: in the afternoon',
    rates: W17, balances: w17, do: 'debit', usage: '1', fields: { timeStart: at('2026-10-01T15:00:00Z') },
    result: '0.6', after: 'bal1 10, bal2 9.4',
  },
  {
    name: '04 W17: in the morning',
    rates: W17, balances: w17, do: 'debit', usage: '1', fields: { timeStart: at('2026-10-01T11:00:00Z') },
    result: '0.6', after: 'bal1 9.4, bal2 10',
  },
  {
    name: '04 W18, 03 D7: MaxDebit with rounding',
    rates: W18, balances: { '*monetary': { M: '1' } }, decimals: 6, do: 'maxDebit', usage: '24s', rounding: true,
    result: '0.17', after: 'M 0.83', runs: `1x0@0.15 M, 24x1${S}@0.000833 M, 1x0@0.000008 M`,
  },
  {
    name: '04 W18, 03 D7: Debit with rounding',
    rates: W18, balances: { '*monetary': { M: '1' } }, decimals: 6, do: 'debit', usage: '180s', rounding: true,
    result: '0.3', after: 'M 0.7',
  },
  ...['up1 0.4', 'down1 0.3'].map((text): Row => {
    const [rounding = '', cost = ''] = text.split(' ')
    return {
      name: `04 W18, 03 E8: ${rounding}`,
      rates: { '*any': interval('0.033/1s/1s', { rounding }) }, balances: { '*monetary': { M: '10' } }, do: 'debit',
      usage: '10s', rounding: true, result: cost, after: `M ${cost === '0.4' ? '9.6' : '9.7'}`,
    }
  }),
  {
    name: '03 D6: rounded by the tariff',
    rates: { '*any': interval('0.1/60s/1s', { rounding: 'middle4' }) }, balances: { '*monetary': { M: '1' } },
    decimals: 6, do: 'debit', usage: '180s', rounding: true, result: '0.3001',
  },
  {
    name: '03 D6: not rounded',
    rates: { '*any': interval('0.1/60s/1s', { rounding: 'middle4' }) }, balances: { '*monetary': { M: '1' } },
    decimals: 6, do: 'debit', usage: '180s', result: '0.30006',
  },
  {
    name: '04 W19: steps of 5 ms',
    balances: { '*voice': { V: { value: '5s', ratingSubject: '*zero5ms' } } }, do: 'debit', usage: '2s', result: '0',
    after: `V 3${S}`, runs: '400x5000000@0 V',
  },
  {
    name: '04 W19: fee and minutes',
    rates: { '*any': 'fee 0.2; 0.1/60s/1s' }, balances: { '*monetary': { '*default': '10.65' } }, decimals: 6,
    do: 'debit', usage: '2m', result: '0.40004', after: '*default 10.24996',
  },
  {
    name: '04 W19: money as nanoseconds',
    balances: {
      '*monetary': { M: { value: '3595000000000', ratingSubject: '*zero1s' } },
      '*voice': { V: { value: '5s', ratingSubject: '*zero1s' } },
    },
    do: 'debit', usage: '10s', result: '0', after: `M 3590${S}, V 0`,
  },
  {
    name: '04 W28: a preview pays units with a price',
    rates: { '*any': '1/1s/1s', P: '0.6/60s/1s' },
    balances: {
      '*voice': {
        A: { value: '3m', ratingSubject: 'P', weight: 10 },
        B: { value: '4m', ratingSubject: 'P', weight: 5 },
      },
      '*monetary': { M: '10' },
    },
    do: 'preview', usage: '4m', result: '2.4', after: `A 0, B 180${S}, M 7.6`,
  },
  {
    name: '04 W31, 03 D9: *disconnect limits',
    rates: capped('10 *disconnect'), balances: { '*monetary': { M: '11' } }, do: 'max', usage: '30m', result: '10s',
  },
  {
    name: '04 W31, 03 D8: *free does not',
    rates: capped('10 *free'), balances: { '*monetary': { M: '11' } }, do: 'max', usage: '30m', result: '30m',
  },
  {
    name: '04 W31: *free',
    rates: capped('10 *free'), balances: { '*monetary': { M: '11' } }, do: 'maxDebit', usage: '30m', result: '10',
    after: 'M 1', runs: `10x1${S}@1 M, 1790x1${S}@0 M`,
  },
  { name: '04 W31: no strategy', balances: { '*monetary': { M: '11' } }, do: 'max', usage: '30m', result: '11s' },
  {
    name: '04 W31: all free',
    rates: capped('0 *free'), balances: { '*monetary': { M: '11' } }, do: 'maxDebit', usage: '30m', result: '0',
    covers: '30m', after: 'M 11',
  },
  {
    name: '04 W31: disconnected at once',
    rates: capped('0 *disconnect'), balances: { '*monetary': { M: '11' } }, do: 'max', usage: '30m', result: '0',
  },
  {
    name: '04 W31: a real debit does not stop',
    rates: capped('10 *disconnect'), balances: { '*monetary': { M: '11' } }, do: 'debit', usage: '60s', result: '60',
    after: 'M 0, *default -49',
  },
  ...['2s 2 *disconnect', '60s 2 *free'].map((text): Row => {
    const [covers = '', result = '', strategy = ''] = text.split(' ')
    return {
      name: `04 W31: ${strategy} carried on`,
      rates: capped(`10 ${strategy}`), balances: { '*monetary': { M: '11' } }, do: 'maxDebit', usage: '60s',
      fields: { maxCostSoFar: Decimal.of(8), loopIndex: 1 }, result, covers,
    }
  }),
  {
    name: 'max cost: the debt of *default is not capped',
    rates: capped('10 *free'), balances: {}, do: 'debit', usage: '20s', result: '20', after: '*default -20',
  },
  {
    name: 'max cost: units are not taken beyond it',
    rates: { ...ONE, U: interval('1/1s/1s', { maxCost: '4 *free' }) },
    balances: { '*voice': { V: { value: '100s', ratingSubject: 'U' } }, '*monetary': { M: '50' } }, do: 'maxDebit',
    usage: '20s', result: '4', after: `V 96${S}, M 46`, runs: `4x1${S}@1 V+M, 16x1${S}@0 -`,
  },

  {
    name: 'fee 2, money 1: max',
    rates: FEE, balances: { '*monetary': { M: '1' } }, do: 'max', usage: '5s', result: '0',
  },
  {
    name: 'fee 2, money 1: MaxDebit',
    rates: FEE, balances: { '*monetary': { M: '1' } }, do: 'maxDebit', usage: '5s', result: '0', covers: '0',
    after: 'M 1',
  },
  {
    name: 'fee 2, money 1: Debit',
    rates: FEE, balances: { '*monetary': { M: '1' } }, do: 'debit', usage: '5s', result: '7',
    after: 'M 0, *default -6',
  },
  {
    name: 'fee 2, money 1: denied, the fee is owed',
    rates: FEE, balances: { '*monetary': { M: '1' } }, do: 'deny', usage: '5s', result: '3', covers: '1s',
    after: 'M 0, *default -2',
  },
  {
    name: 'fee from the second balance',
    rates: FEE, balances: { '*monetary': { A: { value: '1', weight: 20 }, B: { value: '5', weight: 10 } } },
    do: 'maxDebit', usage: '5s', result: '6', covers: '4s', after: 'A 0, B 0',
    runs: `1x0@2 B, 1x1${S}@1 A, 3x1${S}@1 B`,
  },
  {
    name: 'a fee that empties its balance',
    rates: FEE, balances: { '*monetary': { A: { value: '2', weight: 20 }, B: { value: '5', weight: 10 } } },
    do: 'debit', usage: '5s', result: '7', after: 'A 0, B 0', runs: `1x0@2 A, 5x1${S}@1 B`,
  },
  {
    name: 'only the fee is covered',
    rates: FEE, balances: { '*monetary': { A: '2' } }, do: 'deny', usage: '5s', result: '2', covers: '0',
    after: 'A 0',
  },
  {
    name: 'a fee that nobody has, on a free call',
    rates: { '*any': 'fee 2; 0/1s/1s' }, balances: {}, do: 'max', usage: '5s', result: '0',
  },
  {
    name: 'a fee that is owed, on a free call',
    rates: { '*any': 'fee 2; 0/1s/1s' }, balances: {}, do: 'debit', usage: '5s', result: '2', covers: '5s',
    after: '*default -2',
  },
  {
    name: 'no fee after free seconds',
    rates: FEE, balances: { '*voice': { V: { value: '2s', ratingSubject: '*zero1s' } }, '*monetary': { M: '50' } },
    do: 'maxDebit', usage: '5s', result: '3', after: 'V 0, M 47',
  },
  {
    name: 'a free rest of a first request that has a fee is not granted without credit',
    rates: { '*any': 'fee 2; 0/1s/1s' }, balances: { '*voice': { V: '2s' } }, do: 'maxDebit', usage: '5s',
    result: '0', covers: '2s', after: 'V 0',
  },
  {
    name: 'the fee of the rest comes from a balance that pays no usage',
    balances: { '*monetary': { M: { value: '3', ratingSubject: '*zero4s' } } }, rates: FEE, do: 'debit', usage: '5s',
    result: '7', after: 'M 1, *default -5',
  },
  {
    name: 'no fee in a later request',
    rates: FEE, balances: { '*monetary': { M: '50' } }, do: 'maxDebit', usage: '5s', fields: { loopIndex: 1 },
    result: '5', after: 'M 45',
  },
  {
    name: 'units that cost money, as far as it goes',
    rates: U, balances: { '*voice': { V: { value: '10s', ratingSubject: 'U' } }, '*monetary': { M: '3' } },
    do: 'maxDebit', usage: '5s', result: '3', covers: '3s', after: `V 7${S}, M 0`,
  },
  {
    name: 'units that cost money, none there: MaxDebit',
    rates: U, balances: { '*voice': { V: { value: '10s', ratingSubject: 'U' } } }, do: 'maxDebit', usage: '5s',
    result: '0', covers: '0',
  },
  {
    name: 'units that cost money, none there: Debit',
    rates: U, balances: { '*voice': { V: { value: '10s', ratingSubject: 'U' } } }, do: 'debit', usage: '5s',
    result: '5', after: `V 5${S}, *default -5`,
  },
  {
    name: 'units that nobody can pay for make room for free ones',
    rates: U, balances: { '*voice': { V: { value: '2s', ratingSubject: 'U', weight: 10 }, F: '7s' } }, do: 'maxDebit',
    usage: '8s', result: '0', covers: '7s', after: `V 2${S}, F 0`,
  },
  {
    name: 'units that cost money, in debt by right',
    rates: U, flags: { allowNegative: true },
    balances: { '*voice': { V: { value: '3s', ratingSubject: 'U' } }, '*monetary': { A: '1' } }, do: 'maxDebit',
    usage: '5s', result: '5', after: 'V 0, A 0, *default -4',
    runs: `1x1${S}@1 V+A, 2x1${S}@1 V+*default, 2x1${S}@1 *default`,
  },
  {
    name: 'money with a subject of its own',
    rates: { ...ONE, X: '0.6/60s/1s' }, balances: { '*monetary': { M: { value: '3', ratingSubject: 'X' } } },
    do: 'maxDebit', usage: '60s', result: '0.6', after: 'M 2.4',
  },
  {
    name: 'money without a price',
    balances: { '*monetary': { M: { value: '30000000000', ratingSubject: '*zero1s' } } }, do: 'maxDebit',
    usage: '60s', result: '0', covers: '30s', after: 'M 0',
  },
  {
    name: 'money is the usage',
    balances: { '*monetary': { M: '10' } }, do: 'maxDebit', usage: '4', fields: { toR: '*monetary' }, result: '0',
    after: 'M 6',
  },
  {
    name: 'money is the usage: a fraction pays by the tariff',
    rates: { '*any': '0.1/1/1' }, balances: { '*monetary': { M: '3.5' } }, do: 'maxDebit', usage: '5',
    fields: { toR: '*monetary' }, result: '0.2', covers: '5', after: 'M 0.3',
  },
  {
    name: 'AllowNegative',
    balances: { '*monetary': { M: '3' } }, flags: { allowNegative: true }, do: 'maxDebit', usage: '5s', result: '5',
    after: 'M 0, *default -2',
  },
  {
    name: 'AllowNegative denied',
    balances: { '*monetary': { M: '0', '*default': '-2' } }, flags: { allowNegative: true }, do: 'deny', usage: '5s',
    result: '0', covers: '0', after: 'M 0, *default -2',
  },
  ...(
    [
      { do: 'max', usage: '60s', result: '5s' },
      { do: 'debit', usage: '60s', result: 'INSUFFICIENT_CREDIT_BALANCE_BLOCKER' },
      { do: 'debit', usage: '5s', result: '0', after: 'V 0, M 30' },
    ] satisfies Pick<Row, 'do' | 'usage' | 'result' | 'after'>[]
  ).map(
    (row): Row => ({
      name: `seconds that block: ${row.do} ${row.usage}`,
      balances: { '*voice': { V: { value: '5s', blocker: true } }, '*monetary': { M: '30' } },
      ...row,
    }),
  ),
  {
    name: 'an inactive blocker blocks',
    balances: {
      '*monetary': { A: { value: '5', blocker: true, weight: 20, ...half('PM', '12:00:00', '23:59:59') }, B: '30' },
    },
    do: 'max', usage: '60s', result: '0',
  },
  {
    name: 'a part of an increment stays',
    balances: { '*monetary': { M: '3.5' } }, do: 'maxDebit', usage: '60s', result: '3', covers: '3s', after: 'M 0.5',
  },
  {
    name: 'the debt of *default does not reduce what other money allows',
    balances: { '*monetary': { '*default': '-4', M: '10' } }, do: 'max', usage: '60s', result: '10s',
  },
  {
    name: 'a value with more digits is rounded by its first increment',
    rates: { '*any': '0.5/1s/1s' }, balances: { '*monetary': { M: '0.999996' } }, do: 'maxDebit', usage: '10s',
    result: '1', covers: '2s', after: 'M 0',
  },
  {
    name: 'a value with more digits crosses into debt',
    balances: { '*monetary': { '*default': '1.000006' } }, do: 'debit', usage: '2s', result: '2',
    after: '*default -0.99999',
  },
  {
    name: 'rate groups start when the first rated part starts',
    rates: { '*any': '1/1s/1s@0, 2/1s/1s@5s' },
    balances: {
      '*voice': { V: '2s' },
      '*monetary': { A: { value: '3', weight: 20 }, B: { value: '100', weight: 10 } },
    },
    do: 'debit', usage: '10s', fields: { durationIndex: 0n }, result: '11',
    runs: `2x1${S}@0 V, 3x1${S}@1 A, 2x1${S}@1 B, 3x1${S}@2 B`,
  },
  {
    name: '*generic pays for any usage, mixed in by weight',
    rates: { '*any': '0.1/1/1' },
    balances: {
      '*sms': { S: { value: '2', weight: 5 } },
      '*generic': { G: { value: '2', weight: 10 } },
      '*monetary': { A: '5' },
    },
    do: 'debit', usage: '6', fields: { ...SMS, durationIndex: 0n }, result: '0.2', after: 'S 0, G 0, A 4.8',
    runs: '2x1@0 G, 2x1@0 S, 2x1@0.1 A',
  },
  {
    name: 'a free start is booked on money',
    rates: { '*any': '0/1s/1s@0, 1/1s/1s@5s' }, balances: { '*monetary': { A: '3' } }, do: 'maxDebit', usage: '10s',
    result: '3', covers: '8s', runs: `5x1${S}@0 A, 3x1${S}@1 A`,
  },
  {
    name: 'a free start without money is not granted',
    rates: { '*any': '0/1s/1s@0, 1/1s/1s@5s' }, balances: {}, do: 'deny', usage: '10s', result: '0', covers: '0',
  },
  {
    name: 'a disabled account',
    balances: {}, flags: { disabled: true }, do: 'debit', usage: '1s', result: 'ACCOUNT_DISABLED',
  },
  {
    name: 'a disabled account: max',
    balances: {}, flags: { disabled: true }, do: 'max', usage: '1s', result: 'ACCOUNT_DISABLED',
  },
  {
    name: '03 D10: no tariff',
    rates: {}, balances: { '*monetary': { M: '1' } }, do: 'debit', usage: '1s', result: 'RATING_PLAN_NOT_FOUND',
  },
  {
    name: 'a balance with an unknown subject fails all',
    balances: { '*voice': { V: { value: '1s', ratingSubject: 'NOPE' } }, '*monetary': { M: '1' } },
    rates: { '1001': '1/1s/1s' }, do: 'max', usage: '1s', result: 'RATING_PLAN_NOT_FOUND',
  },
  {
    name: 'free units need no tariff',
    rates: {}, balances: { '*voice': { V: '5s' } }, do: 'maxDebit', usage: '5s', result: '0', covers: '5s',
  },
  {
    name: 'nothing is asked',
    balances: { '*monetary': { M: '1' } }, do: 'debit', usage: '0', result: '0', covers: '0', after: 'M 1',
  },
  { name: 'nothing is asked: max', balances: { '*monetary': { M: '1' } }, do: 'max', usage: '0', result: '0' },
  {
    name: 'nothing is asked, nothing matches',
    rates: {}, balances: { '*monetary': { M: '1' } }, do: 'maxDebit', usage: '0', result: '0', covers: '0',
  },

  {
    name: '03 C10: *disconnect in a prepaid debit',
    rates: { '*any': interval('0.01/1s/1s', { maxCost: '0.62 *disconnect' }) },
    balances: { '*monetary': { M: '100' } }, do: 'maxDebit', usage: '120s', result: '0.62', covers: '62s',
  },
  {
    name: '03 F9: the fee is not part of max cost',
    rates: { '*any': interval('fee 0.5; 0.1/1s/1s', { maxCost: '0.25 *free' }) },
    balances: { '*monetary': { M: '10' } }, do: 'debit', usage: '60s', result: '0.8',
    runs: `1x0@0.5 M, 3x1${S}@0.1 M, 57x1${S}@0 M`,
  },
  {
    name: '03 F9: carried on',
    rates: { '*any': interval('fee 0.5; 0.1/1s/1s', { maxCost: '0.25 *free' }) },
    balances: { '*monetary': { M: '10' } }, do: 'debit', usage: '10s',
    fields: { maxCostSoFar: Decimal.parse('0.2'), loopIndex: 1 }, result: '0.1', runs: `1x1${S}@0.1 M, 9x1${S}@0 M`,
  },
  ...(
    [
      { do: 'max', usage: '60s', result: '27s' },
      { do: 'maxDebit', usage: '60s', result: '0.991', after: 'M 0.009' },
      { do: 'maxDebit', usage: '60s', force: true, result: 'INSUFFICIENT_CREDIT' },
    ] satisfies Pick<Row, 'do' | 'usage' | 'result' | 'after' | 'force'>[]
  ).map(
    (row): Row => ({
      name: `03 F10: ${row.do} ${row.usage}`,
      rates: { '*any': 'fee 0.1; 0.033/1s/1s' }, balances: { '*monetary': { M: '1' } },
      ...row,
    }),
  ),
  {
    name: '03 F10: nothing left',
    rates: { '*any': 'fee 0.1; 0.033/1s/1s' }, balances: { '*monetary': { M: '0.009' } }, do: 'maxDebit',
    usage: '60s', fields: { loopIndex: 1 }, result: '0', runs: '',
  },
  {
    name: '03 F10: no balance at all',
    rates: { '*any': 'fee 0.1; 0.033/1s/1s' }, balances: {}, do: 'debit', usage: '10s', result: '0.43',
    after: '*default -0.43',
  },
  {
    name: '03 F10: AllowNegative is forced to nothing',
    rates: { '*any': 'fee 0.1; 0.033/1s/1s' }, balances: {}, flags: { allowNegative: true }, do: 'maxDebit',
    usage: '60s', force: true, result: '2.08', covers: '60s',
  },
  ...(
    [
      { do: 'max', usage: '60s', result: '5s' },
      { do: 'maxDebit', usage: '60s', result: '0.5', after: 'A 0, B 5' },
      { do: 'debit', usage: '10s', result: 'INSUFFICIENT_CREDIT_BALANCE_BLOCKER' },
    ] satisfies Pick<Row, 'do' | 'usage' | 'result' | 'after'>[]
  ).map(
    (row): Row => ({
      name: `03 F11: ${row.do}`,
      rates: { '*any': '0.1/1s/1s' },
      balances: { '*monetary': { A: { value: '0.5', blocker: true, weight: 20 }, B: { value: '5', weight: 10 } } },
      ...row,
    }),
  ),
  ...[
    ['0.1', '1s', '10s'],
    ['6', '60s', '10s'],
    ['0.05', '1s', '0'],
    ['5.9', '60s', '0'],
    ['0.05', '0', '10s'],
  ].map(
    ([price = '', unit = '', result = '']): Row => ({
      name: `03 F12: at most ${price} per ${unit}`,
      rates: { '*any': '0.1/1s/1s' }, balances: { '*monetary': { M: '10' } }, do: 'max', usage: '10s',
      maxRate: [price, unit], result,
    }),
  ),
  {
    name: '03 F13: SMS from a package',
    balances: { '*sms': { S: '3' } }, do: 'debit', usage: '2', fields: SMS, result: '0', after: 'S 1',
    runs: '2x1@0 S',
  },
]

for (const row of rows) check(row)

t.test('a specific destination goes before weight (04, 3.1)', async (t) => {
  const tariff = tariffBySubject(ONE, { destinations: { D4: ['0723'], D7: ['0723123'] } })
  const account = accountOf({
    '*voice': {
      A: { value: '10s', weight: 50 },
      B: { value: '10s', weight: 10, destinationIds: names('D4') },
      C: { value: '10s', weight: 1, destinationIds: names('D7') },
    },
  })
  const done = debit(account, requestOf('15s', { destination: '0723123456' }), 'all', tariff, settingsOf(), contextOf())
  t.equal(done.ok && show(done.account), 'A 10000000000, B 5000000000, C 0')
})

t.test('the span of free units shows the balance (04, 4.2.5)', async (t) => {
  const account = accountOf({ '*data': { D: { value: '100', ...toNat } } })
  const tariff = tariffBySubject(ONE, { destinations: DST })
  const done = debit(account, requestOf('80', { toR: '*data' }), 'all', tariff, settingsOf(), contextOf())
  t.match(done.ok && done.callCost.timespans[0], {
    match: { matchedSubject: 'D', matchedPrefix: '0723', matchedDestinationId: 'NAT', ratingPlanId: '*none' },
    durationIndex: 0n,
    increments: [{ payment: { unit: { balanceUuid: 'D', toR: '*data', category: 'call', destination: '0723123' } } }],
  })
})

t.test('the summary shows values before and after (04, 2.4)', async (t) => {
  const account = accountOf({ '*monetary': { M: '3' }, '*sms': { S: '2' } })
  const done = debit(account, requestOf('5s'), 'all', tariffBySubject(ONE), settingsOf(), contextOf())
  const summary = done.ok ? done.callCost.accountSummary?.balances : undefined
  t.same(
    summary?.map(({ type, id, initial, value }) => `${type} ${id} ${initial} ${value}`),
    ['*sms S 2 2', '*monetary M 3 0', '*monetary *default 0 -2'],
  )
})

t.test('an untouched account stays the same object', async (t) => {
  const account = accountOf({ '*monetary': { M: '3' }, '*sms': { S: '2' } })
  const nothing = maxDebit(accountOf({}), requestOf('5s'), tariffBySubject(ONE), settingsOf(), contextOf())
  t.equal(nothing.ok && nothing.callCost.accountSummary?.balances, null)
  const done = debit(account, requestOf('2s'), 'all', tariffBySubject(ONE), settingsOf(), contextOf(7))
  const changed = done.ok ? done.account : account
  t.equal(changed.balances['*sms'], account.balances['*sms'], 'unchanged balances are shared')
  t.equal(show(account), 'M 3, S 2', 'the given account is not changed')
  t.equal(changed.updatedAtMs, 7)
})

t.test('1 GB in increments of 1 byte is one run', async (t) => {
  const tariff = tariffBySubject({ '*any': '0.00001/1/1' })
  const account = accountOf({ '*data': { D: '500000000' }, '*monetary': { M: '100000' } })
  const done = debit(account, requestOf('1073741824', { toR: '*data' }), 'all', tariff, settingsOf(), contextOf())
  t.equal(done.ok && showIncrements(done.callCost), '500000000x1@0 D, 573741824x1@0.00001 M')
  t.equal(done.ok && show(done.account), 'D 0, M 94262.58176')
})
