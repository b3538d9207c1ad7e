import t from 'tap'
import { GobDecoder } from '../../../src/protocol/gob/decoder.ts'
import { type GobType, pointer, record, slice } from '../../../src/protocol/gob/types.ts'
import { ANY, BOOL, BYTES, FLOAT, hex, INT, readAll, TEXT, TIME, UINT, valuesIn } from './samples.ts'

const MAP_OF_INT: GobType = { kind: 'map', name: 'map[string]int', of: INT }
const T = record('main.T', { A: INT, B: TEXT })

/** What Go 1.26 writes for the value that the name shows. */
const GO_WROTE: readonly { name: string; bytes: string; type: GobType; value: unknown }[] = [
  { name: 'int 7', bytes: '03 04000e', type: INT, value: 7 },
  { name: 'int -3', bytes: '03 040005', type: INT, value: -3 },
  { name: 'int -129', bytes: '05 0400fe0101', type: INT, value: -129 },
  { name: 'int64 -1 << 63', bytes: '0b 0400f8ffffffffffffffff', type: INT, value: -(1n << 63n) },
  { name: 'uint 300', bytes: '05 0600fe012c', type: UINT, value: 300 },
  { name: 'uint64 1 << 63', bytes: '0b 0600f88000000000000000', type: UINT, value: 1n << 63n },
  { name: 'uint64 1 << 52', bytes: '0a 0600f910000000000000', type: UINT, value: 2 ** 52 },
  { name: 'float64 1.5', bytes: '05 0800fef83f', type: FLOAT, value: 1.5 },
  { name: 'float64 17', bytes: '05 0800fe3140', type: FLOAT, value: 17 },
  { name: 'float64 0.1', bytes: '0b 0800f89a9999999999b93f', type: FLOAT, value: 0.1 },
  { name: 'string', bytes: '04 0c000178', type: TEXT, value: 'x' },
  { name: '[]byte', bytes: '05 0a00020102', type: BYTES, value: Buffer.from([1, 2]) },
  { name: 'bool', bytes: '03 020001', type: BOOL, value: true },
  { name: 'complex128 1+2i', bytes: '06 0e00fef03f40', type: ANY, value: '1+2i' },
  { name: '[]string', bytes: '0b 7f020102ff8000010c0000 08 ff80000201610162', type: slice(TEXT), value: ['a', 'b'] },
  { name: 'map', bytes: '0e ff81040102ff8200010c01040000 07 ff820001017802', type: MAP_OF_INT, value: { x: 1 } },
  { name: '[2]int', bytes: '0e ff83010102ff8400010401040000 06 ff8400020200', type: ANY, value: [1, 0] },
  {
    name: 'time.Time UTC',
    bytes: '10 ff850501010454696d6501ff86000000 13 ff86000f010000000e7791f70000000005ffff',
    type: TIME,
    value: '1970-01-01T00:00:00.000000005Z',
  },
  {
    name: 'time.Time +01:00',
    bytes: '10 ff850501010454696d6501ff86000000 13 ff86000f010000000edd25661500000006003c',
    type: TIME,
    value: '2024-01-02T03:04:05.000000006+01:00',
  },
  {
    name: 'time.Time +01:00:01 (version 2)',
    bytes: '10 ff850501010454696d6501ff86000000 14 ff860010020000000edd25661400000006003c01',
    type: TIME,
    value: '2024-01-02T03:04:04.000000006+01:00',
  },
  {
    name: 'T{1, "b"} in the second field of I{interface{}, interface{}}: its definition ends a message',
    bytes: `
      1b ff87030101014901ff880001020101580110000101590110000000
      2e ff880103696e740402000a01066d61696e2e54 ff89030101015401ff8a000102010141010400010142010c000000
      0a ff8a 06 0102010162 00 00`,
    type: record('main.I', { X: ANY, Y: ANY }),
    value: { X: { int: 5 }, Y: { 'main.T': { A: 1, B: 'b' } } },
  },
  {
    name: 'I{I{T{1, "b"}}}: the definition stands inside',
    bytes: `
      1b ff87030101014901ff880001020101580110000101590110000000
      3c ff8801066d61696e2e49ff882301066d61696e2e54ff89030101015401ff8a000102010141010400010142010c0000000aff8a060102010162000000`,
    type: record('main.I', { X: ANY, Y: ANY }),
    value: { X: { 'main.I': { X: { 'main.T': { A: 1, B: 'b' } } } } },
  },
  {
    name: 'definitions at two levels of maps',
    bytes: `
      1b ff87030101014901ff880001020101580110000101590110000000
      29 ff8801176d61705b737472696e675d696e74657266616365207b7dff8b040102ff8c00010c01100000
      53 ff8c4f0001016b176d61705b737472696e675d696e74657266616365207b7dff8c260001016a066d61696e2e54ff89030101015401ff8a000102010141010400010142010c00000009ff8a0601040101630000`,
    type: record('main.I', { X: ANY, Y: ANY }),
    value: {
      X: { 'map[string]interface {}': { k: { 'map[string]interface {}': { j: { 'main.T': { A: 2, B: 'c' } } } } } },
    },
  },
  {
    name: 'lists, maps, a time and a duration in interfaces, several definitions inside',
    bytes: `
      1b ff87030101014901ff880001020101580110000101590110000000
      1e ff88010e5b5d696e74657266616365207b7dff8d020102ff8e0001100000
      ffd3 ff8e280003176d61705b737472696e675d696e74657266616365207b7dff8b040102ff8c00010c011000005fff8c1a0001016a085b5d6d61696e2e54ff8f020102ff900001ff8a00001bff89030101015401ff8a000102010141010400010142010c0000000bff900800010104010163000974696d652e54696d65ff850501010454696d6501ff8600000026ff8611000f010000000e7791f70000000000ffff0d74696d652e4475726174696f6e0402001201116d61705b737472696e675d737472696e67ff91040102ff9200010c010c0000
      0a ff920600010171017200`,
    type: record('main.I', { X: ANY, Y: ANY }),
    value: {
      X: {
        '[]interface {}': [
          { 'map[string]interface {}': { j: { '[]main.T': [{ A: 2, B: 'c' }] } } },
          { 'time.Time': '1970-01-01T00:00:00Z' },
          { 'time.Duration': 9 },
        ],
      },
      Y: { 'map[string]string': { q: 'r' } },
    },
  },
  {
    name: 'a struct of everything',
    bytes: `
      ff9b ff93030101045472656501ff9400011201044e616d65010c0001044b69647301ff960001014d01ff9800010341727201ff9a00010150010400010155010600010146010800010143010e0001024279010a000102427301ff9c000103416e7901100001045768656e01ff86000102505701ff860001014401040001024950010a00010342696701ff9e0001014501ffa0000102456d01ffa2000000
      1b ff950201010c5b5d2a6d61696e2e5472656501ff960001ff940000
      25 ff97040101146d61705b737472696e675d6d61696e2e5472656501ff9800010c01ff940000
      16 ff99010101065b335d696e7401ff9a00010401060000
      14 ff9b020101065b5d626f6f6c01ff9c0001020000
      10 ff850501010454696d6501ff86000000
      0a ff9d050102ffa4000000
      15 ff9f03010109737472756374207b7d01ffa0000000
      24 ffa103010110737472756374207b205820696e74207d01ffa20001010101580104000000
      75 ff94010172010101016b03030000000d000100000101017104030000000d000100000103000000020301fe314001fef03f0001026869010201000106737472696e670c03000173010f010000000e7791f70100000000ffff020a011000000000000000000000ffff01020304010202050100010000`,
    type: ANY,
    value: {
      Name: 'r',
      Kids: [{ Name: 'k', Arr: [0, 0, 0], E: {}, Em: {} }],
      M: { q: { Arr: [0, 0, 0], E: {}, Em: {} } },
      Arr: [0, 0, 0],
      U: 3,
      F: 17,
      C: '1+0i',
      By: '6869',
      Bs: [true, false],
      Any: { string: 's' },
      When: '1970-01-01T00:00:01Z',
      D: 5,
      IP: '00000000000000000000ffff01020304',
      Big: 'gob 0205',
      E: {},
      Em: {},
    },
  },
  {
    name: 'a time whose type has no name, because a *time.Time was sent first',
    bytes: `
      1b ff87030101014901ff880001020101580110000101590110000000
      17 ff880109 74696d652e54696d65 ff85050102ff86000000
      15 ff86 11 00 0f 010000000e7791f70000000005ffff 00`,
    type: record('main.I', { X: ANY, Y: ANY }),
    value: { X: { 'time.Time': '1970-01-01T00:00:00.000000005Z' } },
  },
  { name: 'nil in a map', bytes: '0e ff8b040102ff8c00010c01100000 07 ff8c0001016100', type: ANY, value: { a: null } },
]

