import type { Socket } from 'node:net'
import { beginAnswer, errorAnswer, type Identity } from '../../protocol/diameter/answers.ts'
import { answerCapabilities, type LocalCapabilities } from '../../protocol/diameter/capabilities.ts'
import type { Dictionary } from '../../protocol/diameter/dictionary.ts'
import { Framer } from '../../protocol/diameter/framing.ts'
import { Avp, Command, CommandFlag, DiameterMessage } from '../../protocol/diameter/message.ts'
import { MessageWriter } from '../../protocol/diameter/writer.ts'

export type ConnectionOptions = {
  local: LocalCapabilities
  dictionary: Dictionary
  /** ms to wait for the peer's CER. */
  cerTimeoutMs: number
  /** ms of silence before a DWR, 0: none is sent. RFC 3539, 3.4. */
  watchdogMs: number
}

export type ConnectionEvents = {
  /** A request of an application, from an open peer. The answer goes to `send`. */
  request: (message: DiameterMessage, connection: Connection) => void
  opened: (connection: Connection) => void
  closed: (connection: Connection, reason: string) => void
}

/**
 * The responder side of one peer: Wait-CER, open, closing. Base commands are answered here, all other requests are handed
 * on. RFC 6733, 5; watchdog by RFC 3539; reference 07, 2.2.
 */
export class Connection {
  readonly remote: string
  readonly #socket: Socket
  readonly #options: ConnectionOptions
  readonly #events: ConnectionEvents
  readonly #framer = new Framer()
  #state: 'waitCer' | 'open' | 'closing' | 'closed' = 'waitCer'
  #timer: NodeJS.Timeout | undefined
  #silentPeriods = 0
  #peer: Identity = { originHost: '', originRealm: '' }
  #inFlight = 0
  #output: Buffer[] = []
  #nextHopByHopId = 1

  constructor(socket: Socket, options: ConnectionOptions, events: ConnectionEvents) {
    this.#socket = socket
    this.#options = options
    this.#events = events
    this.remote = `${socket.remoteAddress}:${socket.remotePort}`
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    socket.on('error', () => socket.destroy())
    socket.on('close', () => this.#ended('connection closed'))
    this.#timer = setTimeout(() => this.#abort('no CER in time'), options.cerTimeoutMs)
  }

  /** Identity that the peer gave in its CER; empty before. */
  get peer(): Identity {
    return this.#peer
  }

  get isOpen(): boolean {
    return this.#state === 'open'
  }

  /** Requests handed on and not answered yet. */
  get inFlight(): number {
    return this.#inFlight
  }

  /** Sends the answer to a request that was handed on. Answers of one turn of the event loop leave together. */
  answer(bytes: Buffer): void {
    this.#inFlight--
    this.#send(bytes)
    if (this.#state === 'closing' && this.#inFlight === 0) this.#finish()
  }

  /** Takes no more requests, waits for answers under way, then closes. */
  drain(): void {
    if (this.#state === 'closed') return
    this.#state = 'closing'
    if (this.#inFlight === 0) this.#finish()
  }

  #receive(chunk: Buffer): void {
    this.#silentPeriods = 0
    const fault = this.#framer.push(chunk, (frame) => this.#deliver(new DiameterMessage(frame)))
    if (fault === undefined) return
    const header = new DiameterMessage(Buffer.from(fault.header))
    if (this.#state === 'open' && header.isRequest) {
      this.#send(errorAnswer(header, fault.resultCode, this.#options.local, fault.message))
    }
    this.#flush()
    this.#abort(fault.message)
  }

  #deliver(message: DiameterMessage): void {
    if (this.#state === 'closed') return
    if (!message.isRequest) return
    if (this.#state === 'waitCer') {
      if (message.commandCode === Command.CAPABILITIES_EXCHANGE) this.#exchangeCapabilities(message)
      return
    }
    switch (message.commandCode) {
      case Command.CAPABILITIES_EXCHANGE:
        return
      case Command.DEVICE_WATCHDOG:
        this.#send(this.#baseAnswer(message))
        return
      case Command.DISCONNECT_PEER:
        this.#send(this.#baseAnswer(message))
        this.drain()
        return
      default:
        if (this.#state === 'closing') {
          this.#send(errorAnswer(message, 3004, this.#options.local, 'the peer is closing'))
          return
        }
        this.#inFlight++
        this.#events.request(message, this)
    }
  }

  #exchangeCapabilities(message: DiameterMessage): void {
    const { accepted, answer, originHost, originRealm } = answerCapabilities(
      message,
      this.#options.local,
      this.#options.dictionary,
    )
    clearTimeout(this.#timer)
    this.#send(answer)
    if (!accepted) {
      this.#flush()
      this.#abort('capabilities do not match')
      return
    }
    this.#peer = { originHost, originRealm }
    this.#state = 'open'
    this.#armWatchdog()
    this.#events.opened(this)
  }

  #baseAnswer(request: DiameterMessage): Buffer {
    const writer = beginAnswer(new MessageWriter(256), request)
    const { originHost, originRealm } = this.#options.local
    return writer
      .unsigned32(Avp.RESULT_CODE, 2001)
      .text(Avp.ORIGIN_HOST, originHost)
      .text(Avp.ORIGIN_REALM, originRealm)
      .finish()
  }

  /** One period of silence: ask; another one after it: the peer is gone. */
  #armWatchdog(): void {
    const { watchdogMs } = this.#options
    if (watchdogMs === 0) return
    this.#timer = setInterval(() => {
      this.#silentPeriods++
      if (this.#silentPeriods > 2) this.#abort('watchdog: the peer is silent')
      else if (this.#silentPeriods === 1) this.#send(this.#watchdogRequest())
    }, watchdogMs)
  }

  #watchdogRequest(): Buffer {
    const id = this.#nextHopByHopId++
    const { originHost, originRealm } = this.#options.local
    const header = {
      flags: CommandFlag.REQUEST,
      commandCode: Command.DEVICE_WATCHDOG,
      applicationId: 0,
      hopByHopId: id,
      endToEndId: id,
    }
    return new MessageWriter(256)
      .begin(header)
      .text(Avp.ORIGIN_HOST, originHost)
      .text(Avp.ORIGIN_REALM, originRealm)
      .finish()
  }

  #send(bytes: Buffer): void {
    if (this.#state === 'closed') return
    if (this.#output.push(bytes) === 1) process.nextTick(() => this.#flush())
  }

  #flush(): void {
    if (this.#output.length === 0 || this.#state === 'closed') return
    const [only] = this.#output
    this.#socket.write(this.#output.length === 1 && only !== undefined ? only : Buffer.concat(this.#output))
    this.#output = []
  }

  #finish(): void {
    this.#flush()
    this.#socket.end()
    this.#ended('disconnected')
  }

  #abort(reason: string): void {
    this.#socket.end()
    this.#ended(reason)
    // A peer that does not close its side is not waited for.
    setTimeout(() => this.#socket.destroy(), 1_000).unref()
  }

  #ended(reason: string): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    clearTimeout(this.#timer)
    this.#events.closed(this, reason)
  }
}
