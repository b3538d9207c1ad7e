/** Where an octet that is no part of UTF-8 goes in a text: U+DC80 to U+DCFF, which no text has by itself. */
const ESCAPE = 0xdc00
/** What a decoder puts for octets that are no UTF-8. */
const REPLACEMENT = '\ufffd'
const REPLACEMENT_OCTETS = Buffer.from(REPLACEMENT)

/**
 * Text of any octets, UTF-8 where they are; each other octet becomes a lone surrogate (0xff: U+DCFF), so that `textOctets` gives
 * the same octets back. Values of a protocol go through templates as text and must leave as they came.
 */
export function octetText(octets: Buffer): string {
  const plain = octets.toString('utf8')
  if (!plain.includes(REPLACEMENT)) return plain
  let text = ''
  for (let at = 0; at < octets.length; ) {
    const size = sequenceSize(octets[at] ?? 0)
    const sequence = octets.subarray(at, at + size)
    const character = size === 0 || sequence.length < size ? REPLACEMENT : sequence.toString('utf8')
    if (!character.includes(REPLACEMENT) || sequence.equals(REPLACEMENT_OCTETS)) {
      text += character
      at += size
    } else {
      text += String.fromCharCode(ESCAPE + (octets[at] ?? 0))
      at++
    }
  }
  return text
}

/** The octets of a text: UTF-8, and what `octetText` has kept. */
export function textOctets(text: string): Buffer {
  if (text.isWellFormed()) return Buffer.from(text)
  const parts = text.split(/([\udc80-\udcff])/u)
  return Buffer.concat(
    parts.map((part, i) => (i % 2 === 1 ? Buffer.from([part.charCodeAt(0) - ESCAPE]) : Buffer.from(part))),
  )
}

/** How many octets a text is. */
export function octetLength(text: string): number {
  return text.isWellFormed() ? Buffer.byteLength(text) : textOctets(text).length
}

/** Octets of the UTF-8 sequence that an octet begins; 0: it begins none. */
function sequenceSize(octet: number): number {
  if (octet < 0x80) return 1
  if (octet < 0xc2 || octet > 0xf4) return 0
  return octet < 0xe0 ? 2 : octet < 0xf0 ? 3 : 4
}