for (const { name, bytes, type, value } of GO_WROTE) {
  t.test(`decodes ${name}`, async (t) => {
    t.strictSame(valuesIn(hex(bytes), type), [value])
  })
  t.test(`decodes ${name}, one octet at a time`, async (t) => {
    const decoder = new GobDecoder()
    const octets = hex(bytes)
    for (const [at, octet] of octets.entries()) {
      decoder.push(Buffer.from([octet]))
      const read = decoder.read(type)
      if (at < octets.length - 1) t.same(read, { kind: 'incomplete' })
      else t.strictSame(read, { kind: 'value', value })
    }
  })
  t.test(`passes over ${name}`, async (t) => {
    const decoder = new GobDecoder()
    decoder.push(hex(bytes))
    decoder.push(hex('03 04000e'))
    t.equal(decoder.skip().kind, 'value')
    t.same(decoder.read(INT), { kind: 'value', value: 7 })
  })
}

const MIN_TYPE = '1c ff81030101034d696e01ff82000101010654656e616e74010c000000'
/** Definition of Min{Tenant string} as type 65, and its value {Tenant: "x"}. */
const MIN = `${MIN_TYPE} 06 ff8201017800`

t.test('fields are matched by name; what is not there is left as it is', async (t) => {
  t.same(valuesIn(hex(MIN), record('X', { ID: INT, Tenant: TEXT })), [{ Tenant: 'x' }])
  t.same(valuesIn(hex(MIN), record('X', { Tenant: pointer(TEXT) })), [{ Tenant: 'x' }])
  t.same(valuesIn(hex(`${MIN_TYPE} 03 ff8200`), record('X', { Tenant: TEXT })), [{}])
})

