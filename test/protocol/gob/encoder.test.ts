import t from 'tap'
import { GobDecoder } from '../../../src/protocol/gob/decoder.ts'
import { GobEncoder, NOTHING } from '../../../src/protocol/gob/encoder.ts'
import { type GobType, pointer, record, slice } from '../../../src/protocol/gob/types.ts'
import { ANY, BOOL, BYTES, FLOAT, hex, INT, TEXT, TIME, UINT, valuesIn } from './samples.ts'

const MAP_OF_INT: GobType = { kind: 'map', name: 'map[string]int', of: INT }
const REQUEST = record('rpc.Request', { ServiceMethod: TEXT, Seq: UINT })
const RESPONSE = record('rpc.Response', { Seq: UINT, Error: TEXT })
const MIN = record('main.Min', { Tenant: TEXT })

type Row = { type: GobType; value: unknown }

function encoded(...values: Row[]): string {
  return new GobEncoder().encode(...values).toString('hex')
}

for (const { name, type, value, bytes } of [
  { name: 'int 7', bytes: '03 04000e', type: INT, value: 7 },
  { name: 'int -3', bytes: '03 040005', type: INT, value: -3 },
  { name: 'int -129', bytes: '05 0400fe0101', type: INT, value: -129 },
  { name: 'int64 -1 << 63', bytes: '0b 0400f8ffffffffffffffff', type: INT, value: -(1n << 63n) },
  { name: 'uint 300', bytes: '05 0600fe012c', type: UINT, value: 300 },
  { name: 'uint64 1 << 63', bytes: '0b 0600f88000000000000000', type: UINT, value: 1n << 63n },
  { name: 'uint64 1 << 52', bytes: '0a 0600f910000000000000', type: UINT, value: 2 ** 52 },
  { name: 'float64 1.5', bytes: '05 0800fef83f', type: FLOAT, value: 1.5 },
  { name: 'float64 0.1', bytes: '0b 0800f89a9999999999b93f', type: FLOAT, value: 0.1 },
  { name: 'string', bytes: '04 0c000178', type: TEXT, value: 'x' },
  { name: '[]byte', bytes: '05 0a00020102', type: BYTES, value: Buffer.from([1, 2]) },
  { name: 'bool', bytes: '03 020001', type: BOOL, value: true },
  { name: 'an empty struct', bytes: '09 7f030102ff80000000 03 ff8000', type: NOTHING, value: {} },
])
  t.test(`writes ${name} as Go does`, async (t) => {
    t.equal(encoded({ type, value }), hex(bytes).toString('hex'))
  })

/** 01 ex. 15, each line one message; C client, S server. */
const EXAMPLE_15 = `
C 2e 7f03010107 52657175657374 01ff8000010201 0d 536572766963654d6574686f64 010c000103 536571 0106000000
C 11 ff80 01 0c 436f72655376312e50696e67 00
C 1c ff81030101 03 4d696e 01ff8200010101 06 54656e616e74 010c000000
C 06 ff82 01 01 78 00
S 27 7f03010108 526573706f6e7365 01ff8000010201 03 536571 0106000105 4572726f72 010c000000
S 03 ff80 00
S 07 0c 00 04 506f6e67
C 13 ff80 01 0c 436f72655376312e50696e67 01 01 00
C 06 ff82 01 01 78 00
S 05 ff80 01 01 00
S 07 0c 00 04 506f6e67
C 13 ff80 01 0c 436f72655376312e4e6f7065 01 02 00
C 06 ff82 01 01 78 00
S 2a ff80 01 02 01 23 7270633a2063616e27742066696e64206d6574686f6420436f72655376312e4e6f7065 00
S 0a ff81 03 01 02 ff82 00 00 00
S 03 ff82 00`

function side(name: 'C' | 'S'): Buffer {
  const lines = EXAMPLE_15.split('\n').filter((line) => line.startsWith(name))
  return hex(lines.map((line) => line.slice(2)).join(''))
}

const CALLS: Row[] = ['CoreSv1.Ping', 'CoreSv1.Ping', 'CoreSv1.Nope'].flatMap((ServiceMethod, Seq) => [
  { type: REQUEST, value: { ServiceMethod, Seq } },
  { type: MIN, value: { Tenant: 'x' } },
])
const REPLIES: Row[] = [
  { type: RESPONSE, value: { Seq: 0, Error: '' } },
  { type: TEXT, value: 'Pong' },
  { type: RESPONSE, value: { Seq: 1, Error: '' } },
  { type: TEXT, value: 'Pong' },
  { type: RESPONSE, value: { Seq: 2, Error: "rpc: can't find method CoreSv1.Nope" } },
  { type: NOTHING, value: {} },
]

