import type { Config } from '../config/schema.ts'
import type { ZonedTime } from '../core/time.ts'
import { EVENT_READER } from '../filters/event-reader.ts'
import { checkFilter, checkFilterIds, FilterRefused } from '../filters/filter-check.ts'
import { FilterCompiler, type FilterSources } from '../filters/filter-compiler.ts'
import type { FilterProfile } from '../filters/filter-rule.ts'
import type { IndexOptions } from '../filters/profile-index.ts'
import { ProfileSet } from '../filters/profile-set.ts'
import type { FilterLookups } from '../filters/sides.ts'
import { type ChargerProfile, Chargers, compileAttributes } from '../services/chargers.ts'
import type { DataStore } from '../store/data-store.ts'
import type { Records, Unit } from '../store/unit-of-work.ts'
import type { TariffRows } from '../tariffs/tariff-rows.ts'
import { chargerKind, filterKind, profileKey } from './profile-records.ts'
import { chargersOf, filtersOf } from './profile-rows.ts'

export type ProfileEnvironment = {
  /** `general.rsr_separator`. */
  separator: string
  chargers: IndexOptions
  lookups: FilterLookups
  now: () => ZonedTime
  /** Runs a change when those before it have ended, loads among them. */
  inTurn: <R>(work: () => Promise<R>) => Promise<R>
}

/** The index keys of a section. */
export function indexOptions(section: Config['chargers']): IndexOptions {
  return {
    indexedSelects: section.indexed_selects,
    stringFields: section.string_indexed_fields,
    prefixFields: section.prefix_indexed_fields,
    suffixFields: section.suffix_indexed_fields,
    existsFields: section.exists_indexed_fields,
    nestedFields: section.nested_fields,
  }
}

/** What a load of a folder does to profiles: its part of the commit, and what takes effect after it. */
export type PreparedProfiles = { stage(unit: Unit): void; apply(): void }

/** Stored filters and the profiles that name them: in the store, in memory, indexed. A change counts from the next request on. */
export class ProfileState implements FilterSources {
  readonly chargers: Chargers
  readonly chargerProfiles: ProfileSet<ChargerProfile>
  readonly #records: Records
  readonly #environment: ProfileEnvironment
  readonly #filters = new Map<string, Map<string, FilterProfile>>()

  private constructor(records: Records, environment: ProfileEnvironment) {
    this.#records = records
    this.#environment = environment
    const compiler = new FilterCompiler(EVENT_READER, { separator: environment.separator, group: undefined }, this)
    this.chargerProfiles = new ProfileSet(environment.chargers, compiler, this)
    this.chargers = new Chargers(this.chargerProfiles, environment.now)
  }

  /** Everything that the store holds. */
  static async open(store: DataStore, records: Records, environment: ProfileEnvironment): Promise<ProfileState> {
    const state = new ProfileState(records, environment)
    for await (const [key, { value }] of store.scan('profile', { prefix: 'filter/' }))
      state.#keep(filterKind.decode(value, key))
    for await (const [key, { value }] of store.scan('profile', { prefix: 'charger/' }))
      state.chargerProfiles.put(chargerKind.decode(value, key))
    return state
  }

  filter(tenant: string, id: string): FilterProfile | undefined {
    return this.#filters.get(tenant)?.get(id)
  }

  destination(id: string): ((number: string) => boolean) | undefined {
    return this.#environment.lookups.destination(id)
  }

  timing(id: string): ((at: ZonedTime) => boolean) | undefined {
    return this.#environment.lookups.timing(id)
  }

