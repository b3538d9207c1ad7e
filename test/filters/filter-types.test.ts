import fc from 'fast-check'
import t from 'tap'
import { TollgateError } from '../../src/core/errors.ts'
import type { EventFields } from '../../src/core/event.ts'
import { EVENT_READER } from '../../src/filters/event-reader.ts'
import { checkFilterIds } from '../../src/filters/filter-check.ts'
import { FilterCompiler } from '../../src/filters/filter-compiler.ts'
import { parseInlineFilter } from '../../src/filters/filter-rule.ts'
import { decide, eventOf, filterSources, storedFilter } from '../support/filters.ts'

type Row = readonly [filter: string, event: EventFields, outcome: string]

/** What the reference engine answers. */
const observed: readonly (readonly [type: string, rows: readonly Row[]])[] = [
  [
    '*string',
    [
      ['*string:~*req.X:', { X: '' }, 'false'],
      ['*string:a:a', { X: 3 }, 'true'],
      ['*string:a:~*req.X', { X: 'a' }, 'true'],
      ['*string:~*req.A.B:x', { A: 's' }, 'WRONG_PATH'],
      ['*notstring:~*req.A.B:x', { A: 's' }, 'WRONG_PATH'],
      ['*string:~*req.X:a', { X: ['a'] }, 'false'],
      ['*string:~*req.X:["a"]', { X: ['a'] }, 'true'],
      ['*string:~*req.X[0]:a', { X: ['a'] }, 'true'],
      ['*string:~*req.X[5]:a', { X: ['a'] }, 'false'],
      ['*string:~*req.X[b]:a', { X: ['a'] }, 'strconv.Atoi: parsing "b": invalid syntax'],
      ['*string:~*req.X.0:a', { X: ['a'] }, 'WRONG_PATH'],
      ['*string:~*req.X.Length:1', { X: ['a'] }, 'WRONG_PATH'],
      ['*string:~*req.X:~*req.A.B|c', { X: 'c', A: 's' }, 'true'],
      ['*string:~*req.X:~*req.A.B', { X: 'c', A: 's' }, 'false'],
      ['*string:~*req.X:~*req.M', { X: 'c' }, 'false'],
      ['*string:~*req.X:~*req.M', { X: '' }, 'false'],
      ['*string:~*req:c', { X: 'c' }, 'false'],
      ['*string:~*tenant:cgrates.org', { X: 'c' }, 'true'],
    ],
  ],
  [
    '*rsr',
    [
      ['*rsr:~*req.X:', { X: 'a' }, 'true'],
      ['*rsr:~*req.X:', {}, 'false'],
      ['*notrsr:~*req.X:', { X: 'a' }, 'false'],
      ['*rsr:~*req.X:^$|a', {}, 'false'],
      ['*rsr:~*req.X:!^$', {}, 'true'],
      ['*rsr:~*req.X:!^$', { X: 'a' }, 'true'],
      ['*rsr:~*req.X:!a', { X: 'b' }, 'true'],
      ['*rsr:~*req.X:!~^a', { X: 'ab' }, 'false'],
      ['*rsr:~*req.X:^a$', { X: 'a' }, 'true'],
      ['*rsr:~*req.X:^a', { X: 'ab' }, 'true'],
      ['*rsr:~*req.X:a$', { X: 'ba' }, 'true'],
      ['*rsr:~*req.X:>=10', { X: '9' }, 'false'],
      ['*rsr:~*req.X:>=10', { X: '10' }, 'true'],
      ['*rsr:~*req.X:>5s', { X: '6s' }, 'true'],
      ['*rsr:~*req.X:>a', { X: 'b' }, 'false'],
      ['*rsr:~*req.X:<10', { X: 5 }, 'true'],
      ['*rsr:~*req.X:a;b', { X: 'xa;bx' }, 'true'],
      ['*rsr:~*req.X:a&b', { X: 'ba' }, 'false'],
      ['*rsr:~*req.X:!', { X: 'a' }, 'false'],
      ['*rsr:~*req.X:$', { X: 'a$' }, 'true'],
      ['*rsr:~*req.X:^', { X: 'b' }, 'true'],
      ['*rsr:~*req.X:>', { X: 'b' }, 'false'],
      ['*notrsr:~*req.X:^$', {}, 'false'],
      ['*notrsr:~*req.X:a', {}, 'true'],
    ],
  ],
  [
    'comparisons',
    [
      ['*eq:~*req.X:1001', { X: 'dan' }, 'incomparable: <<nil>> with <1001>'],
      ['*eq:~*req.X:1001', { X: '' }, 'incomparable: <<nil>> with <1001>'],
      ['*eq:~*req.X:1001', { X: 1372636800 }, 'false'],
      ['*eq:~*req.X:dan', { X: 1372636800 }, 'incomparable: <1.3726368e+09> with <<nil>>'],
      ['*eq:~*req.X:dan', { X: 'dan' }, 'true'],
      ['*eq:~*req.X:true', { X: true }, 'unsupported comparison type: bool, kind: bool'],
      ['*gt:~*req.X:a', { X: 'b' }, 'unsupported comparison type: string, kind: string'],
      [
        '*gt:~*req.X:2013-07-01T00:00:00Z',
        { X: 1372636800 },
        'incomparable: <1.3726368e+09> with <2013-07-01 00:00:00 +0000 UTC>',
      ],
      ['*gt:~*req.X:2013-07-01T00:00:00Z', { X: 1.5 }, 'incomparable: <1.5> with <2013-07-01 00:00:00 +0000 UTC>'],
      ['*gt:~*req.X:2013-07-01T00:00:00Z', { X: '1m' }, 'incomparable: <6e+10> with <2013-07-01 00:00:00 +0000 UTC>'],
      ['*gt:~*req.X:2013-07-01T00:00:00Z', { X: 'abc' }, 'incomparable: <<nil>> with <2013-07-01 00:00:00 +0000 UTC>'],
      [
        '*gt:~*req.X:10',
        { X: '2013-07-01T00:00:00.5+02:00' },
        'incomparable: <2013-07-01 00:00:00.5 +0200 +0200> with <10>',
      ],
      [
        '*gt:~*req.X:abc',
        { X: '2013-07-01T00:00:00.5Z' },
        'incomparable: <2013-07-01 00:00:00.5 +0000 UTC> with <<nil>>',
      ],
      ['*gt:~*req.X:1m30s', { X: 'abc' }, 'incomparable: <<nil>> with <9e+10>'],
      ['*gt:~*req.X:1.25e21', { X: 'abc' }, 'incomparable: <<nil>> with <1.25e+21>'],
      ['*gt:~*req.X:0.00001', { X: 'abc' }, 'incomparable: <<nil>> with <1e-05>'],
      ['*gt:~*req.X:12345678901', { X: 'abc' }, 'incomparable: <<nil>> with <1.2345678901e+10>'],
      ['*gt:~*req.X:1234567.5', { X: 'abc' }, 'incomparable: <<nil>> with <1.2345675e+06>'],
      ['*gt:~*req.X:true', { X: 5 }, 'incomparable: <5> with <<nil>>'],
      ['*gt:~*req.X:20s', { X: '10' }, 'false'],
      ['*gt:~*req.X:10', { X: '20s' }, 'true'],
      ['*lt:~*req.X:10.5', { X: '10' }, 'true'],
      ['*gt:~*req.X:5|1', { X: 3 }, 'true'],
      ['*gt:~*req.X:abc|1', { X: 3 }, 'incomparable: <3> with <<nil>>'],
      ['*gt:~*req.X:1|abc', { X: 3 }, 'true'],
      ['*gt:~*req.X:~*req.Y|1', { X: 3 }, 'true'],
      ['*lt:~*req.X:1|5', { X: 3 }, 'true'],
      ['*noteq:~*req.X:1|3', { X: 3 }, 'false'],
      ['*noteq:~*req.X:3', { X: 3 }, 'false'],
      ['*noteq:~*req.X:3', {}, 'true'],
      ['*eq:~*req.X:3', {}, 'false'],
      ['*lt:~*req.X:3', {}, 'false'],
      ['*eq:~*req.X:3', { X: null }, 'incomparable: <<nil>> with <3>'],
      ['*eq:~*req.X:', { X: 3 }, 'false'],
      ['*gt:~*req.X:', { X: 3 }, 'false'],
      ['*noteq:~*req.X:', { X: 3 }, 'true'],
      ['*lt:~*req.X:', { X: 3 }, 'false'],
      ['*lt:~*req.X:nan', { X: 3 }, 'true'],
      ['*gt:~*req.X:nan', { X: 3 }, 'false'],
      ['*eq:~*req.X:inf', { X: 'Inf' }, 'true'],
      ['*eq:~*req.X:0x10', { X: 16 }, 'incomparable: <16> with <<nil>>'],
      ['*eq:~*req.X:0x1p4', { X: 16 }, 'true'],
      ['*eq:~*req.X:1_000', { X: 1000 }, 'true'],
      ['*eq:~*req.X:010', { X: 10 }, 'true'],
      ['*gt:~*req.X:~*req.A.B|1', { X: '3', A: 's' }, 'true'],
    ],
  ],
  [
    'types that there are not',
    [
      ['*notgt:~*req.X:3', { X: 3 }, 'NOT_IMPLEMENTED:*notgt'],
      ['*never:~*req.X:3', { X: 3 }, 'NOT_IMPLEMENTED:*never'],
      ['*nicontains:~*req.X:3', { X: 3 }, 'NOT_IMPLEMENTED:*nicontains'],
      ['*notnistring:~*req.X:3', { X: 3 }, 'NOT_IMPLEMENTED:*notnistring'],
      ['*notalways:~*req.X:3', { X: 3 }, 'NOT_IMPLEMENTED:*notalways'],
      ['*notnoteq:~*req.X:3', { X: 3 }, 'NOT_IMPLEMENTED:*notnoteq'],
      ['*:~*req.X:3', { X: 3 }, 'NOT_IMPLEMENTED:*'],
      ['*not:~*req.X:3', { X: 3 }, 'NOT_IMPLEMENTED:*not'],
    ],
  ],
  [
    'types that are never indexed',
    [
      ['*nistring:~*req.X:a|b', { X: 'b' }, 'true'],
      ['*nistring:~*req.X:a|b', { X: 'ab' }, 'false'],
      ['*niprefix:~*req.X:a', { X: 'ab' }, 'true'],
      ['*niprefix:~*req.X:a', { X: 'ba' }, 'false'],
      ['*nisuffix:~*req.X:a', { X: 'ba' }, 'true'],
      ['*nisuffix:~*req.X:a', { X: 'ab' }, 'false'],
      ['*niexists:~*req.X:', { X: '' }, 'true'],
      ['*niexists:~*req.X:', {}, 'false'],
    ],
  ],
  [
    '*suffix and negations of text',
    [
      ['*suffix:~*req.X:c', { X: 'abc' }, 'true'],
      ['*suffix:~*req.X:b', { X: 'abc' }, 'false'],
      ['*notsuffix:~*req.X:c', { X: 'abc' }, 'false'],
      ['*notcontains:~*req.X:b', { X: 'abc' }, 'false'],
      ['*notcontains:~*req.X:b', {}, 'true'],
    ],
  ],
  [
    '*exists',
    [
      ['*exists:~*req.A.B:', { A: 's' }, 'WRONG_PATH'],
      ['*notexists:~*req.A.B:', { A: 's' }, 'WRONG_PATH'],
      ['*exists:~*req.A:', { A: null }, 'true'],
      ['*exists:*req.A:', { A: 1 }, 'true'],
      ['*exists:abc:', { A: 1 }, 'true'],
    ],
  ],
  [
    '*empty',
    [
      ['*empty:~*req.A.B:', { A: 's' }, 'WRONG_PATH'],
      ['*empty:abc:', { A: 1 }, 'false'],
      ['*empty:~*req.X:', { X: 0 }, 'false'],
      ['*empty:~*req.X:', { X: false }, 'false'],
      ['*empty:~*req.X:', { X: [''] }, 'false'],
      ['*empty:~*req.X:', { X: [] }, 'true'],
      ['*empty:~*req.X:', { X: {} }, 'true'],
      ['*notempty:~*req.X:', { X: {} }, 'false'],
      ['*empty:~*req.X{*len}:', { X: 'a' }, 'true'],
    ],
  ],
  [
    '*ai',
    [
      ['*ai:~*req.T:2013-06-01T00:00:00Z', { T: '2013-07-01T00:00:00Z' }, 'true'],
      ['*ai:~*req.T:2013-06-01T00:00:00Z', { T: '2013-06-01T00:00:00Z' }, 'false'],
      ['*ai:~*req.T:2013-06-01T00:00:00Z', { T: 'abc' }, 'Unsupported time format'],
      ['*ai:~*req.T:2013-06-01T00:00:00Z', {}, 'false'],
      ['*notai:~*req.T:2013-06-01T00:00:00Z', {}, 'true'],
      ['*ai:~*req.T:~*req.F', { T: '2013-07-01T00:00:00Z' }, 'false'],
      ['*ai:~*req.T:~*req.F|2014-01-01T00:00:00Z', { T: '2013-07-01T00:00:00Z' }, 'false'],
      ['*ai:~*req.T:2013-01-01T00:00:00Z|~*req.F', { T: '2013-07-01T00:00:00Z' }, 'false'],
      ['*ai:~*req.T:abc', { T: '2013-07-01T00:00:00Z' }, 'Unsupported time format'],
      ['*ai:~*req.T:2013-01-01T00:00:00Z|abc', { T: '2013-07-01T00:00:00Z' }, 'Unsupported time format'],
      ['*ai:~*req.T:2014-01-01T00:00:00Z|abc', { T: '2013-07-01T00:00:00Z' }, 'Unsupported time format'],
      ['*ai:~*req.T:~*req.F', { T: '2013-07-01T00:00:00Z', F: '2012-07-01T00:00:00Z' }, 'true'],
      ['*ai:~*req.T:2013-01-01T00:00:00Z|2014-01-01T00:00:00Z|x', { T: '2013-07-01T00:00:00Z' }, 'true'],
    ],
  ],
  [
    '*timings',
    [
      ['*timings:~*req.T:WORK', { T: '2013-07-01T08:00:00Z' }, 'true'],
      ['*timings:~*req.T:WORK', { T: '2013-07-01T18:00:00Z' }, 'true'],
      ['*timings:~*req.T:WORK', { T: '2013-07-01T18:00:01Z' }, 'false'],
      ['*timings:~*req.T:WORK', { T: '2013-07-01T18:00:00.5Z' }, 'false'],
      ['*timings:~*req.T:WORK', { T: '2013-07-06T12:00:00Z' }, 'false'],
      ['*timings:~*req.T:NONE', { T: '2013-07-06T12:00:00Z' }, 'false'],
      ['*timings:~*req.T:NONE|WORK', { T: '2013-07-01T12:00:00Z' }, 'true'],
      ['*timings:~*req.T:WORK', { T: 'abc' }, 'Unsupported time format'],
      ['*timings:~*req.T:WORK', {}, 'false'],
      ['*nottimings:~*req.T:WORK', {}, 'true'],
      ['*timings:~*req.T:WORK', { T: '2013-07-01T07:30:00-02:00' }, 'false'],
      ['*timings:~*req.T:~*req.W', { T: '2013-07-01T12:00:00Z', W: 'WORK' }, 'true'],
    ],
  ],
  [
    '*destinations',
    [
      ['*destinations:~*req.D:DE', { D: '+4912' }, 'true'],
      ['*destinations:~*req.D:DE', { D: '+33' }, 'false'],
      ['*destinations:~*req.D:NONE|DE', { D: '+48' }, 'true'],
      ['*notdestinations:~*req.D:NONE', { D: '+48' }, 'true'],
      ['*destinations:~*req.D:DE', {}, 'false'],
      ['*destinations:~*req.D:~*req.Z', { D: '+4912', Z: 'DE' }, 'true'],
    ],
  ],
  [
    '*ipnet',
    [
      ['*ipnet:~*req.IP:192.0.2.1/24', { IP: '192.0.2.0' }, 'true'],
      ['*ipnet:~*req.IP:192.0.2.1/24', { IP: '::ffff:192.0.2.9' }, 'true'],
      ['*ipnet:~*req.IP:192.0.2.1', { IP: '192.0.2.1' }, 'false'],
      ['*ipnet:~*req.IP:abc|192.0.2.0/24', { IP: '192.0.2.1' }, 'true'],
      ['*ipnet:~*req.IP:2001:db8::/32', { IP: '2001:db8::1' }, 'true'],
      ['*ipnet:~*req.IP:::ffff:192.0.2.0/120', { IP: '192.0.2.1' }, 'true'],
      ['*ipnet:~*req.IP:0.0.0.0/0', { IP: '::1' }, 'false'],
      ['*ipnet:~*req.IP:::/0', { IP: '1.2.3.4' }, 'false'],
      ['*notipnet:~*req.IP:192.0.2.1/24', { IP: 'x' }, 'true'],
      ['*ipnet:~*req.IP:192.0.2.1/33', { IP: '192.0.2.1' }, 'false'],
      ['*ipnet:~*req.IP:~*req.N', { IP: '10.1.1.1', N: '10.0.0.0/8' }, 'true'],
    ],
  ],
  [
    '*contains',
    [
      ['*contains:~*req.X:b', { X: 'abc' }, 'true'],
      ['*contains:~*req.X:', { X: 'abc' }, 'false'],
    ],
  ],
  [
    '*prefix',
    [
      ['*prefix:~*req.X:', { X: 'abc' }, 'false'],
      ['*notprefix:~*req.X:', { X: 'abc' }, 'true'],
    ],
  ],
  [
    '*regex',
    [
      ['*regex:~*req.X:', { X: 'abc' }, 'false'],
      ['*regex:~*req.X:b+', { X: 'abc' }, 'true'],
      ['*regex:~*req.X:^a|^b', { X: 'bc' }, 'true'],
      ['*notregex:~*req.X:b+', {}, 'true'],
    ],
  ],
]

