import { InvalidText, TollgateError } from '../../core/errors.ts'
import type { ChargingEvent, EventFields } from '../../core/event.ts'
import { MappingError, TemplateError } from '../../mapping/value.ts'

/** What attributes have made of an event. */
export type Attributed = {
  /** `tenant:id` of the profile of each run, inline ones as they are. */
  readonly matched: readonly string[]
  /** Paths that were written, each once, in the order of their first change. */
  readonly altered: readonly string[]
  /** Its own copy. */
  readonly event: ChargingEvent
}

/** Attributes could not be told: its message is what clients of AttributeSv1 see. */
export class AttributesRefused extends TollgateError {
  constructor(message: string) {
    super('ATTRIBUTES_REFUSED', message)
  }
}

/** AttributeS, of this process or of another. */
export interface AttributeCaller {
  /** Changes a copy of an event; undefined: no profile matches. Throws AttributesRefused, Later. */
  process(event: ChargingEvent): Attributed | undefined
}

/** For whom events are changed: the option `*subsys`, and the context unless the event has one. */
export type Subsystem = '*sessions' | '*chargers' | '*cdrs'

/**
 * Changes an event for a subsystem. ids: profiles to use; null: those that match; undefined: what the event says. A context that was
 * only for this call is not in the options of the result. Throws AttributesRefused, Later. Reference 05, 1.5.
 */
export function attributed(
  attributes: AttributeCaller,
  event: ChargingEvent,
  subsystem: Subsystem,
  ids: readonly string[] | null | undefined,
): Attributed | undefined {
  const { '*context': given } = event.apiOpts
  const isGiven = given !== undefined && given !== ''
  const apiOpts: EventFields = { ...event.apiOpts, '*subsys': subsystem }
  if (ids !== undefined) apiOpts['*attrProfileIDs'] = ids
  if (!isGiven) apiOpts['*context'] = subsystem
  const done = attributes.process({ ...event, apiOpts })
  if (done === undefined || isGiven) return done
  const { '*context': _, ...others } = done.event.apiOpts
  return { ...done, event: { ...done.event, apiOpts: others } }
}

/** The fields that were changed and are still there, by their names. */
export function alteredFields(altered: readonly string[], event: EventFields): EventFields {
  const fields: EventFields = {}
  for (const path of altered) {
    const name = path.replace(/^\*req\./, '')
    const value = event[name]
    if (value !== undefined) fields[name] = value
  }
  return fields
}

/** Runs a part of a call: what filters and values cannot tell is refused, with a text before it. */
export function refusing<R>(prefix: '' | 'SERVER_ERROR: ', work: () => R): R {
  try {
    return work()
  } catch (cause) {
    if (cause instanceof MappingError || cause instanceof InvalidText || cause instanceof TemplateError)
      throw new AttributesRefused(prefix + cause.message)
    throw cause
  }
}
