import { isInline } from './filter-rule.ts'

type Named = { readonly tenant: string; readonly id: string; readonly filterIds: readonly string[] }

/** Which profiles of one kind name a stored filter. */
export class FilterUsers {
  readonly #ids = new Map<string, Set<string>>()

  add({ tenant, id, filterIds }: Named): void {
    for (const filter of filterIds) {
      if (isInline(filter)) continue
      const key = keyOf(tenant, filter)
      const users = this.#ids.get(key)
      if (users === undefined) this.#ids.set(key, new Set([id]))
      else users.add(id)
    }
  }

  remove({ tenant, id, filterIds }: Named): void {
    for (const filter of filterIds) {
      const key = keyOf(tenant, filter)
      const users = this.#ids.get(key)
      users?.delete(id)
      if (users?.size === 0) this.#ids.delete(key)
    }
  }

  /** Ids of the profiles that name a filter, sorted. */
  of(tenant: string, filterId: string): string[] {
    return [...(this.#ids.get(keyOf(tenant, filterId)) ?? [])].sort()
  }
}

function keyOf(tenant: string, filterId: string): string {
  return `${tenant}:${filterId}`
}
