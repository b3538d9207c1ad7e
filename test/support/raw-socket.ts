import { connect, type Socket } from 'node:net'

/** Port of a `host:port`. */
export function portOf(address: string | undefined): number {
  return Number(/:(\d+)$/.exec(address ?? '')?.[1])
}

export type TalkOptions = {
  /** Reads until this is there; without it until the server ends the connection. */
  until?: RegExp
  /** Ends the own side after what is sent. */
  ends?: boolean
  connect?: () => Socket
}

/** Sends octets piece by piece, each in a segment of its own, and gives everything that the server sends back, octet by octet. */
export function talk(
  address: string | undefined,
  pieces: readonly (string | Buffer)[],
  { until, ends = false, connect: open = () => connect(portOf(address), '127.0.0.1') }: TalkOptions = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = open()
    let received = ''
    socket.setNoDelay(true)
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => {
      received += text
      if (until?.test(received)) {
        resolve(received)
        socket.destroy()
      }
    })
    socket.on('error', reject)
    socket.on('close', () => {
      if (until === undefined) resolve(received)
      else reject(new Error(`closed after ${JSON.stringify(received)}`))
    })
    const send = (at: number) => {
      const piece = pieces[at]
      if (piece === undefined) {
        if (ends) socket.end()
        return
      }
      socket.write(piece, () => setImmediate(() => send(at + 1)))
    }
    send(0)
  })
}
