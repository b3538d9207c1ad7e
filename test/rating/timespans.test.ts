import fc from 'fast-check'
import t from 'tap'
import { Decimal } from '../../src/core/decimal.ts'
import { parseDuration } from '../../src/core/duration.ts'
import type { PlanRow } from '../../src/rating/plan.ts'
import type { TariffIndex } from '../../src/rating/tariff-index.ts'
import { at, interval, tariffOf, timing } from '../support/tariffs.ts'

const WEEKDAYS = [1, 2, 3, 4, 5]
const WEEKEND = [6, 0]
const PEAK = timing('PEAK', { weekDays: WEEKDAYS, startTime: '08:00:00' })
const NIGHT = timing('NIGHT', { weekDays: WEEKDAYS, startTime: '00:00:00' })
const EVENING = timing('EVENING', { weekDays: WEEKDAYS, startTime: '19:00:00' })
const SATSUN = timing('SATSUN', { weekDays: WEEKEND })

const any = (...intervals: PlanRow['interval'][]): PlanRow[] =>
  intervals.map((each) => ({ destinationId: '*any', interval: each }))
const to = (destinationId: string, ...intervals: PlanRow['interval'][]): PlanRow[] =>
  intervals.map((each) => ({ destinationId, interval: each }))
const offPeak = (rate: string) => [NIGHT, EVENING, SATSUN].map((each) => interval(rate, { timing: each }))

const R20 = 'fee 0.4; 0.2/60s/60s@0, 0.1/60s/1s@60s'
const R40 = 'fee 0.8; 0.4/60s/30s@0, 0.2/60s/10s@60s'
const R10 = 'fee 0.2; 0.1/60s/60s@0, 0.05/60s/1s@60s'
const R60 = 'fee 0.1; 0.01/1s/1s@0'
const R120 = 'fee 0.2; 1.2/1m/1m@0, 1.2/1m/1s@1m'

const fixtureA = tariffOf([...to('D1002', interval(R20)), ...to('D1003', interval('0.01/1s/1s@0'))], {
  D1002: ['1002'],
  D1003: ['1003'],
})
const peakB = (rate: string) => [interval(rate, { timing: PEAK }), ...offPeak(R60)]
const fixtureB = tariffOf(
  [
    ...to('D10', ...peakB(R120)),
    ...to('D2030', interval(R120)),
    ...to('D20', interval(R60, { timing: timing('NEWYEAR', { months: [1], monthDays: [1] }), weight: 20 })),
  ],
  { D10: ['10'], D2030: ['20', '30'], D20: ['20'] },
)
const fixtureC = tariffOf(
  [
    ...to('D1002', interval(R20, { timing: PEAK }), ...offPeak(R10)),
    ...to('D1003', interval(R40, { timing: PEAK }), ...offPeak(R10)),
    ...to('D10', interval(R40, { timing: PEAK }), ...offPeak(R10)),
  ],
  { D1002: ['1002'], D1003: ['1003'], D10: ['10'] },
)
const halfFrom18 = [timing('EVE', { weekDays: WEEKDAYS, startTime: '18:00:00' }), SATSUN]
const fixtureD = tariffOf(
  any(
    interval('fee 1; 1/1s/1s@0', { timing: NIGHT }),
    ...halfFrom18.map((each) => interval('0.5/1s/1s@0', { timing: each })),
  ),
  {},
  { roundingDecimals: 6 },
)
const dataE = tariffOf(
  any(
    interval('0.002/10s/10s', { timing: timing('TM1') }),
    interval('0.001/10/10', { timing: timing('TM2', { startTime: '01:00:00' }) }),
  ),
)
const F5 = tariffOf(
  any(
    interval('1/1s/60s', { timing: timing('A') }),
    interval('2/1s/30s', { timing: timing('B', { startTime: '08:00:00' }) }),
  ),
)
const F7 = tariffOf(
  any(
    interval('fee 0.3; 0.1/1s/1s', { timing: timing('A') }),
    interval('fee 0.7; 0.2/1s/1s', { timing: timing('B', { startTime: '12:00:00' }) }),
  ),
)
const midnight = tariffOf(
  any(
    interval('1/1s/1s', { timing: timing('A') }),
    interval('2/1s/1s', { timing: timing('B', { startTime: '09:00:00' }) }),
    interval('3/1s/1s', { timing: timing('C', { startTime: '19:00:00' }) }),
  ),
)

