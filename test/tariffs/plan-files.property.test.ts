import fc from 'fast-check'
import t from 'tap'
import { Decimal } from '../../src/core/decimal.ts'
import { type PlanRows, planTexts, readPlanTexts } from '../../src/tariffs/plan-files.ts'
import { fileColumns, hasLoadId, PLAN_FILES, type PlanFile } from '../../src/tariffs/plan-tables.ts'
import { unzip, zipOf } from '../../src/tariffs/plan-zip.ts'

const CELLS = {
  text: fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 10 }),
    fc.string({ unit: fc.constantFrom('#', '"', ',', ';', '\n', ' ', 'a'), maxLength: 6 }),
  ),
  decimal: fc
    .tuple(fc.bigInt(), fc.integer({ min: 0, max: 20 }))
    .map(([digits, scale]) => Decimal.parse(`${digits}e-${scale}`).toString()),
  integer: fc.integer().map(String),
  boolean: fc.boolean().map(String),
} as const

function rowsOfFile(file: PlanFile): fc.Arbitrary<readonly (readonly string[])[]> {
  const row = fc.tuple(...fileColumns(file).map(({ is }) => CELLS[is]))
  const whole = hasLoadId(file) ? row.map((cells) => ['load', ...cells]) : row
  return fc.array(whole, { maxLength: 4 })
}

const plans: fc.Arbitrary<PlanRows> = fc
  .record(Object.fromEntries(PLAN_FILES.map((file) => [file, rowsOfFile(file)])))
  .map((rows) => new Map(PLAN_FILES.map((file) => [file, rows[file] ?? []])))

const some = (plan: PlanRows) => [...plan].filter(([, rows]) => rows.length > 0)

t.test('files of a plan hold what the plan holds', (t) => {
  fc.assert(
    fc.property(plans, fc.constantFrom(',', ';', '|'), (plan, separator) => {
      const texts = planTexts(plan, separator)
      if (separator === ',') t.strictSame(some(readPlanTexts(texts, 'load')), some(plan))
      else t.strictSame(planTexts(readPlanTexts(planTexts(plan, ','), 'load'), separator), texts)
    }),
    { numRuns: 60 },
  )
  t.end()
})

t.test('a zip holds the files that were put into it', (t) =>
  fc.assert(
    fc.asyncProperty(plans, async (plan) => {
      const texts = planTexts(plan, ',')
      t.strictSame(await unzip(await zipOf(texts)), texts)
    }),
    { numRuns: 20 },
  ),
)

t.test('what is no zip is told', async (t) => {
  for (const bytes of [
    Buffer.alloc(0),
    Buffer.from('PK'),
    (await zipOf([{ path: 'Rates.csv', text: 'x' }])).subarray(0, 40),
  ])
    await t.rejects(unzip(bytes), { message: 'zip: not a valid zip file' })
})

const REFUSED = [
  [
    'Rates.csv',
    '#\nRT,0,1,60s,1s,0s\nRT,x,1,60s,1s,0s\n',
    'Rates.csv:3: ConnectFee "x": invalid value, expected a number',
  ],
  [
    'Rates.csv',
    'RT,0,1\n',
    'Rates.csv:1: record on line 1: wrong number of fields: 3, expected 6 (ID,ConnectFee,Rate,RateUnit,RateIncrement,GroupIntervalStart)',
  ],
  ['Thresholds.csv', 't,T,,,4.5,,,,,,,\n', 'Thresholds.csv:1: MaxHits "4.5": invalid value, expected a whole number'],
  [
    'AccountActions.csv',
    't,a,p,,yes,\n',
    'AccountActions.csv:1: AllowNegative "yes": invalid value, expected true or false',
  ],
] as const

for (const [path, text, message] of REFUSED)
  t.test(`03 2.1: ${message}`, (t) => {
    t.throws(() => readPlanTexts([{ path, text }], ''), { message })
    t.end()
  })

t.test('03 2.1: empty cells and other words are what they say', (t) => {
  const text = 't,a,p,,T,FALSE\nt,b,,,,\n'
  t.strictSame(readPlanTexts([{ path: 'sub/AccountActions.csv', text }], 'l').get('AccountActions'), [
    ['l', 't', 'a', 'p', '', 'true', 'false'],
    ['l', 't', 'b', '', '', 'false', 'false'],
  ])
  t.strictSame(readPlanTexts([{ path: 'Rates.csv', text: 'RT,,1e-2,,,\n' }], '').get('Rates'), [
    ['RT', '0', '0.01', '', '', ''],
  ])
  t.strictSame([...readPlanTexts([{ path: 'Suppliers.csv', text: 'x' }], '').keys()], [], 'other files are left alone')
  t.end()
})
