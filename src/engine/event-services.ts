import { type Account, accountSummary } from '../accounting/account.ts'
import { type Cdr, type CdrNotice, wholeEventOfCdr } from '../cdrs/cdr.ts'
import { leadElsewhere } from '../config/checks/connections.ts'
import type { Config } from '../config/schema.ts'
import { NotFound, TollgateError } from '../core/errors.ts'
import type { Evaluations } from '../core/evaluations.ts'
import type { ChargingEvent, EventFields, EventValue } from '../core/event.ts'
import { formatTime, type ZonedTime } from '../core/time.ts'
import type { FilterLookups } from '../filters/sides.ts'
import { accountSummaryWire, eventCostWire } from '../rating/event-cost-wire.ts'
import type { RpcClient } from '../rpc/client/connections.ts'
import { errorText } from '../rpc/method.ts'
import type { SessionNoticed } from '../rpc/methods/told-sessions.ts'
import type { Causes, EventService } from '../services/event-service.ts'
import type { SessionNotice } from '../sessions/notices.ts'
import type { DataStore } from '../store/data-store.ts'
import type { Records } from '../store/unit-of-work.ts'
import type { ProfileState } from './profile-state.ts'
import { ResourcesService, type ResourcesServiceOptions } from './resources-service.ts'
import { StatsService, type StatsServiceOptions } from './stats-service.ts'
import { ThresholdsService, type ThresholdsServiceOptions } from './thresholds-service.ts'

export type EventServicesParts = {
  readonly store: DataStore
  readonly records: Records
  readonly evaluations: Evaluations
  /** A client over connections, those of this process among them. */
  readonly client: (conns: readonly string[]) => RpcClient
  readonly lookups: Pick<FilterLookups, 'accounts' | 'service' | 'phoneNames'>
  readonly now: () => ZonedTime
  readonly newUuid: () => string
  /** Runs a set of actions for a threshold. */
  readonly runSet: ThresholdsServiceOptions['runSet']
  readonly log: (level: 'info' | 'warn' | 'error', message: string, fields: Record<string, unknown>) => void
}

/** The methods by which services are told of events. */
const METHODS = { stats: 'StatSv1.ProcessEvent', thresholds: 'ThresholdSv1.ProcessEvent' } as const
type ServiceName = keyof typeof METHODS

/** Statistics and thresholds while they are on, and what is told of events: in this process or over connections. Nothing of it is part of a charge. */
export class EventServices {
  readonly #parts: EventServicesParts
  #config: Config
  #profiles: ProfileState | undefined
  stats: StatsService | undefined
  resources: ResourcesService | undefined
  thresholds: ThresholdsService | undefined

  constructor(config: Config, parts: EventServicesParts) {
    this.#config = config
    this.#parts = parts
  }

  /** Takes up profiles and state of the services that are on. */
  async open(profiles: ProfileState): Promise<void> {
    this.#profiles = profiles
    await this.#switch()
  }

  /** Other settings from the next event on; services come and go. */
  async configure(config: Config): Promise<void> {
    this.#config = config
    this.thresholds?.configure(config, this.#thresholdsOptions())
    this.stats?.configure(config, this.#statsOptions())
    this.resources?.configure(config, this.#resourcesOptions())
    await this.#switch()
  }

  /** Stores what is not stored yet. */
  async close(): Promise<void> {
    await this.#closeStats()
    await this.#closeResources()
    await this.#closeThresholds()
  }

  async #closeStats(): Promise<void> {
    const { stats } = this
    this.stats = undefined
    await stats?.close()
  }

  async #closeResources(): Promise<void> {
    const { resources } = this
    this.resources = undefined
    await resources?.close()
  }

  async #closeThresholds(): Promise<void> {
    const { thresholds } = this
    this.thresholds = undefined
    await thresholds?.close()
  }

