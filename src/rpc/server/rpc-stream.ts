import type { ScanFault } from '../json/scanner.ts'
import { type Answer, UNREADABLE } from './json-rpc.ts'

/** Cuts the messages out of what comes in. */
export interface MessageSource<M> {
  push(chunk: Buffer): void
  /** The next whole message, undefined when there is none yet, or none can be found any more. */
  next(): M | undefined
  /** The input has ended: a message that only its end makes whole. */
  end(): M | undefined
  /** Why nothing more can be read. */
  readonly fault: ScanFault | undefined
  /** Whether a message has begun to come in. */
  readonly isWithinValue: boolean
}

/** Where the replies of a stream go, and how it slows its peer down. */
export interface Outlet<R> {
  send(reply: R): void
  /** Stop and go on reading from the peer. */
  pause(): void
  resume(): void
  /** All that was asked is answered, and nothing more can come. fault: why the input could not be read to its end. */
  finish(fault: ScanFault | undefined): void
}

export type StreamLimits = {
  /** Octets of one message. */
  readonly maxRequest: number
  /** Calls under way at which reading waits. */
  readonly maxPending: number
}

/**
 * One stream of messages (M) and of replies (R): every message is handled as soon as it is there, replies leave in the order in which they come.
 * Where the input ends, or cannot be read any further, what is under way is still answered. Reference 01, 7.1.
 */
export class RpcStream<M, R> {
  readonly #source: MessageSource<M>
  readonly #outlet: Outlet<R>
  readonly #handle: (message: M) => Answer<R>
  readonly #maxPending: number
  #pending = 0
  #hasEnded = false
  #isHeld = false
  #isPaused = false
  #isGone = false
  #isPumping = false
  #isUnreadable = false
  #isFinished = false
  /** When the last octets came, and since when the message that is not whole yet is read. */
  #heardAtMs = Date.now()

  /** maxPending: calls under way at which reading waits. */
  constructor(source: MessageSource<M>, handle: (message: M) => Answer<R>, outlet: Outlet<R>, maxPending: number) {
    this.#source = source
    this.#handle = handle
    this.#outlet = outlet
    this.#maxPending = maxPending
  }

  push(chunk: Buffer): void {
    if (this.#hasStopped) return
    if (!this.#source.isWithinValue) this.#heardAtMs = Date.now()
    this.#source.push(chunk)
    this.#pump()
  }

  /** The peer sends no more. */
  end(): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#pump()
  }

  /** The peer does not take more for now; true: it does again. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld
    if (!isHeld) this.#pump()
  }

  /** The connection is lost: what is under way runs to its end, its replies go nowhere. */
  drop(): void {
    this.#isGone = true
  }

  /** How long nothing has been under way, or a message has not become whole, in ms. */
  silence(nowMs: number): { idleMs: number; partialMs: number } {
    const ms = nowMs - this.#heardAtMs
    const isPartial = this.#source.isWithinValue && !this.#isPaused
    return { idleMs: this.#pending === 0 && !isPartial ? ms : 0, partialMs: isPartial ? ms : 0 }
  }

  get #hasStopped(): boolean {
    return this.#hasEnded || this.#isUnreadable || this.#isGone || this.#source.fault !== undefined
  }

  #pump(): void {
    // A reply that is sent at once may hold or release the stream while it is read.
    if (this.#isPumping) return
    this.#isPumping = true
    while (!this.#mustWait && !this.#isUnreadable && !this.#isGone) {
      const message = this.#next()
      if (message === undefined) break
      this.#take(message)
    }
    this.#isPumping = false
    this.#slowDown()
    this.#finishWhenDone()
  }

  #next(): M | undefined {
    return this.#source.next() ?? (this.#hasEnded ? this.#source.end() : undefined)
  }

  get #mustWait(): boolean {
    return this.#isHeld || this.#pending >= this.#maxPending
  }

  #take(message: M): void {
    const answer = this.#handle(message)
    if (answer === UNREADABLE) this.#isUnreadable = true
    else if (!(answer instanceof Promise)) this.#send(answer)
    else {
      this.#pending++
      void answer.then((reply) => {
        const waited = this.#pending-- >= this.#maxPending
        this.#heardAtMs = Date.now()
        this.#send(reply)
        if (waited) this.#pump()
        else this.#finishWhenDone()
      })
    }
  }

  #send(reply: R | ''): void {
    if (reply !== '' && !this.#isGone) this.#outlet.send(reply)
  }

  #slowDown(): void {
    const pauses = this.#mustWait && !this.#hasStopped
    if (pauses === this.#isPaused) return
    this.#isPaused = pauses
    if (pauses) this.#outlet.pause()
    else this.#outlet.resume()
  }

  #finishWhenDone(): void {
    if (this.#isFinished || this.#isGone || this.#pending > 0 || this.#isPumping) return
    const { fault } = this.#source
    if (!this.#isUnreadable && fault === undefined && (!this.#hasEnded || this.#mustWait)) return
    this.#isFinished = true
    this.#outlet.finish(this.#isUnreadable ? 'syntax' : fault)
  }
}
