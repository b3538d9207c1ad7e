import t from 'tap'
import type { EventFields } from '../../src/core/event.ts'
import type { FieldTemplate } from '../../src/mapping/field-plan.ts'
import { MappingError, TemplateError } from '../../src/mapping/value.ts'
import { contextOf, environmentOf, field, run } from '../support/mapping.ts'

type Fields = readonly Partial<FieldTemplate>[]
const set = (path: string, value: string, more: Partial<FieldTemplate> = {}) => ({ path, value, ...more })
const group = (path: string, value: string) => set(path, value, { type: '*group' })
const composed = (path: string, value: string) => set(path, value, { type: '*composed' })
const remove = (path: string) => ({ path, type: '*remove' })

/** What a list leaves in `*vars`. */
const trees: readonly [name: string, fields: Fields, vars: EventFields][] = [
  ['a path makes the maps on its way', [set('*vars.A.B', '1'), set('*vars.A[C]', '2')], { A: { B: '1', C: '2' } }],
  ['step 0 makes a list, the next index adds', [set('*vars.A[0]', 'x'), set('*vars.A[1]', 'y')], { A: ['x', 'y'] }],
  ['a first write to index 1 makes a map', [set('*vars.A[1]', 'x')], { A: { '1': 'x' } }],
  ['set replaces a map by a leaf', [set('*vars.A.B', '1'), set('*vars.A', '2')], { A: '2' }],
  [
    'group after a leaf makes a list',
    [set('*vars.A', '1'), group('*vars.A', '2'), group('*vars.A', '3')],
    { A: ['1', '2', '3'] },
  ],
  [
    'compose appends to the last element',
    [group('*vars.A', '1'), group('*vars.A', '2'), composed('*vars.A', '3')],
    { A: ['1', '23'] },
  ],
  [
    'remove takes empty containers along',
    [set('*vars.A.B.C', '1'), set('*vars.D', '2'), remove('*vars.A.B.C')],
    { D: '2' },
  ],
  ['remove counts from the end', [group('*vars.A', '1'), group('*vars.A', '2'), remove('*vars.A[-1]')], { A: ['1'] }],
  [
    'remove of what is missing is no error',
    [set('*vars.A', '1'), remove('*vars.B.C'), remove('*vars.A.B')],
    { A: '1' },
  ],
  ['remove resolves its path', [set('*vars.A', '1'), set('*tmp.N', 'A'), remove('*vars.<~*tmp.N>')], {}],
  ['removeall empties the container', [set('*vars.A', '1'), { path: '*vars', type: '*removeall' }], {}],
  [
    'a list reads as its last element',
    [group('*vars.A', '1'), group('*vars.A', '2'), set('*vars.B', '~*vars.A')],
    { A: ['1', '2'], B: '2' },
  ],
  [
    'a list has a length',
    [group('*vars.A', '1'), group('*vars.A', '2'), set('*vars.B', '~*vars.A.Length')],
    { A: ['1', '2'], B: '2' },
  ],
  [
    'an index counts from the end',
    [group('*vars.A', '1'), group('*vars.A', '2'), set('*vars.B', '~*vars.A[-2]')],
    { A: ['1', '2'], B: '1' },
  ],
  ['after a # nothing splits', [set('*vars.A#b.c', '1')], { 'A#b.c': '1' }],
  ['dots in brackets do not split', [set('*vars.A[b.c]', '1')], { A: { 'b.c': '1' } }],
  [
    'prefix and suffix join the target',
    [set('*vars.A', 'b'), set('*vars.A', 'a', { type: '*prefix' }), set('*vars.A', 'c', { type: '*suffix' })],
    { A: 'abc' },
  ],
  ['a filler is blanks', [{ path: '*vars.A', type: '*filler', width: 3 }], { A: '   ' }],
  ['a missing source skips', [set('*vars.A', '~*req.Missing'), set('*vars.B', '1')], { B: '1' }],
  ['an empty source is written', [set('*vars.A', '~*req.Empty')], { A: '' }],
  ['a blocker ends the list', [set('*vars.A', '1', { blocker: true }), set('*vars.B', '2')], { A: '1' }],
  [
    'a blocker that was skipped does not',
    [set('*vars.A', '~*req.Missing', { blocker: true }), set('*vars.B', '2')],
    { B: '2' },
  ],
  [
    'nor does one whose filter fails',
    [set('*vars.A', '1', { blocker: true, filters: ['*string:~*req.Account:1'] }), set('*vars.B', '2')],
    { B: '2' },
  ],
  ['*none writes nothing and blocks', [{ type: '*none', blocker: true }, set('*vars.B', '2')], {}],
  ['a constant reads no container', [set('*vars.A', 'a;~*req.Account;b', { type: '*constant' })], { A: 'ab' }],
  ['variables are text', [set('*vars.A', '~*req.Number')], { A: '1.5' }],
  [
    'a layout',
    [set('*vars.A', '2013-12-30 15:00:01', { type: '*datetime', layout: '02.01.06 15h', timezone: 'Europe/Berlin' })],
    { A: '30.12.13 15h' },
  ],
  [
    'a timezone',
    [set('*vars.A', '2013-12-30 15:00:01', { type: '*unix_timestamp', timezone: '+02:00' })],
    { A: '1388408401' },
  ],
  ['seconds of no time', [set('*vars.A', '~*req.Empty', { type: '*unix_timestamp' })], { A: '-62135596800' }],
  [
    'a destination is masked',
    [set('*vars.A', '', { type: '*masked_destination', maskDestinationId: 'DST', maskLength: 2 })],
    { A: '10**' },
  ],
  [
    'a destination of another set is not shown',
    [set('*vars.A', '', { type: '*masked_destination', maskDestinationId: 'X', maskLength: 2 })],
    { A: '' },
  ],
  ['usage before its start', [set('*vars.A', '1560325151;1560325161', { type: '*usage_difference' })], { A: '-10s' }],
  [
    'a usage without start saturates',
    [set('*vars.A', '2018-10-04T15:12:20Z;0', { type: '*usage_difference' })],
    { A: '2562047h47m16.854775807s' },
  ],
  [
    'a usage without end saturates',
    [set('*vars.A', '~*req.Empty;2018-10-04T15:12:20Z', { type: '*usage_difference' })],
    { A: '-2562047h47m16.854775808s' },
  ],
  ['whole numbers and durations', [set('*vars.A', '5;10s', { type: '*sum' })], { A: 10_000_000_005 }],
  ['a sum of words is empty', [set('*vars.A', 'a;1', { type: '*sum' })], { A: '' }],
  [
    'two times',
    [set('*vars.A', '2018-10-04T15:12:20Z;2018-10-04T15:12:10Z', { type: '*difference' }), set('*vars.B', '~*vars.A')],
    { A: 10_000_000_000n, B: '10s' },
  ],
  ['whole quotients', [set('*vars.A', '7;2', { type: '*divide' })], { A: 3 }],
  [
    'the last arguments of *sipcid may be missing',
    [set('*vars.A', 'id;b;~*req.Missing;a;~*req.Missing', { type: '*sipcid' })],
    { A: 'id;a;b' },
  ],
  ['*uch lives on', [set('*uch.K', 'x'), composed('*uch.K', 'y'), set('*vars.A', '~*uch.K')], { A: 'xy' }],
  ['inherited names are no fields', [set('*vars.A', '~*tmp.constructor'), set('*vars.B', '~*tmp.__proto__.x')], {}],
]
const EVENT = { Account: '1001', Destination: '1002', Empty: '', Number: 1.5 }
for (const [name, fields, vars] of trees)
  t.test(`02, 2.3 and 5: ${name}`, async (t) => t.same(run(fields, EVENT).vars, vars))

