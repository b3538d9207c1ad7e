import { resolve } from 'node:path'
import { accountKey } from '../../accounting/account.ts'
import { accountKind } from '../../accounting/account-record.ts'
import type { LoadedConfig } from '../../config/load-config.ts'
import type { ZonedTime } from '../../core/time.ts'
import type { FilterProfile } from '../../filters/filter-rule.ts'
import { MappingError } from '../../mapping/value.ts'
import { readTable } from '../../store/lmdb/read-table.ts'
import { mergeTariffRows, readTariffFolder, type TariffRows } from '../../tariffs/tariff-rows.ts'
import { accountLookup, type MappingSources, sharedCache } from '../mapping-sources.ts'
import { phoneNames } from '../phone-tables.ts'
import { filterKind } from '../profile-records.ts'
import { filtersOf } from '../profile-rows.ts'
import { TariffLookups } from '../tariff-lookups.ts'
import { storedRows } from '../tariff-state.ts'

/**
 * Filters, destinations and timings that messages are mapped with: those of the store that the configuration names if it is in files, which
 * are only read, and over them those of a tariff folder. Throws StoreFailure, TariffError.
 */
export function storedSources(
  { config }: LoadedConfig,
  tariffFolder: string | undefined,
  now: ZonedTime,
): MappingSources {
  const { db_type: kind, opts } = config.data_db
  const read = (table: 'profile' | 'account') =>
    kind !== '*lmdb' ? new Map<string, string>() : readTable(resolve(opts.lmdbPath), table)
  const profiles = read('profile')
  const isAsked = config.filters.apiers_conns.length > 0
  const accounts = isAsked ? read('account') : new Map<string, string>()
  const filters = new Map<string, FilterProfile>()
  const keep = (filter: FilterProfile) => filters.set(`${filter.tenant}:${filter.id}`, filter)
  for (const [key, text] of profiles) if (key.startsWith('filter/')) keep(filterKind.decode(text, key))
  let rows: TariffRows = storedRows(profiles)
  if (tariffFolder !== undefined) {
    const added = readTariffFolder(tariffFolder).rows
    for (const filter of filtersOf(added, now)) keep(filter)
    rows = mergeTariffRows(rows, added)
  }
  const lookups = new TariffLookups(() => rows)
  return {
    filter: (tenant, id) => filters.get(`${tenant}:${id}`),
    destination: (id) => lookups.destination(id),
    timing: (id) => lookups.timing(id),
    isPrefix: (id, prefix) => lookups.isPrefix(id, prefix),
    cache: sharedCache(config.caches.partitions['*uch']),
    accounts: accountLookup(
      (tenant, id) => {
        const key = accountKey(tenant, id)
        const text = accounts.get(key)
        return text === undefined ? undefined : accountKind.decode(text, key)
      },
      () => isAsked,
    ),
    phoneNames: phoneNames(),
    service: (container, _, id) => {
      throw new MappingError(`~${container}.${id}: services are not asked in a dry run`)
    },
  }
}
