import { type FilterCompiler, type FilterSources, failingLater } from './filter-compiler.ts'
import { type ActivationInterval, isActive } from './filter-rule.ts'
import { FilterUsers } from './filter-users.ts'
import { type EventContext, type IndexOptions, type Placement, ProfileIndex, type RuleKeys } from './profile-index.ts'
import { type IndexEntry, indexEntries, ruleKeysOf } from './rule-keys.ts'
import type { Predicate } from './sides.ts'

/** What matching needs of a profile. */
export type MatchedProfile = {
  readonly tenant: string
  readonly id: string
  readonly filterIds: readonly string[]
  readonly activation: ActivationInterval | null
  readonly weight: number
}

/** A profile in a set. rules: the keys of its rules, undefined when it has no filters. */
type Entry<P> = {
  profile: P
  passes: Predicate<EventContext['message'], never>
  rules: readonly RuleKeys[] | undefined
  placement: Placement
  /** The match in which it was last a candidate. */
  seen: number
}

/** Which profiles are looked at. */
export type MatchOptions<P> = {
  /** Candidates in the place of those that the index finds; ids that are not there are left out. */
  readonly ids?: readonly string[] | undefined
  /** The filters of the candidates are not asked. */
  readonly ignoresFilters?: boolean
  /** Asked of each candidate that is active, before its filters are. */
  readonly accepts?: (profile: P) => boolean
}

/** isTold: that it is crowded, since it was changed last. */
type Partition<P> = { byId: Map<string, Entry<P>>; index: ProfileIndex<Entry<P>>; isTold: boolean }

/** More candidates than these are worth a warning. Reference 02, 6.6. */
const MANY_CANDIDATES = 100
/** Of so many the warning tells the ids. */
const SOME_IDS = 3

/** Told once for each change of the profiles of a tenant. ids: of some of the candidates. */
export type Crowded = (tenant: string, candidates: number, ids: readonly string[]) => void

/**
 * The profiles of one kind by tenant, matched against events through an index. Changing a profile, or a stored filter, touches
 * only what uses it. Reference 02, 6.6.
 */
export class ProfileSet<P extends MatchedProfile> {
  #options: IndexOptions
  readonly #compiler: FilterCompiler<EventContext['message'], never>
  readonly #sources: FilterSources
  readonly #partitions = new Map<string, Partition<P>>()
  readonly #users = new FilterUsers()
  readonly #crowded: Crowded | undefined
  #matches = 0

  constructor(
    options: IndexOptions,
    compiler: FilterCompiler<EventContext['message'], never>,
    sources: FilterSources,
    crowded?: Crowded,
  ) {
    this.#options = options
    this.#compiler = compiler
    this.#sources = sources
    this.#crowded = crowded
  }

  /** Indexes every profile anew, by other options. */
  configure(options: IndexOptions): void {
    this.#options = options
    for (const partition of this.#partitions.values()) {
      partition.index = new ProfileIndex(options)
      for (const entry of partition.byId.values()) entry.placement = partition.index.add(entry, entry.rules)
    }
  }

