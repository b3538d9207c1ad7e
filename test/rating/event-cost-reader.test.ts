import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { EventFields } from '../../src/core/event.ts'
import { eventJson } from '../../src/core/event-values.ts'
import { eventCostTotal, eventCostUsage } from '../../src/rating/event-cost.ts'
import { eventCostOfWire } from '../../src/rating/event-cost-reader.ts'
import { eventCostWire } from '../../src/rating/event-cost-wire.ts'
import { parseJson } from '../../src/rpc/shape.ts'
import { eventCostShape } from '../../src/rpc/shapes/event-cost.ts'
import { ROOT } from '../support/gateway.ts'

const again = (wire: unknown) => eventCostOfWire(eventCostShape.decode(parseJson(JSON.stringify(wire)), undefined))

/** 90 s: 60 units priced by a rating subject, the rest by money, and a correction (reference 05, W8). */
const PRICED = {
  CGRID: 'c',
  RunID: '*default',
  StartTime: '2024-03-05T12:00:00Z',
  Charges: [
    {
      RatingID: 'aaaaaaa',
      Increments: [
        { Usage: 60_000_000_000, Cost: 0.01, AccountingID: 'units', CompressFactor: 1 },
        { Usage: 1_000_000_000, Cost: 0.00167, AccountingID: 'money', CompressFactor: 30 },
        { Usage: 0, Cost: -0.0001, AccountingID: 'round', CompressFactor: 1 },
      ],
      CompressFactor: 2,
    },
  ],
  AccountSummary: null,
  Rating: {
    aaaaaaa: {
      ConnectFee: 0.4,
      RoundingMethod: '*up',
      RoundingDecimals: 4,
      MaxCost: 0,
      MaxCostStrategy: '',
      TimingID: 'ttttttt',
      RatesID: 'rrrrrrr',
      RatingFiltersID: 'fffffff',
    },
  },
  Accounting: {
    units: {
      AccountID: 'cgrates.org:a',
      BalanceUUID: 'u',
      RatingID: 'aaaaaaa',
      Units: 60,
      BalanceFactor: 2,
      ExtraChargeID: 'money',
    },
    money: { AccountID: 'cgrates.org:a', BalanceUUID: 'm', RatingID: '', Units: 0.00167, ExtraChargeID: '' },
    round: { AccountID: 'cgrates.org:a', BalanceUUID: 'm', RatingID: '*rounding', Units: -0.0001, ExtraChargeID: '' },
  },
  RatingFilters: {
    fffffff: { DestinationID: 'D', DestinationPrefix: '49', RatingPlanID: 'P', Subject: '*out:t:call:a' },
  },
  Rates: { rrrrrrr: [{ GroupIntervalStart: 0, Value: 0.1, RateIncrement: 1_000_000_000, RateUnit: 60_000_000_000 }] },
  Timings: { ttttttt: { Years: [], Months: [], MonthDays: [], WeekDays: [1, 2], StartTime: '08:00:00' } },
}

t.test('a cost is what its tables say', async (t) => {
  const cost = again(PRICED)
  t.equal(eventCostUsage(cost), 180_000_000_000n)
  t.equal(eventCostTotal(cost, 5).toString(), '0.12')
  const [charge] = cost.charges
  t.match(charge?.interval, {
    timing: { weekDays: [1, 2] },
    rating: { roundingMethod: '*up', groups: [{ unit: 60_000_000_000n }] },
  })
  t.match(charge?.match, { matchedDestinationId: 'D', matchedPrefix: '49', ratingPlanId: 'P' })
  t.match(charge?.increments[0]?.accounting, {
    kind: 'unit',
    balanceUuid: 'u',
    extraCharge: { kind: 'monetary', balanceUuid: 'm' },
  })
  t.equal(charge?.increments[0]?.accounting?.factor.toString(), '2')
  t.equal(charge?.increments[2]?.accounting?.kind, 'rounding')
})

t.test('what is read is written as it was read', async (t) => {
  const copy = JSON.parse(readFileSync(join(ROOT, 'test/fixtures/reference-passive-session.json'), 'utf8')) as {
    SRuns: { EventCost: unknown }[]
  }
  for (const wire of [PRICED, copy.SRuns[0]?.EventCost]) {
    const written = eventCostWire(again(wire), 5)
    t.same(eventCostWire(again(JSON.parse(JSON.stringify(written, numbers))), 5), written)
  }
})

function numbers(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? Number(value) : value
}

t.test('an extra charge that names itself ends: a client may send anything', async (t) => {
  const units = { ...PRICED.Accounting.units, ExtraChargeID: 'units' }
  const [charge] = again({ ...PRICED, Accounting: { ...PRICED.Accounting, units } }).charges
  t.match(charge?.increments[0]?.accounting, { kind: 'unit', extraCharge: { kind: 'monetary', extraCharge: null } })
})

t.test('ids that every object has are in no table', async (t) => {
  const [first] = PRICED.Charges
  const [charge] = again({ ...PRICED, Charges: [{ ...first, RatingID: 'constructor' }], Accounting: {} }).charges
  t.match(charge, { interval: null, match: { ratingPlanId: '' }, increments: [{ accounting: null }] })
})

t.test('05, 6.14: a pause comes back as one', async (t) => {
  const noLists = { Years: null, Months: null, MonthDays: null, WeekDays: null, StartTime: '00:00:00' }
  const pause = {
    ...PRICED,
    Charges: [
      {
        RatingID: '*pause',
        Increments: [{ Usage: 10, Cost: 0, AccountingID: '*pause', CompressFactor: 1 }],
        CompressFactor: 1,
      },
    ],
    Rating: {
      '*pause': {
        ConnectFee: 0,
        RoundingMethod: '*up',
        RoundingDecimals: 5,
        MaxCost: 0,
        MaxCostStrategy: '',
        TimingID: 'ttttttt',
        RatesID: '*pause',
        RatingFiltersID: '*pause',
      },
    },
    Accounting: { '*pause': { AccountID: '1001', BalanceUUID: '', RatingID: '*pause', Units: 0, ExtraChargeID: '' } },
    RatingFilters: { '*pause': { DestinationID: '', DestinationPrefix: '', RatingPlanID: '*pause', Subject: '' } },
    Rates: { '*pause': [{ GroupIntervalStart: 0, Value: 0, RateIncrement: 1, RateUnit: 1 }] },
    Timings: { ttttttt: noLists },
  }
  const { Timings: timings, ...wire } = JSON.parse(eventJson(eventCostWire(again(pause), 5) as EventFields))
  const [timingId = '', ...others] = Object.keys(timings)
  t.same([timings[timingId], others], [noLists, []])
  const { Timings: _, ...wanted } = pause
  const rating = { '*pause': { ...pause.Rating['*pause'], TimingID: timingId } }
  t.same(wire, { ...wanted, Usage: 10, Cost: 0, Rating: rating })
})
