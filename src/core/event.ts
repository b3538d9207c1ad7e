import type { Decimal } from './decimal.ts'

/**
 * A value of an event field. Usage written by templates may be a bigint (nanoseconds or plain units); amounts are Decimal;
 * everything that came over JSON keeps its JSON type. Reference 05, 1.1.
 */
export type EventValue = string | number | bigint | boolean | null | Decimal | EventFields | readonly EventValue[]

/** The fields of an event, or a nested object in one; keys are case-sensitive and keep their order. */
export type EventFields = { [name: string]: EventValue }

/** The envelope that agents, readers and RPC clients hand to the services (the CGREvent). Reference 05, 1.1. */
export type ChargingEvent = {
  tenant: string
  /** Request id; empty when the sender gave none. */
  id: string
  /** Event time in ns since the epoch; null: activation intervals are not tested. */
  time: bigint | null
  event: EventFields
  apiOpts: EventFields
}