  async #switch(): Promise<void> {
    const profiles = this.#profiles
    if (profiles === undefined) return
    const config = this.#config
    const { store, records } = this.#parts
    // Those who are told come first.
    if (!config.thresholds.enabled) await this.#closeThresholds()
    else this.thresholds ??= await ThresholdsService.open(config, profiles, store, records, this.#thresholdsOptions())
    if (!config.stats.enabled) await this.#closeStats()
    else this.stats ??= await StatsService.open(config, profiles, store, records, this.#statsOptions())
    if (!config.resources.enabled) await this.#closeResources()
    else this.resources ??= await ResourcesService.open(config, profiles, store, records, this.#resourcesOptions())
  }

  #resourcesOptions(): ResourcesServiceOptions {
    const { now, newUuid, log } = this.#parts
    const { thresholds_conns } = this.#config.resources
    return { now, newUuid, log, thresholds: this.service('thresholds', thresholds_conns) }
  }

  #thresholdsOptions(): ThresholdsServiceOptions {
    const { now, newUuid, runSet, log } = this.#parts
    return { now, newUuid, runSet, log, exported: this.#exporter(this.#config.thresholds.ees_conns) }
  }

  #statsOptions(): StatsServiceOptions {
    const { now, newUuid, lookups, log } = this.#parts
    const { stats } = this.#config
    const exported = this.#exporter(stats.ees_conns)
    return {
      now,
      newUuid,
      lookups,
      log,
      thresholds: this.service('thresholds', stats.thresholds_conns),
      exported: exported && ((event) => exported(event, stats.ees_exporter_ids)),
    }
  }

