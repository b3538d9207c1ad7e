import type { EventFields } from '../../core/event.ts'
import { MappingError } from '../../mapping/value.ts'
import { parseXml, type XmlElement } from '../../mapping/xml/xml-document.ts'

/** A request as it came, before anything of its payload is read. */
export type HttpRequest = {
  method: string
  /** Path and query. */
  target: string
  /** By lower-case name; the last of repeated ones. */
  headers: Readonly<Record<string, string>>
  body: Buffer
}

/** What a request says, by the `request_payload` of its agent. */
export type HttpMessage = {
  request: HttpRequest
  payload:
    | { kind: 'url'; parameters: URLSearchParams }
    | { kind: 'xml'; document: XmlElement }
    | { kind: 'json'; tree: EventFields }
}

/** Payloads that a request can have. Reference 07, 4. */
export const REQUEST_PAYLOADS = ['*url', '*xml', '*json'] as const
export type RequestPayload = (typeof REQUEST_PAYLOADS)[number]

/** Octets of a body that is read. */
export const MAX_BODY = 1 << 20

/** Reads the payload. Throws MappingError for one that cannot be read. Reference 07, 4. */
export async function readHttpMessage(request: HttpRequest, payload: RequestPayload): Promise<HttpMessage> {
  const { body } = request
  if (body.length > MAX_BODY) throw new MappingError(`http: request body too large: ${body.length} octets`)
  switch (payload) {
    case '*url':
      return { request, payload: { kind: 'url', parameters: await parametersOf(request) } }
    case '*xml':
      return { request, payload: { kind: 'xml', document: parseXml(body.toString('utf8')) } }
    case '*json':
      return { request, payload: { kind: 'json', tree: jsonOf(body.toString('utf8')) } }
  }
}

/** Path of the request, without the query. */
export function pathOf({ target }: HttpRequest): string {
  return target.split('?')[0] ?? ''
}

/** Parameters of the form go before those of the query: the first of a name counts. */
async function parametersOf({ method, target, headers, body }: HttpRequest): Promise<URLSearchParams> {
  const query = target.includes('?') ? target.slice(target.indexOf('?') + 1) : ''
  const parameters = ['POST', 'PUT', 'PATCH'].includes(method)
    ? await formOf(headers['content-type'] ?? '', body)
    : new URLSearchParams()
  for (const [name, value] of new URLSearchParams(query)) parameters.append(name, value)
  return parameters
}

/** Bodies that are no form say nothing. */
async function formOf(contentType: string, body: Buffer): Promise<URLSearchParams> {
  const kind = contentType.split(';')[0]?.trim().toLowerCase()
  if (kind === 'application/x-www-form-urlencoded') return new URLSearchParams(body.toString('utf8'))
  const parameters = new URLSearchParams()
  if (kind !== 'multipart/form-data') return parameters
  try {
    const form = await new Response(new Uint8Array(body), { headers: { 'content-type': contentType } }).formData()
    for (const [name, value] of form) if (typeof value === 'string') parameters.append(name, value)
  } catch (cause) {
    throw new MappingError(`multipart: ${cause instanceof Error ? cause.message : cause}`)
  }
  return parameters
}

/** Numbers keep the text that they came as: none loses digits. */
function jsonOf(text: string): EventFields {
  let tree: unknown
  try {
    tree = JSON.parse(text, function (this: unknown, _key, value: unknown, context?: { source?: string }) {
      return typeof value === 'number' ? (context?.source ?? String(value)) : value
    } as (key: string, value: unknown) => unknown)
  } catch (cause) {
    throw new MappingError(cause instanceof Error ? cause.message : String(cause))
  }
  if (typeof tree !== 'object' || tree === null || Array.isArray(tree))
    throw new MappingError('the body is no JSON object')
  return tree as EventFields
}
