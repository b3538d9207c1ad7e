import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { promisify } from 'node:util'
import { requirePrograms } from './debian-packages.ts'

requirePrograms({ curl: 'curl' })

/** The octets of the request that curl sends to a loopback socket for a path. args: what it is to send. */
export async function curl(path: string, args: readonly string[]): Promise<Buffer> {
  const received: Buffer[] = []
  const server = createServer((socket) => {
    socket.on('data', (chunk: Buffer) => {
      received.push(chunk)
      if (isWhole(Buffer.concat(received)))
        socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
    })
    socket.on('error', () => undefined)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  try {
    await promisify(execFile)('curl', ['-sS', '-m', '20', ...args, `http://127.0.0.1:${port}${path}`])
  } finally {
    server.close()
  }
  return Buffer.concat(received)
}

/** Whether the body is there, by the length that curl tells. */
function isWhole(bytes: Buffer): boolean {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return false
  const length = /^content-length: *(\d+)/im.exec(bytes.toString('latin1', 0, end))?.[1] ?? '0'
  return bytes.length >= end + 4 + Number(length)
}