type Row = {
  name: string
  tariff: TariffIndex
  destination?: string
  from: string
  usage: string
  /** Length of each span. */
  spans?: string[]
  /** Sum of the increments and of the first span's connect fee. */
  cost: string
  toR?: string
  loopIndex?: number
  durationIndex?: string
}

const NOON = '2024-03-05T12:00:00Z'
const rows: Row[] = [
  {
    name: '03 A1',
    tariff: fixtureA,
    destination: '1002',
    from: NOON,
    usage: '2m',
    spans: ['60s', '60s'],
    cost: '0.7002',
  },
  {
    name: '03 A2',
    tariff: fixtureA,
    destination: '1002',
    from: NOON,
    usage: '2m10s',
    spans: ['60s', '70s'],
    cost: '0.7169',
  },
  { name: '03 A3', tariff: fixtureA, destination: '1002', from: NOON, usage: '1h', cost: '6.5118' },
  { name: '03 A4', tariff: fixtureA, destination: '1003', from: NOON, usage: '1h', cost: '36' },
  {
    name: '03 A6: a later request',
    tariff: fixtureA,
    destination: '1002',
    from: '2024-03-05T12:01:00Z',
    usage: '10s',
    loopIndex: 1,
    durationIndex: '70s',
    cost: '0.0167',
  },
  {
    name: '03 B2: peak',
    tariff: fixtureB,
    destination: '1003',
    from: '2019-03-11T09:00:00Z',
    usage: '45s',
    spans: ['60s'],
    cost: '1.4',
  },
  {
    name: '03 B3: off-peak',
    tariff: fixtureB,
    destination: '1003',
    from: '2019-03-11T21:00:00Z',
    usage: '45s',
    cost: '0.55',
  },
  { name: '03 B4', tariff: fixtureB, destination: '2001', from: '2019-03-12T10:00:00Z', usage: '45s', cost: '1.4' },
  {
    name: '03 B5: the heavier of two destinations',
    tariff: fixtureB,
    destination: '2001',
    from: '2020-01-01T21:00:00Z',
    usage: '45s',
    cost: '0.55',
  },
  {
    name: '03 B11: over midnight',
    tariff: fixtureB,
    destination: '1003',
    from: '2019-03-08T23:59:30Z',
    usage: '60s',
    spans: ['30s', '30s'],
    cost: '0.7',
  },
  {
    name: '03 C1',
    tariff: fixtureC,
    destination: '1002',
    from: '2014-08-04T13:00:00Z',
    usage: '20s',
    spans: ['60s'],
    cost: '0.6',
  },
  { name: '03 C2', tariff: fixtureC, destination: '1002', from: '2014-08-04T13:00:00Z', usage: '85s', cost: '0.64175' },
  {
    name: '03 C3',
    tariff: fixtureC,
    destination: '1003',
    from: '2014-08-04T13:00:00Z',
    usage: '20s',
    spans: ['30s'],
    cost: '1',
  },
  {
    name: '03 C4',
    tariff: fixtureC,
    destination: '1003',
    from: '2014-08-04T13:00:00Z',
    usage: '85s',
    spans: ['60s', '30s'],
    cost: '1.29999',
  },
  { name: '03 C7', tariff: fixtureC, destination: '1004', from: '2016-01-06T19:00:00Z', usage: '90s', cost: '0.3249' },
  { name: '03 C8', tariff: fixtureC, destination: '1004', from: '2016-01-06T18:31:05Z', usage: '90s', cost: '1.29999' },
  {
    name: '03 C9: a Sunday',
    tariff: fixtureC,
    destination: '1002',
    from: '2014-12-07T08:42:26Z',
    usage: '120s',
    cost: '0.3498',
  },
  { name: '03 D1', tariff: fixtureD, from: '2012-02-02T17:30:00Z', usage: '1h', spans: ['30m', '30m'], cost: '2701' },
  {
    name: '03 D1, second request',
    tariff: fixtureD,
    from: '2012-02-02T17:30:00Z',
    usage: '1h',
    loopIndex: 1,
    cost: '2700',
  },
  { name: '03 D2', tariff: fixtureD, from: '2012-02-07T23:50:00Z', usage: '40m', cost: '2100' },
  { name: '03 D3', tariff: fixtureD, from: '2012-02-08T22:50:00Z', usage: '1h0m21s', cost: '1810.5' },
  { name: '03 E1', tariff: dataE, toR: '*data', from: '2024-03-05T00:00:00Z', usage: '20s', cost: '0.004' },
  { name: '03 E2', tariff: dataE, toR: '*data', from: '2024-03-05T01:00:00Z', usage: '20', cost: '0.002' },
  {
    name: '03 E3: no time split for data',
    tariff: dataE,
    toR: '*data',
    from: '2024-03-05T00:59:50Z',
    usage: '20s',
    cost: '0.004',
  },
  {
    name: '03 E4',
    tariff: tariffOf(any(interval('0.002/10/10'))),
    toR: '*data',
    from: NOON,
    usage: '640113',
    cost: '128.024',
  },
  {
    name: '03 E5',
    tariff: tariffOf(any(interval('1/10000/10000'))),
    toR: '*data',
    from: NOON,
    usage: '256000000',
    cost: '25600',
  },
  {
    name: '03 E11',
    tariff: tariffOf(any(interval('2/1s/1s@0, 1/1s/60s@30s'))),
    from: NOON,
    usage: '60s',
    spans: ['30s', '60s'],
    cost: '120',
  },
  {
    name: '03 E12',
    tariff: tariffOf(any(interval('1/1s/60s@0, 1/1s/10s@30s'))),
    from: NOON,
    usage: '75s',
    spans: ['60s', '20s'],
    cost: '80',
  },
  {
    name: '03 F1: 20s',
    tariff: tariffOf(any(interval('1/1s/7s@0, 2/1s/1s@10s'))),
    from: NOON,
    usage: '20s',
    spans: ['14s', '6s'],
    cost: '26',
  },
  {
    name: '03 F1: 12s',
    tariff: tariffOf(any(interval('1/1s/7s@0, 2/1s/1s@10s'))),
    from: NOON,
    usage: '12s',
    spans: ['14s'],
    cost: '14',
  },
  {
    name: '03 F2: 20s',
    tariff: tariffOf(any(interval('1/1s/60s@0, 2/1s/1s@10s'))),
    from: NOON,
    usage: '20s',
    spans: ['60s'],
    cost: '60',
  },
  {
    name: '03 F2: 100s',
    tariff: tariffOf(any(interval('1/1s/60s@0, 2/1s/1s@10s'))),
    from: NOON,
    usage: '100s',
    spans: ['60s', '40s'],
    cost: '140',
  },
  {
    name: '03 F3',
    tariff: tariffOf(any(interval('0.1/60s/7s'))),
    from: NOON,
    usage: '60s',
    spans: ['63s'],
    cost: '0.10503',
  },
  {
    name: '03 F4',
    tariff: tariffOf(any(interval('1/1s/1s@0, 2/1s/1s@30s, 3/1s/1s@60s'))),
    from: NOON,
    usage: '90s',
    cost: '180',
  },
  {
    name: '03 F4: from the middle of the event',
    tariff: tariffOf(any(interval('1/1s/1s@0, 2/1s/1s@30s, 3/1s/1s@60s'))),
    from: NOON,
    usage: '20s',
    loopIndex: 1,
    durationIndex: '40s',
    cost: '30',
  },
  { name: '03 F5: 30s', tariff: F5, from: '2024-03-05T07:59:40Z', usage: '30s', spans: ['60s'], cost: '60' },
  { name: '03 F5: 90s', tariff: F5, from: '2024-03-05T07:59:40Z', usage: '90s', spans: ['60s', '30s'], cost: '120' },
  { name: '03 F5: 100s', tariff: F5, from: '2024-03-05T07:59:59Z', usage: '100s', spans: ['60s', '60s'], cost: '180' },
  { name: '03 F7', tariff: F7, from: '2024-03-05T11:59:59Z', usage: '2s', cost: '0.6' },
  { name: '03 4.5.3: over midnight', tariff: midnight, from: '2024-03-05T23:59:30Z', usage: '60s', cost: '120' },
  {
    name: '03 4.5.3: ends within 00:00:00',
    tariff: midnight,
    from: '2024-03-05T23:59:30.5Z',
    usage: '30s',
    cost: '90',
  },
  {
    name: '03 4.6.5: tiny prices, 1s',
    tariff: tariffOf(any(interval('0.000004/1s/1s'))),
    from: NOON,
    usage: '1s',
    cost: '0',
  },
  {
    name: '03 4.6.5: tiny prices, 2s',
    tariff: tariffOf(any(interval('0.000004/1s/1s'))),
    from: NOON,
    usage: '2s',
    cost: '0.00002',
  },
  {
    name: '03 4.6.5: an odd unit',
    tariff: tariffOf(any(interval('0.5/1.9s/1s'.replace('1.9s', '1900ms')))),
    from: NOON,
    usage: '1s',
    cost: '0.26316',
  },
]

