import { StoreFailure, VersionConflict } from '../../core/errors.ts'
import type { Change, StoredRecord, Table } from '../data-store.ts'
import type { Condition, Difference, SharedDataStore } from '../shared-data-store.ts'
import { type Batch, parseRecord } from './batch.ts'
import { CommitChannel } from './commit-channel.ts'
import { Membership, type MembershipEvents } from './membership.ts'
import { addresses, connectRedis, describe, type RedisClient } from './redis-client.ts'
import type { RedisSettings } from './redis-settings.ts'
import { COMMIT, DELETE_BEFORE, PAGE, type Script, TABLES } from './scripts.ts'
import { checkServer } from './server-check.ts'
import { VersionBlocks } from './version-blocks.ts'

export type RedisStoreOptions = {
  settings: RedisSettings
  /** Which changes other engines are told of. */
  isTold: (change: { table: Table; key: string }) => boolean
  onEvent: (event: RedisEvent) => void
}

export type RedisEvent =
  | { kind: 'redisLost'; cause: string }
  | { kind: 'redisBack' }
  /** A setting of the server that loses or refuses what was answered. */
  | { kind: 'redisSetting'; problem: string }
  /** Other engines have come or gone: those that are there. */
  | { kind: 'engines'; names: readonly string[] }

/** Records deleted by one call. */
const DELETED_AT_ONCE = 1_000

type Read = { key: string; resolve: (record: StoredRecord | undefined) => void; reject: (cause: Error) => void }

/**
 * Live records in Redis: single, behind sentinels, or a cluster; several engines may share them. Each table is a hash of the records
 * and a sorted set of their keys; all keys of a database lie in one slot, so that a commit is one atomic script in a cluster, too.
 */
export class RedisDataStore implements SharedDataStore {
  readonly #options: RedisStoreOptions
  readonly #prefix: string
  #client: RedisClient | undefined
  #channel!: CommitChannel
  #versions!: VersionBlocks
  #membership!: Membership
  #reads = new Map<Table, Read[]>()
  /** When what is not answered yet was asked, oldest first. */
  readonly #asking = new Set<{ ms: number }>()

  /** Opens nothing yet. */
  constructor(options: RedisStoreOptions) {
    this.#options = options
    this.#prefix = `tollgate:{${options.settings.database}}`
  }

  /**
   * Connects, and takes the name of this engine. Before everything else. Rejects with StoreFailure after the attempts of the settings,
   * StoreInUse when another engine has the name.
   */
  async open(): Promise<void> {
    const { settings, isTold, onEvent } = this.#options
    const client = await connectRedis(settings)
    this.#client = client
    client.on('close', () => this.#channel?.failed('the connection is closed'))
    try {
      for (const problem of await checkServer(client, settings, this.#tableKeys())) {
        onEvent({ kind: 'redisSetting', problem })
      }
      this.#versions = await VersionBlocks.open(() => client.incr(`${this.#prefix}:versions`))
      this.#channel = new CommitChannel({
        send: (batch, answered) => this.#send(batch, answered),
        probe: () => this.#prepare(client),
        reconnect: () => client.disconnect(true),
        node: settings.node,
        isTold,
        told: (from, to) => this.#membership.told(from, to),
        gatherMs: settings.gatherMs,
        gatherLimit: settings.gatherLimit,
        timeoutMs: settings.replyTimeoutMs,
        onFailure: (cause) => onEvent(cause === undefined ? { kind: 'redisBack' } : { kind: 'redisLost', cause }),
      })
      this.#membership = new Membership(
        { call: (script, keys, args) => this.#ask(script, keys, args), prefix: this.#prefix, node: settings.node },
        this.#tableKeys(),
      )
      await this.#prepare(client)
      await this.#membership.join()
    } catch (cause) {
      this.#channel?.close()
      client.disconnect()
      this.#client = undefined
      throw cause instanceof StoreFailure || !(cause instanceof Error) || cause.name !== 'ReplyError'
        ? cause
        : new StoreFailure(`Redis at ${addresses(settings)}: ${describe(cause)}`, { cause })
    }
  }

