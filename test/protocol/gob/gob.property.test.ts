import fc from 'fast-check'
import t from 'tap'
import { GobDecoder, type GobLimits } from '../../../src/protocol/gob/decoder.ts'
import { GobEncoder } from '../../../src/protocol/gob/encoder.ts'
import { type GobType, pointer, record, slice } from '../../../src/protocol/gob/types.ts'
import { ANY, BOOL, BYTES, FLOAT, INT, readAll, TEXT, TIME, UINT } from './samples.ts'

const MAP: GobType = { kind: 'map', name: 'map[string]interface {}', of: ANY }
const INNER = record('main.Inner', { N: UINT, Any: ANY })
const SAMPLE = record('main.Sample', {
  B: BOOL,
  I: INT,
  U: UINT,
  F: FLOAT,
  S: TEXT,
  O: BYTES,
  P: pointer(INT),
  L: slice(slice(INT)),
  K: slice(INNER),
  M: MAP,
  T: TIME,
})

const int64 = fc.oneof(fc.integer(), fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }).map(shortest))
const uint64 = fc.oneof(fc.nat(), fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }).map(shortest))
const key = fc.string({ unit: 'binary', maxLength: 12 })
const octets = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes))
const time = fc
  .date({ min: new Date('1900-01-01'), max: new Date('2200-01-01'), noInvalidDate: true })
  .map((date) => date.toISOString().replace(/\.?0*Z$/, 'Z'))
/** An object of one member. */
function holding(name: string, value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return value.map((held) => ({ [name]: held }))
}

const { any } = fc.letrec<{ any: unknown; map: unknown; list: unknown }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    holding('bool', fc.boolean()),
    holding('int', int64),
    holding('float64', fc.double()),
    holding('string', key),
    holding('time.Time', time),
    holding('map[string]interface {}', tie('map')),
    holding('[]interface {}', tie('list')),
  ),
  map: fc.dictionary(key, tie('any'), { maxKeys: 4, noNullPrototype: true }),
  list: fc.array(tie('any'), { maxLength: 4 }),
}))
/** What is zero is left out, and is not there when it is read again. */
const sample = fc.record(
  {
    B: fc.constant(true),
    I: int64.filter((value) => value !== 0),
    U: uint64.filter((value) => value !== 0),
    F: fc.double().filter((value) => value !== 0),
    S: fc.string({ unit: 'binary', minLength: 1, maxLength: 300 }),
    O: octets.filter(({ length }) => length > 0),
    P: int64,
    L: fc.array(fc.array(int64, { maxLength: 5 }), { minLength: 1, maxLength: 5 }),
    K: fc.array(holding('N', fc.integer({ min: 1 })), { minLength: 1, maxLength: 4 }),
    M: fc.dictionary(key, any, { maxKeys: 5, noNullPrototype: true }),
    T: time,
  },
  { requiredKeys: [], noNullPrototype: true },
)

function shortest(value: bigint): number | bigint {
  return Number.isSafeInteger(Number(value)) ? Number(value) : value
}

t.test('what was written is read, whatever it is and however the bytes are split', async (t) => {
  fc.assert(
    fc.property(fc.array(sample, { minLength: 1, maxLength: 4 }), fc.infiniteStream(fc.nat(400)), (values, sizes) => {
      const encoder = new GobEncoder()
      const decoder = new GobDecoder()
      const bytes = Buffer.concat(values.map((value) => encoder.encode({ type: SAMPLE, value })))
      const found: unknown[] = []
      for (let at = 0; at < bytes.length; ) {
        const size = sizes.next().value + 1
        decoder.push(bytes.subarray(at, at + size))
        at += size
        for (let read = decoder.read(SAMPLE); read.kind !== 'incomplete'; read = decoder.read(SAMPLE))
          found.push(read.kind === 'value' ? read.value : read.error.message)
      }
      t.strictSame(found, values)
    }),
    { numRuns: 150 },
  )
})

t.test('a receiver that knows nothing of the type passes over every value', async (t) => {
  fc.assert(
    fc.property(sample, (value) => {
      const encoder = new GobEncoder()
      const decoder = new GobDecoder()
      decoder.push(encoder.encode({ type: SAMPLE, value }, { type: TEXT, value: 'after' }))
      t.equal(decoder.read(TEXT).kind, 'error')
      t.same(decoder.read(TEXT), { kind: 'value', value: 'after' })
    }),
    { numRuns: 100 },
  )
})

const LIMITS: GobLimits = { valueBytes: 4096, definitionBytes: 4096, valueParts: 10_000 }

t.test('no bytes make it throw, hold more than a value or go on after the end', async (t) => {
  const mutation = fc.record({ at: fc.nat(), octet: fc.nat(255), kind: fc.constantFrom('set', 'insert', 'remove') })
  fc.assert(
    fc.property(sample, fc.array(mutation, { minLength: 1, maxLength: 6 }), (value, mutations) => {
      const octets = [...new GobEncoder().encode({ type: SAMPLE, value }, { type: SAMPLE, value })]
      for (const { at, octet, kind } of mutations) {
        const place = at % octets.length
        if (kind === 'set') octets[place] = octet
        else octets.splice(place, kind === 'remove' ? 1 : 0, ...(kind === 'insert' ? [octet] : []))
      }
      for (const type of [SAMPLE, ANY]) {
        const found = readAll(Buffer.from(octets), type, LIMITS)
        if (found.length > octets.length) t.fail(`${found.length} values in ${octets.length} bytes`)
      }
    }),
    { numRuns: 4_000 },
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      readAll(bytes, SAMPLE, LIMITS)
      readAll(bytes, ANY, LIMITS)
    }),
    { numRuns: 4_000 },
  )
  t.pass('every one of them was a value, an error or not all there')
})
