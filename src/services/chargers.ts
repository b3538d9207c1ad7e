import type { ChargingEvent, EventFields } from '../core/event.ts'

/** A charger profile, compiled: its filters are one predicate. Reference 05, 3.1. */
export type Charger = {
  tenant: string
  id: string
  runId: string
  weight: number
  /** ns since the epoch, inclusive; undefined: no bound. */
  activeFrom: bigint | undefined
  /** ns since the epoch, exclusive; undefined: no bound. */
  activeUntil: bigint | undefined
  matches(event: ChargingEvent): boolean
  /** Fields that the profile sets on the event of its run (inline `*constant` attributes), in order. */
  constants: readonly { field: string; value: string }[]
}

/** One billing run of an event: the run's own copy of it. */
export type ChargerRun = { chargerId: string; runId: string; event: EventFields }

/**
 * Forks an event into one event per billing run. Reference 05, 3.2 and 3.3.
 * Immutable: a load of profiles makes a new one. Equal weights run in the order of their ids.
 */
export class Chargers {
  readonly #byTenant = new Map<string, Charger[]>()

  constructor(chargers: readonly Charger[]) {
    for (const charger of chargers) {
      const list = this.#byTenant.get(charger.tenant)
      if (list === undefined) this.#byTenant.set(charger.tenant, [charger])
      else list.push(charger)
    }
    for (const list of this.#byTenant.values()) {
      list.sort((a, b) => b.weight - a.weight || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0))
    }
  }

  /** The runs, heaviest charger first; empty when no charger matches. */
  runsOf(event: ChargingEvent): ChargerRun[] {
    const runs: ChargerRun[] = []
    for (const charger of this.#byTenant.get(event.tenant) ?? []) {
      if (!isActive(charger, event.time) || !charger.matches(event)) continue
      const fields: EventFields = { ...event.event, RunID: charger.runId }
      for (const { field, value } of charger.constants) fields[field] = value
      runs.push({ chargerId: charger.id, runId: charger.runId, event: fields })
    }
    return runs
  }
}

function isActive(charger: Charger, time: bigint | null): boolean {
  if (time === null) return true
  if (charger.activeFrom !== undefined && time < charger.activeFrom) return false
  return charger.activeUntil === undefined || time < charger.activeUntil
}
