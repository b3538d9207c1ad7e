import { randomBytes, randomUUID } from 'node:crypto'
import { join, resolve } from 'node:path'
import type { Account } from '../accounting/account.ts'
import { accountKey } from '../accounting/account.ts'
import { accountKind } from '../accounting/account-record.ts'
import { accountWire } from '../accounting/account-wire.ts'
import { BalanceSubjects } from '../accounting/balance-subject.ts'
import type { DiameterAgent } from '../agents/diameter/agent.ts'
import { RetentionBuckets } from '../agents/diameter/peer-session.ts'
import { type Cdr, decodeCdr, encodeCdr, eventOfCdr } from '../cdrs/cdr.ts'
import { OutboxSequence } from '../cdrs/outbox-sequence.ts'
import { CdrPipeline } from '../cdrs/pipeline.ts'
import { CdrProjector, type CdrTarget } from '../cdrs/projector.ts'
import { ConfigError } from '../config/config-error.ts'
import type { LoadedConfig } from '../config/load-config.ts'
import { parseDuration } from '../core/duration.ts'
import type { ChargingEvent, EventFields } from '../core/event.ts'
import { valueText } from '../core/event-values.ts'
import { type ZonedTime, zoneOf } from '../core/time.ts'
import { compileFilters } from '../filters/filters.ts'
import { type MappingContext, OrderedEntries, textOf } from '../mapping/context.ts'
import { compileValue } from '../mapping/value-parser.ts'
import type { CallCost } from '../rating/call-cost.ts'
import type { Descriptor } from '../services/charging.ts'
import { Responder } from '../services/responder.ts'
import { Deadlines } from '../sessions/deadlines.ts'
import type { Session } from '../sessions/session.ts'
import { sessionKind } from '../sessions/session-record.ts'
import { Sessions } from '../sessions/sessions.ts'
import type { CdrQuery } from '../store/cdr-store.ts'
import type { DataStore } from '../store/data-store.ts'
import { LmdbDataStore } from '../store/lmdb/lmdb-data-store.ts'
import { MemoryDataStore } from '../store/memory-data-store.ts'
import { SqliteCdrStore } from '../store/sqlite/sqlite-cdr-store.ts'
import { Records } from '../store/unit-of-work.ts'
import { CsvWriter } from '../writers/csv-writer.ts'
import { ActionRunner } from './action-runner.ts'
import { buildDiameterAgent } from './diameter.ts'
import { EVENT_READER } from './event-reader.ts'
import { TariffState } from './tariff-state.ts'

export type EngineOptions = {
  loaded: LoadedConfig
  /** Folder of the package: dictionaries are below it. */
  root: string
  log: (level: 'info' | 'warn' | 'error', message: string, fields: Record<string, unknown>) => void
  /** Result-Code and latency of each answer. */
  observe?: (resultCode: number, latencyNs: bigint) => void
}

/** Id of the CDR store among the targets of CDRs. */
const CDR_STORE = 'cdr store'
/** Live values of one table kept in memory; the store holds the others. */
const CACHED_RECORDS = 1_000_000
const DEFAULT_USAGE = { '*any': '3h', '*voice': '3h', '*data': '1048576', '*sms': '1' }
const MAX_COMPUTED_USAGE = {
  '*any': '189h',
  '*voice': '72h',
  '*data': '107374182400',
  '*sms': '10000',
  '*mms': '10000',
}
const BALANCE_SUBJECTS = { '*any': '*zero1ns', '*voice': '*zero1s' }

/** Every service of one configuration, built, started and stopped in order. */
export class Engine {
  readonly store: DataStore
  readonly records: Records
  readonly sessions: Sessions
  readonly csvFiles: readonly string[]
  /** Zone of times that name none. */
  readonly timeZone: string
  #tariff!: TariffState
  readonly #options: EngineOptions
  readonly #cdrStore: SqliteCdrStore
  readonly #projector: CdrProjector
  readonly #outboxSequence = new OutboxSequence()
  readonly #agent: DiameterAgent | undefined
  readonly #deadlines: Deadlines
  readonly #buckets: RetentionBuckets
  readonly #responder: Responder
  readonly #runner: ActionRunner
  readonly #ttlMs: number
  #ticker: NodeJS.Timeout | undefined
  #purged = ''