function rate({ tariff, destination, from, usage, toR, durationIndex }: Row) {
  const length = parseDuration(usage)
  return tariff.rate({
    tenant: 't',
    category: 'call',
    subject: '1001',
    destination: destination ?? '0256',
    toR: toR ?? '*voice',
    timeStart: at(from),
    usage: length,
    durationIndex: durationIndex === undefined ? length : parseDuration(durationIndex),
  })
}

for (const row of rows) {
  t.test(row.name, async (t) => {
    const rated = rate(row)
    if (!rated.ok) throw new Error(rated.fault)
    let cost = row.loopIndex === undefined ? (rated.spans[0]?.interval.rating.connectFee ?? Decimal.ZERO) : Decimal.ZERO
    for (const { increments } of rated.spans) cost = cost.plus(increments.cost.timesInteger(increments.count))
    t.equal(cost.toString(), row.cost)
    if (row.spans !== undefined)
      t.same(
        rated.spans.map(({ usage }) => usage),
        row.spans.map(parseDuration),
      )
  })
}

t.test('03 B6: a destination that the plan does not cover', async (t) => {
  t.same(rate({ name: '', tariff: fixtureB, destination: '4003', from: NOON, usage: '1m', cost: '' }), {
    ok: false,
    fault: 'UNAUTHORIZED_DESTINATION',
  })
})

