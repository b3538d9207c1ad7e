import { type Cdr, type CdrDefaults, cdrKey, wholeEventOfCdr } from '../cdrs/cdr.ts'
import { outboxKind } from '../cdrs/outbox.ts'
import type { CdrPipeline } from '../cdrs/pipeline.ts'
import { type CallTarget, type OutboxTarget, waitingUses } from '../cdrs/projector.ts'
import type { SessionCdrs } from '../cdrs/session-cdrs.ts'
import { leadElsewhere } from '../config/checks/connections.ts'
import type { Config } from '../config/schema.ts'
import type { EventValue } from '../core/event.ts'
import type { ZonedTime } from '../core/time.ts'
import { Turns } from '../core/turns.ts'
import type { SharedCache } from '../mapping/selector.ts'
import { eventCostWire } from '../rating/event-cost-wire.ts'
import type { ChargerSource } from '../services/chargers.ts'
import type { Charging } from '../services/charging.ts'
import type { MakeAccount } from '../services/dynaprepaid.ts'
import { AccountNotMade } from '../services/errors.ts'
import type { Unit } from '../store/unit-of-work.ts'
import { EesTarget } from './ees-target.ts'
import { sharedCache } from './mapping-sources.ts'
import { type Argument, OutgoingCalls, type OutgoingParts } from './outgoing-calls.ts'
import { RemoteCdrs } from './remote-cdrs.ts'
import { RemoteChargers } from './remote-chargers.ts'
import { RemoteCharges } from './remote-charges.ts'
import { RemoteCharging } from './remote-charging.ts'
import type { Callee, RemoteServices } from './remote-services.ts'
import { newRequestIds } from './request-ids.ts'

/** Keys of the configuration that name connections, by the name of whom they lead to. */
const CALLEES = {
  'sessions.rals_conns': 'rals',
  'sessions.chargers_conns': 'chargers',
  'sessions.cdrs_conns': 'cdrs',
  'cdrs.rals_conns': 'rals',
  'cdrs.chargers_conns': 'chargers',
  'cdrs.ees_conns': 'ees',
  'schedulers.cdrs_conns': 'cdrs',
  'apiers.ees_conns': 'ees',
  'sessions.scheduler_conns': 'scheduler',
  'cdrs.scheduler_conns': 'scheduler',
} as const
export type Use = keyof typeof CALLEES

/** Those over which calls go that nobody waits for. */
const OUTGOING: readonly Use[] = [
  'sessions.rals_conns',
  'sessions.cdrs_conns',
  'cdrs.rals_conns',
  'schedulers.cdrs_conns',
]

/** The connection ids that a key names. */
export function connectionsOf(config: Config, use: string): readonly string[] {
  const [section = '', key = ''] = use.split('.')
  return ((config as unknown as Record<string, Record<string, unknown>>)[section]?.[key] ?? []) as readonly string[]
}

/** Whether what a key leads to is another process. */
export function isElsewhere(config: Config, use: Use): boolean {
  return leadElsewhere(config, CALLEES[use], connectionsOf(config, use))
}

export type ConnectedParts = Omit<OutgoingParts, 'callee'> & {
  /** Lets targets that have come take what waits. */
  retarget: () => Promise<void>
  actionCallee: (use: string) => Callee | undefined
  remote: RemoteServices
  config: () => Config
  now: () => ZonedTime
}

/** The services that others here are connected with when these are other engines. Reference 01, 3; 10, B1. */
export class ConnectedServices {
  readonly #parts: ConnectedParts
  readonly #calls: OutgoingCalls
  readonly #charges: RemoteCharges
  readonly #turns = new Turns()
  /** Units that have had accounts made: what is asked about these has another answer then. */
  readonly #made = new WeakSet<Unit>()
  readonly #targets = new Map<string, CallTarget>()
  /** Those of actions that take what is put into the outbox. */
  readonly #taking = new Set<string>()
  readonly #newId = newRequestIds()
  #eventCharges: SharedCache | undefined
  #ees: EesTarget | undefined

  constructor(parts: ConnectedParts) {
    this.#parts = parts
    const callee = (use: string) => this.#callee(use)
    this.#calls = new OutgoingCalls({ ...parts, callee })
    this.#charges = new RemoteCharges({ ...parts, callee, calls: this.#calls })
    const partition = parts.config().caches.partitions['*event_charges']
    this.#eventCharges = (partition?.limit ?? 0) === 0 ? undefined : sharedCache(partition)
  }

  /** Rating and accounting behind a key; local: what stays in this process. */
  charging(config: Config, use: 'sessions.rals_conns' | 'cdrs.rals_conns', local: Charging): Charging {
    if (!isElsewhere(config, use)) return local
    return new RemoteCharging(use, {
      callee: this.#parts.remote.callee(connectionsOf(config, use)),
      charges: this.#charges,
      calls: this.#calls,
      evaluations: this.#parts.evaluations,
      turns: this.#turns,
      hasMadeAccounts: (unit) => this.#made.has(unit),
      patienceMs: Number(config.general.reply_timeout / 1_000_000n),
      decimals: config.general.rounding_decimals,
    })
  }

