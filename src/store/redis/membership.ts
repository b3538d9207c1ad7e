import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { setTimeout as passed } from 'node:timers/promises'
import { StoreInUse } from '../../core/errors.ts'
import type { Table } from '../data-store.ts'
import { isRunning, startTimeOf } from '../process-start.ts'
import { LEAVE, REPORT, type Script, TABLES } from './scripts.ts'

export type MembershipParts = {
  call: (script: Script, keys: readonly string[], args: readonly (string | number)[]) => Promise<unknown>
  prefix: string
  node: string
}

export type MembershipEvents = {
  /** Other engines have changed these records. */
  changed: (records: readonly { table: Table; key: string }[]) => void
  /** Engines that are there now, this one among them: some have come or gone. */
  engines: (names: readonly string[]) => void
  /** Called every second. */
  beat: () => void
}

const REPORT_MS = 1_000
/** An engine that was not heard for so long is gone. */
const GONE_MS = 10_000
/** Changes of one report. */
const CHANGES = 1_000

type Report = {
  owner: string
  heardMs: number
  names: readonly string[]
  changed: number
  counts: readonly number[]
  changes: readonly string[]
}

/**
 * The engines that share a database: each reports every second that it is there, and hears which others are, and what they have
 * changed. A name belongs to one process.
 */
export class Membership {
  readonly #parts: MembershipParts
  readonly #keys: readonly string[]
  readonly #owner = JSON.stringify({
    host: hostname(),
    pid: process.pid,
    start: startTimeOf(process.pid),
    life: randomUUID(),
  })
  #counts: readonly number[] = []
  #names: readonly string[] = []
  #known = 0
  /** Changes of this engine itself: from (exclusive) to (inclusive). */
  #own: (readonly [from: number, to: number])[] = []
  #timer: NodeJS.Timeout | undefined
  #events: MembershipEvents | undefined
  #running: Promise<void> | undefined
  #failure: StoreInUse | undefined

  constructor(parts: MembershipParts, tableKeys: readonly string[]) {
    this.#parts = parts
    const { prefix } = parts
    const hashes = tableKeys.filter((_, i) => i % 2 === 0)
    this.#keys = [...['engines', 'engines:heard', 'changed', 'changes'].map((name) => `${prefix}:${name}`), ...hashes]
  }

  get engines(): readonly string[] {
    return this.#names
  }

  /** The name of this engine has gone to another process. */
  get failure(): StoreInUse | undefined {
    return this.#failure
  }

  count(table: Table): number {
    return this.#counts[TABLES.indexOf(table)] ?? 0
  }

  /** Takes the name of this engine. Rejects with StoreInUse when another process that lives has it. */
  async join(): Promise<void> {
    for (;;) {
      const { owner, heardMs, names, changed, counts } = await this.#report(-1)
      if (owner === this.#owner) {
        this.#names = names
        this.#known = changed
        this.#counts = counts
        return
      }
      const { host, pid, start } = JSON.parse(owner) as { host: string; pid: number; start: string }
      if (host === hostname()) {
        if (isRunning(pid, start)) throw this.#taken(pid, host)
        await this.#parts.call(LEAVE, this.#keys.slice(0, 2), [this.#parts.node, owner])
      } else if (heardMs < 2 * REPORT_MS) {
        // It may have ended just now: it is heard again within a second, or not.
        await passed(3 * REPORT_MS)
        const again = await this.#report(-1)
        if (again.owner === owner && again.heardMs < 2 * REPORT_MS) throw this.#taken(pid, host)
      } else await passed(REPORT_MS)
    }
  }

  /** Numbers of changes that are this engine's own. */
  told(from: number, to: number): void {
    this.#own.push([from, to])
  }

  /** Reports from now on. */
  start(events: MembershipEvents): void {
    this.#events = events
    this.#timer = setInterval(() => {
      events.beat()
      // Redis is lost, and the commits say so.
      if (this.#running === undefined) this.hear().catch(() => undefined)
    }, REPORT_MS)
  }

  /** Hears what was changed until now. Rejects when Redis does not answer. */
  async hear(): Promise<void> {
    while (this.#running !== undefined) await this.#running.catch(() => undefined)
    this.#running = this.#hear().finally(() => {
      this.#running = undefined
    })
    await this.#running
  }

  async leave(isReachable: boolean): Promise<void> {
    clearInterval(this.#timer)
    await this.#running?.catch(() => undefined)
    if (isReachable)
      await this.#parts.call(LEAVE, this.#keys.slice(0, 2), [this.#parts.node, this.#owner]).catch(() => undefined)
  }

  async #hear(): Promise<void> {
    for (let isMore = true; isMore; ) {
      const { owner, names, changed, counts, changes } = await this.#report(this.#known)
      this.#counts = counts
      if (owner !== this.#owner) {
        const { host, pid } = JSON.parse(owner) as { host: string; pid: number }
        this.#failure = this.#taken(pid, host)
        return
      }
      const before = this.#names
      this.#names = names
      if (names.join('\n') !== before.join('\n')) this.#events?.engines(names)
      const others: { table: Table; key: string }[] = []
      let last = this.#known
      for (let at = 0; at < changes.length; at += 2) {
        const [name = '', score] = changes.slice(at, at + 2)
        last = Number(score)
        const table = TABLES[Number(name[0])]
        if (table !== undefined && !this.#isOwn(last)) others.push({ table, key: name.slice(1) })
      }
      isMore = changes.length === 2 * CHANGES
      if (others.length > 0) this.#events?.changed(others)
      this.#known = isMore ? last : Math.max(last, changed)
      this.#own = this.#own.filter(([, to]) => to > this.#known)
    }
  }

  #isOwn(change: number): boolean {
    return this.#own.some(([from, to]) => change > from && change <= to)
  }

  #taken(pid: number, host: string): StoreInUse {
    const { node } = this.#parts
    return new StoreInUse(`the name ${node} is in use by process ${pid} on ${host}: set general.node_id to another one`)
  }

  async #report(known: number): Promise<Report> {
    const reply = await this.#parts.call(REPORT, this.#keys, [this.#parts.node, this.#owner, GONE_MS, known, CHANGES])
    const [owner, heardMs, names, changed, counts, changes] = reply as [
      string,
      number,
      string[],
      number,
      number[],
      string[],
    ]
    return { owner, heardMs, names: names.sort(), changed, counts, changes }
  }
}