  /** Ids of the stored filters of a tenant, sorted. */
  filterIds(tenant: string): string[] {
    return [...(this.#filters.get(tenant)?.keys() ?? [])].sort()
  }

  /** Objects in force, by the file that they come in. */
  counts(): Record<string, number> {
    let filters = 0
    for (const ofTenant of this.#filters.values()) filters += ofTenant.size
    return { Filters: filters, Chargers: this.chargerProfiles.size }
  }

  /** Stores a filter; it counts from the next request on. Throws FilterRefused, TemplateError, StoreFailure. */
  setFilter(profile: FilterProfile): Promise<void> {
    return this.#environment.inTurn(async () => {
      checkFilter(profile)
      const { tenant, id } = profile
      await this.#records.run((unit) => unit.put(filterKind, profileKey('filter', tenant, id), profile))
      this.#keep(profile)
      this.chargerProfiles.filterChanged(tenant, id)
    })
  }

  /** Whether there was one. Throws FilterRefused while profiles name it. */
  removeFilter(tenant: string, id: string): Promise<boolean> {
    return this.#environment.inTurn(async () => {
      if (this.filter(tenant, id) === undefined) return false
      const users = this.chargerProfiles.usersOf(tenant, id)
      if (users.length > 0) {
        const items = { '*charger_filter_indexes': Object.fromEntries(users.map((user) => [user, {}])) }
        throw new FilterRefused(
          `cannot remove filter <${tenant}:${id}> because will broken the reference to following items: ${JSON.stringify(items)}`,
        )
      }
      await this.#records.run((unit) => unit.delete(filterKind, profileKey('filter', tenant, id)))
      this.#filters.get(tenant)?.delete(id)
      return true
    })
  }

  /** Stores a charger; it counts from the next request on. Throws FilterRefused, TemplateError, StoreFailure. */
  setCharger(profile: ChargerProfile): Promise<void> {
    return this.#environment.inTurn(async () => {
      const { tenant, id, filterIds, attributeIds } = profile
      checkFilterIds(tenant, id, filterIds, this)
      compileAttributes(attributeIds)
      await this.#records.run((unit) => unit.put(chargerKind, profileKey('charger', tenant, id), profile))
      this.chargerProfiles.put(profile)
    })
  }

  /** Whether there was one. */
  removeCharger(tenant: string, id: string): Promise<boolean> {
    return this.#environment.inTurn(async () => {
      if (this.chargerProfiles.get(tenant, id) === undefined) return false
      await this.#records.run((unit) => unit.delete(chargerKind, profileKey('charger', tenant, id)))
      return this.chargerProfiles.delete(tenant, id)
    })
  }

  /** Reads the filters and chargers of a load; nothing changes before its commit. Throws TariffError. */
  prepare(rows: TariffRows): PreparedProfiles {
    const now = this.#environment.now()
    const filters = filtersOf(rows, now)
    const added = new Map(filters.map((filter) => [`${filter.tenant}:${filter.id}`, filter]))
    const sources: FilterSources = {
      filter: (tenant, id) => added.get(`${tenant}:${id}`) ?? this.filter(tenant, id),
      destination: (id) => this.destination(id),
      timing: (id) => this.timing(id),
    }
    const chargers = chargersOf(rows, now, sources)
    return {
      stage(unit) {
        for (const filter of filters) unit.put(filterKind, profileKey('filter', filter.tenant, filter.id), filter)
        for (const charger of chargers)
          unit.put(chargerKind, profileKey('charger', charger.tenant, charger.id), charger)
      },
      apply: () => {
        for (const filter of filters) {
          this.#keep(filter)
          this.chargerProfiles.filterChanged(filter.tenant, filter.id)
        }
        for (const charger of chargers) this.chargerProfiles.put(charger)
      },
    }
  }

  /** What removing the filters and chargers that rows name does. Throws FilterRefused while others name one of the filters. */
  prepareRemoval(rows: TariffRows): PreparedProfiles {
    const filters = namesOf(rows, 'Filters')
    const chargers = namesOf(rows, 'Chargers')
    const goes = new Set(chargers.map(({ tenant, id }) => `${tenant}:${id}`))
    for (const { tenant, id } of filters) {
      const user = this.chargerProfiles.usersOf(tenant, id).find((each) => !goes.has(`${tenant}:${each}`))
      if (user !== undefined)
        throw new FilterRefused(`cannot remove filter <${tenant}:${id}>: charger ${user} names it`)
    }
    return {
      stage(unit) {
        for (const { tenant, id } of filters) unit.delete(filterKind, profileKey('filter', tenant, id))
        for (const { tenant, id } of chargers) unit.delete(chargerKind, profileKey('charger', tenant, id))
      },
      apply: () => {
        for (const { tenant, id } of filters) this.#filters.get(tenant)?.delete(id)
        for (const { tenant, id } of chargers) this.chargerProfiles.delete(tenant, id)
      },
    }
  }

  #keep(profile: FilterProfile): void {
    const held = this.#filters.get(profile.tenant)
    if (held === undefined) this.#filters.set(profile.tenant, new Map([[profile.id, profile]]))
    else held.set(profile.id, profile)
  }
}

/** The objects of a file. */
function namesOf(rows: TariffRows, file: 'Filters' | 'Chargers'): { tenant: string; id: string }[] {
  return [...(rows.get(file)?.values() ?? [])].map(([row]) => {
    const [tenant = '', id = ''] = row?.values ?? []
    return { tenant, id }
  })
}
