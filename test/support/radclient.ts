import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { requirePrograms } from './debian-packages.ts'

requirePrograms({ radclient: 'freeradius-utils' })

export type RadclientRun = {
  /** The datagram that radclient has sent. */
  request: Buffer
  /** `address:port` that it came from. */
  remote: string
  /** What radclient printed: the attributes that it sent and got, and whether the reply was right. */
  output: string
}

/**
 * Lets FreeRADIUS' radclient build a request and send it to a loopback socket. attributes: its lines (`User-Name = "a"`); answer: makes the
 * reply, which radclient checks with the secret.
 */
export async function radclient(
  kind: 'auth' | 'acct' | 'status',
  attributes: readonly string[],
  secret: string,
  answer: (request: Buffer, remote: string) => Buffer | Promise<Buffer>,
): Promise<RadclientRun> {
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const sent = new Promise<{ request: Buffer; remote: string }>((resolve, reject) => {
    socket.once('message', async (request, { address, port }) => {
      const remote = `${address}:${port}`
      try {
        socket.send(await answer(request, remote), port, address)
        resolve({ request, remote })
      } catch (cause) {
        reject(cause)
      }
    })
  })
  const child = spawn('radclient', ['-x', '-r', '1', '-t', '20', `127.0.0.1:${socket.address().port}`, kind, secret])
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk
  })
  child.stderr.on('data', (chunk: Buffer) => {
    output += chunk
  })
  child.stdin.end(`${attributes.join('\n')}\n`)
  const closed = once(child, 'close')
  try {
    const { request, remote } = await Promise.race([
      sent,
      closed.then(() => {
        throw new Error(`radclient has sent nothing: ${output}`)
      }),
    ])
    await closed
    return { request, remote, output }
  } finally {
    child.kill()
    socket.close()
  }
}
