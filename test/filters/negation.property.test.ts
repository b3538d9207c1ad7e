import fc from 'fast-check'
import t from 'tap'
import type { EventFields } from '../../src/core/event.ts'
import { decide } from '../support/filters.ts'

const texts = [
  '',
  'a',
  'ab',
  'b',
  '1',
  '10',
  '1.5',
  '10s',
  'true',
  '192.0.2.7',
  '+4912',
  '2023-11-14T10:00:00Z',
  'DE',
  'WORK',
]
const value = fc.oneof(
  fc.constantFrom(...texts, null, 0, 1, 10, 1.5, true, false),
  fc.constantFrom<EventFields[string]>([], ['a'], {}, { B: 'a' }),
)
const event = fc.dictionary(fc.constantFrom('A', 'B', 'C'), value, { maxKeys: 3 }) as fc.Arbitrary<EventFields>
const path = fc.constantFrom(
  '~*req.A',
  '~*req.B',
  '~*req.A.B',
  '~*req.A[0]',
  '~*req.A{*len}',
  '~*req.C:s/(.)/$1/',
  'a',
  '1',
)
const constant = fc.constantFrom('a', 'b', '1', '10', '10s', '192.0.2.0/24', 'DE', 'WORK', '2023-11-14T00:00:00Z')
const side = fc.oneof({ weight: 3, arbitrary: constant }, { weight: 1, arbitrary: path })

const TYPES = [
  'string',
  'prefix',
  'suffix',
  'contains',
  'empty',
  'exists',
  'regex',
  'rsr',
  'ipnet',
  'timings',
  'destinations',
  'ai',
]

for (const type of TYPES) {
  t.test(`*${type} and *not${type}: one passes and the other does not, or both fail alike`, async () => {
    const values =
      type === 'empty' || type === 'exists' ? fc.constant([]) : fc.array(side, { minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(path, values, event, (element, sides, fields) => {
        // A search-and-replace stands only in a stored filter: its colons end the element of an inline one.
        const rule = (name: string) => [{ type: name, element, values: sides }]
        const stored = ['*', '*not'].map((sign, i) => ({
          tenant: 'cgrates.org',
          id: `F${i}`,
          rules: rule(sign + type),
          activation: null,
        }))
        const positive = decide(['F0'], fields, stored)
        const negative = decide(['F1'], fields, stored)
        if (positive === 'true') return negative === 'false'
        return positive === 'false' ? negative === 'true' : negative === positive
      }),
      { numRuns: 1_000 },
    )
  })
}

t.test('*eq and *noteq, *gte and *lt, *gt and *lte are opposites for one value', async () => {
  const pairs = [
    ['*eq', '*noteq'],
    ['*gte', '*lt'],
    ['*gt', '*lte'],
  ] as const
  fc.assert(
    fc.property(fc.constantFrom(...pairs), constant, event, ([a, b], wanted, fields) => {
      if (fields['A'] === undefined) return true
      const first = decide([`${a}:~*req.A:${wanted}`], fields)
      const second = decide([`${b}:~*req.A:${wanted}`], fields)
      if (first === 'true') return second === 'false'
      return first === 'false' ? second === 'true' : second === first
    }),
    { numRuns: 2_000 },
  )
})
