import { Decimal } from '../../core/decimal.ts'
import type { MatchedProfile } from '../../filters/profile-set.ts'

/** What a resource is and how it is kept. Reference 06, 3.1. */
export type ResourceProfile = MatchedProfile & {
  /** ns; above 0: a usage ends after it; 0: usages are not recorded; below 0: they end when they are released. */
  readonly usageTtl: bigint
  /** Most units at a time; -1: any number. */
  readonly limit: Decimal
  /** Answered when there is room, '' for the id. */
  readonly message: string
  readonly isBlocker: boolean
  readonly isStored: boolean
  readonly thresholdIds: readonly string[] | null
}

/** Units in use under one id. */
export type Usage = {
  readonly id: string
  readonly units: Decimal
  /** ns since 1970; null: it ends when it is released. */
  readonly expiresAtNs: bigint | null
}

/** Usages that expire in the order in which they came. */
type Line = { readonly ttl: bigint; lastNs: bigint; readonly usages: Map<string, Usage> }

const UNLIMITED = Decimal.of(-1)

/**
 * The usages of one resource. Recording, releasing and expiring one takes constant time: those of one lifetime expire in the order in which they
 * came, and each lifetime has its own line; none is looked at before something can have expired.
 */
export class Resource {
  #profile: ResourceProfile
  readonly #usages = new Map<string, Usage>()
  readonly #lineOf = new Map<string, Line>()
  readonly #lines = new Set<Line>()
  /** The line that takes usages of a lifetime now. */
  readonly #byTtl = new Map<bigint, Line>()
  #total = Decimal.ZERO
  /** No usage expires before; undefined: none does. */
  #nextNs: bigint | undefined
  #hasExpiring = false
  #changed: (id: string) => void = () => undefined

  constructor(profile: ResourceProfile) {
    this.#profile = profile
  }

  get profile(): ResourceProfile {
    return this.#profile
  }

  /** Units of all usages. */
  get total(): Decimal {
    return this.#total
  }

  /** Usages, also those that have expired since the last purge. */
  get size(): number {
    return this.#usages.size
  }

  /** Ids of usages that expire, in the order in which they came; null: there never was one. */
  get expiring(): readonly string[] | null {
    if (!this.#hasExpiring) return null
    return [...this.#usages.values()].filter(({ expiresAtNs }) => expiresAtNs !== null).map(({ id }) => id)
  }

  /** In the order in which they came. */
  get usages(): Iterable<Usage> {
    return this.#usages.values()
  }

  usage(id: string): Usage | undefined {
    return this.#usages.get(id)
  }

  /** changed: told of the id of each usage that comes, goes or is another. */
  watch(changed: (id: string) => void): void {
    this.#changed = changed
  }

  /** Goes on under another profile. A changed limit or lifetime, or one that is stored no more, begins without usages. */
  follow(profile: ResourceProfile): void {
    const isGoingOn = isContinued(this.#profile, profile) && (profile.isStored || !this.#profile.isStored)
    this.#profile = profile
    if (!isGoingOn) this.clear()
  }

  /** Whether there is room for so many units under an id; those that it has are given back then. */
  hasRoom(id: string, units: Decimal): boolean {
    const { limit } = this.#profile
    if (limit.equals(UNLIMITED)) return true
    const own = this.#usages.get(id)?.units ?? Decimal.ZERO
    return limit.compare(this.#total.minus(own).plus(units)) >= 0
  }

  /** Records a usage in the place of one of the same id. ttl: of one that expires, to find its line. */
  record(usage: Usage, ttl: bigint): void {
    const { id, units, expiresAtNs } = usage
    this.#remove(id)
    this.#usages.set(id, usage)
    this.#total = this.#total.plus(units)
    if (expiresAtNs !== null) {
      this.#hasExpiring = true
      const line = this.#line(ttl, expiresAtNs)
      line.usages.set(id, usage)
      this.#lineOf.set(id, line)
      if (this.#nextNs === undefined || expiresAtNs < this.#nextNs) this.#nextNs = expiresAtNs
    }
    this.#changed(id)
  }

  /** Whether there was such a usage. */
  release(id: string): boolean {
    if (!this.#remove(id)) return false
    this.#changed(id)
    return true
  }

  /** Forgets every usage that has expired. */
  purge(nowNs: bigint): void {
    if (this.#nextNs === undefined || nowNs <= this.#nextNs) return
    this.#nextNs = undefined
    for (const line of this.#lines) {
      for (const { id, expiresAtNs } of line.usages.values()) {
        if (expiresAtNs === null || expiresAtNs >= nowNs) {
          if (expiresAtNs !== null && (this.#nextNs === undefined || expiresAtNs < this.#nextNs))
            this.#nextNs = expiresAtNs
          break
        }
        this.release(id)
      }
    }
  }

  clear(): void {
    for (const id of [...this.#usages.keys()]) this.release(id)
    this.#hasExpiring = false
  }

  /** One whose clock has stepped back begins a line of its own. */
  #line(ttl: bigint, expiresAtNs: bigint): Line {
    const held = this.#byTtl.get(ttl)
    if (held !== undefined && held.lastNs <= expiresAtNs) {
      held.lastNs = expiresAtNs
      return held
    }
    const line: Line = { ttl, lastNs: expiresAtNs, usages: new Map() }
    this.#byTtl.set(ttl, line)
    this.#lines.add(line)
    return line
  }

  #remove(id: string): boolean {
    const usage = this.#usages.get(id)
    if (usage === undefined) return false
    this.#usages.delete(id)
    this.#total = this.#total.minus(usage.units)
    const line = this.#lineOf.get(id)
    if (line === undefined) return true
    this.#lineOf.delete(id)
    line.usages.delete(id)
    if (line.usages.size > 0) return true
    this.#lines.delete(line)
    if (this.#byTtl.get(line.ttl) === line) this.#byTtl.delete(line.ttl)
    return true
  }
}

/** Whether usages that were counted under one profile count under another. Reference 06, 3.3. */
export function isContinued(
  before: Pick<ResourceProfile, 'limit' | 'usageTtl'>,
  after: Pick<ResourceProfile, 'limit' | 'usageTtl'>,
): boolean {
  return before.limit.equals(after.limit) && before.usageTtl === after.usageTtl
}