/** Lists that fail for a message. */
const failures: readonly [name: string, fields: Fields, message: string][] = [
  ['a mandatory field without source', [set('*vars.A', '~*req.Missing', { mandatory: true, tag: 'T' })], 'NOT_FOUND:T'],
  [
    'a mandatory field that is empty',
    [set('*vars.A', '~*req.Empty', { mandatory: true, tag: 'T' })],
    'Empty source value for fieldID: <T>',
  ],
  ['a path through a leaf', [set('*vars.A', '1'), set('*vars.A.B', '2')], 'WRONG_PATH'],
  ['a path through a leaf of a reply', [set('*rep.A', '1'), set('*rep.A.B', '2')], 'WRONG_PATH'],
  ['compose over a map', [set('*vars.A.B', '1'), composed('*vars.A', '2')], 'WRONG_PATH'],
  ['group over a map', [set('*vars.A.B', '1'), group('*vars.A', '2')], 'WRONG_PATH'],
  ['beyond the end of a list', [group('*vars.A', '1'), set('*vars.A[2]', '2')], 'NOT_FOUND'],
  [
    'an index that is none',
    [group('*vars.A', '1'), set('*vars.B', '~*vars.A.x')],
    'strconv.Atoi: parsing "x": invalid syntax',
  ],
  ['a path that cannot be resolved', [set('*vars.<~*req.Missing>', '1')], 'NOT_FOUND'],
  ['a name that every object has', [set('*vars.__proto__', '1')], 'WRONG_PATH'],
  ['below a text of the event', [set('*vars.A', '~*req.Account.Sub')], 'WRONG_PATH'],
  [
    'too long',
    [set('*vars.A', 'abc', { width: 2, tag: 'T' })],
    'Source abc is bigger than the width 2, no strip defied, fieldID: <T>',
  ],
  [
    'too short',
    [set('*vars.A', 'abc', { width: 4, tag: 'T' })],
    'Source abc is smaller than the width 4, no padding defined, fieldID: <T>',
  ],
  ['a whole number and a decimal', [set('*vars.A', '15;1.2', { type: '*sum' })], 'cannot convert field: 1.2 to int'],
  [
    'a whole number and a word',
    [set('*vars.A', '15;a', { type: '*sum' })],
    'strconv.ParseInt: parsing "a": invalid syntax',
  ],
  ['a product of durations', [set('*vars.A', '10s;2', { type: '*multiply' })], 'unsupported type'],
  ['a division by zero', [set('*vars.A', '10;0', { type: '*divide' })], 'division by zero'],
  [
    'a request number that is none',
    [set('*vars.A', 'a;1;1', { type: '*cc_usage' })],
    'invalid requestNumber <a> to *cc_usage',
  ],
  ['a used time that is none', [set('*vars.A', '1;a;1', { type: '*cc_usage' })], 'invalid usedCCTime <a> to *cc_usage'],
  [
    'an interval that is none',
    [set('*vars.A', '1;1;a', { type: '*cc_usage' })],
    'invalid debitInterval <a> to *cc_usage',
  ],
  [
    'an exponent that is none',
    [set('*vars.A', '1;a', { type: '*value_exponent' })],
    'strconv.Atoi: parsing "a": invalid syntax',
  ],
  [
    'an amount that is none',
    [set('*vars.A', 'a;1', { type: '*value_exponent' })],
    'invalid value <a> to *value_exponent',
  ],
  ['an unknown time', [set('*vars.A', 'x', { type: '*datetime' })], 'Unsupported time format'],
]
for (const [name, fields, message] of failures)
  t.test(`02, 5.2 to 5.4: ${name}`, async (t) => t.throws(() => run(fields, EVENT), new MappingError(message)))

