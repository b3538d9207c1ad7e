import { InvalidText } from '../../core/errors.ts'
import type { EventFields } from '../../core/event.ts'
import { isCapture, readCapture, type Segment } from '../../protocol/pcap.ts'
import { isHttpRequest } from './http-text.ts'

/** What a file of messages holds, by how it looks. */
export type MessageInput =
  | { kind: 'capture'; segments: readonly Segment[] }
  | { kind: 'octets'; messages: readonly Buffer[] }
  | { kind: 'json'; messages: readonly EventFields[] }
  | { kind: 'http'; bytes: Buffer }
  | { kind: 'xml'; text: string }
  | { kind: 'query'; text: string }
  | { kind: 'row'; text: string }

/** How each kind is called. */
export const INPUT_NAMES: Readonly<Record<MessageInput['kind'], string>> = {
  capture: 'a pcap',
  octets: 'hexadecimal octets',
  json: 'JSON',
  http: 'an HTTP request',
  xml: 'XML',
  query: 'a query string',
  row: 'a CSV row',
}

/**
 * Tells what a file holds: a pcap, HTTP requests, one message of hexadecimal octets per paragraph, JSON, XML, query strings, or a CSV
 * row. Throws InvalidText.
 */
export function inputOf(bytes: Buffer): MessageInput {
  if (isCapture(bytes)) return { kind: 'capture', segments: readCapture(bytes) }
  if (isHttpRequest(bytes)) return { kind: 'http', bytes }
  const text = bytes.toString('utf8').trim()
  if (text === '') throw new InvalidText('the file of messages is empty')
  if (/^[[{]/.test(text)) return { kind: 'json', messages: objectsOf(text) }
  if (text.startsWith('<')) return { kind: 'xml', text }
  const paragraphs = text.split(/\n\s*\n/).map((each) => each.replace(/^#.*$/gm, '').replace(/[\s:]|0x/g, ''))
  const octets = paragraphs.filter((each) => each !== '')
  if (octets.every((each) => /^(?:[\da-f]{2})+$/i.test(each)))
    return { kind: 'octets', messages: octets.map((each) => Buffer.from(each, 'hex')) }
  const odd = octets.findIndex((each) => /^[\da-f]+$/i.test(each) && each.length % 2 === 1)
  if (odd >= 0)
    throw new InvalidText(
      `message ${odd + 1} of hexadecimal octets has ${octets[odd]?.length} digits: the last octet is cut`,
    )
  return /^\??[^\s,;]*=/.test(text) ? { kind: 'query', text } : { kind: 'row', text }
}

function objectsOf(text: string): EventFields[] {
  const parsed: unknown = parsedJson(text)
  const list = Array.isArray(parsed) ? parsed : [parsed]
  const objects = list.filter(
    (each): each is EventFields => typeof each === 'object' && each !== null && !Array.isArray(each),
  )
  if (objects.length !== list.length) throw new InvalidText('JSON messages: expected an object, or a list of objects')
  return objects
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new InvalidText(`JSON messages: ${cause instanceof Error ? cause.message : cause}`)
  }
}