t.test('02, 3.3: a constant that converters change is typed first where values are compared', async (t) => {
  // What the reference engine answers.
  const rows = [
    ['*eq:~*req.X:1.50{*len}', 3],
    ['*eq:1.50{*len}:~*req.X', 3],
    ['*eq:~*req.X:2.{*len}', 1],
    ['*eq:~*req.X:010{*len}', 2],
    ['*eq:~*req.X:1e3{*len}', 4],
    ['*eq:~*req.X:T{*len}', 4],
    ['*eq:~*req.X:1m{*len}', 4],
    ['*eq:~*req.X:90s{*len}', 5],
    ['*eq:~*req.X:*now{*len}', 20],
    ['*eq:~*req.X:2013-07-01T00:00:00.5Z{*len}', 20],
    ['*string:~*req.X:1.50{*len}', 4],
  ] as const
  for (const [filter, length] of rows) {
    t.equal(decide([filter], { X: length }), 'true', filter)
    t.equal(decide([filter], { X: length + 1 }), 'false', filter)
  }
  t.equal(decide(['*lt:~*req.X:1.50{*len}'], { X: 3 }), 'false')
})

for (const [type, rows] of observed) {
  t.test(`02, 6.3: ${type}`, async (t) => {
    for (const [filter, event, outcome] of rows)
      t.equal(decide([filter], event), outcome, `${filter} ${JSON.stringify(event)}`)
  })
}

