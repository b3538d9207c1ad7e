import { StoreFailure } from '../core/errors.ts'
import type { StoredRecord, Table } from '../store/data-store.ts'
import type { RedisDataStore } from '../store/redis/redis-data-store.ts'
import type { RecordKind, Records, Unit } from '../store/unit-of-work.ts'
import { isOfGroups } from './group-members.ts'
import { isOfPlans } from './plan-members.ts'

/** A record that another engine has changed, as it is now. */
export type TakenRecord = { table: Table; key: string; text: string | undefined }

export type SharingParts = {
  records: Records
  /** Puts what other engines have changed into memory. */
  take: (changed: readonly TakenRecord[]) => Promise<void>
  /** Has `refresh` called when the changes before are made. */
  refreshInTurn: () => Promise<void>
  /** Engines are gone: what they would have done has to be done here. */
  takeOver: () => Promise<void>
  /** What distinguishes the schedulers that run other tasks than this one. */
  scheduler: () => { isOn: boolean; filters: readonly string[] }
  log: (level: 'info' | 'warn' | 'error', message: string, fields: Record<string, unknown>) => void
}

/** Whether engines that share a store tell each other of a change: they have it in memory. */
export function isToldToOthers({ table, key }: { table: Table; key: string }): boolean {
  return table === 'profile' || (table === 'meta' && (isOfPlans(key) || isOfGroups(key)))
}

/** Which engine runs action plans by the clock: its name. */
const turnKind: RecordKind<string> = {
  table: 'meta',
  write: (node, writer) => writer.json(JSON.stringify(node)),
  decode: (text) => JSON.parse(text) as string,
}
const TURNS = 'scheduler-turn/'

/** What an engine does where others use its store at the same time. Reference 10, B1 and B5. */
export class StoreSharing {
  readonly #store: RedisDataStore
  readonly #parts: SharingParts
  /** Changes of others that are not in memory yet. */
  #heard: { table: Table; key: string }[] = []
  #names: readonly string[] = []
  #isTakingTurn = false

  constructor(store: RedisDataStore, parts: SharingParts) {
    this.#store = store
    this.#parts = parts
  }

  /** Whether a record was written last by this engine, or by one that is gone. */
  isOurs({ writer = '' }: StoredRecord): boolean {
    return writer === this.#store.node || this.isLeft(writer)
  }

  /** Whether nobody is left who takes care of what an engine has written. */
  isLeft(writer: string): boolean {
    return !this.#store.engines.includes(writer)
  }

  /** Hears of other engines from now on. */
  async start(): Promise<void> {
    await this.#takeTurn()
    this.#names = this.#store.engines
    this.#store.watch({
      changed: (records) => {
        this.#heard.push(...records)
        this.#parts.refreshInTurn().catch((cause: unknown) => this.#failed('changes of other engines', cause))
      },
      engines: (names) => {
        const isLess = this.#names.some((name) => !names.includes(name))
        this.#names = names
        if (isLess) this.#parts.takeOver().catch((cause: unknown) => this.#failed('sessions of other engines', cause))
      },
      beat: () => void this.#takeTurn().catch(() => undefined),
    })
  }

  /** Takes in what other engines have changed until now. One at a time. Rejects with StoreFailure. */
  async refresh(): Promise<void> {
    await this.#store.hear()
    const heard = this.#heard
    this.#heard = []
    if (heard.length === 0) return
    try {
      const changed = await Promise.all(
        heard.map(async ({ table, key }) => ({ table, key, text: (await this.#store.get(table, key))?.value })),
      )
      await this.#parts.take(changed)
    } catch (cause) {
      if (cause instanceof StoreFailure) {
        this.#heard.unshift(...heard)
        throw cause
      }
      this.#failed('changes of other engines', cause)
    }
  }

  /** For units: whether this engine is the one that runs action plans by the clock. */
  hasTurn(unit: Unit): boolean {
    return unit.get(turnKind, this.#turnKey()) === this.#store.node
  }

  /** Of the schedulers with the same filters one runs: until it is gone, or switched off. */
  async #takeTurn(): Promise<void> {
    if (this.#isTakingTurn) return
    this.#isTakingTurn = true
    const { node } = this.#store
    const { isOn } = this.#parts.scheduler()
    try {
      await this.#parts.records.run((unit) => {
        const key = this.#turnKey()
        const held = unit.get(turnKind, key)
        if (held === node) {
          if (!isOn) unit.delete(turnKind, key)
        } else if (isOn && (held === undefined || this.isLeft(held))) unit.put(turnKind, key, node)
      })
    } finally {
      this.#isTakingTurn = false
    }
  }

  #turnKey(): string {
    return TURNS + JSON.stringify(this.#parts.scheduler().filters)
  }

  #failed(what: string, cause: unknown): void {
    this.#parts.log('error', `${what} could not be taken over`, { cause: String(cause) })
  }
}
