import type { IncomingMessage, ServerResponse } from 'node:http'
import { sendText } from './http-listener.ts'

/** Reads a whole body as text, up to `maxOctets`; a longer one is answered with 413. */
export function readBody(
  request: IncomingMessage,
  response: ServerResponse,
  maxOctets: number,
  done: (body: string) => void,
): void {
  const chunks: Buffer[] = []
  let length = 0
  request.on('data', (chunk: Buffer) => {
    length += chunk.length
    if (length <= maxOctets) chunks.push(chunk)
  })
  request.on('end', () => {
    if (length <= maxOctets) done(Buffer.concat(chunks).toString('utf8'))
    else sendText(response, 413, '413 request entity too large\n', { Connection: 'close' })
  })
}
