import type { FilterSources } from '../filters/filter-compiler.ts'
import { FilterUsers } from '../filters/filter-users.ts'
import { type IndexEntry, indexEntries, ruleKeysOf } from '../filters/rule-keys.ts'
import { contextsOf, type Profile, type ProfileKind } from '../rpc/shapes/profile-kinds.ts'

/** The profiles of one kind by tenant, in memory, and which of them name a stored filter. Nothing is compiled until a service asks. */
export class ProfileTable<P extends Profile = Profile> {
  readonly kind: ProfileKind
  readonly #sources: Pick<FilterSources, 'filter'>
  readonly #tenants = new Map<string, Map<string, P>>()
  readonly #users = new FilterUsers()

  constructor(kind: ProfileKind, sources: Pick<FilterSources, 'filter'>) {
    this.kind = kind
    this.#sources = sources
  }

  /** Profiles of all tenants. */
  get size(): number {
    let size = 0
    for (const held of this.#tenants.values()) size += held.size
    return size
  }

  get(tenant: string, id: string): P | undefined {
    return this.#tenants.get(tenant)?.get(id)
  }

  /** Ids of the profiles of a tenant, sorted. */
  ids(tenant: string): string[] {
    return [...(this.#tenants.get(tenant)?.keys() ?? [])].sort()
  }

  /** Adds a profile, or replaces the one of the same tenant and id. */
  put(profile: P): void {
    const { Tenant: tenant, ID: id } = profile
    this.delete(tenant, id)
    const held = this.#tenants.get(tenant)
    if (held === undefined) this.#tenants.set(tenant, new Map([[id, profile]]))
    else held.set(id, profile)
    this.#users.add(named(profile))
  }

  /** Whether there was one. */
  delete(tenant: string, id: string): boolean {
    const profiles = this.#tenants.get(tenant)
    const held = profiles?.get(id)
    if (profiles === undefined || held === undefined) return false
    profiles.delete(id)
    if (profiles.size === 0) this.#tenants.delete(tenant)
    this.#users.remove(named(held))
    return true
  }

  /** Ids of the profiles that name a stored filter, sorted. */
  usersOf(tenant: string, filterId: string): string[] {
    return this.#users.of(tenant, filterId)
  }

  /** The entries of the index of a tenant, of one context for kinds that have contexts. Reference 02, 6.6. */
  indexEntries(tenant: string, context: string): IndexEntry[] {
    const profiles = [...(this.#tenants.get(tenant)?.values() ?? [])]
    const inContext = profiles.filter((profile) => contextsOf(this.kind, profile)?.includes(context) ?? true)
    return indexEntries(
      inContext.map(({ ID: id, FilterIDs }) => ({ id, rules: ruleKeysOf(tenant, FilterIDs ?? [], this.#sources) })),
    )
  }
}

function named({ Tenant: tenant, ID: id, FilterIDs }: Profile) {
  return { tenant, id, filterIds: FilterIDs ?? [] }
}
