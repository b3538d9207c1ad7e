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

/** Disconnect-Cause of a gateway that stops. RFC 6733, 5.4.3. */
const REBOOTING = 0
/** How long a peer may take to agree to a disconnect. */
const DPA_TIMEOUT_MS = 1_000
/** Watchdogs of many peers must not fall together: RFC 3539, 3.4.1 wants 2 s of jitter, from periods of 6 s on. */
const JITTER_MS = 2_000

function jittered(periodMs: number): number {
  return periodMs < 3 * JITTER_MS ? periodMs : periodMs + (2 * Math.random() - 1) * JITTER_MS
}

/**
 * The responder side of one peer: Wait-CER, open, closing, waiting for the DPA. Base commands are answered here, all other requests are handed
 * on. RFC 6733, 5; watchdog by RFC 3539; reference 07, 2.2.
 */
export class Connection {
  readonly remote: string
  readonly #socket: Socket
  readonly #options: ConnectionOptions
  readonly #events: ConnectionEvents
  readonly #framer = new Framer()
  #state: 'waitCer' | 'open' | 'closing' | 'waitDpa' | 'closed' = 'waitCer'
  #timer: NodeJS.Timeout | undefined
  /** Periods of the watchdog without a word from the peer. */
  #silentPeriods = 0
  #heardMs = 0
  /** The peer has asked to be disconnected. */
  #isAsked = false
  #peer: Identity = { originHost: '', originRealm: '' }
  #inFlight = 0
  #output: Buffer[] = []
  #nextHopByHopId = 1
  /** Requests of ours that wait for their answer, by Hop-by-Hop id. */
  readonly #asked = new Map<number, (answer: DiameterMessage | undefined) => void>()

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

  /** Sends a request of ours whose answer changes nothing. build: gives its octets, under a Hop-by-Hop id. */
  send(build: (id: number) => Buffer): void {
    this.#send(build(this.#nextHopByHopId++))
  }

  /** Sends a request of ours; its answer, undefined when none comes in time or the connection is lost. */
  ask(build: (id: number) => Buffer, timeoutMs: number): Promise<DiameterMessage | undefined> {
    const id = this.#nextHopByHopId++
    this.#send(build(id))
    return new Promise((resolve) => {
      const settle = (answer: DiameterMessage | undefined) => {
        clearTimeout(timer)
        this.#asked.delete(id)
        resolve(answer)
      }
      const timer = setTimeout(settle, timeoutMs, undefined)
      this.#asked.set(id, settle)
    })
  }

  /** Tells the peer to go and closes when it agrees, whatever it says; undefined: it does not, and stays. RFC 6733, 5.4. */
  async disconnect(cause: number, timeoutMs: number): Promise<DiameterMessage | undefined> {
    const answer = await this.ask((id) => this.#disconnectRequest(id, cause), timeoutMs)
    if (answer !== undefined && this.#state !== 'closed') this.#leave()
    return answer
  }

  /** Takes no more requests, waits for answers under way, then tells the peer to go (DPR) and closes. RFC 6733, 5.4. */
  drain(): void {
    if (this.#state === 'closed' || this.#state === 'waitDpa') return
    if (this.#state === 'waitCer') {
      this.#abort('the gateway stops')
      return
    }
    this.#state = 'closing'
    if (this.#inFlight === 0) this.#finish()
  }

  #receive(chunk: Buffer): void {
    this.#heardMs = Date.now()
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
    if (!message.isRequest) {
      // An answer to nothing that was asked is not looked at. Its octets are a view of what the socket gave.
      this.#asked.get(message.hopByHopId)?.(new DiameterMessage(Buffer.from(message.bytes)))
      if (this.#state === 'waitDpa' && message.commandCode === Command.DISCONNECT_PEER) this.#leave()
      return
    }
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
        this.#isAsked = true
        if (this.#state === 'waitDpa') this.#leave()
        else this.drain()
        return
      default:
        if (this.#state !== 'open') {
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

  /** After one period of silence the peer is asked, after two more it is gone. RFC 3539, 3.4.1. */
  #armWatchdog(): void {
    const { watchdogMs } = this.#options
    if (watchdogMs === 0) return
    this.#heardMs = Date.now()
    const check = () => {
      const silentMs = Date.now() - this.#heardMs
      if (this.#silentPeriods === 0 && silentMs < watchdogMs) {
        this.#timer = setTimeout(check, watchdogMs - silentMs)
        return
      }
      this.#silentPeriods++
      if (this.#silentPeriods > 2) {
        this.#abort('watchdog: the peer is silent')
        return
      }
      if (this.#silentPeriods === 1) this.send((id) => this.#baseRequest(Command.DEVICE_WATCHDOG, id).finish())
      this.#timer = setTimeout(check, jittered(watchdogMs))
    }
    this.#timer = setTimeout(check, jittered(watchdogMs))
  }

  #disconnectRequest(id: number, cause: number): Buffer {
    return this.#baseRequest(Command.DISCONNECT_PEER, id).unsigned32(Avp.DISCONNECT_CAUSE, cause).finish()
  }

  #baseRequest(commandCode: number, id: number): MessageWriter {
    const { originHost, originRealm } = this.#options.local
    return new MessageWriter(256)
      .begin({ flags: CommandFlag.REQUEST, commandCode, applicationId: 0, hopByHopId: id, endToEndId: id })
      .text(Avp.ORIGIN_HOST, originHost)
      .text(Avp.ORIGIN_REALM, originRealm)
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

  /** Everything is answered: closes, after a DPR when the peer has not asked for it. */
  #finish(): void {
    if (this.#isAsked) {
      this.#leave()
      return
    }
    this.#state = 'waitDpa'
    this.send((id) => this.#disconnectRequest(id, REBOOTING))
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#leave(), DPA_TIMEOUT_MS)
  }

  #leave(): void {
    this.#flush()
    this.#abort('disconnected')
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
    for (const settle of [...this.#asked.values()]) settle(undefined)
    this.#events.closed(this, reason)
  }
}
