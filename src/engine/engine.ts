import { randomUUID } from 'node:crypto'
import { type Account, accountKey } from '../accounting/account.ts'
import { accountKind } from '../accounting/account-record.ts'
import type { Action } from '../accounting/action.ts'
import type { ActionTiming } from '../accounting/action-plans.ts'
import { type SharedGroup, sharingStrategy } from '../accounting/shared-groups.ts'
import type { ActionTrigger } from '../accounting/trigger.ts'
import { DiameterAgent } from '../agents/diameter/agent.ts'
import { RetentionBuckets } from '../agents/diameter/peer-session.ts'
import { DIAMETER_CLIENT, type DiameterMapping } from '../agents/diameter/request-handler.ts'
import { type Cdr, type CdrSwitches, cdrKey } from '../cdrs/cdr.ts'
import type { CdrRun } from '../cdrs/made-cdrs.ts'
import { outboxKind } from '../cdrs/outbox.ts'
import { OutboxSequence } from '../cdrs/outbox-sequence.ts'
import { CdrPipeline } from '../cdrs/pipeline.ts'
import { CdrProjector, type CdrTarget, type OutboxTarget } from '../cdrs/projector.ts'
import { COST_RUNS, runOfOrigin, type SessionCost, sessionCostKind } from '../cdrs/session-cost.ts'
import { checkConfig } from '../config/check-config.ts'
import { leadElsewhere } from '../config/checks/connections.ts'
import type { Environment } from '../config/json-scanner.ts'
import { type ConfigChange, LiveConfig } from '../config/live-config.ts'
import type { LoadedConfig } from '../config/load-config.ts'
import type { Config } from '../config/schema.ts'
import { type ServedConfig, servedConfig } from '../config/served-config.ts'
import { NotFound, TollgateError } from '../core/errors.ts'
import { Evaluations } from '../core/evaluations.ts'
import type { ChargingEvent } from '../core/event.ts'
import { type ZonedTime, zoneOf } from '../core/time.ts'
import type { SharedCache } from '../mapping/selector.ts'
import type { CallCost } from '../rating/call-cost.ts'
import type { Timing } from '../rating/model.ts'
import { HttpClient, httpClientOptions } from '../rpc/client/http-client.ts'
import type { Databases } from '../rpc/methods/databases.ts'
import type { RpcDefaults } from '../rpc/methods/defaults.ts'
import type { SessionNoticed } from '../rpc/methods/told-sessions.ts'
import { CHARGE_KEY_LIFE_MS, RpcError } from '../rpc/rpc-error.ts'
import { BiConnections } from '../rpc/server/bidirectional.ts'
import type { Caps } from '../rpc/server/caps.ts'
import type { ExtraField } from '../rpc/server/cdr-posts.ts'
import type { RegisteredHost } from '../rpc/server/registrar-page.ts'
import type { Attributes } from '../services/attributes/attributes.ts'
import type { AttributeCaller } from '../services/attributes/caller.ts'
import type { Descriptor } from '../services/charging.ts'
import type { MakeAccount } from '../services/dynaprepaid.ts'
import { SessionRefused } from '../services/errors.ts'
import type { Causes } from '../services/event-service.ts'
import { NamedLocks } from '../services/named-locks.ts'
import type { ResourceCaller } from '../services/resources/caller.ts'
import { Responder, type ResponderSettings } from '../services/responder.ts'
import type { ThresholdRun } from '../services/thresholds/thresholds.ts'
import { ClientCalls, type SessionClient } from '../sessions/client-calls.ts'
import type { SessionNotice } from '../sessions/notices.ts'
import type { OutcomeKeys } from '../sessions/once.ts'
import { isCharged, type Session } from '../sessions/session.ts'
import { SessionIndex } from '../sessions/session-index.ts'
import { SessionLife } from '../sessions/session-life.ts'
import { isDueLater, sessionKind } from '../sessions/session-record.ts'
import { type SessionCall, type SessionDependencies, Sessions } from '../sessions/sessions.ts'
import type { CdrQuery } from '../store/cdr-store.ts'
import type { DataStore, StoredRecord } from '../store/data-store.ts'
import { LmdbDataStore } from '../store/lmdb/lmdb-data-store.ts'
import { RedisDataStore } from '../store/redis/redis-data-store.ts'
import { Records, type Unit } from '../store/unit-of-work.ts'
import { compileTimings } from '../tariffs/compile.ts'
import type { TariffRow } from '../tariffs/tariff-rows.ts'
import type { FileWriter } from '../writers/file-writer.ts'
import { AccountAdmin } from './account-admin.ts'
import { ActionCalls } from './action-calls.ts'
import { ActionRunner, type RunnerOptions } from './action-runner.ts'
import { AttributeService } from './attribute-service.ts'
import { databasePaths } from './backup/database-paths.ts'
import { buildDatabases } from './backup/databases.ts'
import { archiveTarget, type FoundCdr } from './cdr-archive.ts'
import { type CdrExports, exportCdrs } from './cdr-export.ts'
import { CdrProcessing } from './cdr-processing.ts'
import { ConnectedServices, isElsewhere } from './connected-services.ts'
import { type CompiledDiameterAgent, compileDiameterAgent } from './diameter.ts'
import { EventServices } from './event-services.ts'
import { compileExtraFields } from './extra-fields.ts'
import { GroupMembers, isOfGroups } from './group-members.ts'
import { HttpValues } from './http-values.ts'
import { liveDefaults } from './live-defaults.ts'
import {
  areConnectionsChanged,
  areExportersChanged,
  isMappingChanged,
  isServiceOn,
  isTariffChanged,
} from './live-services.ts'
import { accountIn, type MappingSources, sharedCache } from './mapping-sources.ts'
import { openDataStore, openSharedStore } from './open-stores.ts'
import { phoneNames } from './phone-tables.ts'
import { isOfPlans, PlanMembers } from './plan-members.ts'
import { ProcessProfiles } from './process-profiles.ts'
import { exportProfiles } from './profile-export.ts'
import { indexOptions, ProfileState } from './profile-state.ts'
import { registerHosts } from './registered-hosts.ts'
import { RemoteServices } from './remote-services.ts'
import { Reputation } from './reputation.ts'
import { newRequestIds } from './request-ids.ts'
import { resourceCaller } from './resource-caller.ts'
import type { ResourcesService } from './resources-service.ts'
import { accountFilters, schedulerAccepts, sessionFilter } from './service-filters.ts'
import { ServiceValues } from './service-values.ts'
import { SessionReplication } from './session-replication.ts'
import {
  capsOf,
  cdrDefaults,
  cdrSwitches,
  clientCallSettings,
  failedFolders,
  responderSettings,
  sessionLifeSettings,
  sessionSettings,
  tariffOptions,
} from './settings.ts'
import type { StatsService } from './stats-service.ts'
import { StirKeys } from './stir-keys.ts'
import { buildStorDb, type StorDb } from './stor-db.ts'
import { StoreSharing, type TakenRecord } from './store-sharing.ts'
import { TariffLookups } from './tariff-lookups.ts'
import { TariffPlans } from './tariff-plans.ts'
import { changedRows, TariffState } from './tariff-state.ts'
import type { ThresholdsService } from './thresholds-service.ts'
import { TriggerAdmin } from './trigger-admin.ts'
import { buildWriters } from './writers.ts'