t.test('property: any text is a filter or is refused with a reason; any filter decides or says why not', async () => {
  const piece = fc.constantFrom(
    '*string',
    '*gt',
    '*rsr',
    '*ai',
    ':',
    '~*req.',
    '~*asm.',
    'A',
    '.',
    '[',
    ']',
    '<',
    '>',
    '{*len}',
    '|',
    '#',
    '^',
  )
  const texts = fc.array(piece, { maxLength: 12 }).map((pieces) => `*${pieces.join('')}`)
  const isReason = (cause: unknown) =>
    cause instanceof TollgateError &&
    ['FILTER_REFUSED', 'TEMPLATE_ERROR', 'MAPPING_ERROR', 'INVALID_TEXT'].includes(cause.code)
  fc.assert(
    fc.property(texts, (text) => {
      const compiler = new FilterCompiler(EVENT_READER, { separator: ';', group: undefined }, filterSources())
      try {
        checkFilterIds('cgrates.org', 'C', [text], filterSources())
        return typeof compiler.compile([text])(eventOf({ A: 'a' })) === 'boolean'
      } catch (cause) {
        return isReason(cause)
      }
    }),
    { numRuns: 3_000 },
  )
})

t.test('a long text without end is refused as fast as it is read', async (t) => {
  for (const part of ['[', '[]', '{', '<', '~', '.', '{*']) {
    const text = `*string:~*req.A${part.repeat(200_000)}`
    t.throws(() => checkFilterIds('cgrates.org', 'C', [text], filterSources()), part)
  }
})

