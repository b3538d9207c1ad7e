import { join } from 'node:path'
import t from 'tap'
import { Decimal } from '../../src/core/decimal.ts'
import { parseTime, ZERO_TIME } from '../../src/core/time.ts'
import type { Accounting, Charge, EventCost } from '../../src/rating/event-cost.ts'
import { eventCostWire } from '../../src/rating/event-cost-wire.ts'
import { ROOT, rpcText, sampleFolder, startGateway, stopGateway } from '../support/gateway.ts'
import { interval } from '../support/tariffs.ts'

/** Ids of the tables differ by nature: each is replaced by the order in which it turns up. */
function masked(reply: string): string {
  const seen = new Map<string, string>()
  return reply.replaceAll(/"([0-9a-f]{7})"/g, (_, id: string) => {
    if (!seen.has(id)) seen.set(id, `"#${seen.size + 1}"`)
    return seen.get(id) ?? ''
  })
}

const A2 = {
  Category: 'call',
  Subject: '1001',
  AnswerTime: '2024-03-05T12:00:00Z',
  Destination: '1002',
  Usage: '2m10s',
}

const NOTHING =
  '"AccountSummary":null,"Rating":{},"Accounting":{},"RatingFilters":{},"Rates":{},"Timings":{}},"error":null}'

/** Replies that the reference engine gave to the same calls on the same tariff. */
const REPLIES: readonly { name: string; argument: object; reply: string }[] = [
  {
    name: '03 A2',
    argument: A2,
    reply:
      '{"id":1,"result":{"CGRID":"","RunID":"","StartTime":"2024-03-05T12:00:00Z","Usage":130000000000,"Cost":0.7169,' +
      '"Charges":[{"RatingID":"#1","Increments":[{"Usage":0,"Cost":0.4,"AccountingID":"","CompressFactor":1},' +
      '{"Usage":60000000000,"Cost":0.2,"AccountingID":"","CompressFactor":1}],"CompressFactor":1},' +
      '{"RatingID":"#1","Increments":[{"Usage":1000000000,"Cost":0.00167,"AccountingID":"","CompressFactor":70}],' +
      '"CompressFactor":1}],"AccountSummary":null,"Rating":{"#1":{"ConnectFee":0.4,"RoundingMethod":"*up",' +
      '"RoundingDecimals":4,"MaxCost":0,"MaxCostStrategy":"","TimingID":"#2","RatesID":"#3","RatingFiltersID":"#4"}},' +
      '"Accounting":{},"RatingFilters":{"#4":{"DestinationID":"DST_1002","DestinationPrefix":"1002",' +
      '"RatingPlanID":"RP_1001","Subject":"*out:cgrates.org:call:1001"}},"Rates":{"#3":[{"GroupIntervalStart":0,' +
      '"Value":0.2,"RateIncrement":60000000000,"RateUnit":60000000000},{"GroupIntervalStart":60000000000,"Value":0.1,' +
      '"RateIncrement":1000000000,"RateUnit":60000000000}]},"Timings":{"#2":{"Years":[],"Months":[],"MonthDays":[],' +
      '"WeekDays":[],"StartTime":"00:00:00"}}},"error":null}',
  },
  {
    name: '03 4.9: no usage',
    argument: { ...A2, Usage: '0' },
    reply:
      '{"id":1,"result":{"CGRID":"","RunID":"","StartTime":"2024-03-05T12:00:00Z","Usage":0,"Cost":0,' +
      `"Charges":[{"RatingID":"","Increments":null,"CompressFactor":0}],${NOTHING}`,
  },
  {
    name: '03 6: no argument at all',
    argument: {},
    reply:
      '{"id":1,"result":{"CGRID":"","RunID":"","StartTime":"0001-01-01T00:00:00Z","Usage":0,"Cost":0,"Charges":[],' +
      NOTHING,
  },
  {
    name: '03 4.9: no usage and nothing that prices it',
    argument: { ...A2, Usage: '0', Destination: '4' },
    reply:
      '{"id":1,"result":{"CGRID":"","RunID":"","StartTime":"0001-01-01T00:00:00Z","Usage":0,"Cost":0,"Charges":[],' +
      NOTHING,
  },
]

const ERRORS: readonly { name: string; argument: object; error: string }[] = [
  { name: 'unknown tenant', argument: { Tenant: 'nope' }, error: 'SERVER_ERROR: RATING_PLAN_NOT_FOUND' },
  { name: 'no subject', argument: { Subject: '' }, error: 'SERVER_ERROR: RATING_PLAN_NOT_FOUND' },
  {
    name: '03 B6: a destination without a price',
    argument: { Destination: '4' },
    error: 'SERVER_ERROR: UNAUTHORIZED_DESTINATION',
  },
  {
    name: '03 6: no time is before every activation',
    argument: { AnswerTime: '' },
    error: 'SERVER_ERROR: UNAUTHORIZED_DESTINATION',
  },
  { name: 'a time that is none', argument: { AnswerTime: 'bogus' }, error: 'Unsupported time format' },
  { name: 'a usage that is none', argument: { Usage: 'x' }, error: 'time: invalid duration \\"x\\"' },
  { name: 'a usage below nothing', argument: { Usage: '-5s' }, error: 'negative usage: -5s' },
  {
    name: 'a number for a text',
    argument: { Usage: 130 },
    error: 'json: cannot unmarshal number into Go struct field AttrGetCost.Usage of type string',
  },
]

