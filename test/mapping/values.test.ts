import fc from 'fast-check'
import t from 'tap'
import { formatDuration, parseDuration } from '../../src/core/duration.ts'
import { InvalidText } from '../../src/core/errors.ts'
import { compileLayout } from '../../src/core/go-layout.ts'
import { MappingError, TemplateError } from '../../src/mapping/value.ts'
import { valueText } from '../support/mapping.ts'

/** As the reference engine gave them. */
const rows: readonly [value: string, result: string | undefined][] = [
  ['', ''],
  ['~', '~'],
  ['x{*len}', '1'],
  ['{*len}', '0'],
  ['a<b', 'a<b'],
  ['a>b<c', 'a>b<c'],
  ['<a>', 'a'],
  ['a<~*req.X>b', 'a1b'],
  ['<~*req.X>', '1'],
  ['~*req.<~*req.Name>', '1'],
  ['~*req.<~*req.Name>{*len}', '1'],
  ['~*req.<~*req.Missing>', undefined],
  ['a;~*req.Missing', undefined],
  ['~*req.X(1)', undefined],
  ['`a;b`;', 'a;b'],
  ['a;x`>;q`y;b', 'ax>;qyb'],
  ['~*req', '{"L":["p","q"],"Name":"X","T":{"a":"\\u003c"},"X":"1"}'],
  ['~*req.T', '{"a":"\\u003c"}'],
  ['~*req.L[1]', 'q'],
  ['~*cfg.general.node_id', 'n1'],
  ['~*cfg.general.foo', undefined],
  ['~*vars.toString', undefined],
  ['~*req.X:s/a/b/', '1'],
  ['~*req.X:s/(?P<digit>\\d)/x$digit/', 'x1'],
]
const EVENT = { X: '1', Name: 'X', T: { a: '<' }, L: ['p', 'q'] }
for (const [value, result] of rows) t.test(`02, 3.1: ${value}`, async (t) => t.equal(valueText(value, EVENT), result))

const replacements: readonly [rule: string, input: string, result: string][] = [
  ['s/a/b\\/c/d', 'a', 'b\\/c'],
  ['s/a/b/c/', 'a', 'a'],
  ['s/a/b/c/', 'xa/by', 'c'],
  ['s/^(\\d+)$/[$1$$]/', '12', '[12$]'],
  ['s/(?i)ABC/x/', 'zabcz', 'x'],
]
for (const [rule, input, result] of replacements)
  t.test(`02, 3.2: :${rule} of ${input}`, async (t) => t.equal(valueText(`~*req.X:${rule}`, { X: input }), result))

/** Values that do not compile, and where the fault is. */
const faults: readonly [value: string, message: string, offset: number][] = [
  ['~*req.X{*', 'invalid converter terminator in rule: <~*req.X{*>', 7],
  ['a;~*req.X{*len}(a)', 'invalid converter terminator in rule: <~*req.X{*len}(a)>', 9],
  ['a;;b', 'emtpy RSRParser in rule: <>', 2],
  ['a;', 'emtpy RSRParser in rule: <>', 2],
  ['a`b', 'Unclosed unspilit syntax', 1],
  ['~*req.X:s/a/', 'not enough members in Search&Replace, ruleStr: <a/>, matches: [], ', 10],
  ['~*req.X:s//b/', 'not enough members in Search&Replace, ruleStr: </b/>, matches: [], ', 10],
  ['~*req.X:s/(/b/', 'invalid Search&Replace subfield rule: <(>', 11],
  ['a;~*foo.X', 'unsupported field prefix: <*foo>', 3],
  ['~*uch.X', 'unsupported field prefix: <*uch>', 1],
  ['`a;<~*foo.X>`', 'unsupported field prefix: <*foo>', 5],
]
for (const [value, message, offset] of faults) {
  t.test(`02, 3.1: ${value} does not compile`, async (t) => {
    t.throws(() => valueText(value), new TemplateError(message, offset))
  })
}

t.test('02, 3: what inner values give is data, and no value again', async (t) => {
  t.equal(valueText('a<~*req.X>', { X: '<~*tenant>' }), 'a<~*tenant>')
  t.equal(valueText('~*req.<~*req.X>', { X: '<~*tenant>', '<~*tenant>': 'own' }), '~*req.<~*tenant>')
})

/** Characters that mean something, and some that do not. */
const valueLike = fc.stringMatching(/^[~*a;`<>{}&:s/\\()[\].$1 ]{0,30}$/)

t.test('any value compiles or is an error with its place in the value', async (t) => {
  fc.assert(
    fc.property(
      fc.oneof(
        valueLike,
        fc.string(),
        valueLike.map((text) => `~*req.X${text}`),
      ),
      (value) => {
        try {
          valueText(value, { X: 'x' })
        } catch (cause) {
          if (cause instanceof MappingError || cause instanceof InvalidText) return
          if (!(cause instanceof TemplateError)) throw cause
          const { offset } = cause
          t.ok(offset !== undefined && offset >= 0 && offset <= value.length, `${value}: ${offset} ${cause.message}`)
        }
      },
    ),
    { numRuns: 3_000 },
  )
})

t.test('a constant of plain characters is itself', async () => {
  fc.assert(fc.property(fc.stringMatching(/^[A-Za-z0-9 .,_+-]{1,20}$/), (text) => valueText(text) === text))
})

t.test('a duration is read as it was printed', async () => {
  const bounds = { min: -(2n ** 63n) + 1n, max: 2n ** 63n - 1n }
  fc.assert(fc.property(fc.bigInt(bounds), (ns) => parseDuration(formatDuration(ns)) === ns))
})

t.test('a time is read as its layout printed it', async () => {
  const layouts = [
    '2006-01-02T15:04:05.999999999Z07:00',
    'Mon, 02 Jan 2006 15:04:05.000000000 -0700',
    '_2/1/2006 3:04:05.000000000 PM Z0700',
    'January 2 2006 15:04:05.999999999 -07:00',
    '2006 002 15.04.05.000000000-0700',
  ].map(compileLayout)
  const time = fc.record({
    ns: fc.bigInt({ min: -2_000_000_000_000_000_000n, max: 4_000_000_000_000_000_000n }),
    zone: fc.constantFrom('UTC', '+02:00', '-05:30'),
  })
  fc.assert(
    fc.property(time, fc.constantFrom(...layouts), (time, { format, parse }) => {
      const read = parse(format(time), 'UTC')
      return read.ns === time.ns && read.zone === time.zone
    }),
  )
})
