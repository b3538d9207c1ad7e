import { connect, type Socket } from 'node:net'
import { Framer } from '../../src/protocol/diameter/framing.ts'
import { Avp, Command, CommandFlag, DiameterMessage } from '../../src/protocol/diameter/message.ts'
import { MessageWriter } from '../../src/protocol/diameter/writer.ts'

/** A TCP connection to a Diameter listener that sends any bytes and keeps what comes back, in order. */
export class RawPeer {
  readonly #socket: Socket
  readonly #framer = new Framer()
  readonly #received: DiameterMessage[] = []
  readonly #waiting: ((message: DiameterMessage | undefined) => void)[] = []
  /** Resolves when the other side has closed. */
  readonly closed: Promise<void>

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('error', () => undefined)
    socket.on('data', (chunk: Buffer) => {
      this.#framer.push(chunk, (frame) => {
        const message = new DiameterMessage(Buffer.from(frame))
        const waiter = this.#waiting.shift()
        if (waiter === undefined) this.#received.push(message)
        else waiter(message)
      })
    })
    this.closed = new Promise((closed) => {
      socket.on('end', () => {
        for (const waiter of this.#waiting.splice(0)) waiter(undefined)
        closed()
      })
    })
  }

  static async connect(port: number): Promise<RawPeer> {
    const socket = connect(port, '127.0.0.1')
    await new Promise<void>((connected, failed) => socket.once('connect', connected).once('error', failed))
    return new RawPeer(socket)
  }

  /** Connects and exchanges capabilities. */
  static async open(port: number): Promise<RawPeer> {
    const peer = await RawPeer.connect(port)
    peer.send(capabilities().finish())
    await peer.next()
    return peer
  }

  send(bytes: Uint8Array): void {
    this.#socket.write(bytes)
  }

  /** The next message, undefined when the other side closes without one. */
  next(): Promise<DiameterMessage | undefined> {
    const [held] = this.#received.splice(0, 1)
    return held === undefined ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve(held)
  }

  destroy(): void {
    this.#socket.destroy()
  }
}

/** A request begun, with ids 7 and 9. */
export function request(
  commandCode: number,
  applicationId: number,
  flags: number = CommandFlag.REQUEST,
): MessageWriter {
  return new MessageWriter(512).begin({ flags, commandCode, applicationId, hopByHopId: 7, endToEndId: 9 })
}

/** A CER of a peer that offers credit control; more AVPs may follow. */
export function capabilities(): MessageWriter {
  return request(Command.CAPABILITIES_EXCHANGE, 0)
    .text(Avp.ORIGIN_HOST, 'pgw')
    .text(Avp.ORIGIN_REALM, 'operator.example')
    .octets(Avp.HOST_IP_ADDRESS, Buffer.from([0, 1, 127, 0, 0, 1]))
    .unsigned32(Avp.VENDOR_ID, 0)
    .text(Avp.PRODUCT_NAME, 'raw')
    .unsigned32(Avp.AUTH_APPLICATION_ID, 4)
}
