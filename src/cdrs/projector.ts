import type { DataStore } from '../store/data-store.ts'
import type { RecordKind, Records } from '../store/unit-of-work.ts'
import { decodeOutbox, type OutboxCdr, type OutboxEntry, type OutgoingCall } from './outbox.ts'

/** Where CDRs go. */
export interface CdrTarget {
  readonly id: string
  /** Takes a batch; it is on disk when this resolves. A batch that rejects is offered again. */
  write(batch: readonly OutboxCdr[]): Promise<void>
  /** It takes what another process does: a stop does not wait for that. */
  readonly isElsewhere?: true
  /** What is to be remembered with the acknowledgement of everything written so far. */
  position?(): string
  /** Called before the first `write` with the position that was remembered: what was written after it goes away again. */
  recover?(position: string): Promise<void>
  /** Called after the last `write`. */
  close?(): Promise<void>
}

/** Who makes the calls of one key of the configuration. */
export interface CallTarget {
  readonly id: string
  readonly use: string
  readonly isElsewhere: true
  /** Makes calls, and takes those that are done out of the outbox. Rejects when some are not: they are offered again. */
  make(batch: readonly { id: string; call: OutgoingCall }[]): Promise<void>
}

export type OutboxTarget = CdrTarget | CallTarget

export type ProjectorOptions = {
  /** Before the names of targets, where several engines share a store and each has its own. */
  scope?: string
  batchSize: number
  /** Before a target that fails is tried again, the first time and at most: each time twice as long as before. */
  retryMs: number
  maxRetryMs: number
  onFailure: (target: string, cause: unknown) => void
}

type Cursor = { after: string; position: string }

/** How far a target has come. */
const cursorKind: RecordKind<Cursor> = {
  table: 'meta',
  write: ({ after, position }, writer) => writer.json(JSON.stringify([after, position])),
  decode(text) {
    const [after, position] = JSON.parse(text) as [string, string]
    return { after, position }
  },
}

const CURSORS = 'cdr-target/'

/** The keys of the configuration whose connections calls in the outbox are for. */
export async function waitingUses(store: DataStore): Promise<Set<string>> {
  const uses = new Set<string>()
  for await (const [id, { value }] of store.scan('outbox')) {
    const { call } = value.startsWith('[') ? decodeOutbox(id, value) : {}
    if (call !== undefined) uses.add(call.use)
  }
  return uses
}

/** Ids of the CDRs that targets have taken last, as a store holds them. */
export async function takenIds(store: DataStore): Promise<string[]> {
  const ids: string[] = []
  for await (const [key, { value }] of store.scan('meta', { prefix: CURSORS }))
    ids.push(cursorKind.decode(value, key).after)
  return ids
}

/**
 * Moves CDRs from the outbox to every target, each at its own pace, and out of the outbox once all have taken them. How far a
 * target has come is committed after it has taken a batch, with its own position, so that a crash neither loses nor doubles
 * a CDR. The outbox is read in pages: memory does not grow with the backlog.
 */
export class CdrProjector {
  readonly #store: DataStore
  readonly #records: Records
  readonly #options: ProjectorOptions
  #deliveries: readonly Delivery[]

  constructor(store: DataStore, records: Records, targets: readonly OutboxTarget[], options: ProjectorOptions) {
    this.#store = store
    this.#records = records
    this.#options = options
    this.#deliveries = targets.map((target) => this.#deliveryTo(target))
  }

  #deliveryTo(target: OutboxTarget): Delivery {
    return new Delivery(target, this.#store, this.#records, this.#options, () => this.#trim())
  }

