import t from 'tap'
import { builtInTiming, nextRun } from '../../src/accounting/plan-timing.ts'
import { formatTime } from '../../src/core/time.ts'
import type { Timing } from '../../src/rating/model.ts'
import { at, timing } from '../support/tariffs.ts'

function next(when: Timing, after: string, zone = 'UTC', loadedAt = after): string {
  const ns = nextRun(when, { ns: at(after).ns, zone }, at(loadedAt))
  return ns === undefined ? 'never' : formatTime({ ns, zone: 'UTC' })
}

const estimated = (day: number, startTime: string) => timing('*monthly_estimated', { monthDays: [day], startTime })

const rows: [after: string, day: number, time: string, next: string][] = [
  ['2020-02-07T14:25:00Z', 31, '00:00:00', '2020-02-29T00:00:00Z'],
  ['2020-09-29T14:25:00Z', 31, '00:00:00', '2020-09-30T00:00:00Z'],
  ['2020-09-30T14:25:00Z', 31, '00:00:00', '2020-10-31T00:00:00Z'],
  ['2020-09-30T14:25:00Z', 31, '15:00:00', '2020-09-30T15:00:00Z'],
  ['2021-01-29T00:00:00Z', 29, '00:00:00', '2021-02-28T00:00:00Z'],
  ['2020-01-30T00:00:00Z', 30, '00:00:00', '2020-02-29T00:00:00Z'],
  ['2021-10-31T00:00:00Z', 30, '00:00:00', '2021-11-30T00:00:00Z'],
  ['2020-12-31T14:25:00Z', 31, '14:25:00', '2021-01-31T14:25:00Z'],
  ['2026-11-23T06:10:00Z', 31, '00:00:00', '2026-11-30T00:00:00Z'],
  ['2026-11-23T06:10:00Z', 29, '00:00:00', '2026-11-29T00:00:00Z'],
  ['2026-11-23T06:10:00Z', 24, '00:00:00', '2026-11-24T00:00:00Z'],
  ['2026-11-23T06:10:00Z', 23, '00:00:00', '2026-12-23T00:00:00Z'],
  ['2026-11-23T06:10:00Z', 22, '00:00:00', '2026-12-22T00:00:00Z'],
  ['2026-11-23T06:10:00Z', -1, '00:00:00', '2026-11-30T00:00:00Z'],
]

for (const [after, day, time, wanted] of rows) {
  t.test(`04 W24: day ${day} at ${time} after ${after}`, async (t) =>
    t.equal(next(estimated(day, time), after), wanted),
  )
}

t.test('04 W24: runs up to a date', async (t) => {
  const runsUntil = (when: Timing, until: string) => {
    let runs = 0
    for (let after = '2026-11-23T06:10:00Z'; ; runs++) {
      after = next(when, after)
      if (after === 'never' || at(after).ns > at(until).ns) return runs
    }
  }
  for (const day of [29, 30, 31, -1])
    t.equal(runsUntil(estimated(day, '00:00:00'), '2027-03-31T00:00:00Z'), 5, `${day}`)
  const plain = [29, 30, 31].map((day) => runsUntil(timing('', { monthDays: [day] }), '2027-03-31T00:00:00Z'))
  t.same(plain, [4, 4, 3])
  t.equal(runsUntil(timing('', { weekDays: [0], monthDays: [5] }), '2026-12-31T00:00:00Z'), 6, 'either may match')
})

t.test('defaults of what is not given (04, 12.2)', async (t) => {
  t.equal(next(timing('', { months: [2] }), '2026-11-23T06:10:00Z'), '2027-02-01T00:00:00Z')
  t.equal(next(timing('', { years: [2027, 2028] }), '2026-11-23T06:10:00Z'), '2027-01-01T00:00:00Z')
  t.equal(next(timing('', { startTime: '' }), '2026-11-23T06:10:00Z'), 'never')
  t.equal(next(timing('', { startTime: '', monthDays: [1] }), '2026-11-23T06:10:00Z'), '2026-12-01T00:00:00Z')
  t.equal(next(timing('', { years: [2020] }), '2026-11-23T06:10:00Z'), 'never')
  t.equal(next(timing('', { startTime: '08:00:00' }), '2026-11-23T08:00:00Z'), '2026-11-24T08:00:00Z', 'strictly after')
})

t.test('times are those of the zone', async (t) => {
  const daily = timing('', { startTime: '08:00:00' })
  t.equal(next(daily, '2026-07-01T05:00:00Z', 'Europe/Berlin'), '2026-07-01T06:00:00Z')
  t.equal(next(daily, '2026-12-01T06:30:00Z', 'Europe/Berlin'), '2026-12-01T07:00:00Z')
})

t.test('once, some time after the load', async (t) => {
  const soon = timing('', { startTime: '+5m' })
  t.equal(next(soon, '2026-11-23T06:10:00Z'), '2026-11-23T06:15:00Z')
  t.equal(next(soon, '2026-11-23T06:15:00Z', 'UTC', '2026-11-23T06:10:00Z'), 'never')
})

t.test('a start time that is no time of day', async (t) => {
  for (const startTime of ['25:61:61', '24:00:00', '08:00', 'junk']) {
    t.throws(() => next(timing('', { startTime }), '2026-11-23T06:10:00Z'), {
      message: `UNSUPPORTED_FORMAT:${startTime}`,
    })
  }
})

t.test('built-in names are resolved when a plan is loaded (04, 12.1)', async (t) => {
  const NOW = '2026-11-23T06:06:58Z'
  const names: [string, string][] = [
    ['*any', '2026-11-24T00:00:00Z'],
    ['*every_minute', '2026-11-23T06:07:58Z'],
    ['*hourly', '2026-11-23T07:06:58Z'],
    ['*daily', '2026-11-24T06:06:58Z'],
    ['*weekly', '2026-11-30T06:06:58Z'],
    ['*monthly', '2026-12-23T06:06:58Z'],
    ['*monthly_estimated', '2026-12-23T06:06:58Z'],
    ['*month_end', '2026-11-30T06:06:58Z'],
    ['*yearly', '2027-11-23T06:06:58Z'],
    ['*asap', 'never'],
  ]
  for (const [name, wanted] of names) {
    const when = builtInTiming(name, at(NOW))
    t.equal(when && next(when, NOW), wanted, name)
  }
  t.equal(builtInTiming('*hourly', at(NOW))?.startTime, '*:6:58')
  t.equal(builtInTiming('PEAK', at(NOW)), undefined)
})