  /** Chargers behind a key; undefined: it names none. */
  chargers(
    config: Config,
    use: 'sessions.chargers_conns' | 'cdrs.chargers_conns',
    local: () => ChargerSource,
  ): (() => ChargerSource) | undefined {
    const ids = connectionsOf(config, use)
    if (ids.length === 0) return undefined
    if (!isElsewhere(config, use)) return local
    const { remote, evaluations } = this.#parts
    const chargers = new RemoteChargers(remote.callee(ids), evaluations, this.#eventCharges)
    return () => chargers
  }

  /** How accounts of `*dynaprepaid` events are made; undefined without connections; local: by the scheduler here. Reference 04, 5.4. */
  accountMaker(
    config: Config,
    use: 'sessions.scheduler_conns' | 'cdrs.scheduler_conns',
    local: MakeAccount,
  ): MakeAccount | undefined {
    if (connectionsOf(config, use).length === 0) return undefined
    if (!isElsewhere(config, use)) return local
    const { evaluations } = this.#parts
    const callee = this.#callee(use)
    return (unit, tenant, account) => {
      const argument = {
        ActionPlanIDs: config.schedulers.dynaprepaid_actionplans,
        Tenant: tenant,
        AccountID: account,
      }
      evaluations.ask(`SchedulerSv1.ExecuteActionPlans ${tenant}:${account}`, () =>
        callee.ask('SchedulerSv1.ExecuteActionPlans', argument).then(
          () => 'OK',
          (cause: unknown) => {
            throw new AccountNotMade(cause instanceof Error ? cause.message : String(cause))
          },
        ),
      )
      this.#made.add(unit)
    }
  }

  /** Who makes the CDRs of sessions; undefined: nobody. */
  sessionCdrs(config: Config, defaults: CdrDefaults, local: CdrPipeline): SessionCdrs | undefined {
    if (config.sessions.cdrs_conns.length === 0) return undefined
    if (!isElsewhere(config, 'sessions.cdrs_conns')) return local
    return new RemoteCdrs({
      calls: this.#calls,
      marks: local,
      defaults,
      now: this.#parts.now,
      newId: this.#newId,
      decimals: config.general.rounding_decimals,
    })
  }

  /** Has a call of an action made once the unit is durable. Its target comes when it is first needed. */
  putActionCall(unit: Unit, use: string, method: string, argument: Argument): void {
    if (!this.#taking.has(use))
      this.#parts.evaluations.ask(`target ${use}`, async () => {
        this.#addTarget(use)
        await this.#parts.retarget()
        return this.#taking.add(use)
      })
    this.#calls.put(unit, use, method, argument)
  }

  /** Puts a CDR of `*cdrlog` on its way. Reference 04, 11.6. */
  putActionCdr(config: Config): (unit: Unit, cdr: Cdr) => void {
    const { newId } = this.#parts
    if (!isElsewhere(config, 'schedulers.cdrs_conns'))
      return (unit, cdr) => unit.put(outboxKind, newId(cdrKey(cdr)), cdr)
    return (unit, cdr) => {
      const event = { ...wholeEventOfCdr(cdr, null), PreRated: true }
      const envelope = { Tenant: cdr.tenant, ID: this.#newId(), Time: null, Event: event, APIOpts: {} }
      this.#calls.put(unit, 'schedulers.cdrs_conns', 'CDRsV1.ProcessEvents', {
        Flags: ['*chargers:false'],
        CGREvents: [envelope],
        APIOpts: {},
      })
    }
  }

  /** The exporters of another engine, as it is asked to export one CDR; undefined: they are here, or nowhere. Reference 09, B8. */
  exporter(config: Config, use: 'cdrs.ees_conns' | 'apiers.ees_conns', exporterIds: readonly string[]) {
    if (!isElsewhere(config, use)) return undefined
    const callee = this.#callee(use)
    const decimals = config.general.rounding_decimals
    return (cdr: Cdr, key: string) => {
      const details = cdr.costDetails === undefined ? null : (eventCostWire(cdr.costDetails, decimals) as EventValue)
      return callee.call(
        'EeSv1.ProcessEvent',
        {
          EeIDs: exporterIds,
          Tenant: cdr.tenant,
          ID: this.#newId(),
          Time: null,
          Event: wholeEventOfCdr(cdr, details),
          APIOpts: {},
        },
        key,
      )
    }
  }

  /** Who takes what waits in the outbox, besides stores and writers. */
  targets(config: Config): OutboxTarget[] {
    for (const use of OUTGOING) if (isElsewhere(config, use)) this.#addTarget(use)
    const isExporting = config.cdrs.enabled && isElsewhere(config, 'cdrs.ees_conns')
    if (!isExporting) this.#ees = undefined
    else
      this.#ees ??= new EesTarget((cdr, key) => {
        const { cdrs } = this.#parts.config()
        return this.exporter(this.#parts.config(), 'cdrs.ees_conns', cdrs.online_cdr_exports)?.(cdr, key)
      }, this.#parts.log)
    return [...this.#targets.values(), ...(this.#ees === undefined ? [] : [this.#ees])]
  }

  /** Makes the calls that an earlier configuration has left. Before `targets`. */
  async takeUp(): Promise<void> {
    for (const use of await waitingUses(this.#parts.store)) this.#addTarget(use)
    for (const use of await this.#calls.refusedUses()) this.#addTarget(use)
  }

  /** Gives back what an end of the process has left, as far as that takes no longer than a call. */
  async start(): Promise<void> {
    const { config, log } = this.#parts
    const { promise: isLate, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, Number(config().general.reply_timeout / 1_000_000n))
    const recovered = this.#charges
      .recover()
      .catch((cause: unknown) => log('error', 'charges could not be given back', { cause: String(cause) }))
    await Promise.race([recovered, isLate])
    clearTimeout(timer)
    this.#calls.start()
  }

  close(): void {
    this.#charges.close()
    this.#calls.close()
  }

  #addTarget(use: string): void {
    if (!this.#targets.has(use)) this.#targets.set(use, this.#calls.target(use))
  }

  #callee(use: string): Callee {
    const { remote, config, actionCallee } = this.#parts
    return actionCallee(use) ?? remote.callee(connectionsOf(config(), use))
  }
}
