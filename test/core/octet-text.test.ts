import fc from 'fast-check'
import t from 'tap'
import { octetText, textOctets } from '../../src/core/octet-text.ts'

t.test('any octets are the same after they were text', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (octets) => {
      const bytes = Buffer.from(octets)
      return textOctets(octetText(bytes)).equals(bytes)
    }),
  )
})

t.test('text is the same after it was octets', async () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => octetText(textOctets(text)) === text))
})

t.test('UTF-8 stays text, and what is none is kept octet by octet', async (t) => {
  const rows = [
    ['6162', 'ab'],
    ['c3a9', 'é'],
    ['f09f9880', '😀'],
    ['61ff62', 'a\udcffb'],
    ['c3', '\udcc3'],
    ['c0af', '\udcc0\udcaf'],
    ['eda080', '\udced\udca0\udc80'],
    ['f09f98', '\udcf0\udc9f\udc98'],
  ] as const
  for (const [hex, text] of rows) t.equal(octetText(Buffer.from(hex, 'hex')), text, hex)
})
