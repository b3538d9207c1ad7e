import fc from 'fast-check'
import t from 'tap'
import { compactJson } from '../../../src/rpc/json/go-text.ts'
import { MessageScanner, type RpcMessage } from '../../../src/rpc/json/scanner.ts'

type Read = { messages: RpcMessage[]; fault: string | undefined }

/** Reads octets that come in pieces which end at the places given, then the end of the input. */
function read(bytes: Buffer, cuts: readonly number[] = [], maxOctets = 1 << 20): Read {
  const scanner = new MessageScanner(maxOctets)
  const messages: RpcMessage[] = []
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  for (const [i, place] of places.entries()) {
    scanner.push(Buffer.from(bytes.subarray(place, places[i + 1] ?? bytes.length)))
    for (let message = scanner.next(); message !== undefined; message = scanner.next()) messages.push(message)
  }
  const last = scanner.end()
  if (last !== undefined) messages.push(last)
  return { messages, fault: scanner.fault }
}

const NOTHING = { id: undefined, params: undefined, result: undefined, error: undefined, jsonrpc: undefined }

const rows: { name: string; input: string | Buffer; kinds: string[]; first?: Partial<RpcMessage>; fault?: string }[] = [
  { name: 'nothing', input: ' \r\n\t', kinds: [] },
  {
    name: 'a request, texts as they came',
    input: '{"method":"A.B","params":[ {"x":1.0} ],"id":1.50}',
    kinds: ['object'],
    first: { ...NOTHING, method: 'A.B', params: '[ {"x":1.0} ]', id: '1.50' },
  },
  {
    name: 'keys in any letter case',
    input: '{"METHOD":"m","iD":2}',
    kinds: ['object'],
    first: { method: 'm', id: '2' },
  },
  { name: 'escaped keys', input: '{"m\\u0065thod":"m"}', kinds: ['object'], first: { method: 'm' } },
  {
    name: 'of repeated keys the last',
    input: '{"id":1,"method":"a","id":2,"method":"b"}',
    kinds: ['object'],
    first: { method: 'b', id: '2' },
  },
  {
    name: 'a method of null changes nothing',
    input: '{"method":"a","method":null}',
    kinds: ['object'],
    first: { method: 'a' },
  },
  { name: 'a method that is no text', input: '{"method":5,"method":"a"}', kinds: ['other'] },
  {
    name: 'keys of inner objects do not count',
    input: '{"params":[{"method":"x","id":9}]}',
    kinds: ['object'],
    first: { method: '', id: undefined },
  },
  { name: 'joined', input: '{"id":1}{"id":2}\n\n{"id":3}', kinds: ['object', 'object', 'object'] },
  { name: 'a null and what follows it', input: 'null{}', kinds: ['null', 'object'] },
  { name: 'a bare null at the end', input: 'null', kinds: ['null'] },
  { name: 'a null before garbage', input: 'nullx', kinds: ['null'], fault: 'syntax' },
  { name: 'bare scalars', input: '1 "a" true -2.5e+3', kinds: ['other', 'other', 'other', 'other'] },
  { name: 'an unfinished number', input: '1.', kinds: [] },
  { name: 'an array', input: '[{"method":"a"},{"method":"b"},3]', kinds: ['array'] },
  { name: 'other octets after a message', input: '{}garbage', kinds: ['object'], fault: 'syntax' },
  { name: 'a comma too much', input: '{"id":1,}', kinds: [], fault: 'syntax' },
  { name: 'a comma too much in a list', input: '[1,]', kinds: [], fault: 'syntax' },
  { name: 'wrong bracket', input: '{]', kinds: [], fault: 'syntax' },
  { name: 'a word', input: '{"method" x', kinds: [], fault: 'syntax' },
  { name: 'a byte order mark', input: '\ufeff{}', kinds: [], fault: 'syntax' },
  { name: 'a leading zero', input: '{"id":01}', kinds: [], fault: 'syntax' },
  { name: 'a lone minus', input: '{"id":-}', kinds: [], fault: 'syntax' },
  { name: 'a control character in a text', input: '{"id":"\u0001"}', kinds: [], fault: 'syntax' },
  { name: 'a wrong escape', input: '{"id":"\\x"}', kinds: [], fault: 'syntax' },
  { name: 'a wrong \\u', input: '{"id":"\\u12g4"}', kinds: [], fault: 'syntax' },
  { name: 'nesting up to the limit of Go', input: `${'['.repeat(10_000)}${']'.repeat(10_000)}`, kinds: ['array'] },
  { name: 'nesting past it', input: '['.repeat(10_001), kinds: [], fault: 'syntax' },
  {
    name: 'each octet that is no UTF-8 is one U+FFFD',
    input: Buffer.from('{"method":"A.\xff\xe2\x82\xf0\x9f\x98\x80","id":"\xc3\xa4"}', 'latin1'),
    kinds: ['object'],
    first: { method: 'A.\ufffd\ufffd\ufffd\u{1f600}', id: '"ä"' },
  },
  {
    name: 'half a surrogate pair in a method',
    input: '{"method":"A.\\ud800"}',
    kinds: ['object'],
    first: { method: 'A.\ufffd' },
  },
]

