import { randomBytes, randomUUID } from 'node:crypto'
import { resolve } from 'node:path'
import type { Account } from '../accounting/account.ts'
import { ACCOUNT_READER } from '../accounting/account-reader.ts'
import type { Action } from '../accounting/action.ts'
import type { ActionTiming } from '../accounting/action-plans.ts'
import { BalanceSubjects } from '../accounting/balance-subject.ts'
import { DiameterAgent } from '../agents/diameter/agent.ts'
import { RetentionBuckets } from '../agents/diameter/peer-session.ts'
import { type Cdr, type CdrDefaults, decodeCdr, encodeCdr } from '../cdrs/cdr.ts'
import { OutboxSequence } from '../cdrs/outbox-sequence.ts'
import { CdrPipeline } from '../cdrs/pipeline.ts'
import { CdrProjector, type CdrTarget } from '../cdrs/projector.ts'
import { checkConfig } from '../config/check-config.ts'
import { ConfigError } from '../config/config-error.ts'
import type { LoadedConfig } from '../config/load-config.ts'
import { StoreFailure } from '../core/errors.ts'
import type { ChargingEvent, EventFields } from '../core/event.ts'
import { valueText } from '../core/event-values.ts'
import { type ZonedTime, zoneOf } from '../core/time.ts'
import { ACTION_READER, contextOf, EVENT_READER, eventContext } from '../filters/event-reader.ts'
import { FilterCompiler, type FilterSources, failingLater } from '../filters/filter-compiler.ts'
import { isInline } from '../filters/filter-rule.ts'
import { MappingError, TemplateError } from '../mapping/value.ts'
import type { CallCost } from '../rating/call-cost.ts'
import type { Timing } from '../rating/model.ts'
import { BiConnections } from '../rpc/server/bidirectional.ts'
import type { Descriptor } from '../services/charging.ts'
import { NamedLocks } from '../services/named-locks.ts'
import { Responder } from '../services/responder.ts'
import { Deadlines } from '../sessions/deadlines.ts'
import type { Session } from '../sessions/session.ts'
import { sessionKind } from '../sessions/session-record.ts'
import { type SessionCall, Sessions } from '../sessions/sessions.ts'
import type { CdrQuery } from '../store/cdr-store.ts'
import type { DataStore } from '../store/data-store.ts'
import { LmdbDataStore } from '../store/lmdb/lmdb-data-store.ts'
import { MemoryDataStore } from '../store/memory-data-store.ts'
import { SqliteCdrStore } from '../store/sqlite/sqlite-cdr-store.ts'
import { Records } from '../store/unit-of-work.ts'
import { compileTimings } from '../tariffs/compile.ts'
import { AccountAdmin } from './account-admin.ts'
import { ActionRunner, type RunnerOptions } from './action-runner.ts'
import { compileDiameterAgent } from './diameter.ts'
import { PlanMembers } from './plan-members.ts'
import { indexOptions, ProfileState } from './profile-state.ts'
import { TariffLookups } from './tariff-lookups.ts'
import { TariffState } from './tariff-state.ts'
import { buildWriters } from './writers.ts'

export type EngineOptions = {
  loaded: LoadedConfig
  /** Folder of the package: dictionaries are below it. */
  root: string
  /** Stores of the configuration are not opened: everything is in memory, and gone at the end. */
  inMemory?: boolean
  log: (level: 'info' | 'warn' | 'error', message: string, fields: Record<string, unknown>) => void
  /** Told of each Diameter request: its CC-Request-Type, 0 for other requests and those that are refused unread. */
  received?: (requestType: number) => void
  /** Told of each answer: its Result-Code, and ns since the request. */
  observe?: (resultCode: number, latencyNs: bigint) => void
}

const STORE_EVENTS = {
  tornJournal:
    'store: a crash has left a commit that was never answered; it is cut off the journal and kept beside it as *.torn',
  checkpointFailed: 'store: the checkpoint could not be written; the journal goes on',
} as const

