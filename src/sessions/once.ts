import { Decimal } from '../core/decimal.ts'
import { TollgateError } from '../core/errors.ts'
import type { RecordKind, Unit } from '../store/unit-of-work.ts'
import type { SessionCall } from './sessions.ts'

/** How a call ended, kept so that it can come again. call: what it was. */
export type Outcome<R> = { call: string } & ({ result: R } | { error: string })

/** Where an outcome is written now, and everywhere it may lie. */
export type OutcomeKeys = { written: string; looked: readonly string[] }

/** Outcomes of calls with an idempotency key, in the table of answers. */
export const outcomeKind: RecordKind<Outcome<unknown>> = {
  table: 'answer',
  write: (outcome, writer) => void writer.json(JSON.stringify(outcome, tagged)),
  decode: (text) => JSON.parse(text, untagged) as Outcome<unknown>,
}

/** A key that was used before for another call. */
export class KeyReused extends TollgateError {
  constructor(call: string) {
    super('IDEMPOTENCY_KEY_REUSED', `IDEMPOTENCY_KEY_REUSED: used before for ${call}`)
  }
}

/**
 * A call that takes effect once, however often it comes under its key: a repeat gets the first outcome, refusals too, and is as
 * durable as the first. call: what it does and to what, so that a key which is used for two is noticed. errorText: text of a
 * refusal; throws what is none: nothing is kept then. Throws KeyReused. Reference 10, D2.
 */
export function once<R>(
  work: SessionCall<R>,
  call: string,
  keys: OutcomeKeys,
  errorText: (cause: unknown) => string,
): SessionCall<Outcome<R>> {
  return (unit, sessions) => onceIn(unit, call, keys, errorText, () => work(unit, sessions))
}

/** As `once`, of any part of a unit of work. */
export function onceIn<R, D extends { result: R }>(
  unit: Unit,
  call: string,
  { written, looked }: OutcomeKeys,
  errorText: (cause: unknown) => string,
  work: () => D,
): (Omit<D, 'result'> & { result: Outcome<R> }) | { result: Outcome<R> } {
  for (const key of looked) {
    const known = unit.get(outcomeKind, key) as Outcome<R> | undefined
    if (known === undefined) continue
    if (known.call !== call) throw new KeyReused(known.call)
    // The first may not be on disk yet: a commit after its own is not before it.
    unit.put(outcomeKind, key, known)
    return { result: known }
  }
  try {
    const done = unit.attempt(work)
    const outcome = { call, result: done.result }
    unit.put(outcomeKind, written, outcome)
    return { ...done, result: outcome }
  } catch (cause) {
    const outcome = { call, error: errorText(cause) }
    unit.put(outcomeKind, written, outcome)
    return { result: outcome }
  }
}

/** JSON has neither usage of any length nor exact amounts. */
function tagged(this: Record<string, unknown>, name: string, json: unknown): unknown {
  const value = this[name]
  if (typeof value === 'bigint') return { '*integer': String(value) }
  return value instanceof Decimal ? { '*decimal': value.toString() } : json
}

function untagged(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if ('*integer' in value) return BigInt(String(value['*integer']))
  return '*decimal' in value ? Decimal.parse(String(value['*decimal'])) : value
}
