import type { EventFields } from '../core/event.ts'
import { jsonOf, type MappingContext } from './context.ts'
import { TemplateError } from './value.ts'

/** Asks a URL by GET and gives the body of its answer. body: JSON to send. Throws Later until it is known, MappingError. */
export type HttpLookup = (url: string, body: string | undefined) => string

/** The URL of a type `*http#[URL]`; undefined: it is another type. Throws TemplateError for one without a URL of http or https. */
export function httpUrl(type: string): string | undefined {
  if (type === '*http') throw new TemplateError('url is not specified')
  if (!type.startsWith('*http#')) return undefined
  const text = type.slice('*http#'.length)
  const url = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text
  if (!/^https?:\/\//.test(url) || !URL.canParse(url))
    throw new TemplateError(`${type}: expected a URL in brackets, such as *http#[http://127.0.0.1:8080/path]`)
  return url
}

/**
 * What is told of a request: an event whole; of a protocol message, which is no JSON, what was made of it. Compact JSON with sorted
 * keys. Reference 02, 5.3 and 6.3.
 */
export function requestJson<M, G>({ message, opts, tenant, vars, request, reply }: MappingContext<M, G>): string {
  const isEvent = typeof message === 'object' && message !== null && Object.getPrototypeOf(message) === Object.prototype
  const areas: EventFields = { '*opts': opts, '*tenant': tenant, '*vars': vars }
  return jsonOf(
    isEvent ? { ...areas, '*req': message as EventFields } : { ...areas, '*cgreq': request, '*cgrep': reply },
  )
}
