import t from 'tap'
import { longestPrefixIn, readPrefixTable } from '../../src/filters/prefix-table.ts'

/** {"30": "Berlin", "89": "München", "8912": "x"} as BSON, by hand. */
const TABLE = Buffer.from(
  [
    '31000000', // 49 octets
    '02 333000 07000000 4265726c696e00',
    '02 383900 09000000 4dc3bc6e6368656e00',
    '02 3839313200 02000000 7800',
    '00',
  ]
    .join('')
    .replaceAll(' ', ''),
  'hex',
)

t.test('a BSON document of texts', async (t) => {
  t.equal(TABLE.length, TABLE.readInt32LE(0), 'the test is right')
  t.same([...readPrefixTable(TABLE)], Object.entries({ 30: 'Berlin', 89: 'München', 8912: 'x' }))
  t.same([...readPrefixTable(Buffer.from('0500000000', 'hex'))], [])
})

t.test('other octets are refused', async (t) => {
  const number = Buffer.from('0c0000001061000100000000', 'hex')
  for (const bytes of [number, TABLE.subarray(0, 20), TABLE.subarray(0, 6), Buffer.alloc(0)])
    t.throws(() => readPrefixTable(bytes), RangeError, bytes.toString('hex'))
})

t.test('the longest prefix counts', async (t) => {
  const table = readPrefixTable(TABLE)
  const rows = [
    ['30901820', 'Berlin'],
    ['8911', 'München'],
    ['89123', 'x'],
    ['8', undefined],
    ['', undefined],
  ] as const
  for (const [digits, text] of rows) t.equal(longestPrefixIn(table, digits), text, digits)
})
