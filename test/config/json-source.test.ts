import fc from 'fast-check'
import t from 'tap'
import { ConfigError } from '../../src/config/config-error.ts'
import { parseConfigFile, parseConfigText } from '../../src/config/json-source.ts'

function outcome(text: string, environment: Readonly<Record<string, string>> = {}): unknown {
  try {
    return parseConfigText(text, environment, () => undefined)
  } catch (cause) {
    return cause instanceof Error ? cause.message : cause
  }
}

/** What the reference engine answers to each text; OK: it is accepted. */
const ANSWERS: readonly [text: string, answer: string][] = [
  [
    'invalidSection',
    'invalid character \'i\' looking for beginning of value around line 1 and position 1\n line: "invalidSection"',
  ],
  ['  ', 'EOF'],
  ['// x', 'EOF'],
  ['{', 'unexpected EOF'],
  ['{"zz":{', 'unexpected EOF'],
  ['{"zz":{"log_level":6}', 'unexpected EOF'],
  [
    '[]',
    'json: cannot unmarshal array into Go value of type config.CgrJsonCfg around line 1 and position 1\n line: "[]"',
  ],
  [
    '[1]',
    'json: cannot unmarshal array into Go value of type config.CgrJsonCfg around line 1 and position 1\n line: "[1]"',
  ],
  [
    '1',
    'json: cannot unmarshal number into Go value of type config.CgrJsonCfg around line 1 and position 1\n line: "1"',
  ],
  [
    '"a"',
    'json: cannot unmarshal string into Go value of type config.CgrJsonCfg around line 1 and position 3\n line: "\\"a\\""',
  ],
  ['null', 'OK'],
  [
    'true',
    'json: cannot unmarshal bool into Go value of type config.CgrJsonCfg around line 1 and position 4\n line: "true"',
  ],
  [
    '{"zz":{"log_level" 6}}',
    'invalid character \'6\' after object key around line 1 and position 20\n line: "{\\"zz\\":{\\"log_level\\" 6}}"',
  ],
  [
    '{"zz":{"log_level":6,,}}',
    'invalid character \'}\' looking for beginning of object key string around line 1 and position 22\n line: "{\\"zz\\":{\\"log_level\\":6,,}}"',
  ],
  ['{"zz":{"log_level":6,}}', 'OK'],
  [
    '{"zz":{"log_level":06}}',
    'invalid character \'6\' after object key:value pair around line 1 and position 21\n line: "{\\"zz\\":{\\"log_level\\":06}}"',
  ],
  [
    '{"zz":{"node_id":"a\\qb"}}',
    'invalid character \'q\' in string escape code around line 1 and position 21\n line: "{\\"zz\\":{\\"node_id\\":\\"a\\\\qb\\"}}"',
  ],
  [
    '{"zz":{"node_id":"a\tb"}}',
    'invalid character \'\\t\' in string literal around line 1 and position 20\n line: "{\\"zz\\":{\\"node_id\\":\\"a\\tb\\"}}"',
  ],
  [
    '{\n"zz":{\n  "node_id": tru\n}}',
    "invalid character '}' in literal true (expecting 'e') around line 4 and position 1\n line: \"}}\"",
  ],
  [
    '{\n// c\n"zz":{ /* x\ny */ "node_id": nul "z"\n}}',
    'invalid character \'"\' in literal null (expecting \'l\') around line 4 and position 21\n line: "y */ \\"node_id\\": nul \\"z\\""',
  ],
  ['{"zz":{"node_id":"a}}', 'unexpected EOF'],
  ['{"zz"}', 'invalid character \'}\' after object key around line 1 and position 6\n line: "{\\"zz\\"}"'],
  [
    '{1:2}',
    'invalid character \'1\' looking for beginning of object key string around line 1 and position 2\n line: "{1:2}"',
  ],
  ['{"zz":{}} garbage', 'OK'],
  ['{"zz":{}}}', 'OK'],
  [
    '{"zz":{"log_level":-}}',
    'invalid character \'}\' in numeric literal around line 1 and position 21\n line: "{\\"zz\\":{\\"log_level\\":-}}"',
  ],
  [
    '{"zz":{"log_level":1.}}',
    'invalid character \'}\' after decimal point in numeric literal around line 1 and position 22\n line: "{\\"zz\\":{\\"log_level\\":1.}}"',
  ],
  ['{/* x', 'JSON_INCOMPLETE_COMMENT'],
  ['{"zz":{/* x', 'JSON_INCOMPLETE_COMMENT'],
  ['{"zz":{}} /* x', 'OK'],
  [
    '{"zz":{"node_id":"\\u12"}}',
    'invalid character \'"\' in \\u hexadecimal character escape around line 1 and position 23\n line: "{\\"zz\\":{\\"node_id\\":\\"\\\\u12\\"}}"',
  ],
  [
    '{"a":1 "b"}',
    'invalid character \'"\' after object key:value pair around line 1 and position 8\n line: "{\\"a\\":1 \\"b\\"}"',
  ],
  ['{"zz":{"node_id":"*env:NOPE"}}', 'NOT_FOUND:ENV_VAR:NOPE'],
  ['{"zz":{}} *env:NOPE', 'OK'],
  [
    '\ufeff{}',
    'invalid character \'ï\' looking for beginning of value around line 1 and position 1\n line: "\\ufeff{}"',
  ],
  [
    "{'a':1}",
    "invalid character '\\'' looking for beginning of object key string around line 1 and position 2\n line: \"{'a':1}\"",
  ],
  [
    '{"a":tRue}',
    'invalid character \'R\' in literal true (expecting \'r\') around line 1 and position 7\n line: "{\\"a\\":tRue}"',
  ],
  [
    '{"a":.5}',
    'invalid character \'.\' looking for beginning of value around line 1 and position 6\n line: "{\\"a\\":.5}"',
  ],
  [
    '{"a":+1}',
    'invalid character \'+\' looking for beginning of value around line 1 and position 6\n line: "{\\"a\\":+1}"',
  ],
  [
    '{"a":}',
    'invalid character \'}\' looking for beginning of value around line 1 and position 6\n line: "{\\"a\\":}"',
  ],
  ['{,}', 'OK'],
  ['{"a":[,]}', 'OK'],
  [
    '{"a":[1,,]}',
    'invalid character \']\' looking for beginning of value around line 1 and position 9\n line: "{\\"a\\":[1,,]}"',
  ],
  ['{"a":[1,}}', 'invalid character \'}\' after array element around line 1 and position 8\n line: "{\\"a\\":[1,}}"'],
  [
    '{"a":,}',
    'invalid character \'}\' looking for beginning of value around line 1 and position 6\n line: "{\\"a\\":,}"',
  ],
  [
    '{"a":"x",\n\n   "zz":{"log_level": x}}',
    'invalid character \'x\' looking for beginning of value around line 3 and position 23\n line: "   \\"zz\\":{\\"log_level\\": x}}"',
  ],
  ['é{}', 'invalid character \'Ã\' looking for beginning of value around line 1 and position 1\n line: "é{}"'],
  [
    '{"é": x}',
    'invalid character \'x\' looking for beginning of value around line 1 and position 8\n line: "{\\"é\\": x}"',
  ],
  [
    '{"a":1e}',
    'invalid character \'}\' in exponent of numeric literal around line 1 and position 8\n line: "{\\"a\\":1e}"',
  ],
  [
    '{"a":1e+}',
    'invalid character \'}\' in exponent of numeric literal around line 1 and position 9\n line: "{\\"a\\":1e+}"',
  ],
  ['{"a":-x}', 'invalid character \'x\' in numeric literal around line 1 and position 7\n line: "{\\"a\\":-x}"'],
  [
    '{"a":[1 "2"]}',
    'invalid character \'"\' after array element around line 1 and position 9\n line: "{\\"a\\":[1 \\"2\\"]}"',
  ],
  [
    '{"a":[}',
    'invalid character \'}\' looking for beginning of value around line 1 and position 7\n line: "{\\"a\\":[}"',
  ],
  [
    '{"a":{]',
    'invalid character \']\' looking for beginning of object key string around line 1 and position 7\n line: "{\\"a\\":{]"',
  ],
  ['{"a":1;', 'invalid character \';\' after object key:value pair around line 1 and position 7\n line: "{\\"a\\":1;"'],
  ['{"a":"\n"}', 'invalid character \'\\n\' in string literal around line 2 and position 0\n line: "\\"}"'],
  ['/* x', 'JSON_INCOMPLETE_COMMENT'],
  [
    '{"a": /',
    'invalid character \'/\' looking for beginning of value around line 1 and position 7\n line: "{\\"a\\": /"',
  ],
  [
    '{"a":1/2}',
    'invalid character \'/\' after object key:value pair around line 1 and position 7\n line: "{\\"a\\":1/2}"',
  ],
  ['{"a":"b"/*}', 'JSON_INCOMPLETE_COMMENT'],
  ['{"a" /*x*/ : /* */ 1 , /* */ }', 'OK'],
  [
    '{"a":fals}',
    'invalid character \'}\' in literal false (expecting \'e\') around line 1 and position 10\n line: "{\\"a\\":fals}"',
  ],
  [
    '{"a":nulll}',
    'invalid character \'l\' after object key:value pair around line 1 and position 10\n line: "{\\"a\\":nulll}"',
  ],
  ['{"a":"\\', 'unexpected EOF'],
  ['{"a":"\\u00', 'unexpected EOF'],
  ['{"*env:NOPE2":1}', 'NOT_FOUND:ENV_VAR:NOPE2'],
  ['// *env:NOPE\n{}', 'OK'],
  ['{"a":*env:NOPE}', 'NOT_FOUND:ENV_VAR:NOPE'],
  ['{"a":1}\n{"b" 2}', 'OK'],
  ['}', 'invalid character \'}\' looking for beginning of value around line 1 and position 1\n line: "}"'],
  [']', 'invalid character \']\' looking for beginning of value around line 1 and position 1\n line: "]"'],
  [':', 'invalid character \':\' looking for beginning of value around line 1 and position 1\n line: ":"'],
  [',', 'EOF'],
  ['{"a":1,"b"', 'unexpected EOF'],
  ['{"a":1,', 'unexpected EOF'],
  ['{"a":1,"b":', 'unexpected EOF'],
  [
    '{"a":"é\\x"}',
    'invalid character \'x\' in string escape code around line 1 and position 10\n line: "{\\"a\\":\\"é\\\\x\\"}"',
  ],
  [
    '{"a":"\u0001"}',
    'invalid character \'\\x01\' in string literal around line 1 and position 7\n line: "{\\"a\\":\\"\\x01\\"}"',
  ],
  ['\t x', 'invalid character \'x\' looking for beginning of value around line 1 and position 3\n line: "\\t x"'],
  [
    '{"a":1.5.2}',
    'invalid character \'.\' after object key:value pair around line 1 and position 9\n line: "{\\"a\\":1.5.2}"',
  ],
  [
    '{"a":00}',
    'invalid character \'0\' after object key:value pair around line 1 and position 7\n line: "{\\"a\\":00}"',
  ],
]

