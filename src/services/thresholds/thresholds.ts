import { NotFound } from '../../core/errors.ts'
import type { ChargingEvent, EventFields } from '../../core/event.ts'
import { valueText } from '../../core/event-values.ts'
import type { ZonedTime } from '../../core/time.ts'
import { eventContext } from '../../filters/event-reader.ts'
import type { ProfileSet } from '../../filters/profile-set.ts'
import { booleanOption, textsOption } from '../event-options.ts'
import { type Causes, type EventService, PartlyTold } from '../event-service.ts'
import { Threshold, type ThresholdProfile, type ThresholdState } from './threshold.ts'

export type ThresholdsSettings = {
  /** Thresholds of events that do not name any; empty: those whose filters the event passes. */
  readonly profileIds: readonly string[]
  readonly ignoresFilters: boolean
  /** Exporters of thresholds that do not name any. */
  readonly exporterIds: readonly string[]
}

/** One run of a threshold. accountId: `tenant:account`, '' for none. causes: the thresholds behind the event, this one among them. */
export type ThresholdRun = {
  readonly profile: ThresholdProfile
  readonly accountId: string
  readonly event: ChargingEvent
  readonly causes: Causes
}

/** What thresholds do, and what they run in. */
export type ThresholdsEnvironment = {
  readonly now: () => ZonedTime
  readonly newUuid: () => string
  /** Makes what these thresholds have counted as durable as the configuration says. */
  readonly changed: (thresholds: readonly Threshold[]) => Promise<void>
  /** Runs a set of actions; durable when it resolves. Rejects when there is no such set, or it fails. */
  readonly runSet: (actionsId: string, run: ThresholdRun) => Promise<void>
  /** Tells exporters of a hit; undefined: nobody is connected. */
  readonly exported: ((event: ChargingEvent, exporterIds: readonly string[]) => Promise<void>) | undefined
  /** The profile and the state of a hit as exporters are told of them. */
  readonly shown: (profile: ThresholdProfile, state: ThresholdState) => EventFields
  readonly failed: (profile: ThresholdProfile, cause: string) => void
}

const NO_EXPORTER = '*none'
const NOBODY: Causes = []

/**
 * Thresholds and what they have counted. All hits of an event count at once, in memory: nothing comes between two events. What a threshold
 * does comes when its hit is as durable as hits are, so that it is done once at most. Reference 06, 6.
 */
export class Thresholds implements EventService {
  #settings: ThresholdsSettings
  #environment: ThresholdsEnvironment
  readonly #profiles: ProfileSet<ThresholdProfile>
  readonly #thresholds = new Map<string, Map<string, Threshold>>()
  /** Runs that have not ended. */
  readonly #going = new Set<Promise<void>>()
  /** Hits, runs for them, and what could not be done. */
  readonly counts = { hits: 0, runs: 0, failures: 0 }

  constructor(
    settings: ThresholdsSettings,
    environment: ThresholdsEnvironment,
    profiles: ProfileSet<ThresholdProfile>,
  ) {
    this.#settings = settings
    this.#environment = environment
    this.#profiles = profiles
  }

  configure(settings: ThresholdsSettings, environment: ThresholdsEnvironment): void {
    this.#settings = settings
    this.#environment = environment
  }

  /** Thresholds of all tenants. */
  get size(): number {
    return this.#profiles.size
  }

  /** Adds a profile that has counted nothing, or goes on with its threshold. isOther: what it had counted is lost. */
  put(profile: ThresholdProfile): { threshold: Threshold; isOther: boolean } {
    const { tenant, id } = profile
    this.#profiles.put(profile)
    const held = this.#thresholds.get(tenant) ?? new Map<string, Threshold>()
    this.#thresholds.set(tenant, held)
    const threshold = held.get(id)
    if (threshold !== undefined) return { threshold, isOther: threshold.follow(profile) }
    const made = new Threshold(profile)
    held.set(id, made)
    return { threshold: made, isOther: false }
  }

  /** Removes a profile and its threshold; undefined: there was none. */
  delete(tenant: string, id: string): Threshold | undefined {
    this.#profiles.delete(tenant, id)
    const held = this.#thresholds.get(tenant)
    const threshold = held?.get(id)
    held?.delete(id)
    if (held?.size === 0) this.#thresholds.delete(tenant)
    return threshold
  }

  /** A threshold; undefined: there is none. */
  threshold(tenant: string, id: string): Threshold | undefined {
    return this.#thresholds.get(tenant)?.get(id)
  }