  /** Profiles of all tenants. */
  get size(): number {
    let size = 0
    for (const { byId } of this.#partitions.values()) size += byId.size
    return size
  }

  get(tenant: string, id: string): P | undefined {
    return this.#partitions.get(tenant)?.byId.get(id)?.profile
  }

  /** Profiles of a tenant, by id. */
  list(tenant: string): P[] {
    const entries = [...(this.#partitions.get(tenant)?.byId.values() ?? [])]
    return entries.map(({ profile }) => profile).sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0))
  }

  /** Adds a profile, or replaces the one of the same tenant and id. */
  put(profile: P): void {
    const { tenant, id } = profile
    this.delete(tenant, id)
    let partition = this.#partitions.get(tenant)
    if (partition === undefined) {
      partition = { byId: new Map(), index: new ProfileIndex(this.#options), isTold: false }
      this.#partitions.set(tenant, partition)
    }
    const passes = failingLater(() => this.#compiler.compile(profile.filterIds))
    const entry: Entry<P> = {
      profile,
      passes,
      rules: ruleKeysOf(tenant, profile.filterIds, this.#sources),
      placement: undefined,
      seen: 0,
    }
    partition.isTold = false
    partition.byId.set(id, entry)
    entry.placement = partition.index.add(entry, entry.rules)
    this.#users.add(profile)
  }

  /** Whether there was one. */
  delete(tenant: string, id: string): boolean {
    const partition = this.#partitions.get(tenant)
    const entry = partition?.byId.get(id)
    if (partition === undefined || entry === undefined) return false
    partition.byId.delete(id)
    partition.index.remove(entry, entry.placement)
    if (partition.byId.size === 0) this.#partitions.delete(tenant)
    this.#users.remove(entry.profile)
    return true
  }

  /** To be called when a stored filter was set or removed: the profiles that name it are indexed anew. */
  filterChanged(tenant: string, filterId: string): void {
    const partition = this.#partitions.get(tenant)
    for (const id of this.usersOf(tenant, filterId)) {
      const entry = partition?.byId.get(id)
      if (partition === undefined || entry === undefined) continue
      partition.index.remove(entry, entry.placement)
      entry.rules = ruleKeysOf(tenant, entry.profile.filterIds, this.#sources)
      entry.placement = partition.index.add(entry, entry.rules)
    }
  }

  /** Ids of the profiles that name a stored filter, sorted. */
  usersOf(tenant: string, filterId: string): string[] {
    return this.#users.of(tenant, filterId)
  }

  /**
   * Profiles that the event matches, heaviest first, equal ones by id. timeNs: the time of the event, null when it has none: then
   * intervals of activation do not count. Throws MappingError, InvalidText when a filter cannot be told.
   */
  match(tenant: string, context: EventContext, timeNs: bigint | null, options: MatchOptions<P> = NO_OPTIONS): P[] {
    const partition = this.#partitions.get(tenant)
    if (partition === undefined) return []
    const candidates: Entry<P>[] = []
    const match = ++this.#matches
    const add = (entry: Entry<P>) => {
      if (entry.seen === match) return
      entry.seen = match
      if (timeNs === null || isActive(entry.profile.activation, timeNs)) candidates.push(entry)
    }
    const { ids, ignoresFilters = false, accepts } = options
    if (ids !== undefined) for (const id of ids) withEntry(partition.byId.get(id), add)
    else if (this.#options.indexedSelects) partition.index.candidates(context, add)
    else partition.byId.forEach(add)
    if (candidates.length > MANY_CANDIDATES && ids === undefined) this.#tell(tenant, partition, candidates)
    if (candidates.length > 1) candidates.sort(byWeight)
    const matched: P[] = []
    for (const { profile, passes } of candidates) {
      if (accepts !== undefined && !accepts(profile)) continue
      if (ignoresFilters || passes(context)) matched.push(profile)
    }
    return matched
  }

  #tell(tenant: string, partition: Partition<P>, candidates: readonly Entry<P>[]): void {
    if (partition.isTold || !this.#options.indexedSelects) return
    partition.isTold = true
    const ids = candidates.slice(0, SOME_IDS).map(({ profile }) => profile.id)
    this.#crowded?.(tenant, candidates.length, ids)
  }

  /** The entries of the index. */
  indexEntries(tenant: string): IndexEntry[] {
    const entries = [...(this.#partitions.get(tenant)?.byId.values() ?? [])]
    return indexEntries(entries.map(({ profile: { id }, rules }) => ({ id, rules })))
  }
}

const NO_OPTIONS = {}

function withEntry<E>(entry: E | undefined, visit: (entry: E) => void): void {
  if (entry !== undefined) visit(entry)
}

function byWeight<P extends MatchedProfile>(a: Entry<P>, b: Entry<P>): number {
  const { profile: left } = a
  const { profile: right } = b
  return right.weight - left.weight || (left.id < right.id ? -1 : left.id > right.id ? 1 : 0)
}
