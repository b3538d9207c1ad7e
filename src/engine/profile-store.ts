import { checkFilterIds } from '../filters/filter-check.ts'
import type { FilterSources } from '../filters/filter-compiler.ts'
import { contextsOf, PROFILE_KINDS, type Profile, type ProfileName } from '../rpc/shapes/profile-kinds.ts'
import type { DataStore } from '../store/data-store.ts'
import type { RecordKind, Records, Unit } from '../store/unit-of-work.ts'
import type { TariffRows } from '../tariffs/tariff-rows.ts'
import { PROFILE_CHECKS } from './profile-checks.ts'
import { ownerOf, profileKey, profileRecord } from './profile-records.ts'
import { profilesOf, type RowReader } from './profile-rows.ts'
import { ProfileTable } from './profile-table.ts'

/** A part of a commit, and what takes effect after it. */
export type PreparedProfiles = { stage(unit: Unit): void; apply(): void }

/** The profiles of one kind: checked, in the store, in memory. */
export class ProfileStore<P extends Profile = Profile> {
  readonly table: ProfileTable<P>
  readonly record: RecordKind<P>
  readonly #name: ProfileName
  readonly #records: Records
  readonly #sources: FilterSources
  readonly #inTurn: <R>(work: () => Promise<R>) => Promise<R>

  /** inTurn: runs a change when those before it have ended. */
  constructor(
    name: ProfileName,
    records: Records,
    sources: FilterSources,
    inTurn: <R>(work: () => Promise<R>) => Promise<R>,
  ) {
    const kind = PROFILE_KINDS[name]
    this.table = new ProfileTable(kind, sources)
    this.record = profileRecord(kind)
    this.#name = name
    this.#records = records
    this.#sources = sources
    this.#inTurn = inTurn
  }

  /** Takes in what the store holds. */
  async open(store: DataStore): Promise<void> {
    for await (const [key, { value }] of store.scan('profile', { prefix: `${this.#name}/` })) {
      const { tenant, id } = ownerOf(key)
      this.table.putText(tenant, id, value)
    }
  }

  get(tenant: string, id: string): P | undefined {
    return this.table.get(tenant, id)
  }

  /** Ids of the profiles of a tenant, sorted. */
  ids(tenant: string): string[] {
    return this.table.ids(tenant)
  }

  /** Stores a profile; durable when it resolves. Throws FilterRefused, ProfileRefused, TemplateError, StoreFailure. */
  set(given: P): Promise<void> {
    return this.#inTurn(async () => {
      const profile = this.#accepted(given, this.#sources)
      await this.#records.run((unit) => unit.put(this.record, this.#key(profile.Tenant, profile.ID), profile))
      this.table.put(profile)
    })
  }

  /** Whether there was one. */
  remove(tenant: string, id: string): Promise<boolean> {
    return this.#inTurn(async () => {
      if (this.table.get(tenant, id) === undefined) return false
      await this.#records.run((unit) => unit.delete(this.record, this.#key(tenant, id)))
      return this.table.delete(tenant, id)
    })
  }

  /** Reads the profiles of a load; nothing changes before its commit. Throws TariffError. */
  prepare(rows: TariffRows, reader: RowReader): PreparedProfiles {
    const profiles = profilesOf(rows, this.table.kind, reader, (profile: P) => this.#accepted(profile, reader.sources))
    return {
      stage: (unit) => {
        for (const profile of profiles) unit.put(this.record, this.#key(profile.Tenant, profile.ID), profile)
      },
      apply: () => {
        for (const profile of profiles) this.table.put(profile)
      },
    }
  }

  /** Removes profiles; those that are not there are left out. */
  prepareRemoval(named: readonly { tenant: string; id: string }[]): PreparedProfiles {
    return {
      stage: (unit) => {
        for (const { tenant, id } of named) unit.delete(this.record, this.#key(tenant, id))
      },
      apply: () => {
        for (const { tenant, id } of named) this.table.delete(tenant, id)
      },
    }
  }

  /** The profile as it is stored. Throws what is wrong with it. */
  #accepted(profile: P, sources: FilterSources): P {
    checkFilterIds(profile.Tenant, profile.ID, profile.FilterIDs ?? [], sources)
    const check = PROFILE_CHECKS[this.#name] as ((profile: Profile) => void) | undefined
    check?.(profile)
    const { contexts } = this.table.kind.index ?? {}
    if (contexts === undefined || (contextsOf(this.table.kind, profile)?.length ?? 0) > 0) return profile
    return { ...profile, [contexts]: ['*any'] }
  }

  #key(tenant: string, id: string): string {
    return profileKey(this.#name, tenant, id)
  }
}