/** 02, 7. Several filters must all pass. */
const examples: readonly (readonly [
  example: number,
  filters: readonly string[],
  outcomes: readonly (readonly [EventFields, string])[],
])[] = [
  [
    46,
    ['*string:~*req.Account:1001|1002|1003|1101', '*prefix:~*req.Account:10'],
    [
      [{ Account: '1003' }, 'true'],
      [{ Account: '1004' }, 'false'],
      [{ Account: '1101' }, 'false'],
    ],
  ],
  [
    47,
    ['*gt:~*req.MaxUsage:0s'],
    [
      [{ MaxUsage: -1 }, 'false'],
      [{ MaxUsage: 0 }, 'false'],
      [{ MaxUsage: 123 }, 'true'],
    ],
  ],
  [48, ['*gte:~*req.ACD:1m50s'], [[{ ACD: '2m' }, 'true']]],
  [
    49,
    ['*rsr:~*req.Tenant:~^cgr.*\\.org$'],
    [
      [{ Tenant: 'cgrates.org' }, 'true'],
      [{ Tenant: 'anotherTenant.org' }, 'false'],
    ],
  ],
  [
    50,
    ['*rsr:~*req.Category:^$'],
    [
      [{}, 'true'],
      [{ Category: '' }, 'true'],
      [{ Category: 'call' }, 'false'],
    ],
  ],
  [
    51,
    ['*empty:~*req.X:'],
    [
      [{ X: '' }, 'true'],
      [{ X: [] }, 'true'],
      [{ X: {} }, 'true'],
      [{ X: null }, 'true'],
      [{}, 'true'],
      [{ X: [''] }, 'false'],
    ],
  ],
  [52, ['*ai:~*req.T:2013-06-01T00:00:00Z|2013-09-01T00:00:00Z'], [[{ T: '2013-07-01T00:00:00Z' }, 'true']]],
  [53, ['*ai:~*req.T:|2013-06-01T00:00:00Z'], [[{ T: '2013-07-01T00:00:00Z' }, 'false']]],
  [
    54,
    ['*ipnet:~*req.IP:192.0.2.1/24'],
    [
      [{ IP: '192.0.2.0' }, 'true'],
      [{ IP: '192.0.3.' }, 'false'],
    ],
  ],
  [55, ['*gte:~*req.Account{*len}:29'], [[{ Account: 'sip:12345678901234567@abcdefg' }, 'true']]],
  [57, ['*notstring:~*req.Missing:x'], [[{}, 'true']]],
  [58, ['Not really a filter'], [[{}, 'NOT_FOUND:Not really a filter']]],
]