/** Id of the CDR store among the targets of CDRs. */
const CDR_STORE = 'cdr store'
/** Live values of one table kept in memory; the store holds the others. */
const CACHED_RECORDS = 1_000_000
/** Every service of one configuration, built, started and stopped in order. */
export class Engine {
  /** RPC clients that can be called back, by the id of their connection. */
  readonly clients = new BiConnections()
  readonly store: DataStore
  readonly records: Records
  readonly sessions: Sessions
  readonly csvFiles: readonly string[]
  readonly locks = new NamedLocks()
  /** Zone of times that name none. */
  readonly timeZone: string
  /** general.node_id, or a random one. */
  readonly nodeId: string
  #tariff!: TariffState
  #profiles!: ProfileState
  readonly #options: EngineOptions
  readonly #cdrStore: SqliteCdrStore
  readonly #projector: CdrProjector
  readonly #outboxSequence = new OutboxSequence()
  readonly #agent: DiameterAgent | undefined
  readonly #deadlines: Deadlines
  readonly #buckets: RetentionBuckets
  readonly #responder: Responder
  readonly #planMembers = new PlanMembers()
  readonly runner: ActionRunner
  readonly accounts: AccountAdmin
  readonly #ttlMs: number
  #ticker: NodeJS.Timeout | undefined
  #purged = ''

  /** Opens the stores and builds everything; nothing listens yet. Throws what is wrong with configuration or store. */
  constructor(options: EngineOptions) {
    this.#options = options
    const { config } = options.loaded
    checkConfig(options.loaded)
    this.timeZone = zoneOf(config.general.default_timezone)
    const now = () => this.now()
    // All that can be wrong with the configuration is told before a store is opened.
    this.nodeId = config.general.node_id || randomBytes(4).toString('hex').slice(0, 7)
    const compiled = config.diameter_agent.enabled
      ? compileDiameterAgent(options.loaded, options.root, this.nodeId, this.#filterSources())
      : undefined
    const writers = buildWriters(options.loaded, now, this.#filterSources())
    this.csvFiles = writers.map(({ path }) => path)
    const isForScheduler = this.#compileSchedulerFilters()
    this.store = this.#openStore()
    this.records = new Records(this.store, { limit: CACHED_RECORDS })
    this.#cdrStore = new SqliteCdrStore(
      config.stor_db.db_type === '*internal' || options.inMemory ? ':memory:' : resolve(config.stor_db.opts.sqlitePath),
    )
    this.#projector = new CdrProjector(
      this.store,
      this.records,
      [...(config.cdrs.store_cdrs ? [this.#cdrTarget()] : []), ...writers],
      {
        batchSize: 500,
        retryMs: 1_000,
        onFailure: (target, cause) => options.log('error', 'cdr target failed', { target, cause: String(cause) }),
      },
    )
    this.#ttlMs = Number(config.sessions.session_ttl / 1_000_000n)
    this.#deadlines = new Deadlines(Date.now())
    this.#buckets = new RetentionBuckets(Math.max(1_000, Number(config.diameter_agent.duplicate_ttl / 1_000_000n)))
    this.#responder = this.#buildResponder()
    this.sessions = this.#buildSessions()
    this.runner = this.#buildRunner(isForScheduler)
    this.accounts = new AccountAdmin(
      { store: this.store, records: this.records, members: this.#planMembers, runner: this.runner },
      now,
      (planId) => this.timingsOf(planId) !== undefined,
    )
    this.#agent =
      compiled &&
      new DiameterAgent(compiled.settings, {
        ...compiled.mapping,
        sessions: this.sessions,
        records: this.records,
        buckets: this.#buckets,
        now,
        newId: newRequestIds(),
        received: options.received ?? (() => undefined),
        observe: options.observe ?? (() => undefined),
        committed: (cdrs, cgrIds) => this.#committed(cdrs, cgrIds),
        log: options.log,
      })
  }

  /** Compiles the tariff that the store holds. Before `start`. Rejects with ConfigError when the CDR store cannot be opened. */
  async openTariff(): Promise<void> {
    await this.#cdrStore.opened().catch((cause: unknown) => this.#cannotOpen('stor_db.opts.sqlitePath', cause))
    const { config } = this.#options.loaded
    const separator = config.general.rsr_separator
    const sources = this.#filterSources()
    this.#profiles = await ProfileState.open(this.store, this.records, {
      separator,
      chargers: indexOptions(config.chargers),
      lookups: sources,
      now: () => this.now(),
      inTurn: (work) => this.#tariff.inTurn(work),
    })
    const accountFilters = new FilterCompiler(ACCOUNT_READER, { separator, group: undefined }, sources)
    this.#tariff = await TariffState.open(this.store, this.records, this.runner, this.#planMembers, {
      options: {
        roundingDecimals: config.general.rounding_decimals,
        fallbackDepth: config.rals.fallback_depth,
        subjectPrefixMatching: config.rals.rp_subject_prefix_matching,
      },
      timeZone: this.timeZone,
      now: () => this.now(),
      newUuid: () => randomUUID(),
      profiles: this.#profiles,
      compileActionFilters: (filters) => {
        const passes = accountFilters.compile(filters)
        return (account) => {
          const now = this.now()
          return passes(contextOf({ account, now }, account.tenant, {}, now))
        }
      },
    })
  }

