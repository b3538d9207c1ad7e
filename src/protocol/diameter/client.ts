import { connect, type Socket } from 'node:net'
import { TollgateError } from '../../core/errors.ts'
import { Framer } from './framing.ts'
import { Avp, Command, CommandFlag, DiameterMessage } from './message.ts'
import { encodeAvp } from './types.ts'
import { MessageWriter } from './writer.ts'

/** A peer that went away or did not answer as the protocol wants. */
export class DiameterClientError extends TollgateError {
  constructor(message: string) {
    super('DIAMETER_CLIENT_ERROR', message)
  }
}

export type ClientOptions = {
  host: string
  port: number
  originHost: string
  originRealm: string
  applicationId: number
}

/** The initiator side of one connection: capabilities exchange, requests matched to answers by Hop-by-Hop id. RFC 6733, 5. */
export class DiameterClient {
  readonly #socket: Socket
  readonly #options: ClientOptions
  readonly #framer = new Framer()
  readonly #waiting = new Map<number, { resolve: (answer: DiameterMessage) => void; reject: (cause: Error) => void }>()
  #nextId = 1

  private constructor(socket: Socket, options: ClientOptions) {
    this.#socket = socket
    this.#options = options
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => {
      const fault = this.#framer.push(chunk, (frame) => this.#deliver(new DiameterMessage(frame)))
      if (fault !== undefined) socket.destroy()
    })
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      for (const { reject } of this.#waiting.values()) reject(new DiameterClientError('the connection was closed'))
      this.#waiting.clear()
    })
  }

  /** Connects and exchanges capabilities. Rejects when the peer refuses. */
  static async connect(options: ClientOptions): Promise<DiameterClient> {
    const socket = connect(options.port, options.host)
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve)
      socket.once('error', reject)
    })
    const client = new DiameterClient(socket, options)
    const writer = client.begin(Command.CAPABILITIES_EXCHANGE, 0, 0)
    client.#writeOrigin(writer)
    encodeAvp(writer, 'Address', Avp.HOST_IP_ADDRESS, 0, '127.0.0.1')
    writer.unsigned32(Avp.VENDOR_ID, 0).text(Avp.PRODUCT_NAME, 'Tollgate client')
    writer.unsigned32(Avp.AUTH_APPLICATION_ID, options.applicationId)
    const answer = await client.send(writer.finish())
    const resultCode = answer.unsigned32(Avp.RESULT_CODE)
    if (resultCode !== 2001)
      throw new DiameterClientError(`capabilities were answered with Result-Code ${resultCode}, expected 2001`)
    return client
  }

  /** Begins a request under fresh ids (retransmissions change them by hand). */
  begin(commandCode: number, applicationId: number, flags: number = CommandFlag.PROXIABLE): MessageWriter {
    const id = this.#nextId++
    return new MessageWriter().begin({
      flags: CommandFlag.REQUEST | flags,
      commandCode,
      applicationId,
      hopByHopId: id,
      endToEndId: id,
    })
  }

  /** Sends a request as it is; resolves to its answer. */
  send(request: Buffer): Promise<DiameterMessage> {
    return new Promise((resolve, reject) => {
      this.#waiting.set(request.readUInt32BE(12), { resolve, reject })
      this.#socket.write(request)
    })
  }

  /** Sends a DPR, waits for the DPA and closes. */
  async close(): Promise<void> {
    const writer = this.begin(Command.DISCONNECT_PEER, 0, 0)
    this.#writeOrigin(writer)
    await this.send(writer.unsigned32(Avp.DISCONNECT_CAUSE, 0).finish())
    this.#socket.end()
  }

  /** Drops the connection as a crash would. */
  destroy(): void {
    this.#socket.destroy()
  }

  #writeOrigin(writer: MessageWriter): void {
    writer.text(Avp.ORIGIN_HOST, this.#options.originHost).text(Avp.ORIGIN_REALM, this.#options.originRealm)
  }

  #deliver(message: DiameterMessage): void {
    if (message.isRequest) {
      if (message.commandCode === Command.DEVICE_WATCHDOG) this.#answerWatchdog(message)
      return
    }
    const waiting = this.#waiting.get(message.hopByHopId)
    this.#waiting.delete(message.hopByHopId)
    waiting?.resolve(new DiameterMessage(Buffer.from(message.bytes)))
  }

  #answerWatchdog({ hopByHopId, endToEndId }: DiameterMessage): void {
    const header = { flags: 0, commandCode: Command.DEVICE_WATCHDOG, applicationId: 0, hopByHopId, endToEndId }
    const writer = new MessageWriter().begin(header).unsigned32(Avp.RESULT_CODE, 2001)
    this.#writeOrigin(writer)
    this.#socket.write(writer.finish())
  }
}
