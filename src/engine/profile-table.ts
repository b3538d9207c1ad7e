import type { FilterSources } from '../filters/filter-compiler.ts'
import { FilterUsers } from '../filters/filter-users.ts'
import { type IndexEntry, indexEntries, ruleKeysOf } from '../filters/rule-keys.ts'
import { contextsOf, type Profile, type ProfileKind } from '../rpc/shapes/profile-kinds.ts'
import { profileOfText, profileText } from './profile-records.ts'

/** Keeps step with the profiles of one kind while a service uses them. */
export interface ProfileFollower<P extends Profile> {
  put(profile: P): void
  delete(tenant: string, id: string): void
  /** A stored filter was set: what names it is indexed anew. */
  filterChanged(tenant: string, filterId: string): void
}

/**
 * The profiles of one kind by tenant, and which of them name a stored filter. They are kept as texts, read when somebody asks, so that a
 * start with many of them stays quick.
 */
export class ProfileTable<P extends Profile = Profile> {
  readonly kind: ProfileKind
  readonly #sources: Pick<FilterSources, 'filter'>
  readonly #tenants = new Map<string, Map<string, string>>()
  readonly #users = new FilterUsers()
  #follower: ProfileFollower<P> | undefined

  constructor(kind: ProfileKind, sources: Pick<FilterSources, 'filter'>) {
    this.kind = kind
    this.#sources = sources
  }

  /** Tells the follower of all profiles, and of every change from now on; undefined: nobody follows any more. */
  follow(follower: ProfileFollower<P> | undefined): void {
    this.#follower = follower
    if (follower === undefined) return
    for (const texts of this.#tenants.values())
      for (const text of texts.values()) follower.put(profileOfText(this.kind, text))
  }

  /** A stored filter was set. */
  filterChanged(tenant: string, filterId: string): void {
    this.#follower?.filterChanged(tenant, filterId)
  }

  /** Profiles of all tenants. */
  get size(): number {
    let size = 0
    for (const held of this.#tenants.values()) size += held.size
    return size
  }

  get(tenant: string, id: string): P | undefined {
    const text = this.#tenants.get(tenant)?.get(id)
    return text === undefined ? undefined : profileOfText(this.kind, text)
  }

  /** Ids of the profiles of a tenant, sorted. */
  ids(tenant: string): string[] {
    return [...(this.#tenants.get(tenant)?.keys() ?? [])].sort()
  }

  /** Adds a profile, or replaces the one of the same tenant and id. */
  put(profile: P): void {
    this.putText(profile.Tenant, profile.ID, profileText(profile))
    this.#follower?.put(profile)
  }

  /** As `put`, of a profile as it is stored, before anybody follows. */
  putText(tenant: string, id: string, text: string): void {
    this.#forget(tenant, id)
    const held = this.#tenants.get(tenant)
    if (held === undefined) this.#tenants.set(tenant, new Map([[id, text]]))
    else held.set(id, text)
    if (this.kind.index !== undefined) this.#users.add({ tenant, id, filterIds: filterIdsIn(text) })
  }

  /** Whether there was one. */
  delete(tenant: string, id: string): boolean {
    const isThere = this.#forget(tenant, id)
    if (isThere) this.#follower?.delete(tenant, id)
    return isThere
  }

  #forget(tenant: string, id: string): boolean {
    const held = this.#tenants.get(tenant)
    const text = held?.get(id)
    if (held === undefined || text === undefined) return false
    held.delete(id)
    if (held.size === 0) this.#tenants.delete(tenant)
    if (this.kind.index !== undefined) this.#users.remove({ tenant, id, filterIds: filterIdsIn(text) })
    return true
  }

  /** Ids of the profiles that name a stored filter, sorted. */
  usersOf(tenant: string, filterId: string): string[] {
    return this.#users.of(tenant, filterId)
  }

  /** The entries of the index of a tenant, of one context for kinds that have contexts. Reference 02, 6.6. */
  indexEntries(tenant: string, context: string): IndexEntry[] {
    const texts = [...(this.#tenants.get(tenant)?.values() ?? [])]
    const profiles = texts
      .map((text): Profile => profileOfText(this.kind, text))
      .filter((profile) => contextsOf(this.kind, profile)?.includes(context) ?? true)
    return indexEntries(
      profiles.map(({ ID: id, FilterIDs }) => ({ id, rules: ruleKeysOf(tenant, FilterIDs ?? [], this.#sources) })),
    )
  }
}

function filterIdsIn(text: string): readonly string[] {
  return (JSON.parse(text) as { FilterIDs: readonly string[] | null }).FilterIDs ?? []
}