for (const { name, bytes, type, text } of [
  {
    name: 'a field of another kind',
    bytes: MIN,
    type: record('utils.CGREvent', { Tenant: INT }),
    text: 'gob: wrong type (int) for received field Min.Tenant',
  },
  {
    name: 'no struct where one is wanted',
    bytes: '04 0c000178',
    type: record('utils.CGREvent', { Tenant: TEXT }),
    text: 'gob: type mismatch in decoder: want struct type utils.CGREvent; got non-struct',
  },
  {
    name: 'no field in common',
    bytes: MIN,
    type: record('utils.CGREvent', { ID: TEXT }),
    text: 'gob: type mismatch: no fields matched compiling decoder for CGREvent',
  },
  {
    name: 'an integer where a text is wanted',
    bytes: '03 04000e',
    type: TEXT,
    text: 'gob: decoding into local type *string, received remote type int',
  },
  {
    name: 'a struct where a text is wanted',
    bytes: MIN,
    type: TEXT,
    text: 'gob: decoding into local type *string, received remote type Min',
  },
  {
    name: 'a list of another kind',
    bytes: '0b 7f020102ff8000010c0000 08 ff80000201610162',
    type: slice(INT),
    text: 'gob: decoding into local type *[]int, received remote type []string',
  },
])
  t.test(`${name} is told, and the next value is read`, async (t) => {
    t.strictSame(valuesIn(Buffer.concat([hex(bytes), hex('03 04000e')]), type)[0], text)
    const decoder = new GobDecoder()
    decoder.push(hex(bytes))
    t.match(decoder.read(type), { kind: 'error', isFatal: false })
    decoder.push(hex('03 040005'))
    t.same(decoder.read(INT), { kind: 'value', value: -3 })
  })

t.test('a value that does not fit is passed over with all its messages', async (t) => {
  const decoder = new GobDecoder()
  const octets = hex(GO_WROTE.find(({ name }) => name.startsWith('T{1'))?.bytes ?? '')
  decoder.push(octets.subarray(0, -4))
  t.same(decoder.read(record('X', { X: INT })), { kind: 'incomplete' })
  decoder.push(octets.subarray(-4))
  t.match(decoder.read(record('X', { X: INT })), { error: { message: 'gob: wrong type (int) for received field I.X' } })
  decoder.push(hex('08 ff8a010201016200'))
  t.same(decoder.read(T), { kind: 'value', value: { A: 1, B: 'b' } }, 'a type that came in it is known from then on')
})

