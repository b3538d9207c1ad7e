import t from 'tap'
import type { CdrRow } from '../../src/store/cdr-store.ts'
import { CdrTable } from '../../src/store/sqlite/cdr-table.ts'

const row = (id: string, cost: string, replaces: boolean, runId = '*default'): CdrRow => ({
  id,
  cgrId: 'c',
  runId,
  tenant: 't',
  account: 'a',
  originId: 'o',
  requestType: '*postpaid',
  toR: '*sms',
  answerNs: 1n,
  cost,
  record: JSON.stringify({ id, cost }),
  replaces,
})
const made = row('1/c:*default', '2', false)
const other = row('2/c:other', '9', false, 'other')
const again = row('3/c:*default', '5', true)
const later = row('4/c:*default', '7', true)

/** Each batch is a transaction; what is found is order id and cost. */
const ROWS: readonly { name: string; batches: readonly (readonly CdrRow[])[]; found: [number, string][] }[] = [
  {
    name: 'a CDR comes twice',
    batches: [
      [made, other],
      [made, other],
    ],
    found: [
      [1, '2'],
      [2, '9'],
    ],
  },
  {
    name: 'one takes the place of another',
    batches: [[made, other], [again]],
    found: [
      [1, '5'],
      [2, '9'],
    ],
  },
  {
    name: 'all come once more',
    batches: [
      [made, other, again],
      [made, other, again],
    ],
    found: [
      [1, '5'],
      [2, '9'],
    ],
  },
  {
    name: 'twice replaced, all come once more',
    batches: [
      [made, again, later],
      [made, again, later],
    ],
    found: [[1, '7']],
  },
  {
    name: 'the earlier ones come once more',
    batches: [
      [made, again, later],
      [made, again],
    ],
    found: [[1, '7']],
  },
  { name: 'there is nothing to replace', batches: [[again], [again]], found: [[1, '5']] },
]

for (const { name, batches, found } of ROWS)
  t.test(name, async (t) => {
    const table = new CdrTable(':memory:')
    for (const batch of batches) table.write(batch)
    const costs = table.find({}).map(({ orderId, record }) => [orderId, (JSON.parse(record) as { cost: string }).cost])
    t.same(costs, found)
    table.close()
  })