t.test('03 4.6.7: a part that no timing covers is refused, where the reference ends its process', async (t) => {
  const weekdaysOnly = tariffOf(any(interval('1/1s/1s', { timing: NIGHT })))
  const sunday = { name: '', tariff: weekdaysOnly, from: '2024-03-03T12:00:00Z', usage: '1m', cost: '' }
  t.same(rate(sunday), { ok: false, fault: 'UNAUTHORIZED_DESTINATION' })
})

t.test('property: increments cover the usage, whole and without gaps', async (t) => {
  const group = fc.record({
    start: fc.integer({ min: 1, max: 200 }),
    price: fc.integer({ min: 0, max: 50 }),
    increment: fc.integer({ min: 1, max: 90 }),
  })
  fc.assert(
    fc.property(
      fc.array(group, { maxLength: 3 }),
      fc.integer({ min: 1, max: 5000 }),
      fc.integer({ min: 0, max: 86_399 }),
      (groups, usage, second) => {
        const starts = new Set<number>([0])
        const texts = ['0.1/60s/7s@0']
        for (const { start, price, increment } of groups) {
          if (starts.has(start)) continue
          starts.add(start)
          texts.push(`${price}/60s/${increment}s@${start}s`)
        }
        const byStart = texts.sort((a, b) => Number(/@(\d+)/.exec(a)?.[1]) - Number(/@(\d+)/.exec(b)?.[1]))
        const tariff = tariffOf(
          any(
            interval(byStart.join(', '), { timing: timing('A') }),
            interval('2/1s/30s', { timing: timing('B', { startTime: '08:00:00' }) }),
          ),
        )
        const start = at('2024-03-05T00:00:00Z')
        const length = BigInt(usage) * 1_000_000_000n
        const rated = tariff.rate({
          tenant: 't',
          category: 'call',
          subject: '1',
          destination: '1',
          toR: '*voice',
          timeStart: { ns: start.ns + BigInt(second) * 1_000_000_000n, zone: 'UTC' },
          usage: length,
          durationIndex: length,
        })
        if (!rated.ok) throw new Error(rated.fault)
        let position = start.ns + BigInt(second) * 1_000_000_000n
        for (const span of rated.spans) {
          if (span.timeStart.ns !== position) throw new Error('gap')
          if (span.increments.duration * span.increments.count !== span.usage) throw new Error('broken increment')
          position += span.usage
        }
        if (position < start.ns + BigInt(second) * 1_000_000_000n + length) throw new Error('not covered')
      },
    ),
  )
  t.pass()
})