for (const { name, bytes, text } of [
  { name: 'a text longer than its message', bytes: '04 0c007f78', text: /ends inside a value/ },
  {
    name: 'a list of more than its message can hold',
    bytes: '0b 7f020102ff8000010c0000 08 ff8000fc7fffffff',
    text: /ends inside/,
  },
  {
    name: 'a list of 2^63 elements',
    bytes: '0b 7f020102ff8000010c0000 0c ff8000f88000000000000000',
    text: /ends inside/,
  },
  { name: 'a value that ends early', bytes: '02 0c00', text: /ends inside a value/ },
  { name: 'a message without a type', bytes: '00', text: /ends inside a value/ },
  { name: 'type 0', bytes: '02 0000', text: /invalid type id 0/ },
  { name: 'a type that nobody defined', bytes: '04 ff900000', text: /type 72 is used, but was not defined/ },
  {
    name: 'a type defined twice',
    bytes: '0b 7f020102ff8000010c0000 0b 7f020102ff8000010c0000',
    text: /duplicate type/,
  },
  { name: 'a definition of what is known anyway', bytes: '0a 03020102ff8000010c0000', text: /type id 2 is reserved/ },
  { name: 'a definition of nothing', bytes: '02 7f00', text: /without a type/ },
  { name: 'bytes after a definition', bytes: '0c 7f020102ff8000010c000000', text: /extra data/ },
  { name: 'a field that the struct has not', bytes: `${MIN_TYPE} 05 ff82050100`, text: /out of bounds/ },
  { name: 'no zero before a text', bytes: '04 0c010178', text: /non-zero delta for singleton/ },
  { name: 'an integer of nine octets', bytes: '0c 0600f7112233445566778899', text: /integer out of range/ },
  { name: 'a message of 2^40 octets', bytes: 'fb 0100000000 00', text: /longer than the 8388608/ },
  { name: 'a length of eight octets', bytes: 'f8 0000000000000000', text: /integer out of range/ },
])
  t.test(`refuses ${name}`, async (t) => {
    const found = readAll(hex(bytes), ANY)
    t.match(found.at(-1), { kind: 'error', isFatal: true, error: { message: text } })
  })

t.test('refuses values that nest without end', async (t) => {
  const list = hex('0c 7f020102ff800001ff800000')
  const nested = Buffer.concat([Buffer.from([0xff, 0x80, 0]), Buffer.alloc(120, 1), Buffer.from([0])])
  t.match(readAll(Buffer.concat([list, Buffer.from([nested.length]), nested]), ANY), [
    { error: { message: /nest deeper than 100/ } },
  ])
})

t.test('holds no more than its limits', async (t) => {
  const limits = { valueBytes: 64, definitionBytes: 64, valueParts: 20 }
  const long = Buffer.concat([hex('42 0c003f'), Buffer.alloc(63, 0x61)])
  t.match(readAll(long, TEXT, limits), [{ error: { message: /longer than the 64/ } }])
  const many = Buffer.concat([hex('0b 7f020102ff8000010c0000 1a ff800016'), Buffer.alloc(22)])
  t.match(readAll(many, ANY, limits), [{ error: { message: /too many elements/ } }])
  const types = [0x80, 0x82, 0x84, 0x86, 0x88, 0x8a, 0x8c, 0x8e].map((id) =>
    hex(`0c ff${(id - 1 + 2).toString(16)}020102ff${id.toString(16)}00010c0000`),
  )
  t.match(readAll(Buffer.concat(types), ANY, limits), [{ error: { message: /definitions of more than 64 bytes/ } }])
})

t.test('a text that is no gob waits for its first octet to come true', async (t) => {
  t.same(readAll(Buffer.from('{"method":"CoreSv1.Ping","params":[{}],"id":1}'), ANY), [])
})

t.test('a name of a member never changes what objects are', async (t) => {
  const map = hex('0e ff81040102ff8200010c01040000 0f ff8200 01 09 5f5f70726f746f5f5f 02')
  const [value] = valuesIn(map, MAP_OF_INT) as [Record<string, unknown>]
  t.same(Object.keys(value), ['__proto__'])
  t.equal(Object.getPrototypeOf(value), Object.prototype)
})
