import type { RecordKind } from '../store/unit-of-work.ts'
import { type Cdr, decodeCdr, writeCdr } from './cdr.ts'

/** A CDR on its way out. id: its own; what comes again under it is the same CDR. */
export type OutboxCdr = { id: string; cdr: Cdr }

/**
 * A call of another engine that is made once what has caused it is durable. use: the key of the configuration that names the
 * connections (`sessions.cdrs_conns`). argument: JSON. key: what the call is known by when it comes again.
 */
export type OutgoingCall = { use: string; method: string; argument: string; key: string }

/** What waits in the outbox, under an id that sorts in the order in which it came. */
export type OutboxEntry = { id: string } & ({ cdr: Cdr; call?: never } | { call: OutgoingCall; cdr?: never })

/** CDRs on their way to the CDR store, the writers and other engines. */
export const outboxKind: RecordKind<Cdr> = {
  table: 'outbox',
  isTransient: true,
  write: writeCdr,
  decode: decodeCdr,
}

/** Calls on their way to other engines, beside the CDRs. */
export const outgoingCallKind: RecordKind<OutgoingCall> = {
  table: 'outbox',
  isTransient: true,
  write: ({ use, method, argument, key }, writer) => void writer.json(JSON.stringify([use, method, argument, key])),
  decode(text) {
    const [use, method, argument, key] = JSON.parse(text) as [string, string, string, string]
    return { use, method, argument, key }
  },
}

/** Reads what the outbox holds: a call is a list. */
export function decodeOutbox(id: string, text: string): OutboxEntry {
  return text.startsWith('[') ? { id, call: outgoingCallKind.decode(text, id) } : { id, cdr: decodeCdr(text) }
}
