import { textOf } from '../context.ts'
import type { ConverterTable } from '../converters.ts'
import { type Found, MappingError } from '../value.ts'
import { bytesOf } from './text.ts'

/** Converters of URLs, as Go's package net/url reads and writes them. Reference 02, 4. */
export const URL_CONVERTERS: ConverterTable = {
  '*urldecode': { exact: true, make: () => (value) => percentDecode(textOf(value), true) },
  '*urlencode': { exact: true, make: () => encode },
}

/** Throws MappingError for a `%` that two hexadecimal digits do not follow. */
function percentDecode(text: string, isQuery: boolean): string {
  const bad = /%(?![\da-fA-F]{2}).{0,2}/s.exec(text)
  if (bad !== null) throw new MappingError(`invalid URL escape ${JSON.stringify(bad[0])}`)
  const plain = isQuery ? text.replaceAll('+', ' ') : text
  if (!plain.includes('%')) return plain
  const octets = plain
    .split(/(%[\da-fA-F]{2})/)
    .map((part, i) => (i % 2 === 1 ? Buffer.from(part.slice(1), 'hex') : Buffer.from(part)))
  return Buffer.concat(octets).toString()
}

/** Escapes every octet that is no letter, digit or in `kept`. */
function percentEncode(text: string, kept: string): string {
  let escaped = ''
  for (const octet of Buffer.from(text)) {
    const char = String.fromCharCode(octet)
    escaped +=
      /[A-Za-z0-9\-_.~]/.test(char) || kept.includes(char)
        ? char
        : `%${octet.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return escaped
}

function queryEscape(text: string): string {
  return percentEncode(text, ' ').replaceAll(' ', '+')
}

/** With a host the query is sorted and written again; without one the path is escaped as a query and the rest is lost. */
function encode(value: Found): string {
  const text = bytesOf(value).toString()
  const [, scheme = '', authority, path = '', query, fragment] =
    /^([A-Za-z][A-Za-z0-9+.-]*:)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s.exec(text) ?? []
  const decoded = parsed(text, path)
  if (authority === undefined || authority === '') return queryEscape(decoded)
  const pairs = (query ?? '').split('&').filter((pair) => pair !== '' && !pair.includes(';'))
  const sorted = pairs
    .map((pair) => {
      const [name = '', ...rest] = pair.split('=')
      return [percentDecode(name, true), percentDecode(rest.join('='), true)] as const
    })
    .map(([name, each], i) => ({ name, each, i }))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.i - b.i))
    .map(({ name, each }) => `${queryEscape(name)}=${queryEscape(each)}`)
  const tail = fragment === undefined ? '' : `#${percentEncode(percentDecode(fragment, false), "!$&'()*+,/:;=?@")}`
  return `${scheme.toLowerCase()}//${authority}${percentEncode(decoded, '$&+,/:;=@')}${sorted.length === 0 ? '' : `?${sorted.join('&')}`}${tail}`
}

function parsed(text: string, path: string): string {
  try {
    return percentDecode(path, false)
  } catch (cause) {
    throw cause instanceof MappingError ? new MappingError(`parse ${JSON.stringify(text)}: ${cause.message}`) : cause
  }
}