/** Fields that do not compile: file, line, tag, and the place in the value. */
const faults: readonly [fields: Fields, message: string][] = [
  [
    [set('*vars.A', 'a;~*req.X{*foo}')],
    'test.json:1: field *vars.A: invalid converter value in string: <*foo>, err: unsupported converter definition: <*foo> (at character 11 of "a;~*req.X{*foo}")',
  ],
  [[set('*vars.A', '1', { type: '*handler', tag: 'T' })], 'test.json:1: field T: unsupported type: <*handler>'],
  [[set('*vars.A', '1', { type: '' })], 'test.json:1: field *vars.A: unsupported type: <>'],
  [[set('*req.X', '1')], 'test.json:1: field *req.X: unsupported field prefix: <*req> when set field'],
  [[set('*exp.X', '1')], 'test.json:1: field *exp.X: unsupported field prefix: <*exp> when set field'],
  [[set('', '1', { tag: 'T' })], 'test.json:1: field T: MANDATORY_IE_MISSING: [Path]'],
  [[set('*vars.<~*req.X', '1')], 'test.json:1: field *vars.<~*req.X: WRONG_PATH (at character 7 of "*vars.<~*req.X")'],
  [
    [set('*vars.A', '1', { attributeId: 'a' })],
    'test.json:1: field *vars.A: attribute_id is only supported on *rep and *exp paths, got *vars.A',
  ],
  [
    [set('*vars.A', '3;10s', { type: '*cc_usage' })],
    'test.json:1: field *vars.A: invalid arguments <[{"Rules":"3"},{"Rules":"10s"}]> to *cc_usage',
  ],
  [[set('*vars.A', '3', { type: '*sum' })], 'test.json:1: field *vars.A: NotEnoughParameters'],
  [
    [set('*vars.A', '', { type: '*datetime', timezone: 'Foo/Bar' })],
    'test.json:1: field *vars.A: unknown time zone Foo/Bar',
  ],
  [
    [set('*vars.A', '1', { filters: ['*foo:~*req.X:1'] })],
    'test.json:1: field *vars.A: filters ["*foo:~*req.X:1"]: NOT_IMPLEMENTED:*foo',
  ],
  [[set('*vars.A', 'a;~*req..X')], 'test.json:1: field *vars.A: Empty field path  (at character 3 of "a;~*req..X")'],
  [
    [set('*vars.A', '~*req.X.{*len}')],
    'test.json:1: field *vars.A: Empty field path  (at character 1 of "~*req.X.{*len}")',
  ],
  [[{ type: '*template', value: 'none' }], 'test.json:1: no template with id: <none>'],
  [[{ type: '*template', value: 'empty' }], 'test.json:1: empty template with id: <empty>'],
  [[{ type: '*template', value: 'loop' }], 'test.json:1: template <loop> includes itself: loop > back > loop'],
]
for (const [fields, message] of faults) {
  t.test(`02, 5: ${message}`, async (t) => {
    const templates = {
      empty: [],
      loop: [{ type: '*template', value: 'back' }],
      back: [{ type: '*template', value: 'loop' }],
    }
    t.throws(() => run(fields, {}, environmentOf(templates)), new TemplateError(message))
  })
}

