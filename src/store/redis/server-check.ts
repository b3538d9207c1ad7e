import { StoreFailure } from '../../core/errors.ts'
import type { RedisClient } from './redis-client.ts'
import type { RedisSettings } from './redis-settings.ts'

/**
 * Looks at the server before it is used. Gives settings of it that lose or refuse what was answered. Rejects with StoreFailure when
 * it cannot be used.
 */
export async function checkServer(
  client: RedisClient,
  { isCluster }: RedisSettings,
  tables: readonly string[],
): Promise<string[]> {
  const info = new Map(
    (await client.info()).split('\r\n').map((line): [string, string] => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon), line.slice(colon + 1)]
    }),
  )
  const version = info.get('redis_version') ?? ''
  if (Number(version.split('.')[0]) < 7 && !(version.startsWith('6.') && Number(version.split('.')[1]) >= 2))
    throw new StoreFailure(`Redis ${version} is too old, expected 6.2 or later`)
  if (info.get('cluster_enabled') === '1' && !isCluster)
    throw new StoreFailure('the server is part of a cluster, expected "redisCluster": true')
  for (const [i, key] of tables.entries()) {
    const expected = i % 2 === 0 ? 'hash' : 'zset'
    const type = await client.type(key)
    if (type !== 'none' && type !== expected)
      throw new StoreFailure(`key ${key} is a ${type} of somebody else, expected none or a ${expected}`)
  }
  const problems: string[] = []
  if (info.get('aof_enabled') === '0')
    problems.push('appendonly is off: what was answered is lost when Redis stops, expected appendonly yes')
  const policy = info.get('maxmemory_policy')
  if (info.get('maxmemory') !== '0' && policy !== 'noeviction')
    problems.push(`maxmemory-policy is ${policy}: Redis may drop records, expected noeviction`)
  return problems
}