t.test('reference 01, 2.1: texts and positions of syntax errors', async (t) => {
  for (const [text, answer] of ANSWERS) {
    const found = outcome(text)
    t.equal(typeof found === 'string' ? found : 'OK', answer, JSON.stringify(text))
  }
})

t.test('01 ex. 1: comments, *env:, trailing commas', async (t) => {
  const text = `{"diameter_agent": {"origin_host": "*env:TESTVAR", /*x*/ "origin_realm": "*env:TESTVAR",}} // end`
  t.same(outcome(text, { TESTVAR: 'cgr1' }), { diameter_agent: { origin_host: 'cgr1', origin_realm: 'cgr1' } })
  t.equal(outcome(text, { TESTVAR: '' }), 'NOT_FOUND:ENV_VAR:TESTVAR')
  t.same(outcome('{"a": ",/**/"}'), { a: ',/**/' })
})

t.test('01 ex. 2: text that is no JSON, in a file', async (t) => {
  t.throws(
    () => parseConfigFile('/etc/cgrates/a.json', 'invalidSection', {}),
    new ConfigError([
      {
        place: { file: '/etc/cgrates/a.json', line: 1, column: 1 },
        key: '',
        problem: `invalid character 'i' looking for beginning of value around line 1 and position 1\n line: "invalidSection"`,
      },
    ]),
  )
})

