import type { Evaluations } from '../core/evaluations.ts'
import type { ChargingEvent, EventFields, EventValue } from '../core/event.ts'
import { eventJson, fieldText } from '../core/event-values.ts'
import { formatTime } from '../core/time.ts'
import type { SharedCache } from '../mapping/selector.ts'
import { RUNS } from '../rpc/methods/chargers.ts'
import { RpcError } from '../rpc/rpc-error.ts'
import type { ChargerRun, ChargerSource } from '../services/chargers.ts'
import { SessionRefused } from '../services/errors.ts'
import type { Callee } from './remote-services.ts'

/** Chargers of another engine (`chargers_conns`). Reference 05, 3.3. */
export class RemoteChargers implements ChargerSource {
  readonly #callee: Callee
  readonly #evaluations: Evaluations
  readonly #cache: SharedCache | undefined

  /** cache: `*event_charges`, answers by the ID of their event; undefined: it is off. */
  constructor(callee: Callee, evaluations: Evaluations, cache: SharedCache | undefined) {
    this.#callee = callee
    this.#evaluations = evaluations
    this.#cache = cache
  }

  /** Throws Later, SessionRefused. */
  runsOf({ tenant, id, time, event, apiOpts }: ChargingEvent): ChargerRun[] {
    const held = id === '' ? undefined : this.#cache?.get(id)
    if (held !== undefined) return runsOfWire(held)
    const at = time === null ? null : formatTime({ ns: time, zone: 'UTC' })
    const argument = { Tenant: tenant, ID: id, Time: at, Event: event, APIOpts: apiOpts }
    // An agent gives its request another id each time it is run.
    const question = `ChargerSv1.ProcessEvent ${eventJson({ ...argument, ID: '' })}`
    const answer = this.#evaluations.ask(question, () => this.#ask(argument))
    if (answer === undefined) throw new SessionRefused('CHARGERS_ERROR:nothing waits for an answer')
    if (id !== '') this.#cache?.set(id, answer)
    return runsOfWire(answer)
  }

  async #ask(argument: Readonly<Record<string, unknown>>): Promise<NonNullable<EventValue>> {
    try {
      return ((await this.#callee.ask('ChargerSv1.ProcessEvent', argument)) ?? []) as NonNullable<EventValue>
    } catch (cause) {
      if (cause instanceof RpcError && cause.message === 'NOT_FOUND') return []
      throw new SessionRefused(`CHARGERS_ERROR:${cause instanceof Error ? cause.message : String(cause)}`)
    }
  }
}

function runsOfWire(answer: EventValue): ChargerRun[] {
  return RUNS.decode(answer).map((run) => {
    const event: EventFields = run.CGREvent.Event ?? {}
    return {
      chargerId: run.ChargerSProfile,
      runId: fieldText(event, 'RunID'),
      tenant: run.CGREvent.Tenant,
      event,
      apiOpts: run.CGREvent.APIOpts ?? {},
      attributeIds: run.AttributeSProfiles,
      altered: run.AlteredFields,
    }
  })
}
