import { isUtf8 } from 'node:buffer'

/** Octets as text the way Go reads them: each octet that is no UTF-8 becomes U+FFFD (others make one of several octets). */
export function goText(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString('utf8')
  let text = ''
  for (let at = 0; at < bytes.length; ) {
    const size = sequenceAt(bytes, at)
    text += size === 0 ? '\ufffd' : bytes.toString('utf8', at, at + size)
    at += size || 1
  }
  return text
}

/** Octets of the character at a place, 0 for none. RFC 3629, 4. */
function sequenceAt(bytes: Buffer, at: number): number {
  const lead = bytes[at] ?? 0
  const size = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
  const sequence = bytes.subarray(at, at + size)
  return sequence.length === size && isUtf8(sequence) ? size : 0
}

/** A JSON text without the blanks between its parts, escaped as Go writes it: what an `id` is echoed as. */
export function compactJson(json: string): string {
  if (!/[\s<>&\u2028\u2029]/.test(json)) return json
  const compact = json.replace(/"[^"\\]*(?:\\.[^"\\]*)*"|\s+/g, (part) => (part.startsWith('"') ? part : ''))
  return escapeHtml(compact)
}

const UNSAFE = /[<>&\u2028\u2029]/
const UNSAFE_ALL = /[<>&\u2028\u2029]/g

/** JSON text as Go's encoder writes it, safe inside HTML: `<` is `\u003c`. Reference 01, 7.1. */
export function escapeHtml(json: string): string {
  if (!UNSAFE.test(json)) return json
  return json.replace(UNSAFE_ALL, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