for (const { name, rows, bytes } of [
  { name: 'client', rows: CALLS, bytes: side('C') },
  { name: 'server', rows: REPLIES, bytes: side('S') },
]) {
  t.test(`01 ex. 15: what the ${name} writes`, async (t) => {
    t.equal(encoded(...rows), bytes.toString('hex'))
    const encoder = new GobEncoder()
    const apart = rows.map((row) => encoder.encode(row).toString('hex'))
    t.equal(apart.join(''), bytes.toString('hex'), 'value by value')
  })
  t.test(`01 ex. 15: what the ${name} wrote`, async (t) => {
    const decoder = new GobDecoder()
    decoder.push(bytes)
    for (const { type, value } of rows) t.match(decoder.read(type), { kind: 'value', value: withoutZeros(value) })
    t.same(decoder.buffered, 0)
  })
}

function withoutZeros(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== 0 && each !== ''))
}

t.test('a struct of structs, lists, maps and a time is numbered and defined as Go does', async (t) => {
  const kid = record('main.Kid', { A: INT })
  const holder = record('main.Holder', {
    Kids: slice(kid),
    M: { kind: 'map', name: 'map[string]main.Kid', of: kid } as GobType,
    When: TIME,
    Any: ANY,
  })
  const value = { Kids: [{ A: 1 }], M: { q: { A: 0 } }, When: '1970-01-01T00:00:01Z', Any: { int: 5 } }
  t.equal(
    encoded({ type: holder, value }),
    hex(`
      36 7f03010106486f6c64657201ff8000010401044b69647301ff840001014d01ff860001045768656e01ff88000103416e790110000000
      19 ff830201010a5b5d6d61696e2e4b696401ff840001ff820000
      17 ff81030101034b696401ff820001010101410104000000
      24 ff85040101136d61705b737472696e675d6d61696e2e4b696401ff8600010c01ff820000
      10 ff870501010454696d6501ff88000000
      27 ff8001010102000101017100010f010000000e7791f70100000000ffff0103696e740402000a00`).toString('hex'),
  )
})

t.test('what is zero is left out, but not what a pointer points at, nor an empty map', async (t) => {
  const struct = record('T', {
    A: INT,
    B: TEXT,
    P: pointer(INT),
    M: MAP_OF_INT,
    L: slice(INT),
    S: MIN,
    W: TIME,
    X: ANY,
  })
  const zeros = { A: 0, B: '', P: 0, M: {}, L: [], S: {}, W: '0001-01-01T00:00:00Z', X: null }
  t.match(encoded({ type: struct, value: zeros }), /ff8003000100020000$/)
  t.same(valuesIn(Buffer.from(encoded({ type: struct, value: zeros }), 'hex'), struct), [{ P: 0, M: {}, S: {} }])
  t.same(valuesIn(Buffer.from(encoded({ type: struct, value: { P: null } }), 'hex'), struct), [{ S: {} }])
})

t.test('types that are alike are defined once', async (t) => {
  const encoder = new GobEncoder()
  encoder.encode({ type: slice(TEXT), value: ['a'] })
  t.equal(encoder.encode({ type: slice(TEXT), value: ['b'] }).toString('hex'), '06ff8000010162')
})

t.test('a value that cannot be written writes nothing, and nothing of it is remembered', async (t) => {
  const encoder = new GobEncoder()
  for (const [type, value, text] of [
    [slice(slice(TEXT)), [['a'], 5], 'gob: a number is no []string'],
    [MIN, 'x', 'gob: a string is no main.Min'],
    [MIN, [], 'gob: a list is no main.Min'],
    [UINT, -1, 'gob: -1 is no uint'],
    [INT, 1n << 63n, 'gob: 9223372036854775808 is no int'],
    [INT, 0.5, 'gob: 0.5 is no int'],
  ] as const)
    t.throws(() => encoder.encode({ type: TEXT, value: 'before' }, { type, value }), { message: text })
  const after = encoder.encode({ type: slice(slice(TEXT)), value: [['a']] })
  t.same(valuesIn(after, slice(slice(TEXT))), [[['a']]])
})