t.test('APIerSv1.GetCost', async (t) => {
  const folder = sampleFolder(t, { data_db: { db_type: '*internal' }, stor_db: { db_type: '*internal' } })
  const gateway = await startGateway(folder, join(ROOT, 'test/fixtures/03-a'))
  t.teardown(() => stopGateway(gateway))
  const getCost = async (argument: object) => (await rpcText(gateway.httpPort, 'APIerSv1.GetCost', argument)).trimEnd()
  for (const { name, argument, reply } of REPLIES) {
    t.equal(masked(await getCost(argument)), masked(reply), name)
  }
  for (const { name, argument, error } of ERRORS) {
    t.equal(await getCost({ ...A2, ...argument }), `{"id":1,"result":null,"error":"${error}"}`, name)
  }
  const twice = [A2, A2].map(getCost)
  const [first, second] = await Promise.all(twice)
  t.equal(first, second, 'the same question has the same answer, ids included')
})

t.test('03 7 "EventCost build"', async (t) => {
  const accountId = 'cgrates.org:dan'
  const paid = (
    balanceUuid: string,
    kind: Accounting['kind'],
    units: string,
    extra?: Partial<Accounting>,
  ): Accounting => ({
    accountId,
    balanceUuid,
    kind,
    units: Decimal.parse(units),
    factor: Decimal.of(1n),
    interval: null,
    extraCharge: null,
    ...extra,
  })
  const plan = interval('fee 0.1; 0.01/1s/1s@0')
  const ownTariff = interval('0.005/1s/1s@0')
  const second = 1_000_000_000n
  const increment = (usage: bigint, cost: string, accounting: Accounting, count: bigint) => ({
    usage,
    cost: Decimal.parse(cost),
    accounting,
    count,
  })
  const match = {
    matchedSubject: '*out:cgrates.org:call:dan',
    matchedPrefix: '10',
    matchedDestinationId: 'DST',
    ratingPlanId: 'RP',
  }
  const charges: Charge[] = [
    {
      interval: plan,
      match,
      count: 1n,
      increments: [
        increment(0n, '0.1', paid('M', 'monetary', '0.1'), 1n),
        increment(second, '0', paid('F', 'unit', '1'), 30n),
        increment(
          second,
          '0.005',
          paid('V', 'unit', '1', { interval: ownTariff, extraCharge: paid('M', 'monetary', '0.005') }),
          30n,
        ),
        increment(0n, '-0.1', paid('M', 'rounding', '-0.1'), 1n),
      ],
    },
    { interval: plan, match, count: 1n, increments: [increment(second, '0.01', paid('M', 'monetary', '0.01'), 60n)] },
  ]
  const startTime = parseTime('2024-03-05T12:00:00Z', 'UTC', ZERO_TIME)
  const cost: EventCost = { cgrId: 'c', runId: '*default', startTime, charges, accountSummary: null }
  const wire = JSON.parse(
    JSON.stringify(eventCostWire(cost, 5), (_, value) => (typeof value === 'bigint' ? Number(value) : value)),
  ) as Record<string, Record<string, Record<string, unknown>>> & { Cost: number; Usage: number }
  t.equal(wire.Cost, 0.75)
  t.equal(wire.Usage, 120e9)
  const sizes = Object.fromEntries(
    ['Rating', 'RatingFilters', 'Timings', 'Rates', 'Accounting'].map((table) => [
      table,
      Object.keys(wire[table] ?? {}).length,
    ]),
  )
  t.same(sizes, { Rating: 2, RatingFilters: 1, Timings: 1, Rates: 2, Accounting: 6 })
  const accounting = wire['Accounting'] ?? {}
  const ids = Object.keys(accounting)
  const unit = Object.values(accounting).find(({ BalanceUUID: uuid }) => uuid === 'V')
  const extra = accounting[String(unit?.['ExtraChargeID'])]
  t.match(extra, { AccountID: accountId, BalanceUUID: 'M', RatingID: '', Units: 0.005, ExtraChargeID: '' })
  const free = Object.values(accounting).find(({ BalanceUUID: uuid }) => uuid === 'F')
  t.match(free, { RatingID: '', Units: 1, ExtraChargeID: '*none' })
  const rounding = Object.values(accounting).find(({ RatingID: rating }) => rating === '*rounding')
  t.match(rounding, { BalanceUUID: 'M', Units: -0.1 })
  t.equal(new Set(ids).size, 6)
})