t.test('reference 01, 2.1: the environment inside and outside of quotes', async (t) => {
  const environment = { LEVEL: '6', LIST: '["a", "b"]', QUOTED: 'say "hi" // \\ *env:LEVEL', NAME: 'general' }
  const cases: readonly [text: string, value: unknown][] = [
    ['{"a": *env:LEVEL}', { a: 6 }],
    ['{"a": *env:LIST,}', { a: ['a', 'b'] }],
    ['{"*env:NAME": {"level": "*env:LEVEL"}}', { general: { level: '6' } }],
    ['{"a": "*env:QUOTED"}', { a: 'say "hi" // \\ *env:LEVEL' }],
    ['{"a": "x*env:LEVEL/y"}', { a: 'x6/y' }],
    ['{/* *env:NOPE */ "a": 1} *env:NOPE', { a: 1 }],
    [String.raw`{"a": "\"/*x*/\""}`, { a: '"/*x*/"' }],
    [
      '{"a": *env:LEVEL, "b" 1}',
      `invalid character '1' after object key around line 1 and position 23\n line: "{\\"a\\": *env:LEVEL, \\"b\\" 1}"`,
    ],
    ['{"__proto__": {"a": 1}}', JSON.parse('{"__proto__": {"a": 1}}')],
  ]
  for (const [text, value] of cases) t.same(outcome(text, environment), value, text)
})

t.test('any JSON value in an object is read as JSON.parse reads it, however it is spaced', async (t) => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(0, 1, '\t'), (value, indent) => {
      const text = JSON.stringify({ value }, null, indent)
      t.same(outcome(text), JSON.parse(text))
    }),
    { numRuns: 300 },
  )
})

t.test('any text is read or refused with a reason', async (t) => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'{}[]",:/*\\ \n1e.-tfnul+u0') }), (text) => {
      const found = outcome(text)
      t.ok(found === null || typeof found === 'object' || (typeof found === 'string' && found !== ''))
    }),
    { numRuns: 500 },
  )
})
