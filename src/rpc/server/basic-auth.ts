import { hash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { type Page, sendText, type Upgrade } from './http-listener.ts'

/** Users of HTTP Basic with the SHA-256 of their passwords; undefined: nobody is asked. */
export type BasicAuth = ReadonlyMap<string, Buffer> | undefined

/** http.auth_users: passwords in base64, by user. Reference 01, 4.3. */
export function basicAuthOf(isUsed: boolean, users: Readonly<Record<string, string>>): BasicAuth {
  if (!isUsed) return undefined
  return new Map(
    Object.entries(users).map(([user, encoded]) => [user, hash('sha256', Buffer.from(encoded, 'base64'), 'buffer')]),
  )
}

/** A page that only users may see. Reference 01, 7.2. */
export function guardPage(users: BasicAuth, page: Page): Page {
  if (users === undefined) return page
  return (request, response, visit) => {
    if (isUser(users, request)) {
      page(request, response, visit)
      return
    }
    request.resume()
    sendText(response, 401, 'Not authorized\n', { 'WWW-Authenticate': CHALLENGE, 'X-Content-Type-Options': 'nosniff' })
  }
}

export function guardUpgrade(users: BasicAuth, upgrade: Upgrade): Upgrade {
  if (users === undefined) return upgrade
  return (request, socket, head, visit) => {
    if (isUser(users, request)) upgrade(request, socket, head, visit)
    else socket.end(REFUSED)
  }
}

const CHALLENGE = 'Basic realm="Restricted"'
const REFUSED = [
  'HTTP/1.1 401 Unauthorized',
  `WWW-Authenticate: ${CHALLENGE}`,
  'Content-Type: text/plain; charset=utf-8',
  'Content-Length: 15',
  'Connection: close',
  '',
  'Not authorized\n',
].join('\r\n')

function isUser(users: ReadonlyMap<string, Buffer>, { headers }: IncomingMessage): boolean {
  const encoded = /^Basic +([A-Za-z0-9+/=]+)$/i.exec(headers.authorization ?? '')?.[1]
  if (encoded === undefined) return false
  const credentials = Buffer.from(encoded, 'base64')
  const colon = credentials.indexOf(0x3a)
  if (colon < 0) return false
  const expected = users.get(credentials.toString('utf8', 0, colon))
  return expected !== undefined && timingSafeEqual(expected, hash('sha256', credentials.subarray(colon + 1), 'buffer'))
}
