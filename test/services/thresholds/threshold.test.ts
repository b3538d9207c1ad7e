import t from 'tap'
import { type Hit, Threshold, type ThresholdProfile } from '../../../src/services/thresholds/threshold.ts'

const MINUTE = 60_000_000_000n

function profile(limits: Partial<ThresholdProfile>): ThresholdProfile {
  return {
    tenant: 'cgrates.org',
    id: 'THD',
    filterIds: [],
    activation: null,
    weight: 10,
    maxHits: -1,
    minHits: 1,
    minSleep: 0n,
    isBlocker: false,
    actionIds: [],
    isAsync: false,
    exporterIds: [],
    ...limits,
  }
}

const cases: readonly (readonly [string, Partial<ThresholdProfile>, (readonly [minute: number, outcome: Hit])[]])[] = [
  [
    '06 E19: hits above MaxHits do not count',
    { maxHits: 3 },
    [
      [0, 'run'],
      [0, 'run'],
      [1, 'run'],
      [2, 'exhausted'],
    ],
  ],
  [
    '06 E20: asleep, it counts and does not run',
    { minSleep: 10n * MINUTE },
    [
      [0, 'run'],
      [9, 'counted'],
      [10, 'run'],
      [19, 'counted'],
      [21, 'run'],
    ],
  ],
  [
    '06 6.1: it runs from MinHits on',
    { minHits: 3 },
    [
      [0, 'counted'],
      [0, 'counted'],
      [0, 'run'],
      [0, 'run'],
    ],
  ],
  ['06 17: MaxHits 0', { maxHits: 0 }, [[0, 'exhausted']]],
  [
    '06 17: MinHits above MaxHits',
    { minHits: 3, maxHits: 2 },
    [
      [0, 'counted'],
      [0, 'counted'],
      [0, 'exhausted'],
    ],
  ],
]

for (const [name, limits, events] of cases)
  t.test(name, (t) => {
    const threshold = new Threshold(profile(limits))
    for (const [minute, outcome] of events) t.equal(threshold.hit(BigInt(minute) * MINUTE, true), outcome)
    t.equal(threshold.state.hits, events.filter(([, outcome]) => outcome !== 'exhausted').length)
    t.end()
  })

t.test('what its own run has caused counts, does not run, and does not put it to sleep', (t) => {
  const threshold = new Threshold(profile({ minSleep: MINUTE }))
  t.equal(threshold.hit(0n, false), 'counted')
  t.same(threshold.state, { hits: 1, snoozeUntilNs: null })
  t.equal(threshold.hit(1n, true), 'run')
  t.same(threshold.state, { hits: 2, snoozeUntilNs: MINUTE + 1n })
  t.end()
})

t.test('06 6.3: other limits let it begin anew, all else does not', (t) => {
  for (const [change, isLost] of [
    [{ weight: 20, actionIds: ['A'], isBlocker: true, isAsync: true, filterIds: ['F'], exporterIds: ['E'] }, false],
    [{ maxHits: 5 }, true],
    [{ minHits: 2 }, true],
    [{ minSleep: MINUTE }, true],
  ] as const) {
    const threshold = new Threshold(profile({}))
    threshold.hit(0n, true)
    t.equal(threshold.follow(profile(change)), isLost, Object.keys(change).join())
    t.equal(threshold.state.hits, isLost ? 0 : 1)
    t.match(threshold.profile, change)
  }
  const fresh = new Threshold(profile({}))
  t.notOk(fresh.follow(profile({ maxHits: 1 })), 'there is nothing to lose')
  t.notOk(fresh.reset())
  t.end()
})