t.test('02, 5.5: templates nest in place', async (t) => {
  const templates = { outer: [set('*rep.B', '2'), { type: '*template', value: 'inner' }], inner: [set('*rep.C', '3')] }
  const { rep } = run(
    [set('*rep.A', '1'), { type: '*template', value: 'outer' }, set('*rep.D', '4')],
    {},
    environmentOf(templates),
  )
  t.equal(rep.entries.map(({ path, value }) => path + value).join(' '), 'A1 B2 C3 D4')
})

t.test('02, 2.3: ordered containers', async (t) => {
  const emitted = (fields: Fields) =>
    run(fields)
      .rep.entries.map(({ path, value, newBranch }) => `${path}=${value}${newBranch ? '!' : ''}`)
      .join(' ')
  t.equal(emitted([group('*rep.Class', '1'), set('*rep.X', 'x'), group('*rep.Class', '2')]), 'Class=1 X=x Class=2')
  t.equal(
    emitted([group('*rep.A', '1'), group('*rep.A', '2'), set('*rep.A', '3')]),
    'A=3',
    'a new value is emitted once',
  )
  t.equal(emitted([set('*rep.A.B', '1'), set('*rep.A', '2')]), 'A=2', 'a leaf replaces what was below it')
  t.equal(emitted([set('*rep.A', '1'), set('*rep.B', '2'), composed('*rep.A', '3')]), 'B=2 A=13')
  t.equal(emitted([group('*rep.A', '1'), set('*rep.A[1]', '2'), set('*rep.A[0]', '3')]), 'A=2 A=3')
  t.equal(emitted([group('*rep.A', '1'), group('*rep.A', '2'), remove('*rep.A[0]')]), 'A=2')
  t.equal(emitted([set('*rep.A.B', '1', { newBranch: true }), set('*rep.C', '~*rep.A.B')]), 'A.B=1! C=1')
  t.equal(emitted([set('*rep.A', '1'), { path: '*rep', type: '*removeall' }, set('*rep.B', '2')]), 'B=2')
})

t.test('02, 2.2: exporters build *exp, with attributes', async (t) => {
  const environment = { ...environmentOf(), builds: ['*exp', '*hdr', '*trl'] as const }
  const { rep } = contextOf({})
  const context = { ...contextOf({}), built: { '*exp': rep }, sources: { '*em': { NumberOfEvents: 3 } } }
  run([set('*exp.A.B', '~*em.NumberOfEvents', { attributeId: 'n' })], {}, environment, context)
  t.same(rep.entries, [{ path: 'A.B', newBranch: false, value: '3', instance: -1, attributeId: 'n' }])
})

t.test('02, 5.4: a field list keeps what was written before it failed', async (t) => {
  const context = contextOf({})
  t.throws(() =>
    run([set('*vars.A', '1'), set('*vars.B', '~*req.X', { mandatory: true })], {}, environmentOf(), context),
  )
  t.same(context.vars, { A: '1' })
  t.equal(field({ path: '*vars.A' }).tag, '*vars.A', 'a tag is its path when none is given')
})