  /** Reports every second that this engine is there, and tells what is heard of the others. */
  watch(events: MembershipEvents): void {
    this.#membership.start({
      changed: events.changed,
      engines: (names) => {
        this.#options.onEvent({ kind: 'engines', names })
        events.engines(names)
      },
      beat: () => {
        const [oldest] = this.#asking
        this.#channel.check(oldest?.ms)
        events.beat()
      },
    })
  }

  /** Hears what other engines have changed until now; the events of `watch` say what. Rejects with StoreFailure. */
  async hear(): Promise<void> {
    await this.#membership.hear()
  }

  /** Name of this engine among those that share the records. */
  get node(): string {
    return this.#options.settings.node
  }

  /** Names of the engines that are there, this one among them, as of the last second. */
  get engines(): readonly string[] {
    return this.#membership.engines
  }

  /** Why nothing can be committed now, if so. */
  get failure(): StoreFailure | undefined {
    return this.#membership?.failure ?? this.#channel?.failure
  }

  /** Commits without an outcome yet. */
  get depth(): number {
    return this.#channel.depth
  }

  newVersion(): number {
    return this.#versions.next()
  }

  exchange(conditions: readonly Condition[], changes: readonly Change[]): Promise<readonly Difference[]> {
    const { failure } = this
    return failure === undefined ? this.#channel.commit(conditions, changes) : Promise.reject(failure)
  }

  async commit(changes: readonly Change[]): Promise<void> {
    const conditions = changes.map(({ table, key, version }) => ({ table, key, version: version - 1 }))
    const [difference] = await this.exchange(conditions, changes)
    if (difference === undefined) return
    const { table, key, held } = difference
    const expected = conditions.find((condition) => condition.table === table && condition.key === key)?.version ?? 0
    throw new VersionConflict(table, key, expected, held === 'unknown' ? Number.NaN : (held?.version ?? 0))
  }

  get(table: Table, key: string): Promise<StoredRecord | undefined> {
    const { failure } = this
    if (failure !== undefined) return Promise.reject(failure)
    return new Promise((resolve, reject) => {
      const waiting = this.#reads.get(table)
      const read = { key, resolve, reject }
      if (waiting !== undefined) {
        waiting.push(read)
        return
      }
      this.#reads.set(table, [read])
      setImmediate(() => this.#read(table))
    })
  }

  count(table: Table): number {
    return this.#membership.count(table)
  }

  async *scan(
    table: Table,
    options: { prefix?: string; after?: string; limit?: number } = {},
  ): AsyncIterable<[string, StoredRecord]> {
    const { prefix = '', limit = Number.POSITIVE_INFINITY } = options
    let { after } = options
    // No text in UTF-8 has that octet.
    const end = prefix === '' ? '+' : Buffer.concat([Buffer.from(`[${prefix}`), Buffer.of(0xff)])
    const size = this.#options.settings.pageSize
    for (let left = limit; left > 0; ) {
      const start = after !== undefined && after >= prefix ? `(${after}` : `[${prefix}`
      const count = Math.min(left, size)
      const rows = (await this.#ask(PAGE, this.#keysOf(table), [start, end, count])) as string[]
      for (let at = 0; at < rows.length; at += 2) {
        after = rows[at] ?? ''
        yield [after, parseRecord(rows[at + 1] ?? '')]
      }
      if (rows.length < 2 * count) return
      left -= count
    }
  }

  flushed(): Promise<void> {
    return this.#channel.settled()
  }

  async deleteBefore(table: Table, bound: string): Promise<void> {
    const limit = DELETED_AT_ONCE
    while (((await this.#ask(DELETE_BEFORE, this.#keysOf(table), [`(${bound}`, limit])) as number) === limit);
  }

  async close(): Promise<void> {
    if (this.#client === undefined) return
    await this.#channel.settled().catch(() => undefined)
    const { failure } = this.#channel
    await this.#membership.leave(failure === undefined)
    this.#channel.close()
    this.#client.disconnect()
  }

  /** Reads of one turn go together, behind the commits before them. */
  #read(table: Table): void {
    const reads = this.#reads.get(table) ?? []
    this.#reads.delete(table)
    const [hash = ''] = this.#keysOf(table)
    this.#asked((client) => client.hmget(hash, ...reads.map(({ key }) => key))).then(
      (texts) => {
        for (const [i, { resolve }] of reads.entries()) {
          const text = texts[i]
          resolve(text === null || text === undefined ? undefined : parseRecord(text))
        }
      },
      (cause: Error) => {
        for (const { reject } of reads) reject(cause)
      },
    )
  }

  #ask(script: Script, keys: readonly string[], args: readonly (string | number | Buffer)[]): Promise<unknown> {
    return this.#asked(() => this.#call(script, keys, args))
  }

  /** Asks Redis for something, behind what was committed before. Rejects with StoreFailure. */
  async #asked<R>(ask: (client: RedisClient) => Promise<R>): Promise<R> {
    this.#channel.flush()
    const { failure } = this
    if (failure !== undefined) throw failure
    const asking = { ms: performance.now() }
    this.#asking.add(asking)
    try {
      return await ask(this.#connected())
    } catch (cause) {
      if (!(cause instanceof Error) || cause.name !== 'ReplyError') this.#channel.failed(cause)
      throw new StoreFailure(`Redis: ${describe(cause)}`, { cause })
    } finally {
      this.#asking.delete(asking)
    }
  }

  /** Has Redis know the script of commits: one that it does not know comes too late for the reads behind it. */
  async #prepare(client: RedisClient): Promise<void> {
    const keys = this.#commitKeys()
    await client.eval(COMMIT.text, keys.length, ...keys, 0, '', 0)
  }

  #send({ number, commits }: Batch, answered: readonly number[]): Promise<unknown> {
    const keys = this.#commitKeys()
    const args: (string | number)[] = [number, answered.join(','), commits.length]
    for (const commit of commits) args.push(...commit.arguments)
    return this.#call(COMMIT, keys, args)
  }

  async #call(script: Script, keys: readonly string[], args: readonly (string | number | Buffer)[]): Promise<unknown> {
    const client = this.#connected()
    try {
      return await client.evalsha(script.sha, keys.length, ...keys, ...args)
    } catch (cause) {
      if (!(cause instanceof Error) || !cause.message.startsWith('NOSCRIPT')) throw cause
      return client.eval(script.text, keys.length, ...keys, ...args)
    }
  }

  #connected(): RedisClient {
    if (this.#client === undefined) throw new StoreFailure('the store is not open')
    return this.#client
  }

  #commitKeys(): string[] {
    const outcomes = this.#versions.outcomesKey(this.#prefix)
    return [outcomes, `${this.#prefix}:changed`, `${this.#prefix}:changes`, ...this.#tableKeys()]
  }

  #tableKeys(): string[] {
    return TABLES.flatMap((table) => this.#keysOf(table))
  }

  /** Hash and order of a table; each engine has its own outbox. */
  #keysOf(table: Table): [hash: string, order: string] {
    const own = table === 'outbox' ? `:${this.node}` : ''
    return [`${this.#prefix}:${table}${own}`, `${this.#prefix}:${table}${own}:order`]
  }
}
