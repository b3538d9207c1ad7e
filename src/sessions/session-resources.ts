import { InvalidText } from '../core/errors.ts'
import type { ChargingEvent } from '../core/event.ts'
import { eventJson, fieldText, originHash } from '../core/event-values.ts'
import { SessionRefused } from '../services/errors.ts'
import type { ResourceCall, ResourceCaller } from '../services/resources/caller.ts'
import { ResourceRefused } from '../services/resources/resources.ts'
import type { Session } from './session.ts'

/** What was answered to an event, and the event as it was told. */
export type Allocated = { readonly message: string; readonly event: ChargingEvent }

type Warn = (message: string, fields: Record<string, unknown>) => void

/** Ends of sessions that nobody asks for release what may never have been allocated. */
const NOTHING_TO_RELEASE = /^NOT_FOUND$|^cannot find usage record with id: /

/** Units in use by sessions: one for each, under its OriginID. Reference 05, 7; 06, 3. */
export class SessionResources {
  readonly #caller: ResourceCaller | undefined
  readonly #warn: Warn

  /** caller: undefined: no resources_conns. */
  constructor(caller: ResourceCaller | undefined, warn: Warn) {
    this.#caller = caller
    this.#warn = warn
  }

  /** Throws SessionRefused when resources are not connected. */
  check(): void {
    if (this.#caller === undefined) throw new SessionRefused('NOT_CONNECTED: ResourceS')
  }

  /** Whether there is room; nothing is recorded. given: the event before attributes changed it. Throws SessionRefused, Later. */
  authorize(event: ChargingEvent, given: ChargingEvent): Allocated {
    const { event: fields } = given
    // An id of nobody, the same when the question comes again.
    return this.#ask('AuthorizeResources', event, fieldText(fields, 'OriginID') || originHash(eventJson(fields), ''))
  }

  /**
   * Allocates, and charges then; what the charge refuses gives the usage back. isKnown: whether a session is there that holds it. Throws
   * SessionRefused, Later, and what charge throws.
   */
  allocate<R>(
    event: ChargingEvent,
    given: ChargingEvent,
    charge: (event: ChargingEvent) => R,
    isKnown: () => boolean,
  ): Allocated & { readonly charged: R } {
    const usageId = usageIdOf(given)
    const allocated = this.#ask('AllocateResources', event, usageId)
    try {
      return { ...allocated, charged: charge(allocated.event) }
    } catch (cause) {
      if ((cause instanceof SessionRefused || cause instanceof InvalidText) && !isKnown())
        this.#giveBack(allocated.event, usageId)
      throw cause
    }
  }

  /** Forgets the usage of an event. Throws SessionRefused, Later. */
  release(event: ChargingEvent, given: ChargingEvent): Allocated {
    return this.#ask('ReleaseResources', event, usageIdOf(given))
  }

  /** Forgets the usage of a session whose end nobody has asked for. Throws Later. Reference 05, 6.12. */
  ended({ tenant, originId, eventStart, optsStart }: Session): void {
    if (this.#caller === undefined || originId === '') return
    this.#giveBack({ tenant, id: '', time: null, event: eventStart, apiOpts: optsStart }, originId)
  }

  #giveBack(event: ChargingEvent, usageId: string): void {
    try {
      this.#ask('ReleaseResources', event, usageId)
    } catch (cause) {
      if (!(cause instanceof SessionRefused)) throw cause
      const text = cause.message.slice(PREFIX.length)
      if (!NOTHING_TO_RELEASE.test(text)) this.#warn('a usage of resources was not released', { usageId, cause: text })
    }
  }

  #ask(call: ResourceCall, event: ChargingEvent, usageId: string): Allocated {
    this.check()
    const told = { ...event, apiOpts: { ...event.apiOpts, '*rsUsageID': usageId, '*rsUnits': 1 } }
    try {
      return { message: this.#caller?.call(call, told) ?? '', event: told }
    } catch (cause) {
      throw cause instanceof ResourceRefused ? new SessionRefused(PREFIX + cause.message) : cause
    }
  }
}

const PREFIX = 'RESOURCES_ERROR:'

function usageIdOf({ event }: ChargingEvent): string {
  const originId = fieldText(event, 'OriginID')
  if (originId === '') throw new SessionRefused('MANDATORY_IE_MISSING: [OriginID]')
  return originId
}