  /** Takes up what a crash has left, then listens; resolves to the Diameter addresses. */
  async start(): Promise<string[]> {
    if (this.#ttlMs > 0) {
      for await (const [cgrId, { value }] of this.store.scan('session')) {
        const { deadlineMs } = sessionKind.decode(value, cgrId)
        if (deadlineMs !== undefined) this.#deadlines.set(cgrId, deadlineMs)
      }
    }
    await this.#outboxSequence.resume(this.store, await this.#projector.open())
    this.#projector.wake()
    await this.runner.reload()
    this.#ticker = setInterval(() => this.#tick(), 1_000)
    return (await this.#agent?.listen()) ?? []
  }

  /** Stops accepting, answers what is under way, commits and closes. */
  async close(): Promise<void> {
    clearInterval(this.#ticker)
    await this.#agent?.close()
    await this.runner.close()
    await this.#projector.close()
    await this.store.close()
    await this.#cdrStore.close()
  }

  get tariff(): TariffState {
    return this.#tariff
  }

  /** Stored filters and chargers. */
  get profiles(): ProfileState {
    return this.#profiles
  }

  /** Why nothing can be charged any more, undefined when all is well. */
  get failure(): string | undefined {
    return this.store instanceof LmdbDataStore ? this.store.failure?.message : undefined
  }

  get openPeers(): number {
    return this.#agent?.openConnections ?? 0
  }

  /** Diameter requests that are not answered yet. */
  get requestsInFlight(): number {
    return this.#agent?.requestsInFlight ?? 0
  }

  now(): ZonedTime {
    return { ns: BigInt(Date.now()) * 1_000_000n, zone: this.timeZone }
  }

  /** An account by tenant and name, undefined when there is none. */
  account(tenant: string, id: string): Promise<Account | undefined> {
    return this.accounts.find(tenant, id)
  }

  get scheduler(): ActionRunner {
    return this.runner
  }

  /** A timing by id, undefined when there is none. */
  timing(id: string): Timing | undefined {
    const group = this.#tariff.rows.get('Timings')?.get(id)
    return group && compileTimings(new Map([['Timings', new Map([[id, group]])]])).get(id)
  }

  /** The actions of a set, undefined when there is none. */
  actionsOf(id: string): readonly Action[] | undefined {
    return this.#tariff.actions.actions.get(id)
  }

  /** The timings of an action plan, undefined when there is none. */
  timingsOf(planId: string): readonly ActionTiming[] | undefined {
    return this.#tariff.actions.plans.get(planId)
  }

  /** The accounts of an action plan, as `tenant:account`. */
  accountsOf(planId: string): readonly string[] {
    return this.#planMembers.of(planId)
  }

  newUuid(): string {
    return randomUUID()
  }

  /** Sessions that are charged now. */
  async activeSessions(): Promise<Session[]> {
    const sessions: Session[] = []
    for await (const [cgrId, { value }] of this.store.scan('session')) {
      const session = sessionKind.decode(value, cgrId)
      if (session.closedAtMs === undefined) sessions.push(session)
    }
    return sessions
  }

  /** Runs a call of sessions as one unit of work; resolves when all it did is durable. Rejects with what `call` throws. */
  async charge<R>(call: SessionCall<R>): Promise<R> {
    const { result, cdrs = [], cgrIds = [] } = await this.records.run((unit) => call(unit, this.sessions))
    this.#committed(cdrs, cgrIds)
    return result
  }

  /**
   * Filters of sessions, over the fields of a run. One that is not known lets everything pass, an inline one that cannot be
   * compiled nothing. Reference 05, 6.18.
   */
  sessionFilter(filters: readonly string[]): (event: ChargingEvent) => boolean {
    const { rsr_separator: separator } = this.#options.loaded.config.general
    const compiler = new FilterCompiler(EVENT_READER, { separator, group: undefined }, this.#filterSources())
    const compiled = filters.map((filter) => {
      const passes = isInline(filter) ? failingLater(() => compiler.compileRule(filter)) : compiler.compile([filter])
      return (context: ReturnType<typeof eventContext>) => {
        try {
          return passes(context)
        } catch (cause) {
          if (cause instanceof MappingError) return !isInline(filter)
          throw cause
        }
      }
    })
    return (event) => {
      const context = eventContext(event, this.now())
      return compiled.every((passes) => passes(context))
    }
  }

  cachePartitions(): readonly string[] {
    return Object.keys(this.#options.loaded.config.caches.partitions)
  }

  /** What is done to an event that is to become a CDR and does not say it itself. Reference 05, 9.3. */
  get cdrSwitches(): { isForked: boolean; isRated: boolean } {
    const { chargers_conns: chargers, rals_conns: rals } = this.#options.loaded.config.cdrs
    return { isForked: chargers.length > 0, isRated: rals.length > 0 }
  }

  /** Deletes CDRs from the CDR store for good; how many. */
  async removeCdrs(query: CdrQuery): Promise<number> {
    await this.#projector.delivered(CDR_STORE, this.#outboxSequence.last)
    return this.#cdrStore.remove(query)
  }

  /** CDRs of everything that was answered before. */
  async findCdrs(query: CdrQuery): Promise<{ orderId: number; cdr: Cdr }[]> {
    await this.#projector.delivered(CDR_STORE, this.#outboxSequence.last)
    const found = await this.#cdrStore.find(query)
    return found.map(({ orderId, record }) => ({ orderId, cdr: decodeCdr(record) }))
  }

  /** What an event costs, without an account. Throws SessionRefused. */
  price(descriptor: Descriptor, usage: bigint): CallCost {
    return this.#responder.price(descriptor, usage)
  }

  #openStore(): DataStore {
    const { data_db: database, general } = this.#options.loaded.config
    if (database.db_type === '*internal' || this.#options.inMemory) return new MemoryDataStore()
    try {
      return new LmdbDataStore({
        folder: resolve(database.opts.lmdbPath),
        durability: general.durability,
        onEvent: (event) => this.#options.log('warn', STORE_EVENTS[event.kind], { ...event, kind: undefined }),
      })
    } catch (cause) {
      return this.#cannotOpen('data_db.opts.lmdbPath', cause)
    }
  }

  /** Says which key names the store that cannot be opened. */
  #cannotOpen(key: string, cause: unknown): never {
    if (!(cause instanceof StoreFailure)) throw cause
    throw new ConfigError([{ place: this.#options.loaded.placeOf(key), key, problem: cause.message }])
  }

  /** What filters look up: they are compiled before anything is opened. */
  #filterSources(): FilterSources {
    const lookups = new TariffLookups(() => this.#tariff.rows)
    return {
      filter: (tenant, id) => this.#profiles.filter(tenant, id),
      destination: (id) => lookups.destination(id),
      timing: (id) => lookups.timing(id),
    }
  }

  /** Which tasks this scheduler is for. Throws ConfigError. Reference 04, 12.3. */
  #compileSchedulerFilters(): RunnerOptions['accepts'] {
    const { config, placeOf } = this.#options.loaded
    const options = { separator: config.general.rsr_separator, group: undefined }
    const compiler = new FilterCompiler(ACTION_READER, options, this.#filterSources())
    try {
      const passes = compiler.compile(config.schedulers.filters)
      return ({ uuid, accountId, actionsId }, tenant) => {
        const act = { UUID: uuid, AccountID: accountId, ActionsID: actionsId }
        return passes(contextOf<EventFields>({ act }, tenant, {}, this.now()))
      }
    } catch (cause) {
      if (!(cause instanceof TemplateError)) throw cause
      const key = 'schedulers.filters'
      throw new ConfigError([{ place: placeOf(key), key, problem: cause.message }])
    }
  }

  #cdrDefaults(): CdrDefaults {
    const { general } = this.#options.loaded.config
    return {
      tenant: general.default_tenant,
      category: general.default_category,
      requestType: general.default_request_type,
      timeZone: this.timeZone,
    }
  }

  #buildRunner(accepts: RunnerOptions['accepts']): ActionRunner {
    const { general, rals, schedulers } = this.#options.loaded.config
    const cdrs = {
      newId: (key: string) => this.#outboxSequence.next(Date.now(), key),
      made: () => this.#projector.wake(),
      defaults: this.#cdrDefaults(),
      separator: general.rsr_separator,
    }
    return new ActionRunner(this.store, this.records, this.#planMembers, {
      enabled: schedulers.enabled,
      timeZone: this.timeZone,
      roundingDecimals: general.rounding_decimals,
      removeExpired: rals.remove_expired,
      cdrs: schedulers.cdrs_conns.length > 0 ? cdrs : undefined,
      accepts,
      now: () => this.now(),
      newUuid: () => randomUUID(),
      log: this.#options.log,
    })
  }

  #buildResponder(): Responder {
    const { general, rals } = this.#options.loaded.config
    return new Responder(
      {
        roundingDecimals: general.rounding_decimals,
        subjects: new BalanceSubjects(rals.balance_rating_subject),
        maxComputedUsage: rals.max_computed_usage,
      },
      () => this.#tariff.index,
      () => ({ nowMs: Date.now(), newUuid: () => randomUUID() }),
    )
  }

  #buildSessions(): Sessions {
    const { general, sessions } = this.#options.loaded.config
    const charging = this.#responder
    const markKey = (key: string) => this.#buckets.keys(`cdr/${key}`, Date.now())
    const newId = (key: string) => this.#outboxSequence.next(Date.now(), key)
    const cdrs = new CdrPipeline(charging, this.#cdrDefaults(), () => this.now(), markKey, newId)
    return new Sessions(
      {
        defaultUsage: sessions.default_usage,
        defaultCategory: general.default_category,
        timeZone: this.timeZone,
        alterableFields: sessions.alterable_fields,
        ttlMs: Number(sessions.session_ttl / 1_000_000n),
        ttlLastUsage: sessions.session_ttl_last_usage,
      },
      {
        charging,
        chargers: sessions.chargers_conns.length > 0 ? () => this.#profiles.chargers : undefined,
        cdrs: sessions.cdrs_conns.length > 0 ? cdrs : undefined,
        now: () => this.now(),
      },
    )
  }

  #cdrTarget(): CdrTarget {
    return {
      id: CDR_STORE,
      write: (batch) =>
        this.#cdrStore.write(
          batch.map(({ id, cdr }) => ({
            id,
            cgrId: cdr.cgrId,
            runId: cdr.runId,
            tenant: cdr.tenant,
            account: cdr.account,
            originId: cdr.originId,
            requestType: cdr.requestType,
            toR: cdr.toR,
            answerNs: cdr.answerTime.ns < 0n ? 0n : cdr.answerTime.ns,
            cost: cdr.cost.toString(),
            record: encodeCdr(cdr),
          })),
        ),
    }
  }