for (const [example, filters, outcomes] of examples) {
  t.test(`02 ex. ${example}`, async (t) => {
    for (const [event, outcome] of outcomes) t.equal(decide(filters, event), outcome, JSON.stringify(event))
  })
}

t.test('02 ex. 56', async (t) => {
  const filter = '*string:~*req.Account:~*uch.<~*req.CGRID;-Account>|1001'
  t.same(parseInlineFilter(filter).values, ['~*uch.<~*req.CGRID;-Account>', '1001'])
  t.equal(decide([filter], { Account: '1001', CGRID: 'x' }), 'true')
})

/** As the reference engine answers, but that ~*accounts and ~*libphonenumber are read there. */
const containers: readonly Row[] = [
  ['*string:~*tenant:cgrates.org', {}, 'true'],
  ['*string:~*foo.X:c', { X: 'c' }, 'false'],
  ['*notexists:~*tmp.X:', { X: 'c' }, 'true'],
  ['*string:~*cfg.general.node_id:c', {}, 'false'],
  ['*string:~*uch.X:c', {}, 'false'],
  ['*string:~*eventTimestamp:c', {}, 'false'],
  ['*string:~X:c', { X: 'c' }, 'invalid fieldname <[X]>'],
  ['*string:~*stats.Q.*acd:c', {}, 'MANDATORY_IE_MISSING: [connIDs]'],
  ['*notstring:~*accounts.1001.ID:c', {}, 'MANDATORY_IE_MISSING: [connIDs]'],
  ['*string:~*asm.ID:acc', { ID: 'acc' }, 'unsupported field prefix: <ID>'],
  ['*string:~*asm.BalanceSummaries.B1.Value:5', { BalanceSummaries: [{ ID: 'B1', Value: 5 }] }, 'true'],
  ['*gt:~*asm.BalanceSummaries[0].Value:4', { BalanceSummaries: [{ ID: 'B1', Value: 5 }] }, 'true'],
  ['*exists:~*asm.BalanceSummaries.B2.Value:', { BalanceSummaries: [{ ID: 'B1', Value: 5 }] }, 'false'],
]