  /** Ids of the thresholds of a tenant, sorted. */
  ids(tenant: string): string[] {
    return [...(this.#thresholds.get(tenant)?.keys() ?? [])].sort()
  }

  /** Every threshold. */
  *all(): Iterable<Threshold> {
    for (const held of this.#thresholds.values()) yield* held.values()
  }

  /** Lets a threshold begin anew; durable when it resolves. false: there is no such threshold. */
  async reset(tenant: string, id: string): Promise<boolean> {
    const threshold = this.threshold(tenant, id)
    if (threshold === undefined) return false
    if (threshold.reset()) await this.#environment.changed([threshold])
    return true
  }

  /** The thresholds that an event is for, heaviest first. Throws NotFound, MappingError, InvalidText. */
  thresholdsFor(event: ChargingEvent): Threshold[] {
    return this.#matching(event, this.#environment.now())
  }

  /**
   * Counts an event, and runs what that sets off. Ids of the thresholds that counted it, heaviest first. causes: those behind the event, which
   * count it and do not run. Rejects with NotFound, MappingError, InvalidText; with PartlyTold when it counts, and something could not be done.
   */
  async processEvent(event: ChargingEvent, causes: Causes = NOBODY): Promise<readonly string[]> {
    const now = this.#environment.now()
    // What has to be waited for is asked before anything changes.
    const matching = this.#matching(event, now)
    const hit: Threshold[] = []
    const running: { profile: ThresholdProfile; state: ThresholdState }[] = []
    for (const threshold of matching) {
      const { profile } = threshold
      const outcome = threshold.hit(now.ns, !causes.includes(nameOf(profile)))
      if (outcome === 'exhausted') continue
      hit.push(threshold)
      if (outcome === 'run') running.push({ profile, state: threshold.state })
    }
    this.counts.hits += hit.length
    const ids = hit.map(({ profile: { id } }) => id)
    if (hit.length > 0) await this.#environment.changed(hit)
    if (running.length > 0 && !(await this.#runAll(event, running, causes))) throw new PartlyTold()
    return ids
  }

  /** Resolves when nothing runs any more. */
  async settled(): Promise<void> {
    while (this.#going.size > 0) await Promise.all(this.#going)
  }

  #matching(event: ChargingEvent, now: ZonedTime): Threshold[] {
    const { apiOpts, tenant } = event
    const { profileIds, ignoresFilters } = this.#settings
    const ids = textsOption(apiOpts, '*thdProfileIDs', profileIds)
    const isIgnoring = booleanOption(apiOpts, '*thdProfileIgnoreFilters', ignoresFilters)
    const options = ids.length === 0 ? {} : { ids, ignoresFilters: isIgnoring }
    const matched = this.#profiles.match(tenant, eventContext(event, now), event.time, options)
    if (matched.length === 0) throw new NotFound()
    const blocker = matched.findIndex(({ isBlocker }) => isBlocker)
    return (blocker < 0 ? matched : matched.slice(0, blocker + 1)).flatMap(
      ({ id }) => this.#thresholds.get(tenant)?.get(id) ?? [],
    )
  }

  /** Whether all that is waited for was done. */
  async #runAll(
    event: ChargingEvent,
    running: readonly { profile: ThresholdProfile; state: ThresholdState }[],
    causes: Causes,
  ): Promise<boolean> {
    const accountId = accountOf(event)
    let isDone = true
    for (const { profile, state } of running) {
      const run: ThresholdRun = { profile, accountId, event, causes: [...causes, nameOf(profile)] }
      const done = this.#run(run, state)
      const going: Promise<void> = done.then(() => void this.#going.delete(going))
      this.#going.add(going)
      if (!profile.isAsync) isDone = (await done) && isDone
    }
    return isDone
  }

  /** What one threshold does, one after the other; what fails is told, and the rest is done. Whether nothing failed. */
  async #run(run: ThresholdRun, state: ThresholdState): Promise<boolean> {
    const { profile } = run
    const { runSet, failed } = this.#environment
    this.counts.runs++
    let isDone = true
    const steps = [...profile.actionIds.map((id) => () => runSet(id, run)), () => this.#export(run, state)]
    for (const step of steps) {
      try {
        await step()
      } catch (cause) {
        isDone = false
        this.counts.failures++
        failed(profile, cause instanceof Error ? cause.message : String(cause))
      }
    }
    return isDone
  }

  async #export({ profile, event }: ThresholdRun, state: ThresholdState): Promise<void> {
    const ids = profile.exporterIds.length > 0 ? profile.exporterIds : this.#settings.exporterIds
    if (ids.length === 0 || ids.includes(NO_EXPORTER)) return
    const { exported, newUuid, shown } = this.#environment
    if (exported === undefined) throw new Error('NOT_CONNECTED: EEs')
    const notice: ChargingEvent = {
      tenant: event.tenant,
      id: newUuid(),
      time: null,
      event: { EventType: 'ThresholdHit', ...shown(profile, state) },
      apiOpts: { ...event.apiOpts, '*eventType': 'ThresholdHit' },
    }
    try {
      await exported(notice, ids)
    } catch (cause) {
      if (!(cause instanceof NotFound)) throw cause
    }
  }
}

/** How a threshold is named among causes. */
function nameOf({ tenant, id }: ThresholdProfile): string {
  return `${tenant}:${id}`
}

/** `tenant:account` that actions run on; '' for none. Reference 06, 6.3. */
function accountOf({ tenant, event, apiOpts }: ChargingEvent): string {
  const field = apiOpts['*eventType'] === 'AccountUpdate' ? 'AccountID' : 'Account'
  const option = apiOpts['*accountID']
  const account = valueText(option === undefined ? event[field] : option)
  if (account === '') return ''
  return option !== undefined && account.startsWith(`${tenant}:`) ? account : `${tenant}:${account}`
}