  #committed(cdrs: readonly Cdr[], cgrIds: readonly string[]): void {
    if (cdrs.length > 0) this.#projector.wake()
    if (this.#ttlMs > 0) for (const cgrId of cgrIds) this.#deadlines.set(cgrId, Date.now() + this.#ttlMs)
  }

  /** Once a second: sessions whose time is up, and records that only served retransmissions. */
  #tick(): void {
    for (const cgrId of this.#deadlines.take(Date.now())) {
      this.records
        .run((unit) => this.sessions.expire(unit, cgrId))
        .then(() => this.#projector.wake())
        .catch((cause: unknown) =>
          this.#options.log('error', 'a session could not be ended', { cgrId, cause: valueText(String(cause)) }),
        )
    }
    const bound = this.#buckets.bound(Date.now())
    if (bound === this.#purged) return
    this.#purged = bound
    this.store.deleteBefore('answer', bound).catch((cause: unknown) => {
      this.#options.log('error', 'old answers could not be deleted', { cause: String(cause) })
    })
  }
}

/** Ids of seven hex digits that do not repeat soon: a random start, then one after the other. */
function newRequestIds(): () => string {
  let next = randomBytes(4).readUInt32BE() >>> 4
  return () => {
    next = (next + 1) & 0xfffffff
    return next.toString(16).padStart(7, '0')
  }
}
