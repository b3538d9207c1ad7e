import fc from 'fast-check'
import t from 'tap'
import {
  EMPTY_QUOTA,
  finalUsage,
  fromTotalUsage,
  grantCharged,
  grantFromReserve,
  grantPaused,
  type Quota,
  reportUsed,
} from '../../src/sessions/quota.ts'

/** One request: what is asked, what was used of the last grant, and how the charge answers what is missing. */
type Step = { asked: bigint; used?: bigint; charge?: (missing: bigint) => bigint }

const all = (missing: bigint) => missing

function play(steps: readonly Step[]): { quota: Quota; asked: bigint[] } {
  let quota = EMPTY_QUOTA
  const asked: bigint[] = []
  for (const step of steps) {
    quota = reportUsed(quota, step.used)
    const covered = grantFromReserve(quota, step.asked)
    if (covered !== undefined) {
      quota = covered
      continue
    }
    const missing = step.asked - quota.reserve
    asked.push(missing)
    quota = grantCharged(quota, step.asked, (step.charge ?? all)(missing))
  }
  return { quota, asked }
}

const W1: Step[] = [{ asked: 6144n }, { asked: 8192n, used: 7168n }, { asked: 1024n, used: 5120n }, { asked: 1024n }]
const rows: { name: string; steps: Step[]; asked: bigint[]; quota: Quota }[] = [
  {
    name: '05 W1 row 1',
    steps: W1.slice(0, 1),
    asked: [6144n],
    quota: { reserve: 0n, lastGrant: 6144n, total: 6144n, paused: 0n },
  },
  {
    name: '05 W1 row 2: more was used than granted',
    steps: W1.slice(0, 2),
    asked: [6144n, 9216n],
    quota: { reserve: 0n, lastGrant: 8192n, total: 15360n, paused: 0n },
  },
  {
    name: '05 W1 row 3: the reserve covers the request',
    steps: W1.slice(0, 3),
    asked: [6144n, 9216n],
    quota: { reserve: 2048n, lastGrant: 1024n, total: 13312n, paused: 0n },
  },
  {
    name: '05 W1 row 4: nothing told of the last grant',
    steps: W1,
    asked: [6144n, 9216n],
    quota: { reserve: 1024n, lastGrant: 1024n, total: 14336n, paused: 0n },
  },
  {
    name: '05 W4: what R is asked for',
    steps: [{ asked: 120n }, { asked: 120n, used: 90n }, { asked: 120n, used: 150n }],
    asked: [120n, 90n, 150n],
    quota: { reserve: 0n, lastGrant: 120n, total: 360n, paused: 0n },
  },
  {
    name: '05 W6: an increment larger than the gap leaves a reserve',
    steps: [{ asked: 120n }, { asked: 120n, used: 12n, charge: () => 20n }],
    asked: [120n, 12n],
    quota: { reserve: 8n, lastGrant: 120n, total: 132n, paused: 0n },
  },
  {
    name: 'credit for a part grants the part',
    steps: [{ asked: 100n, charge: () => 60n }],
    asked: [100n],
    quota: { reserve: 0n, lastGrant: 60n, total: 60n, paused: 0n },
  },
  {
    name: 'no credit for what was used beyond the grant: the debt stays',
    steps: [{ asked: 100n }, { asked: 50n, used: 130n, charge: () => 10n }],
    asked: [100n, 80n],
    quota: { reserve: -20n, lastGrant: 0n, total: 130n, paused: 0n },
  },
]
for (const { name, steps, asked, quota } of rows) {
  t.test(name, async (t) => {
    const played = play(steps)
    t.same(played.asked, asked)
    t.same(played.quota, quota)
  })
}

t.test('05 W1 last row: final usage from what was used of the last grant', async (t) => {
  const { quota } = play(W1)
  t.equal(finalUsage(quota, undefined, 0n).total, 13312n)
  t.equal(finalUsage(quota, 500n, 0n).total, 500n, 'Usage of the event overrides')
  t.equal(finalUsage(quota, undefined, undefined).total, 14336n)
})

t.test('05 W13: usage since the start', async (t) => {
  const { quota } = play([{ asked: 5n }, { asked: 5n, used: 5n }, { asked: 5n, used: 5n }])
  t.same(fromTotalUsage(quota, 105n), { requested: 90n, used: undefined })
  t.same(fromTotalUsage(quota, 15n), { requested: 0n, used: undefined })
  const { requested, used } = fromTotalUsage(quota, 5n)
  const shrunk = reportUsed(quota, used)
  t.equal(requested, 0n)
  t.same({ total: shrunk.total, reserve: shrunk.reserve }, { total: 5n, reserve: 10n }, 'the surplus stays reserved')
})

t.test('property: what is paid for is always total + reserve', async (t) => {
  const step = fc.record({
    asked: fc.bigInt({ min: 0n, max: 1000n }),
    used: fc.option(fc.bigInt({ min: 0n, max: 1500n }), { nil: undefined }),
    percent: fc.bigInt({ min: 0n, max: 150n }),
  })
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      let quota = EMPTY_QUOTA
      let paid = 0n
      for (const { asked, used, percent } of steps) {
        quota = reportUsed(quota, used)
        const covered = grantFromReserve(quota, asked)
        if (covered !== undefined) quota = covered
        else {
          const charged = ((asked - quota.reserve) * percent) / 100n
          paid += charged
          quota = grantCharged(quota, asked, charged)
        }
        if (quota.total + quota.reserve !== paid)
          throw new Error(`paid ${paid}, quota ${JSON.stringify(quota, (_, v) => String(v))}`)
        if (quota.lastGrant < 0n || quota.lastGrant > asked) throw new Error(`granted ${quota.lastGrant} of ${asked}`)
      }
    }),
  )
  t.pass()
})

t.test('what is left of a pause is no reserve, what was used beyond it is owed', async (t) => {
  const paused = grantPaused({ reserve: 5n, lastGrant: 10n, total: 10n, paused: 0n }, 100n)
  t.same(paused, { reserve: 5n, lastGrant: 100n, total: 110n, paused: 100n })
  t.same(reportUsed(paused, undefined), paused)
  t.same(reportUsed(paused, 30n), { reserve: 5n, lastGrant: 30n, total: 40n, paused: 30n })
  t.same(reportUsed(paused, 120n), { reserve: -15n, lastGrant: 120n, total: 130n, paused: 100n })
})
