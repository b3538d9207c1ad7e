import type { Decimal } from '../core/decimal.ts'
import { TollgateError } from '../core/errors.ts'
import type { EventFields, EventValue } from '../core/event.ts'
import type { ZonedTime } from '../core/time.ts'

/**
 * What a selector reads or a converter makes; undefined is NOT_FOUND. Usage stays a bigint and octets a Buffer until text is
 * needed. A Duration prints as Go does, an Instant as RFC 3339; lists and objects of an event are JSON.
 */
export type Value =
  | string
  | number
  | bigint
  | boolean
  | null
  | Decimal
  | Buffer
  | Duration
  | Instant
  | EventFields
  | readonly EventValue[]
  | undefined

/** Usage that prints as a duration (`1m30s`). Reference 02, 1.1. */
export class Duration {
  readonly ns: bigint

  constructor(ns: bigint) {
    this.ns = ns
  }
}

/** An instant among typed values. */
export class Instant {
  readonly time: ZonedTime

  constructor(time: ZonedTime) {
    this.time = time
  }
}

/** A value that was found. */
export type Found = Exclude<Value, undefined>

/** A template, value or filter that cannot be compiled: where it stands and what is wrong with it. */
export class TemplateError extends TollgateError {
  /** Index of the fault in the text that was compiled, where one is known. */
  readonly offset: number | undefined

  constructor(message: string, offset?: number) {
    super('TEMPLATE_ERROR', message)
    this.offset = offset
  }
}

/** A template that failed for one message; the message is refused. Texts of reference 07, 1.6. */
export class MappingError extends TollgateError {
  constructor(message: string) {
    super('MAPPING_ERROR', message)
  }
}