t.test('02, 6.5: containers', async (t) => {
  for (const [filter, event, outcome] of containers) t.equal(decide([filter], event), outcome, filter)
})

t.test('02, 6.1: a bar inside of <..> does not split the values, one behind a lone < does', async (t) => {
  t.same(parseInlineFilter('*rsr:~*req.X:<10|a').values, ['<10', 'a'])
  t.same(parseInlineFilter('*rsr:~*req.X:>20|<10').values, ['>20', '<10'])
  t.same(parseInlineFilter('*rsr:~*req.X:<10|>20').values, ['<10|>20'])
  t.equal(decide(['*rsr:~*req.X:<10|a'], { X: 5 }), 'true')
})

/** Where the same instant is one, however it is written, and fractions count. */
const better: readonly Row[] = [
  ['*eq:~*req.T:2013-07-01T02:00:00+02:00', { T: '2013-07-01T00:00:00Z' }, 'true'],
  ['*gte:~*req.T:2013-07-01T02:00:00+02:00', { T: '2013-07-01T00:00:00Z' }, 'true'],
  ['*lt:~*req.T:2013-07-01T02:00:00+02:00', { T: '2013-07-01T00:00:00Z' }, 'false'],
  ['*eq:~*req.T:2013-07-01T00:00:00.5Z', { T: '2013-07-01T00:00:00Z' }, 'false'],
  ['*eq:~*req.T:2013-07-01 00:00:00', { T: '2013-07-01 00:00:00' }, 'true'],
]

