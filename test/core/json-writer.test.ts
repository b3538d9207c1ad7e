import fc from 'fast-check'
import t from 'tap'
import { Decimal } from '../../src/core/decimal.ts'
import { JsonWriter } from '../../src/core/json-writer.ts'

t.test('what is written is read back', async (t) => {
  const writer = new JsonWriter()
  const part = fc.oneof(
    fc.record({ kind: fc.constant('text' as const), value: fc.string({ unit: 'grapheme', maxLength: 200 }) }),
    fc.record({ kind: fc.constant('text' as const), value: fc.string({ maxLength: 9_000 }) }),
    fc.record({ kind: fc.constant('integer' as const), value: fc.bigInt() }),
    fc.record({ kind: fc.constant('decimal' as const), value: fc.tuple(fc.bigInt(), fc.nat({ max: 40 })) }),
    fc.record({ kind: fc.constant('json' as const), value: fc.jsonValue() }),
  )
  fc.assert(
    fc.property(fc.array(part), (parts) => {
      writer.reset().raw('[')
      for (const [i, { kind, value }] of parts.entries()) {
        writer.raw(i === 0 ? '' : ',')
        if (kind === 'text') writer.text(value)
        else if (kind === 'integer') writer.quotedInteger(value)
        else if (kind === 'decimal') writer.quotedDecimal(new Decimal(...value))
        else writer.json(JSON.stringify(value))
      }
      const read = JSON.parse(writer.raw(']').finish().toString()) as unknown[]
      t.equal(read.length, parts.length)
      for (const [i, { kind, value }] of parts.entries()) {
        if (kind === 'decimal') t.ok(Decimal.parse(String(read[i])).equals(new Decimal(...value)))
        else if (kind === 'integer') t.equal(read[i], String(value))
        else if (kind === 'text') t.equal(read[i], value)
        else t.same(read[i], JSON.parse(JSON.stringify(value)))
      }
    }),
    { numRuns: 200 },
  )
})

t.test('a text that was begun and failed leaves nothing behind', async (t) => {
  const writer = new JsonWriter()
  writer.begin().raw('["lost').text('grüße')
  t.equal(writer.begin().text('a').finish().toString(), '"a"')
})

t.test('a finished text stays as it is while others are built', async (t) => {
  const writer = new JsonWriter()
  const texts = Array.from({ length: 3_000 }, (_, i) => 'ü'.repeat(i))
  const finished = texts.map((text) => writer.begin().text(text).finish())
  for (const [i, text] of texts.entries()) t.equal(JSON.parse(finished[i]?.toString() ?? ''), text)
})

for (const { coefficient, scale, text } of [
  { coefficient: 5n, scale: 3, text: '"0.005"' },
  { coefficient: -5n, scale: 1, text: '"-0.5"' },
  { coefficient: 1234500n, scale: 2, text: '"12345.00"' },
  { coefficient: -12n, scale: 0, text: '"-12"' },
]) {
  t.test(`${coefficient} x 10^-${scale} is ${text}`, async (t) => {
    t.equal(new JsonWriter().begin().quotedDecimal(new Decimal(coefficient, scale)).finish().toString(), text)
  })
}