export type EngineOptions = {
  loaded: LoadedConfig
  /** What `*env:` in later changes of the configuration means; that of the process. */
  environment?: Environment
  /** Folder of the package: dictionaries are below it. */
  root: string
  /** Stores of the configuration are not opened: everything is in memory, and gone at the end. */
  inMemory?: boolean
  /** Versions that a database server keeps are replaced by those of this engine instead of checked. */
  setsVersions?: boolean
  log: (level: 'info' | 'warn' | 'error', message: string, fields: Record<string, unknown>) => void
  /** Ends the process as a crash would; left out: nobody may. */
  panic?: (message: string) => void
  /** Told of each Diameter request: its CC-Request-Type, 0 for other requests and those that are refused unread. */
  received?: (requestType: number) => void
  /** Told of each answer: its Result-Code, and ns since the request. */
  observe?: (resultCode: number, latencyNs: bigint) => void
}

/** Id of the CDR store among the targets of CDRs. */
const CDR_STORE = 'cdr store'
/** Live values of one table kept in memory; the store holds the others. */
const CACHED_RECORDS = 10_000
/** Every service of one configuration, built, started and stopped in order. */
export class Engine {
  /** RPC clients that can be called back, by the id of their connection. */
  readonly clients = new BiConnections()
  /** Calls of RPC that are under way. */
  readonly caps: Caps
  /** Recordings of what the process does with time and memory. */
  readonly recordings: ProcessProfiles
  readonly store: DataStore
  readonly records: Records
  /** What other engines do with the store; undefined: there are none. */
  readonly #sharing: StoreSharing | undefined
  readonly sessions: Sessions
  readonly locks = new NamedLocks()
  /** What asks for values that are only known later is run in one. */
  readonly evaluations = new Evaluations()
  readonly #httpClient: HttpClient
  readonly #httpValues: HttpValues
  readonly #reputation: Reputation
  readonly #phoneNames = phoneNames()
  readonly #serviceValues = new ServiceValues({
    evaluations: this.evaluations,
    client: (conns) => this.remote.client(conns),
    config: () => this.config.loaded.config,
    conns: ({ filters }) => filters,
    findAccount: (tenant, id) => accountIn(this.records, tenant, id),
  })
  readonly #attributeValues = new ServiceValues({
    evaluations: this.evaluations,
    client: (conns) => this.remote.client(conns),
    config: () => this.config.loaded.config,
    conns: ({ attributes }) => attributes,
    findAccount: (tenant, id) => accountIn(this.records, tenant, id),
  })
  /** The configuration in force, and its changes. */
  readonly config: LiveConfig
  #timeZone: string
  #tariff!: TariffState
  #profiles!: ProfileState
  #attributeService!: AttributeService
  readonly #options: EngineOptions
  #extraCdrFields: readonly ExtraField[]
  readonly #storDb: StorDb
  /** Tariff plans beside the one in force. */
  readonly plans: TariffPlans
  readonly #sharedCache: SharedCache
  readonly #projector: CdrProjector
  readonly #outboxSequence = new OutboxSequence()
  readonly #cdrs: CdrPipeline
  #agent: DiameterAgent | undefined
  #writers: readonly FileWriter[]
  readonly #cdrStoreTarget: CdrTarget
  readonly #clientCalls: ClientCalls
  readonly stirKeys: StirKeys
  /** What happens to sessions without a request, and what their clients are told. */
  readonly sessionLife: SessionLife
  /** Undefined: every question for sessions reads all of them. */
  readonly #sessionIndex: SessionIndex | undefined
  /** Copies of sessions on other engines, and of theirs here. */
  readonly sessionCopies: SessionReplication
  readonly #buckets: RetentionBuckets
  readonly #responder: Responder
  readonly #planMembers = new PlanMembers()
  readonly #groupMembers = new GroupMembers()
  readonly cdrProcessing: CdrProcessing
  /** Statistics, and whoever is told of events. */
  readonly eventServices: EventServices
  /** Accounts as debits leave them, until they are told of. */
  readonly #debited = new WeakSet<Account>()
  #watchesAccounts = false
  readonly runner: ActionRunner
  readonly accounts: AccountAdmin
  readonly triggers: TriggerAdmin
  /** Versions, backups and the like of the stores. */
  readonly databases: Databases
  readonly #ending = Promise.withResolvers<'stop' | 'restart'>()
  /** A client has asked the process to stop. */
  readonly askToStop = () => this.#ending.resolve('stop')
  /** Services of other processes. */
  readonly remote: RemoteServices
  readonly #connected: ConnectedServices
  readonly #actionCalls: ActionCalls
  #retargeted: Promise<void> = Promise.resolve()
  #ticker: NodeJS.Timeout | undefined
  #purged = ''

  /** Opens the stores and builds everything; nothing listens yet. Throws what is wrong with configuration or store. */
  constructor(options: EngineOptions) {
    this.#options = options
    const { config } = options.loaded
    checkConfig(options.loaded)
    this.caps = capsOf(config)
    this.recordings = new ProcessProfiles((cause) => options.log('error', cause, {}))
    this.#timeZone = zoneOf(config.general.default_timezone)
    this.#sharedCache = sharedCache(config.caches.partitions['*uch'])
    this.#httpClient = new HttpClient(httpClientOptions(config.http))
    const replyTimeoutMs = () => Number(this.config.loaded.config.general.reply_timeout / 1_000_000n)
    this.#httpValues = new HttpValues(this.evaluations, this.#httpClient, replyTimeoutMs)
    this.#reputation = new Reputation({
      evaluations: this.evaluations,
      client: this.#httpClient,
      config: () => this.config.loaded.config,
    })
    this.stirKeys = new StirKeys(this.#httpClient, replyTimeoutMs)
    const now = () => this.now()
    // All that can be wrong with the configuration is told before a store is opened.
    this.config = new LiveConfig(options.loaded, {
      environment: options.environment ?? process.env,
      prepare: (change) => this.#prepare(change),
      log: options.log,
    })
    const compiled = config.diameter_agent.enabled ? this.#compileAgent(options.loaded) : undefined
    this.#writers = buildWriters(options.loaded, now, this.#storedSources(), options.log)
    const accepts = schedulerAccepts(options.loaded, this.#storedSources(), now)
    this.#extraCdrFields = compileExtraFields(options.loaded, now)
    this.store = openDataStore(options)
    this.records = new Records(this.store, { limit: CACHED_RECORDS }, this.evaluations)
    const paths = databasePaths(config, options.inMemory)
    this.#storDb = buildStorDb({
      ...options,
      timeZone: () => this.timeZone,
      decimals: () => this.config.loaded.config.general.rounding_decimals,
    })
    this.plans = new TariffPlans(
      this.#storDb.plans,
      () => this.#tariff,
      () => this.config.loaded.config.general.tpexport_dir,
    )
    this.#cdrStoreTarget = archiveTarget(CDR_STORE, this.#storDb.cdrs)
    this.#sharing = this.store instanceof RedisDataStore ? this.#share(this.store) : undefined
    this.remote = new RemoteServices(
      config,
      options.log,
      (method, argument) => this.#answerSessions(method, argument),
      this.evaluations,
    )
    const newId = (key: string) => this.#outboxSequence.next(Date.now(), key)
    this.#connected = new ConnectedServices({
      store: this.store,
      records: this.records,
      isOurs: (record) => this.#sharing?.isOurs(record) ?? true,
      evaluations: this.evaluations,
      remote: this.remote,
      config: () => this.config.loaded.config,
      now,
      newId,
      wake: () => this.#projector.wake(),
      retarget: () => this.#retarget(),
      actionCallee: (use) => this.#actionCalls.callee(use),
      log: options.log,
    })
    this.#actionCalls = new ActionCalls({
      config: () => this.config.loaded.config,
      client: this.#httpClient,
      remote: this.remote,
      now,
      newUuid: randomUUID,
      put: (...call) => this.#connected.putActionCall(...call),
      exportsElsewhere: () => isElsewhere(this.config.loaded.config, 'apiers.ees_conns'),
      log: options.log,
    })
    this.#projector = new CdrProjector(this.store, this.records, this.#cdrTargets(config), {
      scope: this.store instanceof RedisDataStore ? `${this.store.node}/` : '',
      batchSize: 500,
      retryMs: 1_000,
      maxRetryMs: 15_000,
      onFailure: (target, cause) => options.log('error', 'cdr target failed', { target, cause: String(cause) }),
    })
    this.eventServices = new EventServices(config, {
      store: this.store,
      records: this.records,
      evaluations: this.evaluations,
      client: (conns) => this.remote.client(conns),
      lookups: { ...this.#serviceValues, phoneNames: this.#phoneNames },
      now,
      newUuid: randomUUID,
      runSet: (actionsId, run) => this.#runForThreshold(actionsId, run),
      log: options.log,
    })
    this.#buckets = new RetentionBuckets(Math.max(1_000, Number(config.diameter_agent.duplicate_ttl / 1_000_000n)))
    this.#responder = new Responder(
      this.#responderSettings(config),
      () => this.#tariff.index,
      () => ({ nowMs: Date.now(), newUuid: () => randomUUID() }),
      (unit, accountId, live) => this.runner.reactions(unit, accountId, live),
      {
        strategyOf: (groupId, accountId) => {
          const group = this.#tariff.sharedGroups.get(groupId)
          return group && sharingStrategy(group, accountId)
        },
        memberIds: (groupId) => this.#groupMembers.of(groupId),
      },
    )
    const markKey = (key: string) => this.#buckets.keys(`cdr/${key}`, Date.now())
    const paying = this.#connected.charging(config, 'cdrs.rals_conns', this.#responder)
    const makeAccount = this.#makesAccounts(config, 'cdrs.scheduler_conns')
    this.#cdrs = new CdrPipeline(paying, cdrDefaults(config, this.timeZone), now, markKey, newId, makeAccount)
    this.sessions = new Sessions(sessionSettings(config, this.timeZone), this.#sessionDependencies(config))
    const clients = {
      get: (id: string) => (id === DIAMETER_CLIENT ? this.#diameterClient() : this.clients.get(id)),
      all: () => [...this.clients.all(), ...[this.#diameterClient()].filter((client) => client !== undefined)],
    }
    this.#clientCalls = new ClientCalls(clientCallSettings(config), clients, now, randomUUID)
    this.sessionLife = new SessionLife(sessionLifeSettings(config), {
      records: this.records,
      sessions: this.sessions,
      clients: this.#clientCalls,
      active: () => this.#sessions(isCharged, [], (record) => this.#sharing?.isOurs(record) ?? true),
      cdrsMade: (cdrs) => this.#committed(cdrs),
      log: options.log,
    })
    this.sessionCopies = new SessionReplication(config, {
      remote: this.remote,
      records: this.records,
      isShared: this.#sharing !== undefined,
      sessions: (which) => (which === 'active' ? this.activeSessions() : this.passiveSessions()),
      log: options.log,
    })
    if (cdrDefaults(config, this.timeZone).tellsSessionCosts)
      this.records.watch(sessionCostKind, () => this.#projector.wake())
    const { session_indexes: fields } = config.sessions
    // What other engines do to sessions is not seen here.
    const isIndexed = fields.length > 0 && this.#sharing === undefined
    this.#sessionIndex = isIndexed ? new SessionIndex(['OriginID', ...fields]) : undefined
    this.records.watch(sessionKind, (cgrId, before, after) => {
      this.sessionLife.changed(cgrId, before, after)
      this.sessionCopies.changed(cgrId, before, after)
      this.#sessionIndex?.changed(cgrId, before, after)
    })
    this.runner = new ActionRunner(
      this.store,
      this.records,
      this.#planMembers,
      this.#groupMembers,
      this.#runnerOptions(config, accepts),
    )
    this.accounts = new AccountAdmin(
      {
        store: this.store,
        records: this.records,
        members: this.#planMembers,
        groupMembers: this.#groupMembers,
        runner: this.runner,
      },
      now,
      (planId) => this.timingsOf(planId) !== undefined,
      (groupId) => this.triggersOf(groupId),
    )
    this.triggers = new TriggerAdmin(this.records, this.runner, now)
    this.cdrProcessing = new CdrProcessing({
      charge: (call) => this.charge(call),
      find: (query) => this.#findCdrs(query),
      costRuns: (prefix) => this.#costRuns(prefix),
      asksElsewhere: () => {
        const { config } = this.config.loaded
        return isElsewhere(config, 'cdrs.rals_conns') || isElsewhere(config, 'cdrs.chargers_conns')
      },
    })
    this.databases = buildDatabases({
      store: this.store,
      records: this.records,
      storDb: this.#storDb,
      cdrsDelivered: () => this.#projector.delivered(CDR_STORE, this.#outboxSequence.last),
      paths,
      restart: () => this.#ending.resolve('restart'),
      log: options.log,
    })
    this.#agent = compiled && this.#buildAgent(compiled)
  }

  /**
   * Checks a change of the configuration, compiles what it touches, and gives what puts it into effect. Sessions and answers
   * under way stay: a request is served by the values before the change or by those after it.
   */
  #prepare({ before, after, changed }: ConfigChange): (commit: () => void) => Promise<void> {
    checkConfig(after)
    const { config } = after
    const timeZone = zoneOf(config.general.default_timezone)
    const isServing = config.diameter_agent.enabled
    const isCompiled = isServing && (this.#agent === undefined || isMappingChanged(before.config, config, changed))
    const compiled = isCompiled ? this.#compileAgent(after) : undefined
    const accepts = schedulerAccepts(after, this.#storedSources(), () => this.now())
    const extraCdrFields = compileExtraFields(after, () => this.now())
    const isWriting = areExportersChanged(before.config, config, changed)
    const writers = isWriting
      ? buildWriters(after, () => this.now(), this.#storedSources(), this.#options.log)
      : this.#writers
    return async (commit) => {
      const agent = this.#agent ?? (compiled && this.#buildAgent(compiled))
      if (compiled !== undefined) await agent?.listen(compiled.settings.listeners)
      commit()
      this.#timeZone = timeZone
      this.#attributeService.configure(config)
      if (changed.has('chargers')) this.#profiles.chargerProfiles.configure(indexOptions(config.chargers))
      this.#responder.configure(this.#responderSettings(config))
      this.#extraCdrFields = extraCdrFields
      const paying = this.#connected.charging(config, 'cdrs.rals_conns', this.#responder)
      this.#cdrs.configure(
        cdrDefaults(config, this.timeZone),
        paying,
        this.#makesAccounts(config, 'cdrs.scheduler_conns'),
      )
      this.sessions.configure(sessionSettings(config, this.timeZone), this.#sessionDependencies(config))
      this.#clientCalls.configure(clientCallSettings(config))
      this.sessionLife.configure(sessionLifeSettings(config))
      this.sessionCopies.configure(config)
      this.runner.configure(this.#runnerOptions(config, accepts))
      if (areConnectionsChanged(changed)) {
        this.remote.configure(config)
        this.#projector.retry()
      }
      if (compiled !== undefined) agent?.configure(compiled.settings, this.#mappingOf(compiled))
      this.#agent = isServing ? agent : undefined
      this.#writers = writers
      if (isTariffChanged(before.config, config)) await this.#tariff.configure(tariffOptions(config), timeZone)
      if (before.config.schedulers.enabled !== config.schedulers.enabled)
        await (config.schedulers.enabled ? this.runner.startScheduling() : this.runner.stopScheduling())
      await this.eventServices.configure(config)
      await this.#retarget()
      if (!isServing) await agent?.close()
    }
  }

  #compileAgent(loaded: LoadedConfig): CompiledDiameterAgent {
    return compileDiameterAgent(loaded, this.#options.root, loaded.config.general.node_id, this.#filterSources())
  }

  #mappingOf({ mapping, remoteConns }: CompiledDiameterAgent): DiameterMapping {
    return { ...mapping, remote: remoteConns.length === 0 ? undefined : this.remote.callee(remoteConns) }
  }

  #buildAgent(compiled: CompiledDiameterAgent): DiameterAgent {
    const { received, observe, log } = this.#options
    return new DiameterAgent(compiled.settings, this.#mappingOf(compiled), {
      sessions: this.sessions,
      records: this.records,
      caps: this.caps,
      buckets: this.#buckets,
      now: () => this.now(),
      newId: newRequestIds(),
      received: received ?? (() => undefined),
      observe: observe ?? (() => undefined),
      committed: (cdrs, told) => {
        this.#committed(cdrs)
        for (const { event, wanted } of told) void this.sessionEvent(event, wanted)
      },
      canTell: (wanted) => this.canTell(wanted),
      log,
    })
  }

  /** Compiles the tariff that the store holds. Before `start`. Rejects with ConfigError when the CDR store cannot be opened. */
  async openTariff(): Promise<void> {
    if (this.store instanceof RedisDataStore) await openSharedStore(this.store, this.#options.loaded)
    await this.#storDb.opened()
    const { config } = this.#options.loaded
    const separator = config.general.rsr_separator
    const sources = this.#filterSources()
    this.#profiles = await ProfileState.open(this.store, this.records, {
      separator,
      chargers: indexOptions(config.chargers),
      attributes: () => this.#attributeService.caller(this.config.loaded.config.chargers.attributes_conns),
      inlineAttributes: () => ({
        ...this.#attributeParts(),
        roundingDecimals: this.config.loaded.config.general.rounding_decimals,
      }),
      lookups: sources,
      now: () => this.now(),
      inTurn: (work) => this.#tariff.inTurn(work),
      crowded: (tenant, candidates, ids) =>
        this.#options.log('warn', 'an event has many candidates: index a field that tells these profiles apart', {
          tenant,
          candidates,
          profiles: ids,
        }),
    })
    await this.#groupMembers.open(this.store, this.records)
    this.#attributeService = new AttributeService(config, {
      ...this.#attributeParts(),
      profiles: this.#profiles,
      evaluations: this.evaluations,
      client: (conns) => this.remote.client(conns),
      now: () => this.now(),
    })
    this.#tariff = await TariffState.open(this.store, this.records, this.runner, this.#planMembers, {
      options: tariffOptions(config),
      timeZone: this.timeZone,
      now: () => this.now(),
      newUuid: () => randomUUID(),
      profiles: this.#profiles,
      members: this.#groupMembers,
      compileActionFilters: accountFilters(separator, sources, () => this.now()),
      refresh: this.#sharing && (() => this.#sharing?.refresh() ?? Promise.resolve()),
    })
    await this.eventServices.open(this.#profiles)
  }

  /** Takes up what a crash has left, then listens; resolves to the Diameter addresses. */
  async start(): Promise<string[]> {
    for await (const [cgrId, record] of this.store.scan('session'))
      if ((isDueLater(record.value) || this.#sessionIndex !== undefined) && (this.#sharing?.isOurs(record) ?? true)) {
        const session = sessionKind.decode(record.value, cgrId)
        this.sessionLife.changed(cgrId, undefined, session)
        this.#sessionIndex?.changed(cgrId, undefined, session)
      }
    await this.#sharing?.start()
    await this.#connected.takeUp()
    await this.#retarget()
    await this.#outboxSequence.resume(this.store, await this.#projector.open())
    await this.#connected.start()
    this.#projector.wake()
    await this.runner.reload()
    this.sessionLife.start()
    this.#ticker = setInterval(() => this.#tick(), 1_000)
    return (await this.#agent?.listen()) ?? []
  }

  /** Stops accepting, answers what is under way, commits and closes. */
  async close(): Promise<void> {
    clearInterval(this.#ticker)
    await this.recordings.close()
    this.sessionLife.close()
    this.sessionCopies.close()
    await this.#agent?.close()
    this.#connected.close()
    this.#actionCalls.close()
    this.remote.close()
    this.#httpClient.close()
    await this.runner.close()
    await this.eventServices.close()
    await this.#projector.close()
    await this.store.close()
    await this.#storDb.close()
  }

  /** Resolves when a client has asked the process to stop, or for another engine in the place of this one. */
  get endAsked(): Promise<'stop' | 'restart'> {
    return this.#ending.promise
  }

  /** Ends the process as a crash would. Throws RpcError NOT_IMPLEMENTED where it is somebody else's. */
  panic(message: string): void {
    const { panic } = this.#options
    if (panic === undefined) throw new RpcError('NOT_IMPLEMENTED')
    panic(message)
  }

  /** Writes filters and profiles as files of a tariff folder. Throws TollgateError. */
  exportProfiles(folder: string, items: readonly string[]): Promise<void> {
    return exportProfiles(this.store, this.#profiles.valueSeparator, folder, items)
  }

  /** Where what could not be delivered waits in files. */
  failedFolders(): { posts: string; replications: string } {
    return failedFolders(this.config.loaded.config)
  }

  /** Zone of times that name none. */
  get timeZone(): string {
    return this.#timeZone
  }

  /** Resolves when everything that was answered is on disk. */
  async flushed(): Promise<void> {
    await this.store.flushed()
  }

  /** What CDRs of FreeSWITCH get besides their own fields. */
  get extraCdrFields(): readonly ExtraField[] {
    return this.#extraCdrFields
  }

  /** Gives hosts of rpc_conns new addresses. */
  registerHosts(hosts: readonly RegisteredHost[]): Promise<void> {
    return registerHosts(this.config, hosts)
  }

  /** Files that CDRs are written to. */
  get exportFiles(): readonly string[] {
    return this.#writers.map(({ path }) => path)
  }

  /** What arguments of methods that are left out mean; read at each call. */
  rpcDefaults(version: string): RpcDefaults {
    return liveDefaults(version, this.config, () => this.timeZone)
  }

  /** Whether the methods of a service answer now. */
  serves(service: string): boolean {
    // The scheduler can also be switched by ServiceManagerV1.
    if (service === 'SchedulerSv1') return this.runner.isScheduling
    return isServiceOn(this.config.loaded.config, service)
  }

  /** Configuration for other nodes, below `configs.root_dir`. */
  servedConfig(path: string): Promise<ServedConfig> {
    const { loaded } = this.config
    return servedConfig(loaded.config.configs.root_dir, path, loaded)
  }

  get tariff(): TariffState {
    return this.#tariff
  }

  /** AttributeS of this process. */
  get attributes(): Attributes {
    return this.#attributeService.attributes
  }

  /** Stored filters and chargers. */
  get profiles(): ProfileState {
    return this.#profiles
  }

  /** Why nothing can be charged any more, undefined when all is well. */
  get failure(): string | undefined {
    const { store } = this
    return store instanceof LmdbDataStore || store instanceof RedisDataStore ? store.failure?.message : undefined
  }

  get openPeers(): number {
    return this.#agent?.openConnections ?? 0
  }

  /** Diameter requests that are not answered yet. */
  get requestsInFlight(): number {
    return this.#agent?.requestsInFlight ?? 0
  }

  now(): ZonedTime {
    return { ns: BigInt(this.evaluations.nowMs()) * 1_000_000n, zone: this.timeZone }
  }

  /** An account by tenant and name, undefined when there is none. */
  account(tenant: string, id: string): Promise<Account | undefined> {
    return this.accounts.find(tenant, id)
  }

  /** Queues of statistics, while they are on. */
  get statQueues(): StatsService | undefined {
    return this.eventServices.stats
  }

  /** Resources and their usages, while they are on. */
  get resourceUsages(): ResourcesService | undefined {
    return this.eventServices.resources
  }

  /** Thresholds, while they are on. */
  get thresholdStates(): ThresholdsService | undefined {
    return this.eventServices.thresholds
  }

  /** Whether sessions are connected with those who are to be told. */
  canTell(wanted: SessionNotice): boolean {
    return this.eventServices.canTell(wanted)
  }

  /** Tells thresholds and statistics of an event of sessions. */
  sessionEvent(event: ChargingEvent, wanted: SessionNotice): Promise<SessionNoticed> {
    return this.eventServices.sessionEvent(event, wanted)
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

  /** The action triggers of a group, undefined when there is none. */
  triggersOf(groupId: string): readonly ActionTrigger[] | undefined {
    return this.#tariff.actions.triggers.get(groupId)
  }

  /** A shared group and its members, undefined when there is none. */
  sharedGroup(id: string): { group: SharedGroup; memberIds: Iterable<string> } | undefined {
    const group = this.#tariff.sharedGroups.get(id)
    return group && { group, memberIds: this.#groupMembers.of(id) }
  }

  /** Sets a shared group; members are made of accounts, and stay those that there are. */
  setSharedGroup(id: string, rows: readonly TariffRow[], memberIds: readonly string[]): Promise<void> {
    return this.#tariff.change(
      () => new Map([['SharedGroups', new Map([[id, rows]])]]),
      (unit) => {
        for (const accountId of memberIds) this.#groupMembers.add(unit, accountId, [id])
      },
    )
  }

  /** The accounts of an action plan, as `tenant:account`. */
  accountsOf(planId: string): readonly string[] {
    return this.#planMembers.of(planId)
  }

  newUuid(): string {
    return randomUUID()
  }

  stirSettings(): Config['sessions']['stir'] {
    return this.config.loaded.config.sessions.stir
  }

  /** Sessions that are charged now; filters: those that cannot pass them may be left out. */
  activeSessions(filters: readonly string[] = []): Promise<Session[]> {
    return this.#sessions(isCharged, filters)
  }

  /** Copies of sessions that other engines charge; filters as above. */
  passiveSessions(filters: readonly string[] = []): Promise<Session[]> {
    return this.#sessions(({ isPassive }) => isPassive, filters)
  }

  async #sessions(
    isWanted: (session: Session) => boolean,
    filters: readonly string[],
    isLooked: (record: StoredRecord) => boolean = () => true,
  ): Promise<Session[]> {
    const sessions: Session[] = []
    const candidates = this.#sessionIndex?.candidates(filters)
    if (candidates !== undefined) {
      for (const cgrId of candidates) {
        const record = await this.store.get('session', cgrId)
        const session = record && sessionKind.decode(record.value, cgrId)
        if (session !== undefined && isWanted(session)) sessions.push(session)
      }
      return sessions
    }
    for await (const [cgrId, record] of this.store.scan('session')) {
      if (!isLooked(record)) continue
      const session = sessionKind.decode(record.value, cgrId)
      if (isWanted(session)) sessions.push(session)
    }
    return sessions
  }

  #share(store: RedisDataStore): StoreSharing {
    return new StoreSharing(store, {
      records: this.records,
      take: (changed) => this.#take(changed),
      refreshInTurn: () => this.#tariff.inTurn(async () => undefined),
      takeOver: () => this.#takeOver(),
      scheduler: () => ({
        isOn: this.runner.isScheduling,
        filters: this.config.loaded.config.schedulers.filters,
      }),
      log: this.#options.log,
    })
  }

  /** What other engines have changed is in force here, too. */
  async #take(changed: readonly TakenRecord[]): Promise<void> {
    const profiles = changed.filter(({ table }) => table === 'profile')
    const plans = changed.filter(({ table, key }) => table === 'meta' && isOfPlans(key))
    for (const { table, key, text } of changed)
      if (table === 'meta' && isOfGroups(key)) this.#groupMembers.take(key, text)
    // Profiles are compiled with the filters that they name.
    const ordered = profiles.toSorted(
      (a, b) => Number(b.key.startsWith('filter/')) - Number(a.key.startsWith('filter/')),
    )
    for (const { key, text } of ordered) this.#profiles.take(key, text)
    for (const { key, text } of plans) this.#planMembers.take(key, text)
    const { changes, loadIds } = changedRows(profiles.map(({ key, text }) => [key, text] as const))
    this.#tariff.take(changes, loadIds)
    if (plans.length > 0 || changes.has('ActionPlans')) await this.runner.reload()
  }

  /** Sessions of engines that are gone have their debits and their ends here. */
  async #takeOver(): Promise<void> {
    for await (const [cgrId, { value, writer = '' }] of this.store.scan('session')) {
      if (!isDueLater(value) || this.#sharing?.isLeft(writer) !== true) continue
      const session = await this.records.run((unit) => unit.get(sessionKind, cgrId))
      this.sessionLife.changed(cgrId, undefined, session)
    }
  }

  /** Runs a call of sessions as one unit of work; resolves when all it did is durable. Rejects with what `call` throws. */
  async charge<R>(call: SessionCall<R>): Promise<R> {
    const { result, cdrs = [] } = await this.records.run((unit) => call(unit, this.sessions))
    if (cdrs.length > 0) {
      this.#projector.wake()
      if (!(await this.eventServices.cdrsMade(cdrs))) throw new SessionRefused('PARTIALLY_EXECUTED')
    }
    return result
  }

  /** Where the outcome of a call with an idempotency key is kept, as long as answers for retransmissions. */
  outcomeKeys(key: string): OutcomeKeys {
    return this.#buckets.keys(`call/${key}`, Date.now())
  }

  /** The same for calls that charge accounts, or make CDRs: whoever makes them may be away for long. */
  chargeKeys(key: string): OutcomeKeys {
    return this.#buckets.longKeys(`charge/${key}`, Date.now(), CHARGE_KEY_LIFE_MS)
  }

  /**
   * Filters of sessions, over the fields of a run. One that is not known lets everything pass, an inline one that cannot be
   * compiled nothing. Reference 05, 6.18.
   */
  sessionFilter(filters: readonly string[]): (event: ChargingEvent) => boolean {
    const { rsr_separator: separator } = this.#options.loaded.config.general
    return sessionFilter(filters, separator, this.#storedSources(), () => this.now())
  }

  cachePartitions(): readonly string[] {
    return Object.keys(this.#options.loaded.config.caches.partitions)
  }

  /** What is done to an event that is to become a CDR and does not say it itself. Reference 05, 9.3. */
  get cdrSwitches(): CdrSwitches {
    return cdrSwitches(this.config.loaded.config)
  }

  /** Deletes CDRs from the CDR store for good; how many. */
  async removeCdrs(query: CdrQuery): Promise<number> {
    await this.#projector.delivered(CDR_STORE, this.#outboxSequence.last)
    return this.#storDb.cdrs.remove(query)
  }

  /** CDRs of everything that was answered before; of what the CDR store has when it cannot take more. */
  async findCdrs(query: CdrQuery): Promise<FoundCdr[]> {
    return (await this.#findCdrs(query)).found
  }

  /** isUpToDate: the CDR store has everything that was answered before. */
  async #findCdrs(query: CdrQuery): Promise<{ found: FoundCdr[]; isUpToDate: boolean }> {
    const isUpToDate = await this.#projector.delivered(CDR_STORE, this.#outboxSequence.last)
    return { found: await this.#storDb.cdrs.find(query), isUpToDate }
  }

  async #storedCostRuns(): Promise<CdrRun[]> {
    const runs: CdrRun[] = []
    for await (const [key] of this.store.scan('cost', { prefix: COST_RUNS })) runs.push(runOfOrigin(key))
    return runs
  }

  async #costRuns(prefix: string): Promise<CdrRun[]> {
    const runs: CdrRun[] = []
    for await (const [, { value }] of this.store.scan('cost', { prefix })) runs.push(runOfOrigin(value))
    return runs
  }

  /** Exports CDRs by exporters: see CdrExport. */
  exportCdrs(query: CdrQuery, exporterIds: readonly string[]): Promise<CdrExports | undefined> {
    return exportCdrs(query, exporterIds, {
      writers: this.config.loaded.config.apiers.ees_conns.length > 0 ? this.#writers : undefined,
      send: this.#connected.exporter(this.config.loaded.config, 'apiers.ees_conns', exporterIds),
      find: (each) => this.findCdrs(each),
      put: (cdrs) =>
        this.records.run((unit) => {
          for (const cdr of cdrs) unit.put(outboxKind, this.#outboxSequence.next(Date.now(), cdrKey(cdr)), cdr)
        }),
      delivered: (target) => {
        this.#projector.wake()
        return this.#projector.delivered(target, this.#outboxSequence.last)
      },
    })
  }

  /** Keeps what a session's run has paid. False: there is a cost already, which stays. */
  keepSessionCost(unit: Unit, cost: SessionCost, made: () => SessionCost): boolean {
    return this.#cdrs.keepSessionCost(unit, cost, made)
  }

  /** What an event costs, without an account. Throws SessionRefused. */
  price(descriptor: Descriptor, usage: bigint): CallCost {
    return this.#responder.price(descriptor, usage)
  }

  /** Rating and accounting, for units of `records`. */
  get responder(): Responder {
    return this.#responder
  }

  /** Usage that is asked for when nobody says how much. */
  defaultUsage(toR: string): bigint {
    const { default_usage: defaults } = this.config.loaded.config.sessions
    return defaults[toR] ?? defaults['*any'] ?? 0n
  }

  /** For what runs where nobody waits for a web server. */
  #storedSources(): MappingSources {
    const { http: _, ...stored } = this.#filterSources()
    return stored
  }

  /** What filters look up: they are compiled before anything is opened. */
  #filterSources(): MappingSources {
    const lookups = new TariffLookups(() => this.#tariff.rows)
    return {
      filter: (tenant, id) => this.#profiles.filter(tenant, id),
      destination: (id) => lookups.destination(id),
      timing: (id) => lookups.timing(id),
      http: this.#httpValues.lookup,
      isPrefix: (id, prefix) => lookups.isPrefix(id, prefix),
      accounts: this.#serviceValues.accounts,
      service: this.#serviceValues.service,
      phoneNames: this.#phoneNames,
      reputation: this.#reputation,
      cache: this.#sharedCache,
    }
  }

  /** What attributes read besides their event. */
  #attributeParts() {
    const { accounts, service } = this.#attributeValues
    const phoneNames = this.#phoneNames
    return { lookups: { accounts, service, phoneNames, http: this.#httpValues.lookup }, cache: this.#sharedCache }
  }

  #runnerOptions(config: Config, accepts: RunnerOptions['accepts']): RunnerOptions {
    const { general, rals, schedulers } = config
    const cdrs = {
      put: this.#connected.putActionCdr(config),
      made: (made: readonly Cdr[], causes: Causes) => {
        this.#projector.wake()
        if (!leadElsewhere(config, 'cdrs', schedulers.cdrs_conns))
          this.#committed(made.map((cdr) => ({ ...cdr, notice: { apiOpts: {}, causes } })))
      },
      defaults: cdrDefaults(config, this.timeZone),
      separator: general.rsr_separator,
    }
    return {
      enabled: schedulers.enabled,
      hasTurn: (unit) => this.#sharing?.hasTurn(unit) ?? true,
      timeZone: this.timeZone,
      roundingDecimals: general.rounding_decimals,
      removeExpired: rals.remove_expired,
      cdrs: schedulers.cdrs_conns.length > 0 ? cdrs : undefined,
      published: (account, causes) => this.eventServices.accountUpdated(account, account, causes),
      reset: (service) => this.eventServices.reset(service),
      evaluations: this.evaluations,
      lastCdr: async (tenant, account) => {
        const is = { tenant: [tenant], account: [account] }
        const query = { is, isNot: { costs: ['-1'] }, orderBy: 'OrderID', isDescending: true, limit: 1 } as const
        return (await this.findCdrs(query))[0]?.cdr
      },
      costRuns: () => this.#storedCostRuns(),
      filterRules: (tenant, id) => this.#profiles.filter(tenant || general.default_tenant, id)?.rules,
      outside: (unit, call) => this.#actionCalls.put(unit, call),
      accepts,
      now: () => this.now(),
      newUuid: () => randomUUID(),
      log: this.#options.log,
    }
  }

  /** Accounts are watched once somebody is to be told of them: the path of charges pays for it. */
  #responderSettings(config: Config): ResponderSettings {
    const { stats_conns, thresholds_conns } = config.rals
    const isWatched = stats_conns.length + thresholds_conns.length > 0
    if (isWatched && !this.#watchesAccounts) {
      this.#watchesAccounts = true
      this.records.watch(accountKind, (_, before, after) => {
        if (after === undefined || !this.#debited.delete(after as Account)) return
        this.eventServices.accountUpdated(after as Account, (before ?? after) as Account)
      })
    }
    return { ...responderSettings(config), debited: isWatched ? this.#debited : undefined }
  }

  /** Rejects with NotFound for a set that is not there, with PartiallyExecuted for one that fails. Reference 06, 6.4. */
  async #runForThreshold(
    actionsId: string,
    { profile: { tenant, id }, accountId, event, causes }: ThresholdRun,
  ): Promise<void> {
    const actions = this.actionsOf(actionsId)
    if (actions === undefined) throw new NotFound(`NOT_FOUND: actions ${actionsId}`)
    const fields = { actionsId, threshold: `${tenant}:${id}` }
    await this.runner.run(accountId, () => [{ actions, extra: {} }], { fields, event: event.event, causes })
  }

  #sessionDependencies(config: Config): SessionDependencies {
    const chargers = () => this.#profiles.chargers
    const connected = this.#connected
    const attributes = (conns: readonly string[]): AttributeCaller | undefined =>
      conns.length === 0 ? undefined : { process: (event) => this.#attributeService.caller(conns)?.process(event) }
    return {
      charging: connected.charging(config, 'sessions.rals_conns', this.#responder),
      chargers: connected.chargers(config, 'sessions.chargers_conns', chargers),
      cdrs: connected.sessionCdrs(config, cdrDefaults(config, this.timeZone), this.#cdrs),
      attributes: attributes(config.sessions.attributes_conns),
      resources: this.#resourceCaller(config.sessions.resources_conns),
      events: {
        cdrs: this.#cdrs,
        chargers: connected.chargers(config, 'cdrs.chargers_conns', chargers),
        attributes: attributes(config.cdrs.attributes_conns),
      },
      makeAccount: this.#makesAccounts(config, 'sessions.scheduler_conns'),
      now: () => this.now(),
      random: Math.random,
      warn: (message, fields) => this.#options.log('warn', message, fields),
    }
  }

  /** ResourceS behind connections; undefined: there are none. */
  #resourceCaller(conns: readonly string[]): ResourceCaller | undefined {
    if (conns.length === 0) return undefined
    return resourceCaller(conns, { evaluations: this.evaluations, client: (ids) => this.remote.client(ids) })
  }

  /** How accounts of `*dynaprepaid` events are made; undefined without a connection to the scheduler. */
  #makesAccounts(config: Config, use: 'sessions.scheduler_conns' | 'cdrs.scheduler_conns'): MakeAccount | undefined {
    return this.#connected.accountMaker(config, use, (unit, tenant, account) => {
      const { dynaprepaid_actionplans: plans } = this.config.loaded.config.schedulers
      this.runner.makeAccount(unit, accountKey(tenant, account), plans)
    })
  }

  /** What is in the outbox goes to those that the configuration and actions ask for now. One change after the other. */
  #retarget(): Promise<void> {
    const replaced = this.#retargeted.then(() => this.#projector.replace(this.#cdrTargets(this.config.loaded.config)))
    this.#retargeted = replaced.catch(() => undefined)
    return replaced
  }

  #cdrTargets(config: Config): OutboxTarget[] {
    return [this.#cdrStoreTarget, ...this.#writers, ...this.#connected.targets(config)]
  }

  /** What sessions of another process call of the agents here. Throws RpcError. */
  async #answerSessions(method: string, argument: unknown): Promise<unknown> {
    const client = this.#diameterClient()
    if (client === undefined) throw new RpcError('NOT_IMPLEMENTED')
    try {
      return await client.call(method, argument, 0)
    } catch (cause) {
      throw cause instanceof TollgateError ? new RpcError(cause.message) : cause
    }
  }

  #diameterClient(): SessionClient | undefined {
    const notices = this.#agent?.notices
    return notices && { id: DIAMETER_CLIENT, call: (method, argument) => notices.call(method, argument) }
  }

  #committed(cdrs: readonly Cdr[]): void {
    if (cdrs.length === 0) return
    this.#projector.wake()
    void this.eventServices.cdrsMade(cdrs)
  }

  /** Once a second: records that only served retransmissions. */
  #tick(): void {
    const bound = this.#buckets.bound(Date.now())
    if (bound === this.#purged) return
    this.#purged = bound
    this.store.deleteBefore('answer', bound).catch((cause: unknown) => {
      this.#options.log('error', 'old answers could not be deleted', { cause: String(cause) })
    })
  }
}