t.test('02, 9: equal instants of any zone are equal, with their fractions', async (t) => {
  for (const [filter, event, outcome] of better) t.equal(decide([filter], event), outcome, filter)
})

t.test('02, 6.4: relative times start from now; words of both sides', async (t) => {
  const rows: readonly Row[] = [
    ['*lt:~*req.X:-5s', { X: '2023-11-14T22:13:14Z' }, 'true'],
    ['*lt:~*req.X:-5s', { X: '2023-11-14T22:13:16Z' }, 'false'],
    ['*gte:~*req.ExpiryTime:*now', { ExpiryTime: '2023-11-14T22:13:20Z' }, 'true'],
    ['*gt:~*req.X:~*req.Y', { X: '1m', Y: 59_000_000_000 }, 'true'],
    ['*eq:~*req.X:~*req.Y', { X: 0.1, Y: '0.10' }, 'true'],
    ['*eq:~*req.X:9007199254740993', { X: '9007199254740992' }, 'false'],
    ['*gt:~*req.X:10', { X: { a: 1 } }, 'incomparable: <<nil>> with <10>'],
  ]
  for (const [filter, event, outcome] of rows) t.equal(decide([filter], event), outcome, filter)
})

t.test('long lists of values decide as short ones', async (t) => {
  const values = Array.from({ length: 50 }, (_, i) => String(1_000 + i)).join('|')
  t.equal(decide([`*string:~*req.X:${values}`], { X: '1049' }), 'true')
  t.equal(decide([`*string:~*req.X:${values}`], { X: '1050' }), 'false')
  t.equal(decide([`*prefix:~*req.X:${values}`], { X: '10493' }), 'true')
  t.equal(decide([`*prefix:~*req.X:${values}|~*req.Y`], { X: '2', Y: '2' }), 'true')
  t.equal(decide([`*notprefix:~*req.X:${values}`], { X: '104' }), 'true')
})