  /** Exporters behind connections, as StatS and others tell them. Reference 06, 5.6. */
  #exporter(conns: readonly string[]): ((event: ChargingEvent, ids: readonly string[]) => Promise<void>) | undefined {
    if (conns.length === 0) return undefined
    return async (event, ids) => {
      await this.#call(conns, 'EeSv1.ProcessEvent', { EeIDs: ids, ...wireOf(event) })
    }
  }

  /** A service behind connections; undefined: there are none. */
  service(name: ServiceName, conns: readonly string[]): EventService | undefined {
    if (conns.length === 0) return undefined
    if (leadElsewhere(this.#config, name, conns))
      return {
        processEvent: async (event) => (await this.#call(conns, METHODS[name], wireOf(event))) as string[],
      }
    const { evaluations } = this.#parts
    return {
      processEvent: async (event, causes) => {
        const service = this.#own(name)
        if (service === undefined) throw notConnected(name)
        return evaluations.run(() => service.processEvent(event, causes))
      },
    }
  }

  #own(name: ServiceName): EventService | undefined {
    return name === 'stats' ? this.stats?.stats : this.thresholds?.thresholds
  }

  async #call(conns: readonly string[], method: string, argument: unknown): Promise<unknown> {
    try {
      return await this.#parts.client(conns).call(method, argument)
    } catch (cause) {
      const text = errorText(cause)
      if (text === 'NOT_FOUND') throw new NotFound()
      throw new TollgateError('CALL_FAILED', text)
    }
  }

  /**
   * Tells statistics of CDRs, as they or the configuration say; whether all could be told. To be called when the CDRs are durable.
   * Reference 05, 9.1.
   */
  async cdrsMade(cdrs: readonly Cdr[]): Promise<boolean> {
    const { cdrs: section, general } = this.#config
    const services = [
      { name: 'thresholds', key: 'toThresholds', service: this.service('thresholds', section.thresholds_conns) },
      { name: 'stats', key: 'toStats', service: this.service('stats', section.stats_conns) },
    ] as const
    let isTold = true
    for (const cdr of cdrs) {
      // One that another engine makes is told by that engine.
      if (cdr.notice === undefined) continue
      const { apiOpts, causes, ...wanted }: CdrNotice = cdr.notice
      let fields: EventFields | undefined
      for (const { name, key, service } of services) {
        if (!(wanted[key] ?? service !== undefined)) continue
        fields ??= wholeEventOfCdr(cdr, detailsOf(cdr, general.rounding_decimals))
        const event = { ...this.#event(cdr.tenant, fields), apiOpts: { ...apiOpts, '*eventType': 'CDR' } }
        isTold = (await this.#told(name, service, event, causes)) && isTold
      }
    }
    return isTold
  }

  #event(tenant: string, event: EventFields): ChargingEvent {
    return { tenant, id: this.#parts.newUuid(), time: this.#parts.now().ns, event, apiOpts: {} }
  }

  async #told(
    name: ServiceName,
    service: EventService | undefined,
    event: ChargingEvent,
    causes: Causes | undefined,
  ): Promise<boolean> {
    try {
      if (service === undefined) throw notConnected(name)
      await service.processEvent(event, causes)
    } catch (cause) {
      if (cause instanceof NotFound) return true
      if (!(cause instanceof TollgateError)) throw cause
      this.#parts.log('warn', 'a CDR could not be told', {
        to: name,
        cgrId: event.event['CGRID'],
        cause: cause.message,
      })
      return false
    }
    return true
  }

  /**
   * Tells thresholds and statistics of an account, when its change is durable: nothing that holds it waits for them. before: as it was before
   * the debit. causes: thresholds that have published it. Reference 04, 2.5.
   */
  accountUpdated(account: Account, before: Account, causes?: Causes): void {
    const { stats_conns, thresholds_conns } = this.#config.rals
    const summary = accountSummaryWire(accountSummary(account, before)) as EventFields
    const event = this.#event(account.tenant, { EventType: 'AccountUpdate', ...summary })
    for (const [name, conns] of [
      ['thresholds', thresholds_conns],
      ['stats', stats_conns],
    ] as const) {
      const service = this.service(name, conns)
      if (service === undefined) continue
      const update = { ...event, apiOpts: { '*eventType': 'AccountUpdate' } }
      void service.processEvent(update, causes).catch((cause: unknown) => {
        if (!(cause instanceof NotFound))
          this.#parts.log('warn', 'an account could not be told', {
            to: name,
            account: account.id,
            cause: String(cause),
          })
      })
    }
  }

  /** What lets something (`tenant:id`) of a service begin anew for actions of the scheduler; undefined: it is not connected. */
  reset(name: ServiceName): ((target: string) => Promise<void>) | undefined {
    const conns = this.#config.schedulers[`${name}_conns`]
    if (conns.length === 0) return undefined
    return async (target) => {
      const colon = target.indexOf(':')
      const named = { Tenant: target.slice(0, Math.max(colon, 0)), ID: target.slice(colon + 1) }
      if (!leadElsewhere(this.#config, name, conns)) {
        const own = name === 'stats' ? this.stats?.stats : this.thresholds?.thresholds
        if ((await own?.reset(named.Tenant, named.ID)) !== true) throw new NotFound()
        return
      }
      await this.#call(conns, name === 'stats' ? 'StatSv1.ResetStatQueue' : 'ThresholdSv1.ResetThreshold', named)
    }
  }

  /** Whether sessions are connected with those who are to be told. */
  canTell({ thresholds, stats }: SessionNotice): boolean {
    const { thresholds_conns, stats_conns } = this.#config.sessions
    return (!thresholds || thresholds_conns.length > 0) && (!stats || stats_conns.length > 0)
  }

  /** Tells thresholds and statistics of the event of a call of sessions. Reference 05, 7. */
  async sessionEvent(event: ChargingEvent, wanted: SessionNotice): Promise<SessionNoticed> {
    const tell = async (name: ServiceName, option: string, ids: readonly string[]) => {
      const service = this.service(name, this.#config.sessions[`${name}_conns`])
      const apiOpts = ids.length === 0 ? event.apiOpts : { ...event.apiOpts, [option]: ids }
      try {
        if (service === undefined) throw notConnected(name)
        return await service.processEvent({ ...event, apiOpts })
      } catch (cause) {
        if (cause instanceof NotFound) return null
        if (!(cause instanceof TollgateError)) throw cause
        this.#parts.log('warn', 'an event of sessions could not be told', {
          to: name,
          event: event.id,
          cause: cause.message,
        })
        return { error: cause.message }
      }
    }
    const { thresholds, thresholdIds, stats, statIds } = wanted
    return {
      thresholds: thresholds ? await tell('thresholds', '*thdProfileIDs', thresholdIds) : undefined,
      stats: stats ? await tell('stats', '*stsProfileIDs', statIds) : undefined,
    }
  }
}

function notConnected(name: ServiceName): TollgateError {
  return new TollgateError('NOT_CONNECTED', `NOT_CONNECTED: ${name === 'stats' ? 'StatS' : 'ThresholdS'}`)
}

function detailsOf({ costDetails }: Cdr, decimals: number): EventValue {
  return costDetails === undefined ? null : (eventCostWire(costDetails, decimals) as EventValue)
}

/** An event as it goes over connections. */
export function wireOf({ tenant, id, time, event, apiOpts }: ChargingEvent): Record<string, unknown> {
  const Time = time === null ? null : formatTime({ ns: time, zone: 'UTC' })
  return { Tenant: tenant, ID: id, Time, Event: event, APIOpts: apiOpts }
}