  /** Reads how far each target has come. Before the first `wake`; resolves to the ids that were taken last. */
  open(): Promise<string[]> {
    return Promise.all(this.#deliveries.map((delivery) => delivery.open()))
  }

  /**
   * Delivers to these targets from now on. Those that stay go on undisturbed; one that is replaced under its id takes up where
   * that has ended; what is in the outbox stays there until all of the new ones have taken it.
   */
  async replace(targets: readonly OutboxTarget[]): Promise<void> {
    const staying = this.#deliveries.filter((delivery) => targets.some((target) => delivery.isTo(target)))
    const leaving = this.#deliveries.filter((delivery) => !staying.includes(delivery))
    await Promise.all(leaving.map((delivery) => delivery.close()))
    const coming = targets
      .filter((target) => !staying.some((delivery) => delivery.isTo(target)))
      .map((target) => this.#deliveryTo(target))
    await Promise.all(coming.map((delivery) => delivery.open()))
    this.#deliveries = [...staying, ...coming]
    this.wake()
  }

  /** There is something in the outbox. */
  wake(): void {
    for (const delivery of this.#deliveries) delivery.wake()
  }

  /** What has failed may go well now: nobody waits any more before the next try. */
  retry(): void {
    for (const delivery of this.#deliveries) delivery.retry()
  }

  /** Resolves when a target has taken the CDRs up to that id, or cannot take them now: whether it has. */
  async delivered(target: string, upTo: string): Promise<boolean> {
    const delivery = this.#deliveries.find(({ id }) => id === target)
    if (delivery === undefined) return false
    await delivery.caughtUp(upTo)
    return delivery.after >= upTo || !delivery.isFailing
  }

  /** Delivers what can be delivered and stops; the rest stays in the outbox. */
  async close(): Promise<void> {
    await Promise.all(this.#deliveries.map((delivery) => delivery.close()))
  }

  /** Drops what every target has taken. */
  async #trim(): Promise<void> {
    const [first = ''] = this.#deliveries.map(({ after }) => after).sort()
    if (first === '') return
    try {
      await this.#store.deleteBefore('outbox', `${first}\u0000`)
    } catch (cause) {
      this.#options.onFailure('outbox', cause)
    }
  }
}

/** The way of CDRs to one target. */
class Delivery {
  readonly #target: OutboxTarget
  readonly #store: DataStore
  readonly #records: Records
  readonly #options: ProjectorOptions
  readonly #acknowledged: () => Promise<void>
  #after = ''
  #running: Promise<void> | undefined
  #wanted = false
  /** Nothing is delivered before it knows how far the target has come. */
  #opened: Promise<void> | undefined
  #closed = false
  #isClosing = false
  #retry: NodeJS.Timeout | undefined
  /** How often it has failed since it last took something. */
  #failures = 0
  #waiting: { upTo: string; resolve: () => void }[] = []

  constructor(
    target: OutboxTarget,
    store: DataStore,
    records: Records,
    options: ProjectorOptions,
    acknowledged: () => Promise<void>,
  ) {
    this.#target = target
    this.#store = store
    this.#records = records
    this.#options = options
    this.#acknowledged = acknowledged
  }

  get id(): string {
    return this.#target.id
  }

  isTo(target: OutboxTarget): boolean {
    return this.#target === target
  }

  /** Id of the last CDR that the target has taken. */
  get after(): string {
    return this.#after
  }

  /** Whether it waits before it tries again. */
  get isFailing(): boolean {
    return this.#retry !== undefined
  }

  get #cursorKey(): string {
    return CURSORS + (this.#options.scope ?? '') + this.#target.id
  }

  /** Resolves to the id of the last CDR that the target has taken. */
  async open(): Promise<string> {
    this.#opened ??= this.#findPlace().catch((cause: unknown) => {
      this.#opened = undefined
      throw cause
    })
    await this.#opened
    return this.#after
  }

  async #findPlace(): Promise<void> {
    const cursor = await this.#records.run((unit) => unit.get(cursorKind, this.#cursorKey))
    this.#after = cursor?.after ?? ''
    if (cursor !== undefined && 'write' in this.#target) await this.#target.recover?.(cursor.position)
    // Where the target begins now is on record before it writes anything there.
    await this.#commit()
  }

  wake(): void {
    this.#wanted = true
    if (this.#closed || this.#retry !== undefined || (this.#isClosing && this.#target.isElsewhere)) return
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined
      for (const { resolve } of this.#waiting.splice(0)) resolve()
      if (this.#wanted) this.wake()
    })
  }

  retry(): void {
    if (this.#retry === undefined) return
    clearTimeout(this.#retry)
    this.#retry = undefined
    this.wake()
  }

  /** Resolves when the target has taken the CDRs up to that id, or cannot take them now. */
  caughtUp(upTo: string): Promise<void> {
    if (this.#after >= upTo || this.#closed || this.#retry !== undefined) return Promise.resolve()
    return new Promise((resolve) => {
      this.#waiting.push({ upTo, resolve })
      this.wake()
    })
  }

  async close(): Promise<void> {
    this.#isClosing = true
    if (!this.#target.isElsewhere) this.wake()
    while (this.#running !== undefined) await this.#running
    this.#closed = true
    clearTimeout(this.#retry)
    if (!('write' in this.#target)) return
    const position = this.#target.position?.()
    await this.#target.close?.()
    // What was written at the end, such as a trailer, stays.
    if (this.#target.position?.() !== position) await this.#commit()
  }

  async #run(): Promise<void> {
    while (this.#wanted) {
      this.#wanted = false
      try {
        await this.open()
        for (let page = await this.#page(); page.length > 0; page = await this.#page()) await this.#deliver(page)
      } catch (cause) {
        if (this.#isClosing && this.#target.isElsewhere) return
        this.#options.onFailure(this.#target.id, cause)
        this.#retry = setTimeout(() => this.retry(), this.#nextRetryMs())
        return
      }
    }
  }

  #nextRetryMs(): number {
    const { retryMs, maxRetryMs } = this.#options
    return Math.min(maxRetryMs, retryMs * 2 ** Math.min(30, this.#failures++))
  }

  async #page(): Promise<OutboxEntry[]> {
    const page: OutboxEntry[] = []
    const range = { after: this.#after, limit: this.#options.batchSize }
    for await (const [id, { value }] of this.#store.scan('outbox', range)) page.push(decodeOutbox(id, value))
    // What is not on disk yet may be undone by a crash: it must not be outside before.
    await this.#store.flushed()
    return page
  }

  async #deliver(page: readonly OutboxEntry[]): Promise<void> {
    await this.#offer(page)
    this.#failures = 0
    this.#after = page.at(-1)?.id ?? this.#after
    await this.#commit()
    const served = this.#waiting.filter(({ upTo }) => upTo <= this.#after)
    this.#waiting = this.#waiting.filter(({ upTo }) => upTo > this.#after)
    for (const { resolve } of served) resolve()
    await this.#acknowledged()
  }

  async #offer(page: readonly OutboxEntry[]): Promise<void> {
    const target = this.#target
    if ('write' in target) {
      const cdrs = page.flatMap(({ id, cdr }) => (cdr === undefined ? [] : [{ id, cdr }]))
      if (cdrs.length > 0) await target.write(cdrs)
    } else {
      const calls = page.flatMap(({ id, call }) => (call?.use === target.use ? [{ id, call }] : []))
      if (calls.length > 0) await target.make(calls)
    }
  }

  #commit(): Promise<void> {
    const position = ('write' in this.#target ? this.#target.position?.() : undefined) ?? ''
    const cursor = { after: this.#after, position }
    return this.#records.run((unit) => unit.put(cursorKind, this.#cursorKey, cursor))
  }
}
