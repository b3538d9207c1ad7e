import type { ReplyEntry } from '../../mapping/context.ts'
import { MappingError } from '../../mapping/value.ts'
import { jsonReply } from './json-reply.ts'
import { xmlReply } from './xml-reply.ts'

/** Payloads that a reply can have. Reference 07, 4. */
export const REPLY_PAYLOADS = ['*xml', '*text_plain', '*json'] as const
export type ReplyPayload = (typeof REPLY_PAYLOADS)[number]

export type HttpReply = { status: number; headers: Readonly<Record<string, string>>; body: string }

const STATUS = '*httpStatus'
const HEADER = '*httpHeader.'

const CONTENT_TYPES: Readonly<Record<ReplyPayload, string>> = {
  '*xml': 'text/xml; charset=utf-8',
  '*text_plain': 'text/plain; charset=utf-8',
  '*json': 'application/json; charset=utf-8',
}

/** The reply of `*rep`: `*httpStatus` and `*httpHeader.<Name>` are never in the body. Throws MappingError. Reference 07, 4. */
export function httpReply(payload: ReplyPayload, entries: readonly ReplyEntry[]): HttpReply {
  const inBody: ReplyEntry[] = []
  const headers: Record<string, string> = { 'Content-Type': CONTENT_TYPES[payload] }
  let status = 200
  for (const entry of entries) {
    const { path, value } = entry
    if (path === STATUS) status = statusOf(value)
    else if (path.startsWith(HEADER)) headers[path.slice(HEADER.length)] = value.replaceAll(/[\r\n]/g, ' ')
    else inBody.push(entry)
  }
  return { status, headers, body: inBody.length === 0 ? '' : bodyOf(payload, inBody) }
}

function statusOf(value: string): number {
  if (/^[2-5]\d\d$/.test(value)) return Number(value)
  throw new MappingError(`*rep.${STATUS}: ${JSON.stringify(value)}, expected 200 to 599`)
}

function bodyOf(payload: ReplyPayload, entries: readonly ReplyEntry[]): string {
  switch (payload) {
    case '*xml':
      return xmlReply(entries)
    case '*text_plain':
      return [...new Set(entries.map(({ path, value }) => `${path}=${value}\n`))].join('')
    case '*json':
      return jsonReply(entries)
  }
}
