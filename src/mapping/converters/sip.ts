import { textOf } from '../context.ts'
import type { ConverterTable } from '../converters.ts'
import { type Found, MappingError } from '../value.ts'

/** Converters of SIP and ENUM texts. Reference 02, 4. */
export const SIP_CONVERTERS: ConverterTable = {
  '*sipuri_user': { exact: true, make: () => (value) => /sip:([^@]*)@/.exec(textOf(value))?.[1] ?? '' },
  '*sipuri_host': { exact: true, make: () => hostOf },
  '*sipuri_method': { exact: true, make: () => (value) => /^\S*/.exec(textOf(value))?.[0] ?? '' },
  '*e164': { exact: true, make: () => numberOf },
  '*e164Domain': { exact: true, make: () => domainOf },
}

function hostOf(value: Found): string {
  const text = textOf(value)
  const address = /\d{1,3}(?:\.\d{1,3}){3}:\d+/.exec(text) ?? /\d{1,3}(?:\.\d{1,3}){3}/.exec(text)
  return address?.[0] ?? /@([A-Za-z0-9_.-]*)/.exec(text)?.[1] ?? ''
}

/** A NAPTR name holds the digits of its number last to first. */
function numberOf(value: Found): string {
  const [, digits] = /^((?:\d\.)*\d)\.e164\./.exec(textOf(value)) ?? []
  if (digits === undefined) throw new MappingError('unknown format')
  return digits.split('.').reverse().join('')
}

function domainOf(value: Found): string {
  const text = textOf(value)
  const at = text.indexOf('.e164.')
  return (at < 0 ? text : text.slice(at)).replace(/^\.+|\.+$/g, '')
}
