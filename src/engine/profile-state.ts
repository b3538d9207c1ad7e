import type { Config } from '../config/schema.ts'
import type { ZonedTime } from '../core/time.ts'
import { FILTERED_EVENT_READER } from '../filters/event-reader.ts'
import { checkFilter, checkFilterIds, FilterRefused } from '../filters/filter-check.ts'
import { FilterCompiler, type FilterSources } from '../filters/filter-compiler.ts'
import type { FilterProfile } from '../filters/filter-rule.ts'
import type { EventContext, IndexOptions } from '../filters/profile-index.ts'
import { type Crowded, type MatchedProfile, ProfileSet } from '../filters/profile-set.ts'
import type { IndexEntry } from '../filters/rule-keys.ts'
import type { FilterLookups, Predicate } from '../filters/sides.ts'
import { CHARGER_INDEX, PROFILE_KINDS, type ProfileName, type ProfileOf } from '../rpc/shapes/profile-kinds.ts'
import type { AttributeEnvironment } from '../services/attributes/attribute-plan.ts'
import { compileAttributePlan } from '../services/attributes/attribute-plan.ts'
import type { AttributeCaller } from '../services/attributes/caller.ts'
import { type ChargerProfile, Chargers } from '../services/chargers.ts'
import type { DataStore } from '../store/data-store.ts'
import type { Records } from '../store/unit-of-work.ts'
import type { TariffFile, TariffRows } from '../tariffs/tariff-rows.ts'
import { chargerKind, filterKind, ownerOf, profileKey, profileOfText } from './profile-records.ts'
import { chargersOf, filtersOf, type RowReader } from './profile-rows.ts'
import { type PreparedProfiles, ProfileStore } from './profile-store.ts'
import type { ProfileTable } from './profile-table.ts'

export type ProfileEnvironment = {
  /** `general.rsr_separator`. */
  separator: string
  chargers: IndexOptions
  /** `chargers.attributes_conns`; undefined: none. */
  attributes: () => AttributeCaller | undefined
  /** What inline attributes of chargers are compiled with. */
  inlineAttributes: () => Omit<AttributeEnvironment, 'compileFilters'>
  lookups: FilterLookups
  now: () => ZonedTime
  /** Told when an event has more candidates than an index should leave. */
  crowded?: Crowded
  /** Runs a change when those before it have ended, loads among them. */
  inTurn: <R>(work: () => Promise<R>) => Promise<R>
}

/** The index keys of a section. */
export function indexOptions(section: Omit<Config['chargers'], 'attributes_conns'>): IndexOptions {
  return {
    indexedSelects: section.indexed_selects,
    stringFields: section.string_indexed_fields,
    prefixFields: section.prefix_indexed_fields,
    suffixFields: section.suffix_indexed_fields,
    existsFields: section.exists_indexed_fields,
    nestedFields: section.nested_fields,
  }
}

type Stores = { readonly [K in ProfileName]: ProfileStore<ProfileOf<K>> }

/** Stored filters and the profiles that name them: in the store, in memory, indexed. A change counts from the next request on. */
export class ProfileState implements FilterSources {
  /** Profiles by kind, those of chargers aside. */
  readonly stores: Stores
  readonly chargers: Chargers
  readonly chargerProfiles: ProfileSet<ChargerProfile>
  readonly #records: Records
  readonly #environment: ProfileEnvironment
  readonly #filters = new Map<string, Map<string, FilterProfile>>()
  readonly #compiler: FilterCompiler<EventContext['message'], never>

