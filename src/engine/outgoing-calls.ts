import { randomUUID } from 'node:crypto'
import { type OutgoingCall, outgoingCallKind } from '../cdrs/outbox.ts'
import type { CallTarget } from '../cdrs/projector.ts'
import type { Evaluations } from '../core/evaluations.ts'
import type { EventValue } from '../core/event.ts'
import { eventJson } from '../core/event-values.ts'
import { parseJson } from '../rpc/shape.ts'
import type { DataStore, StoredRecord } from '../store/data-store.ts'
import type { RecordKind, Records, Unit } from '../store/unit-of-work.ts'
import type { Callee, CallOutcome } from './remote-services.ts'

/** An argument of a call. */
export type Argument = Readonly<Record<string, unknown>>

export type OutgoingParts = {
  /** Whether a record is for this engine to take care of, where others share the store. */
  isOurs: (record: StoredRecord) => boolean
  store: DataStore
  records: Records
  evaluations: Evaluations
  /** Behind the connections of a key of the configuration. */
  callee: (use: string) => Callee
  /** The next id of the outbox. key: for those who read it. */
  newId: (key: string) => string
  /** There is something in the outbox. */
  wake: () => void
  log: (level: 'warn' | 'error', message: string, fields: Record<string, unknown>) => void
}

/** Calls of one target at the same time. */
const AT_ONCE = 50
/** How long calls wait that the other side has refused. */
const REFUSED_MS = 300_000

/** What is done when it was done before, or cannot be told apart from that. */
const DONE = new Set(['EXISTS', 'SERVER_ERROR: EXISTS'])
/** What the other side does once by itself: its event has an id of its own. */
const HAS_OWN_ID = /^CDRsV1\./

const REFUSED = 'refused-call/'
const refusedCallKind: RecordKind<OutgoingCall> = { ...outgoingCallKind, table: 'meta' }

/**
 * Calls of other engines that wait for nobody: they are part of the commit that causes them, and are made until they are done,
 * over restarts of either side. Reference 10, D6.
 */
export class OutgoingCalls {
  readonly #parts: OutgoingParts
  #ticker: NodeJS.Timeout | undefined

  constructor(parts: OutgoingParts) {
    this.#parts = parts
  }

  /** Has a call made once the unit is durable. use: the key of the configuration that names the connections. */
  put(unit: Unit, use: string, method: string, argument: Argument, key: string = randomUUID()): void {
    const text = eventJson(argument as EventValue)
    unit.put(outgoingCallKind, this.#parts.newId(method), { use, method, argument: text, key })
    this.#parts.evaluations.whenOver(() => this.#parts.wake())
  }

  /** Who makes the calls of one key of the configuration. */
  target(use: string): CallTarget {
    return {
      id: `calls of ${use}`,
      use,
      isElsewhere: true,
      make: (batch) => this.#make(use, batch),
    }
  }

  /** The keys of the configuration whose connections calls are for that were refused before. */
  async refusedUses(): Promise<Set<string>> {
    const uses = new Set<string>()
    for await (const [name, { value }] of this.#parts.store.scan('meta', { prefix: REFUSED }))
      uses.add(refusedCallKind.decode(value, name).use)
    return uses
  }

  /** Takes up what was refused before. */
  start(): void {
    const again = () =>
      this.#again().catch((cause: unknown) =>
        this.#parts.log('error', 'refused calls could not be taken up', { cause: String(cause) }),
      )
    void again()
    this.#ticker = setInterval(again, REFUSED_MS)
  }

  close(): void {
    clearInterval(this.#ticker)
  }

  async #make(use: string, batch: readonly { id: string; call: OutgoingCall }[]): Promise<void> {
    const callee = this.#parts.callee(use)
    const waiting = batch.values()
    const done: string[] = []
    let failure: string | undefined
    const work = async () => {
      for (const { id, call } of waiting) {
        if (failure !== undefined) return
        const problem = await this.#one(callee, id, call)
        if (problem === undefined) done.push(id)
        else failure ??= problem
      }
    }
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, batch.length) }, work))
    if (done.length > 0)
      await this.#parts.records.run((unit) => {
        for (const id of done) unit.delete(outgoingCallKind, id)
      })
    if (failure !== undefined) throw new Error(failure)
  }

  /** Why a call is to be made again, undefined when it is over. */
  async #one(callee: Callee, id: string, call: OutgoingCall): Promise<string | undefined> {
    const { method, key } = call
    const isOnce = !callee.isIdempotent && !HAS_OWN_ID.test(method)
    // Nobody could tell the other side that it is the same call: it is not made again when its answer is lost.
    if (isOnce) await this.#parts.records.run((unit) => unit.delete(outgoingCallKind, id))
    const outcome = await callee.call(method, parseJson(call.argument) as Argument, key)
    if (!('error' in outcome) || DONE.has(outcome.error)) return undefined
    const isNotMade = outcome.isRepeatable && !outcome.isUnknown
    if (isOnce && isNotMade) await this.#parts.records.run((unit) => unit.put(outgoingCallKind, id, call))
    if (isOnce && outcome.isUnknown) {
      this.#parts.log('error', 'it stays unknown whether a call was done', { ...call, cause: outcome.error })
      return undefined
    }
    if (outcome.isUnknown || isNotMade) return outcome.error
    await this.#refused(id, call, outcome)
    return undefined
  }

  /** What the other side refuses does not hold up the others. */
  #refused(id: string, call: OutgoingCall, { error }: Extract<CallOutcome, { error: string }>): Promise<void> {
    this.#parts.log('error', 'a call was refused, it will be made again', { ...call, cause: error })
    return this.#parts.records.run((unit) => {
      // What is known of a key is its refusal.
      unit.delete(outgoingCallKind, id)
      unit.put(refusedCallKind, REFUSED + id, { ...call, key: randomUUID() })
    })
  }

  async #again(): Promise<void> {
    const { store, records, newId, wake } = this.#parts
    for await (const [name] of store.scan('meta', { prefix: REFUSED }))
      await records.run((unit) => {
        const call = unit.get(refusedCallKind, name)
        if (call === undefined) return
        unit.delete(refusedCallKind, name)
        unit.put(outgoingCallKind, newId(call.method), call)
      })
    wake()
  }
}
