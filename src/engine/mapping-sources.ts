import type { z } from 'zod'
import { type Account, accountKey } from '../accounting/account.ts'
import { ACCOUNT_READER } from '../accounting/account-reader.ts'
import { accountKind } from '../accounting/account-record.ts'
import type { cachePartition } from '../config/sections/caches.ts'
import type { FilterSources } from '../filters/filter-compiler.ts'
import type { AccountRead } from '../filters/sides.ts'
import { BoundedCache } from '../mapping/bounded-cache.ts'
import type { SharedCache } from '../mapping/selector.ts'
import { MappingError } from '../mapping/value.ts'
import type { Records } from '../store/unit-of-work.ts'

/** What templates and their filters find in the engine that they run in. */
export interface MappingSources extends FilterSources {
  /** Whether a destination set holds exactly that prefix. */
  isPrefix(id: string, prefix: string): boolean
  /** `*uch`: one for all agents, readers and exporters. */
  cache: SharedCache
}

/**
 * Accounts for filters. find: the account as it is now; isAsked: whether `filters.apiers_conns` says that they are. Reference 02, 6.5.
 */
export function accountLookup(
  find: (tenant: string, id: string) => Account | undefined,
  isAsked: () => boolean,
): (path: string) => AccountRead {
  return (path) => {
    const read = ACCOUNT_READER.compileRequestPath(path)
    return (tenant, id, now) => {
      if (!isAsked()) throw new MappingError('MANDATORY_IE_MISSING: [connIDs]')
      const account = find(tenant, id)
      return account === undefined ? undefined : read({ account, now })
    }
  }
}

/** An account as it is now, commits in flight among it. */
export function accountIn(records: Records, tenant: string, id: string): Account | undefined {
  return records.find(accountKind, accountKey(tenant, id))?.value as Account | undefined
}

/** The cache `*uch` of a configuration. Reference 01, 4.4. */
export function sharedCache(partition: Partition): BoundedCache {
  return boundedCache(partition, Date.now)
}

/** A partition of the cache; undefined: one without limit and time. now: ms. */
export function boundedCache(partition: Partition, now: () => number): BoundedCache {
  const { limit = -1, ttl = 0n, static_ttl: isStatic = false } = partition ?? {}
  return new BoundedCache({ limit, ttlMs: Number(ttl / 1_000_000n), isStatic, now })
}

type Partition = z.output<typeof cachePartition> | undefined