  private constructor(records: Records, environment: ProfileEnvironment) {
    this.#records = records
    this.#environment = environment
    this.#compiler = new FilterCompiler(
      FILTERED_EVENT_READER,
      { separator: environment.separator, group: undefined },
      this,
    )
    this.chargerProfiles = this.newSet(environment.chargers)
    this.chargers = new Chargers(this.chargerProfiles, {
      now: environment.now,
      attributes: environment.attributes,
      compileAttributes: (attributes) =>
        compileAttributePlan(attributes, {
          ...environment.inlineAttributes(),
          compileFilters: (ids) => this.compileFilters(ids),
        }),
    })
    this.stores = storesOf(records, this, environment)
  }

  /** Everything that the store holds. */
  static async open(store: DataStore, records: Records, environment: ProfileEnvironment): Promise<ProfileState> {
    const state = new ProfileState(records, environment)
    for await (const [key, { value }] of store.scan('profile', { prefix: 'filter/' }))
      state.#keep(filterKind.decode(value, key))
    for await (const [key, { value }] of store.scan('profile', { prefix: 'charger/' }))
      state.chargerProfiles.put(chargerKind.decode(value, key))
    for (const each of state.#all) await each.open(store)
    return state
  }

  /** An empty set of profiles of a service, whose filters find what is stored here. */
  newSet<P extends MatchedProfile>(options: IndexOptions): ProfileSet<P> {
    return new ProfileSet(options, this.#compiler, this, this.#environment.crowded)
  }

  /** Compiles filters over an event that name what is stored here. Throws TemplateError for an inline one that is none. */
  compileFilters(ids: readonly string[]): Predicate<EventContext['message'], never> {
    return this.#compiler.compile(ids)
  }

  get accounts(): FilterLookups['accounts'] {
    return this.#environment.lookups.accounts
  }

  get service(): FilterLookups['service'] {
    return this.#environment.lookups.service
  }

  get reputation(): FilterLookups['reputation'] {
    return this.#environment.lookups.reputation
  }

  get valueSeparator(): string {
    return this.#environment.separator
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

  get http(): FilterLookups['http'] {
    return this.#environment.lookups.http
  }

  /** Ids of the stored filters of a tenant, sorted. */
  filterIds(tenant: string): string[] {
    return [...(this.#filters.get(tenant)?.keys() ?? [])].sort()
  }

  /** Objects in force, by the file that they come in. */
  counts(): Record<string, number> {
    let filters = 0
    for (const ofTenant of this.#filters.values()) filters += ofTenant.size
    const others = this.#all.map(({ table }): [string, number] => [table.kind.file, table.size])
    return { Filters: filters, Chargers: this.chargerProfiles.size, ...Object.fromEntries(others) }
  }

  /** The entries of an index. context: counts for item types that have contexts. Reference 02, 6.6. */
  indexEntries(itemType: string, tenant: string, context: string): IndexEntry[] {
    if (itemType === CHARGER_INDEX.itemType) return this.chargerProfiles.indexEntries(tenant)
    const store = this.#all.find(({ table }) => table.kind.index?.itemType === itemType)
    return store?.table.indexEntries(tenant, context) ?? []
  }

  /** Puts what another engine has stored into memory. text: the record under that key; undefined: it is gone. */
  take(key: string, text: string | undefined): void {
    const kind = key.slice(0, key.indexOf('/'))
    const { tenant, id } = ownerOf(key)
    if (kind === 'filter') {
      if (text === undefined) this.#filters.get(tenant)?.delete(id)
      else this.#keep(filterKind.decode(text, key))
      this.#filterChanged(tenant, id)
    } else if (kind === 'charger') {
      if (text === undefined) this.chargerProfiles.delete(tenant, id)
      else this.chargerProfiles.put(chargerKind.decode(text, key))
    } else if (Object.hasOwn(this.stores, kind)) {
      const { table } = this.stores[kind as ProfileName]
      if (text === undefined) table.delete(tenant, id)
      else (table as unknown as ProfileTable).put(profileOfText(table.kind, text))
    }
  }

  /** Stores a filter; it counts from the next request on. Throws FilterRefused, TemplateError, StoreFailure. */
  setFilter(profile: FilterProfile): Promise<void> {
    return this.#environment.inTurn(async () => {
      checkFilter(profile)
      const { tenant, id } = profile
      await this.#records.run((unit) => unit.put(filterKind, profileKey('filter', tenant, id), profile))
      this.#keep(profile)
      this.#filterChanged(tenant, id)
    })
  }

  /** Whether there was one. Throws FilterRefused while profiles name it. */
  removeFilter(tenant: string, id: string): Promise<boolean> {
    return this.#environment.inTurn(async () => {
      if (this.filter(tenant, id) === undefined) return false
      const items = this.usersOf(tenant, id).map(({ index, ids }) => [
        index,
        Object.fromEntries(ids.map((user) => [user, {}])),
      ])
      if (items.length > 0) {
        const references = JSON.stringify(Object.fromEntries(items))
        throw new FilterRefused(
          `cannot remove filter <${tenant}:${id}> because will broken the reference to following items: ${references}`,
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
      const { tenant, id, filterIds } = profile
      checkFilterIds(tenant, id, filterIds, this)
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
    const reader: RowReader = { now, separator: this.#environment.separator, sources }
    const chargers = chargersOf(rows, reader)
    const others = this.#all.map((each) => each.prepare(rows, reader))
    return {
      stage(unit) {
        for (const filter of filters) unit.put(filterKind, profileKey('filter', filter.tenant, filter.id), filter)
        for (const charger of chargers)
          unit.put(chargerKind, profileKey('charger', charger.tenant, charger.id), charger)
        for (const each of others) each.stage(unit)
      },
      apply: () => {
        for (const filter of filters) {
          this.#keep(filter)
          this.#filterChanged(filter.tenant, filter.id)
        }
        for (const charger of chargers) this.chargerProfiles.put(charger)
        for (const each of others) each.apply()
      },
    }
  }

  /** What removing the filters and profiles that rows name does. Throws FilterRefused while others name one of the filters. */
  prepareRemoval(rows: TariffRows): PreparedProfiles {
    const filters = namesOf(rows, 'Filters')
    const chargers = namesOf(rows, 'Chargers')
    const goes = (file: TariffFile, tenant: string, id: string) => rows.get(file)?.has(`${tenant}:${id}`) ?? false
    for (const { tenant, id } of filters)
      for (const { file, ids } of this.usersOf(tenant, id)) {
        const user = ids.find((each) => !goes(file, tenant, each))
        if (user !== undefined)
          throw new FilterRefused(`cannot remove filter <${tenant}:${id}>: ${user} of ${file} names it`)
      }
    const others = this.#all.map((each) => each.prepareRemoval(namesOf(rows, each.table.kind.file)))
    return {
      stage(unit) {
        for (const { tenant, id } of filters) unit.delete(filterKind, profileKey('filter', tenant, id))
        for (const { tenant, id } of chargers) unit.delete(chargerKind, profileKey('charger', tenant, id))
        for (const each of others) each.stage(unit)
      },
      apply: () => {
        for (const { tenant, id } of filters) this.#filters.get(tenant)?.delete(id)
        for (const { tenant, id } of chargers) this.chargerProfiles.delete(tenant, id)
        for (const each of others) each.apply()
      },
    }
  }

  get #all(): ProfileStore[] {
    return Object.values(this.stores) as unknown as ProfileStore[]
  }

  /** Profiles that name a filter, by the name of their index, in its order. */
  usersOf(tenant: string, id: string): { index: string; file: TariffFile; ids: string[] }[] {
    const chargers = {
      index: CHARGER_INDEX.name,
      file: 'Chargers' as TariffFile,
      ids: this.chargerProfiles.usersOf(tenant, id),
    }
    const others = this.#all.map(({ table }) => ({
      index: table.kind.index?.name ?? '',
      file: table.kind.file as TariffFile,
      ids: table.usersOf(tenant, id),
    }))
    return [chargers, ...others].filter(({ ids }) => ids.length > 0).sort((a, b) => (a.index < b.index ? -1 : 1))
  }

  #filterChanged(tenant: string, id: string): void {
    this.chargerProfiles.filterChanged(tenant, id)
    for (const { table } of this.#all) table.filterChanged(tenant, id)
  }

  #keep(profile: FilterProfile): void {
    const held = this.#filters.get(profile.tenant)
    if (held === undefined) this.#filters.set(profile.tenant, new Map([[profile.id, profile]]))
    else held.set(profile.id, profile)
  }
}

/** The objects of a file. */
function namesOf(rows: TariffRows, file: TariffFile): { tenant: string; id: string }[] {
  return [...(rows.get(file)?.values() ?? [])].map(([row]) => {
    const [tenant = '', id = ''] = row?.values ?? []
    return { tenant, id }
  })
}

function storesOf(records: Records, sources: FilterSources, environment: ProfileEnvironment): Stores {
  const stores = Object.keys(PROFILE_KINDS).map((name) => [
    name,
    new ProfileStore(name as ProfileName, records, sources, environment.inTurn),
  ])
  return Object.fromEntries(stores) as Stores
}