t.test('02, 6.2: stored filters: all must pass, inactive ones take no part, alone they do not pass', async (t) => {
  const after = { from: { ns: 1_800_000_000_000_000_000n, zone: 'UTC' }, until: null }
  const stored = [
    storedFilter('A', '*string:~*req.X:a', '*string:~*req.Y:b'),
    storedFilter('NONE'),
    { ...storedFilter('LATER', '*string:~*req.X:z'), activation: after },
    { ...storedFilter('BAD'), rules: [{ type: '*never', element: '~*req.X', values: [] }] },
  ]
  const event = { X: 'a', Y: 'b' }
  t.equal(decide(['A'], event, stored), 'true')
  t.equal(decide(['A'], { X: 'a' }, stored), 'false')
  t.equal(decide(['A', '*string:~*req.X:b'], event, stored), 'false')
  t.equal(decide(['NONE'], event, stored), 'true')
  t.equal(decide(['LATER'], event, stored), 'false')
  t.equal(decide(['LATER', 'A'], event, stored), 'true')
  t.equal(decide(['LATER', '*string:~*req.X:a'], event, stored), 'true')
  t.equal(decide(['*string:~*req.X:b', 'MISSING'], event, stored), 'false')
  t.equal(decide(['MISSING', '*string:~*req.X:b'], event, stored), 'NOT_FOUND:MISSING')
  t.equal(decide(['BAD'], event, stored), 'NOT_IMPLEMENTED:*never')
  t.equal(decide([], event), 'true')
})

/** Texts as the reference engine gives them, but that it prints an address instead of the filter behind "Empty field path". */
const refused: Readonly<Record<string, string>> = {
  F2: 'broken reference to filter: <F2> for item with ID: cgrates.org:C',
  '': 'broken reference to filter: <> for item with ID: cgrates.org:C',
  '*string:~*req.X': 'broken reference to filter: <*string:~*req.X> for item with ID: cgrates.org:C',
  '*string:~*req.X:a|': 'broken reference to filter: <*string:~*req.X:a|> for item with ID: cgrates.org:C',
  '*string::a': 'broken reference to filter: <*string::a> for item with ID: cgrates.org:C',
  '*regex:~*req.X:(': 'broken reference to filter: <*regex:~*req.X:(> for item with ID: cgrates.org:C',
  '*rsr:~*req.X:~[': 'broken reference to filter: <*rsr:~*req.X:~[> for item with ID: cgrates.org:C',
  '*string:~*req..X:a': 'Empty field path  for filter <*string:~*req..X:a> for item with ID: cgrates.org:C',
  '*string:~*req.X:~*req.Y.': 'Empty field path  for filter <*string:~*req.X:~*req.Y.> for item with ID: cgrates.org:C',
  '*exists:~*req.A:x': 'value of filter <*exists:~*req.A:x> is not empty <x> for item with ID: cgrates.org:C',
}

t.test('02, 6.1: filters that a profile may not name', async (t) => {
  const sources = filterSources(new Map([['F1', storedFilter('F1')]]))
  const check = (id: string) => checkFilterIds('cgrates.org', 'C', [id], sources)
  for (const [id, message] of Object.entries(refused)) t.throws(() => check(id), { message }, id)
  for (const id of ['F1', '*nope:~*req.X:a', '*string:~*req.A[x.y].B:a', '*string:~*req.X{*len}:1']) {
    t.doesNotThrow(() => check(id), id)
  }
})

t.test('02, 9: *ai without a value, or with an empty end, is an error', async (t) => {
  for (const filter of ['*ai:~*req.T:', '*ai:~*req.T:|', '*ai:~*req.T:2013-06-01T00:00:00Z|'])
    t.match(decide([filter], { T: '2013-07-01T00:00:00Z' }), /^\*ai: expected <start> or <start>\|<end>/, filter)
})
