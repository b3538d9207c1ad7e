import t from 'tap'
import type { SessionCost } from '../../src/cdrs/session-cost.ts'
import { sessionCostFilter } from '../../src/cdrs/session-cost-filter.ts'
import { ZERO_TIME } from '../../src/core/time.ts'

const COST: SessionCost = {
  cgrId: 'c',
  runId: '*default',
  originHost: '10.0.0.1',
  originId: 'o:1',
  costSource: 'X',
  usage: 3_000_000_000n,
  details: { cgrId: 'c', runId: '*default', startTime: ZERO_TIME, charges: [], accountSummary: null },
}

const stored = (id: string) =>
  id === 'FLTR' ? [{ type: '*string', element: '~*sc.OriginID', values: ['o:1', 'o:2'] }] : undefined

for (const [filters, passes] of [
  ['', true],
  ['*string:~*sc.CGRID:c', true],
  ['*string:~*sc.CGRID:a|c', true],
  ['*string:~*sc.CGRID:a', false],
  ['*notstring:~*sc.OriginHost:10.0.0.1', false],
  ['*notstring:~*sc.OriginHost:10.0.0.2', true],
  ['*string:~*sc.RunID:*default;*string:~*sc.CostSource:Y', false],
  ['*gte:~*sc.Usage:3s', true],
  ['*gte:~*sc.Usage:3000000001', false],
  ['*lt:~*sc.Usage:3s', false],
  ['*lt:~*sc.Usage:3000000001', true],
  ['FLTR', true],
  ['FLTR;*string:~*sc.CGRID:a', false],
] as const)
  t.test(`04 11.4 n11: "${filters}" ${passes ? 'lets pass' : 'keeps out'}`, async (t) => {
    t.equal(sessionCostFilter(filters, stored)(COST), passes)
  })

for (const [filters, cause] of [
  ['NONE', 'NOT_FOUND'],
  [
    '*prefix:~*sc.CGRID:a',
    'FilterType: "*prefix" not supported for FieldName: "~*sc.CGRID" in action: <*remove_session_costs>',
  ],
  [
    '*gte:~*sc.CreatedAt:-1h',
    'FilterType: "*gte" not supported for FieldName: "~*sc.CreatedAt" in action: <*remove_session_costs>',
  ],
] as const)
  t.test(`04 11.4 n11: "${filters}" is refused: nothing is removed by mistake`, async (t) => {
    t.throws(() => sessionCostFilter(filters, stored), { message: cause })
  })
