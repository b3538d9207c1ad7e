import type { HttpRequest } from '../../agents/http/http-request.ts'
import { InvalidText } from '../../core/errors.ts'

const START = /^([A-Z]+) (\S+) HTTP\/1\.[01]\r?\n/

/** Whether octets begin as a request of HTTP/1. */
export function isHttpRequest(bytes: Buffer): boolean {
  return START.test(bytes.toString('latin1', 0, 8192))
}

/** The requests of one direction of a connection, or of a file. Throws InvalidText. RFC 9112. */
export function httpRequestsOf(bytes: Buffer): HttpRequest[] {
  const requests: HttpRequest[] = []
  for (let at = 0; at < bytes.length; ) {
    const text = bytes.toString('latin1', at)
    if (/^[\r\n]+$/.test(text)) break
    const end = /\r?\n\r?\n/.exec(text)
    const [, method = '', target = ''] = START.exec(text) ?? []
    if (method === '') throw new InvalidText(`octet ${at}: expected an HTTP request, such as "GET /path HTTP/1.1"`)
    const head = end === null ? text : text.slice(0, end.index)
    const headers = headersOf(head)
    const from = at + (end === null ? text.length : end.index + end[0].length)
    const { body, next } = bodyAt(bytes, from, headers)
    requests.push({ method, target, headers, body })
    at = next
  }
  return requests
}

function headersOf(head: string): Record<string, string> {
  const lines = head.split(/\r?\n/).slice(1)
  return Object.fromEntries(
    lines.flatMap((line) => {
      const [, name = '', value = ''] = /^([^:\s]+):\s*(.*?)\s*$/.exec(line) ?? []
      return name === '' ? [] : [[name.toLowerCase(), value]]
    }),
  )
}

/** By its length, in chunks, or, where neither is told, all that is there: files of requests are written by hand. */
function bodyAt(
  bytes: Buffer,
  from: number,
  headers: Readonly<Record<string, string>>,
): { body: Buffer; next: number } {
  if (headers['transfer-encoding']?.toLowerCase() === 'chunked') return chunksAt(bytes, from)
  const { 'content-length': length } = headers
  if (length === undefined) {
    const isNext = isHttpRequest(bytes.subarray(from))
    return isNext ? { body: Buffer.alloc(0), next: from } : { body: bytes.subarray(from), next: bytes.length }
  }
  const next = from + Number(length)
  if (!/^\d{1,9}$/.test(length) || next > bytes.length)
    throw new InvalidText(`Content-Length ${length} of a body of ${bytes.length - from} octets`)
  return { body: bytes.subarray(from, next), next }
}

function chunksAt(bytes: Buffer, from: number): { body: Buffer; next: number } {
  const chunks: Buffer[] = []
  for (let at = from; ; ) {
    const [line, digits = ''] = /^([\da-f]{1,8})[^\n]*\n/i.exec(bytes.toString('latin1', at, at + 256)) ?? []
    if (line === undefined) throw new InvalidText(`octet ${at}: expected the length of a chunk`)
    const size = Number.parseInt(digits, 16)
    const start = at + line.length
    if (start + size > bytes.length) throw new InvalidText(`octet ${at}: a chunk of ${size} octets is cut short`)
    if (size > 0) chunks.push(bytes.subarray(start, start + size))
    const [end = ''] = /^\r?\n/.exec(bytes.toString('latin1', start + size, start + size + 2)) ?? []
    at = start + size + end.length
    if (size === 0) return { body: Buffer.concat(chunks), next: at }
  }
}
