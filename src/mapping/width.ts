import { octetLength, octetText, textOctets } from '../core/octet-text.ts'
import type { FieldTemplate } from './field-plan.ts'
import { MappingError } from './value.ts'

/** Types whose text has a width. Reference 02, 5.2. */
const WITH_WIDTH = new Set([
  '*constant',
  '*variable',
  '*composed',
  '*group',
  '*filler',
  '*usage_difference',
  '*prefix',
  '*suffix',
  '*sipcid',
])

/** Whether values of the type are texts that have a width, and may not be empty when mandatory. */
export function hasWidth(type: string): boolean {
  return WITH_WIDTH.has(type)
}

/**
 * Brings a text to its width in octets; undefined: it stays as it is. The function throws MappingError for a text that is too
 * long without strip or too short without padding. Reference 02, 5.2.
 */
export function compileWidth({
  type,
  tag,
  width,
  strip,
  padding: given,
}: FieldTemplate): ((text: string) => string) | undefined {
  if (width === 0 || !hasWidth(type)) return undefined
  const padding = type === '*filler' ? '*right' : given
  return (text) => {
    const length = octetLength(text)
    if (length === width) return text
    if (length > width) {
      if (strip === '')
        throw new MappingError(`Source ${text} is bigger than the width ${width}, no strip defied, fieldID: <${tag}>`)
      return stripped(text, width, strip)
    }
    if (padding === '')
      throw new MappingError(`Source ${text} is smaller than the width ${width}, no padding defined, fieldID: <${tag}>`)
    return padded(text, width - length, padding)
  }
}

function stripped(text: string, width: number, strip: string): string {
  const octets = textOctets(text)
  switch (strip) {
    case '*right':
      return octetText(octets.subarray(0, width))
    case '*xright':
      return `${octetText(octets.subarray(0, width - 1))}x`
    case '*left':
      return octetText(octets.subarray(octets.length - width))
    case '*xleft':
      return `x${octetText(octets.subarray(octets.length - width + 1))}`
    default:
      return text
  }
}

function padded(text: string, missing: number, padding: string): string {
  switch (padding) {
    case '*right':
      return text + ' '.repeat(missing)
    case '*left':
      return ' '.repeat(missing) + text
    case '*zeroleft':
      return '0'.repeat(missing) + text
    default:
      return text
  }
}