for (const { name, input, kinds, first, fault } of rows)
  t.test(`01 7.1: ${name}`, async (t) => {
    const bytes = Buffer.from(input as string)
    for (const cuts of [[], Array.from({ length: Math.min(bytes.length, 200) }, (_, place) => place)]) {
      const { messages, fault: found } = read(bytes, cuts)
      t.same(
        messages.map(({ kind }) => kind),
        kinds,
      )
      t.equal(found, fault)
      if (first !== undefined) t.match(messages[0], first)
    }
  })

t.test('a batch is taken apart', async (t) => {
  const { messages } = read(Buffer.from('[{"jsonrpc":"2.0","method":"a","id":1} , 5, {"method":"b"}]'))
  t.match(messages[0]?.elements, [{ method: 'a', id: '1', jsonrpc: '"2.0"' }, { kind: 'other' }, { method: 'b' }])
  t.equal(read(Buffer.from(`[${'{},'.repeat(1_000)}{}]`)).messages[0]?.elements.length, 0, 'too many')
})

t.test('a message above the limit is overlong before it is whole', async (t) => {
  t.equal(read(Buffer.from(`{"id":"${'x'.repeat(100)}`), [], 50).fault, 'overlong')
  t.equal(read(Buffer.from(`{"id":"${'x'.repeat(100)}"}`), [], 50).fault, 'overlong')
  t.equal(read(Buffer.from('{"id":1}'.repeat(100)), [], 50).fault, undefined, 'each for itself')
})

const json = fc.jsonValue({ stringUnit: 'binary' })

t.test('property: any stream of objects, however it is split, gives its messages', async (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(
        fc.array(fc.record({ id: json, params: json, other: json })),
        fc.array(fc.nat(10_000)),
        (objects, cuts) => {
          const bytes = Buffer.from(objects.map((each) => JSON.stringify(each, null, 1)).join(' '))
          const { messages, fault } = read(bytes, cuts)
          if (fault !== undefined || messages.length !== objects.length) return false
          return messages.every(
            ({ id, params }, i) =>
              compactJson(id ?? '') === compactJson(JSON.stringify(objects[i]?.id)) &&
              JSON.stringify(JSON.parse(params ?? '')) === JSON.stringify(objects[i]?.params),
          )
        },
      ),
    ),
  )
})

t.test('property: the grammar is that of JSON.parse', async (t) => {
  const mutated = fc
    .tuple(json, fc.nat(), fc.constantFrom(...'{}[]",:\\0e-+. \ntrx'), fc.boolean())
    .map(([value, at, character, inserts]) => {
      const text = JSON.stringify({ value })
      const place = at % text.length
      return text.slice(0, place) + character + text.slice(place + (inserts ? 0 : 1))
    })
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(mutated, (text) => {
        const { messages, fault } = read(Buffer.from(text))
        const isWhole = messages.length === 1 && fault === undefined && messages[0]?.kind === 'object'
        try {
          JSON.parse(text)
          return isWhole
        } catch {
          // What comes after a whole object is another message.
          return !isWhole || !text.trimEnd().endsWith('}')
        }
      }),
      { numRuns: 3_000 },
    ),
  )
})

t.test('ids are echoed without blanks, escaped as Go does', async (t) => {
  for (const [json, compact] of [
    ['1.50', '1.50'],
    ['{ "a" : "<x y>&" , "b":[1, 2] }', '{"a":"\\u003cx y\\u003e\\u0026","b":[1,2]}'],
    ['"\\" \\\\"', '"\\" \\\\"'],
    ['"\u2028 \\u2028 \\/"', '"\\u2028 \\u2028 \\/"'],
  ] as const)
    t.equal(compactJson(json), compact)
})