  /** Opens the stores and builds everything; nothing listens yet. Throws what is wrong with configuration or store. */
  constructor(options: EngineOptions) {
    this.#options = options
    const { config } = options.loaded
    this.timeZone = zoneOf(config.general.default_timezone)
    this.#checkConnections()
    const now = () => this.now()
    const { opts } = config.data_db
    this.store =
      config.data_db.db_type === '*internal'
        ? new MemoryDataStore()
        : new LmdbDataStore({
            folder: resolve(opts.lmdbPath),
            durability: config.general.durability,
            onEvent: (event) => options.log('warn', `store: ${event.kind}`, { ...event }),
          })
    this.records = new Records(this.store, { limit: CACHED_RECORDS })
    this.#cdrStore = new SqliteCdrStore(
      config.stor_db.db_type === '*internal' ? ':memory:' : resolve(config.stor_db.opts.sqlitePath),
    )
    const { csvFiles, targets } = this.#buildWriters()
    this.csvFiles = csvFiles
    this.#projector = new CdrProjector(
      this.store,
      this.records,
      [...(config.cdrs.store_cdrs ? [this.#cdrTarget()] : []), ...targets],
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
    this.#runner = this.#buildRunner()
    const nodeId = config.general.node_id || randomBytes(4).toString('hex').slice(0, 7)
    this.#agent = config.diameter_agent.enabled
      ? buildDiameterAgent(options.loaded, options.root, nodeId, {
          sessions: this.sessions,
          records: this.records,
          buckets: this.#buckets,
          now,
          newId: newRequestIds(),
          observe: options.observe ?? (() => undefined),
          committed: (cdrs, cgrIds) => this.#committed(cdrs, cgrIds),
          log: options.log,
        })
      : undefined
  }

  /** Compiles the tariff that the store holds. Before `start`. */
  async openTariff(): Promise<void> {
    const { config } = this.#options.loaded
    const separator = config.general.rsr_separator
    const options = { separator, group: undefined }
    this.#tariff = await TariffState.open(this.store, this.records, this.#runner, {
      options: {
        roundingDecimals: config.general.rounding_decimals,
        fallbackDepth: config.rals.fallback_depth,
        subjectPrefixMatching: config.rals.rp_subject_prefix_matching,
      },
      timeZone: this.timeZone,
      now: () => this.now(),
      newUuid: () => randomUUID(),
      compileCharger: (filters) => {
        const passes = compileFilters(filters, EVENT_READER, options)
        return (event: ChargingEvent) => passes(this.#eventContext(event))
      },
      compileActionFilters: (filters) => {
        const passes = compileFilters(filters, EVENT_READER, options)
        return (account) => {
          const event = accountWire(account) as EventFields
          return passes(this.#eventContext({ tenant: account.tenant, id: '', time: null, event, apiOpts: {} }))
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
    await this.#runner.reload()
    this.#ticker = setInterval(() => this.#tick(), 1_000)
    return (await this.#agent?.listen()) ?? []
  }

  /** Stops accepting, answers what is under way, commits and closes. */
  async close(): Promise<void> {
    clearInterval(this.#ticker)
    await this.#agent?.close()
    await this.#runner.close()
    await this.#projector.close()
    await this.store.close()
    await this.#cdrStore.close()
  }

  get tariff(): TariffState {
    return this.#tariff
  }

  /** Why nothing can be charged any more, undefined when all is well. */
  get failure(): string | undefined {
    return this.store instanceof LmdbDataStore ? this.store.failure?.message : undefined
  }

  get openPeers(): number {
    return this.#agent?.openConnections ?? 0
  }

  now(): ZonedTime {
    return { ns: BigInt(Date.now()) * 1_000_000n, zone: this.timeZone }
  }

  /** An account by tenant and name, undefined when there is none. */
  async account(tenant: string, id: string): Promise<Account | undefined> {
    return this.records.run((unit) => unit.get(accountKind, accountKey(tenant, id)))
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

  /** CDRs of everything that was answered before. */
  async findCdrs(query: CdrQuery): Promise<{ orderId: number; cdr: Cdr }[]> {
    await this.#projector.delivered(CDR_STORE, this.#outboxSequence.last)
    const found = await this.#cdrStore.find(query)
    return found.map(({ orderId, record }) => ({ orderId, cdr: decodeCdr(record) }))
  }

  #checkConnections(): void {
    const { config, placeOf } = this.#options.loaded
    const fail = (key: string, problem: string) => {
      throw new ConfigError([{ place: placeOf(key), key, problem }])
    }
    if (config.diameter_agent.enabled && !config.sessions.enabled) {
      fail('diameter_agent', '<SessionS> not enabled but requested by <DiameterAgent> component')
    }
    const { chargers_conns, rals_conns, cdrs_conns } = config.sessions
    if (!config.sessions.enabled) return
    if (chargers_conns.length > 0 && !config.chargers.enabled)
      fail('sessions.chargers_conns', '<ChargerS> not enabled but requested by <SessionS> component')
    if (rals_conns.length > 0 && !config.rals.enabled)
      fail('sessions.rals_conns', '<RALs> not enabled but requested by <SessionS> component')
    if (cdrs_conns.length > 0 && !config.cdrs.enabled)
      fail('sessions.cdrs_conns', '<CDRs> not enabled but requested by <SessionS> component')
    for (const id of [...chargers_conns, ...rals_conns, ...cdrs_conns, ...config.diameter_agent.sessions_conns]) {
      if (!['*internal', '*localhost', '*birpc_internal', '*bijson_localhost'].includes(id)) {
        fail(
          'sessions',
          `connection with id: <${id}> not defined; this version has *internal, *birpc_internal and *localhost`,
        )
      }
    }
  }

  /** What an event costs, without an account. Throws SessionRefused. */
  price(descriptor: Descriptor, usage: bigint): CallCost {
    return this.#responder.price(descriptor, usage)
  }

  #buildRunner(): ActionRunner {
    const { general, rals, schedulers } = this.#options.loaded.config
    return new ActionRunner(this.store, this.records, {
      enabled: schedulers.enabled,
      timeZone: this.timeZone,
      roundingDecimals: general.rounding_decimals,
      removeExpired: rals.remove_expired,
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
        subjects: new BalanceSubjects({ ...BALANCE_SUBJECTS, ...rals.balance_rating_subject }),
        maxComputedUsage: usages({ ...MAX_COMPUTED_USAGE, ...rals.max_computed_usage }),
      },
      () => this.#tariff.index,
      () => ({ nowMs: Date.now(), newUuid: () => randomUUID() }),
    )
  }

  #buildSessions(): Sessions {
    const { general, sessions } = this.#options.loaded.config
    const charging = this.#responder
    const defaults = {
      tenant: general.default_tenant,
      category: general.default_category,
      requestType: general.default_request_type,
      timeZone: this.timeZone,
    }
    const markKey = (key: string) => this.#buckets.keys(`cdr/${key}`, Date.now())
    const newId = (key: string) => this.#outboxSequence.next(Date.now(), key)
    const cdrs = new CdrPipeline(charging, defaults, () => this.now(), markKey, newId)
    return new Sessions(
      {
        defaultUsage: usages({ ...DEFAULT_USAGE, ...sessions.default_usage }),
        defaultCategory: general.default_category,
        timeZone: this.timeZone,
        alterableFields: sessions.alterable_fields,
        ttlMs: Number(sessions.session_ttl / 1_000_000n),
        ttlLastUsage:
          sessions.session_ttl_last_usage === undefined ? undefined : parseDuration(sessions.session_ttl_last_usage),
      },
      {
        charging,
        chargers: sessions.chargers_conns.length > 0 ? () => this.#tariff.chargers : undefined,
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

  #buildWriters(): { csvFiles: string[]; targets: CdrTarget[] } {
    const { config, placeOf } = this.#options.loaded
    const csvFiles: string[] = []
    const targets: CdrTarget[] = []
    if (!config.ees.enabled) return { csvFiles, targets }
    for (const [i, exporter] of config.ees.exporters.entries()) {
      const key = `ees.exporters[${i}]`
      if (exporter.type === '*none') continue
      if (exporter.type !== '*file_csv') {
        throw new ConfigError([
          {
            place: placeOf(`${key}.type`),
            key: `${key}.type`,
            problem: `${JSON.stringify(exporter.type)} is not available in this version, expected "*file_csv" or "*none"`,
          },
        ])
      }
      const options = { separator: config.general.rsr_separator, group: undefined }
      const columns = exporter.fields.map(({ tag, path, value }) => {
        const read = compileValue(value, EVENT_READER, options)
        return {
          header: tag || path,
          read: (cdr: Cdr) => {
            const found = read(this.#cdrContext(cdr))
            return found === undefined ? '' : textOf(found)
          },
        }
      })
      const passes = compileFilters(exporter.filters, EVENT_READER, options)
      const separator = String(exporter.opts['csvFieldSeparator'] ?? ',')
      const writer = new CsvWriter({
        id: exporter.id,
        folder: resolve(exporter.export_path),
        columns,
        separator,
        passes: (cdr) => passes(this.#cdrContext(cdr)),
        startedMs: Date.now(),
      })
      csvFiles.push(writer.path)
      targets.push(writer)
    }
    return { csvFiles, targets }
  }

  #cdrContext(cdr: Cdr): MappingContext<EventFields, never> {
    return this.#eventContext({ tenant: cdr.tenant, id: '', time: null, event: eventOfCdr(cdr), apiOpts: {} })
  }

  #eventContext({ tenant, event, apiOpts }: ChargingEvent): MappingContext<EventFields, never> {
    const empty = {
      vars: {},
      request: {},
      reply: {},
      tmp: {},
      rep: new OrderedEntries(),
      item: undefined,
      instance: -1,
    }
    return { ...empty, message: event, opts: apiOpts, tenant, now: this.now() }
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

function usages(texts: Readonly<Record<string, string | number>>): Record<string, bigint> {
  return Object.fromEntries(Object.entries(texts).map(([toR, text]) => [toR, parseDuration(String(text))]))
}

/** Folder of the package, from that of this file. */
export function packageRoot(): string {
  return join(import.meta.dirname, '..', '..')
}
