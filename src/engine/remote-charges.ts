import { randomUUID } from 'node:crypto'
import type { EventValue } from '../core/event.ts'
import { eventJson } from '../core/event-values.ts'
import type { CallCost } from '../rating/call-cost.ts'
import { eventCostOf } from '../rating/event-cost.ts'
import { CHARGE_KEY_LIFE_MS } from '../rpc/rpc-error.ts'
import { parseJson } from '../rpc/shape.ts'
import { callCostShape } from '../rpc/shapes/call-cost.ts'
import { callCostOfWire } from '../rpc/shapes/call-cost-reader.ts'
import { incrementsWire } from '../rpc/shapes/increments.ts'
import type { RecordKind, Unit } from '../store/unit-of-work.ts'
import type { Argument, OutgoingCalls, OutgoingParts } from './outgoing-calls.ts'
import type { Callee, CallOutcome } from './remote-services.ts'

/** What another engine was asked to charge, until a commit has taken up the cost or it is given back. */
type OpenCharge = { use: string; method: string; argument: string; sinceMs: number }

/** A charge, and how it ended. */
export type Charged = { key: string } & ({ cost: CallCost } | { error: string })

const LONGEST_RETRY_MS = 30_000

const CHARGES = 'remote-charge/'

const openChargeKind: RecordKind<OpenCharge> = {
  table: 'meta',
  write: ({ use, method, argument, sinceMs }, writer) =>
    void writer.json(JSON.stringify([use, method, argument, sinceMs])),
  decode(text) {
    const [use, method, argument, sinceMs] = JSON.parse(text) as [string, string, string, number]
    return { use, method, argument, sinceMs }
  },
}

export type RemoteChargesParts = Omit<OutgoingParts, 'newId' | 'wake'> & { calls: OutgoingCalls }

/**
 * Charges by other engines. Each is on record before it is made, and its record goes with the commit that takes up its cost: a charge
 * that no commit has taken up (its unit of work failed, or the process ended) is given back. What has no answer is asked again
 * under its key until it has one, where the other side knows keys. Reference 10, D2 and D7.
 */
export class RemoteCharges {
  readonly #parts: RemoteChargesParts
  readonly #timers = new Set<NodeJS.Timeout>()
  #isClosed = false

  constructor(parts: RemoteChargesParts) {
    this.#parts = parts
  }

  /** Has a charge made for the evaluation that runs now. Does not reject but for the store. */
  async charge(use: string, method: string, argument: Argument): Promise<Charged> {
    const { records, evaluations, callee } = this.#parts
    const key = randomUUID()
    const open = { use, method, argument: eventJson(argument as EventValue), sinceMs: Date.now() }
    let ended: CallOutcome | undefined
    evaluations.whenOver((durable) => {
      // Of a commit that fails nothing is known: the next start finds the record.
      const settle = () => this.#settle(key, open, ended, 0).catch((cause: unknown) => this.#failed(open, cause))
      if (durable === undefined) void settle()
      else durable.then(settle, () => undefined)
    })
    await records.run((unit) => unit.put(openChargeKind, CHARGES + key, open))
    ended = await callee(use).call(method, argument, key)
    if ('error' in ended) return { key, error: ended.error }
    try {
      return { key, cost: costOf(ended.result) }
    } catch (cause) {
      ended = { error: String(cause), isRepeatable: false, isUnknown: true }
      return { key, error: ended.error }
    }
  }

  /** Takes up a charge in a unit; false: one of this unit has done so. */
  takeUp(unit: Unit, key: string): boolean {
    if (unit.get(openChargeKind, CHARGES + key) === undefined) return false
    unit.delete(openChargeKind, CHARGES + key)
    return true
  }

  /** Gives back what an end of the process has left, before anything is charged again. Resolves when all of it was tried. */
  async recover(): Promise<void> {
    const left: Promise<void>[] = []
    for await (const [name, record] of this.#parts.store.scan('meta', { prefix: CHARGES })) {
      if (!this.#parts.isOurs(record)) continue
      const { value } = record
      const open = openChargeKind.decode(value, name)
      left.push(
        this.#settle(name.slice(CHARGES.length), open, undefined, 0).catch((cause: unknown) =>
          this.#failed(open, cause),
        ),
      )
    }
    await Promise.all(left)
  }

  close(): void {
    this.#isClosed = true
    for (const timer of this.#timers) clearTimeout(timer)
  }

  /** Gives a charge back unless it was taken up. ended: how it has ended, when this process knows. */
  async #settle(key: string, open: OpenCharge, ended: CallOutcome | undefined, tries: number): Promise<void> {
    const { records, callee } = this.#parts
    const isLeft = await records.run((unit) => unit.get(openChargeKind, CHARGES + key) !== undefined)
    if (!isLeft || this.#isClosed) return
    const isKnown = ended !== undefined && !('error' in ended && ended.isUnknown)
    if (!isKnown && Date.now() - open.sinceMs > CHARGE_KEY_LIFE_MS) return this.#giveUp(key, open)
    const argument = parseJson(open.argument) as Argument
    const outcome = isKnown ? ended : await this.#again(callee(open.use), open.method, argument, key, ended)
    if (outcome === 'unknown') return this.#giveUp(key, open)
    if (outcome === 'later') return this.#later(key, open, tries)
    const cost = 'result' in outcome ? costOf(outcome.result) : undefined
    await records.run((unit) => {
      unit.delete(openChargeKind, CHARGES + key)
      const increments = cost === undefined ? [] : incrementsWire(eventCostOf(cost, '', ''))
      if (increments.length === 0) return
      const back = { ...argument, Increments: increments }
      this.#parts.calls.put(unit, open.use, 'Responder.RefundIncrements', back, `${key}/back`)
    })
  }

  /** Asks again for an outcome that is not known. */
  async #again(
    callee: Callee,
    method: string,
    argument: Argument,
    key: string,
    before: CallOutcome | undefined,
  ): Promise<CallOutcome | 'later' | 'unknown'> {
    if (before !== undefined && 'error' in before && !before.isRepeatable) return 'unknown'
    if (!callee.isIdempotent) return 'unknown'
    const outcome = await callee.call(method, argument, key)
    // That it cannot be reached now says nothing of the first time.
    return 'error' in outcome && outcome.isRepeatable ? 'later' : outcome
  }

  #later(key: string, open: OpenCharge, tries: number): void {
    if (this.#isClosed) return
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer)
        this.#settle(key, open, undefined, tries + 1).catch((cause: unknown) => this.#failed(open, cause))
      },
      Math.min(1_000 * 2 ** tries, LONGEST_RETRY_MS),
    )
    this.#timers.add(timer)
  }

  async #giveUp(key: string, open: OpenCharge): Promise<void> {
    const { records, log } = this.#parts
    log('error', 'it stays unknown whether a charge was made', { ...open, key })
    await records.run((unit) => unit.delete(openChargeKind, CHARGES + key))
  }

  #failed({ use, method, argument }: OpenCharge, cause: unknown): void {
    if (!this.#isClosed)
      this.#parts.log('error', 'a charge could not be given back', { use, method, argument, cause: String(cause) })
  }
}

function costOf(result: unknown): CallCost {
  return callCostOfWire(callCostShape.decode(result))
}
