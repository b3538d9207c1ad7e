import t from 'tap'
import { programVersion } from '../../src/commands/version.ts'
import { rpcText, sampleFolder, startGateway, stopGateway } from '../support/gateway.ts'
import { error, value } from '../support/replies.ts'

const CALLS: readonly { name: string; call: string; argument: object | null; reply: string }[] = [
  {
    name: '06 12: reading an unknown partition',
    call: 'CacheSv1.HasItem',
    argument: { CacheID: 'nope', ItemID: 'x' },
    reply: value('false'),
  },
  {
    name: '06 12: an item that is not there',
    call: 'CacheSv1.GetItem',
    argument: { CacheID: '*filters', ItemID: 'x' },
    reply: error('NOT_FOUND'),
  },
  {
    name: '06 12: stats of an unknown partition',
    call: 'CacheSv1.GetCacheStats',
    argument: { CacheIDs: ['nope'] },
    reply: value('{"nope":{"Items":0,"Groups":0}}'),
  },
  {
    name: '06 12: stats with metadata',
    call: 'CacheSv1.GetStats',
    argument: { CacheIDs: ['*resources'] },
    reply: value('{"CacheStatistics":{"*resources":{"Items":0,"Groups":0}},"Metadata":{"node_id":"node1"}}'),
  },
  {
    name: '06 12: precache of one',
    call: 'CacheSv1.PrecacheStatus',
    argument: { CacheIDs: ['*filters'] },
    reply: value('{"*filters":"*ready"}'),
  },
  {
    name: '06 12: precache of an unknown one',
    call: 'CacheSv1.PrecacheStatus',
    argument: { CacheIDs: ['x'] },
    reply: error('unknown cacheID: x'),
  },
  { name: '06 12: clear', call: 'CacheSv1.Clear', argument: { CacheIDs: null }, reply: value('"OK"') },
  { name: '06 12: reload', call: 'CacheSv1.ReloadCache', argument: { RatingPlanIDs: ['RP'] }, reply: value('"OK"') },
  { name: '01 9.1: every service answers Ping', call: 'CacheSv1.Ping', argument: {}, reply: value('"Pong"') },
  {
    name: '06 14: a lock',
    call: 'GuardianSv1.RemoteLock',
    argument: { ReferenceID: 'r1', LockIDs: ['a', 'b'] },
    reply: value('"r1"'),
  },
  {
    name: '06 14: a reference that is in use',
    call: 'GuardianSv1.RemoteLock',
    argument: { ReferenceID: 'r1', LockIDs: ['c'] },
    reply: value('""'),
  },
  {
    name: '06 14: an unknown reference',
    call: 'GuardianSv1.RemoteUnlock',
    argument: { RefID: 'r2' },
    reply: value('null'),
  },
  { name: '06 14: unlock', call: 'GuardianSv1.RemoteUnlock', argument: { RefID: 'r1' }, reply: value('["a","b"]') },
  { name: '01 9.4: sleep', call: 'CoreSv1.Sleep', argument: { Duration: 1_000_000 }, reply: value('"OK"') },
]

t.test('process, cache and locks over RPC', async (t) => {
  const folder = sampleFolder(t, {
    general: { node_id: 'node1' },
    cores: { caps: 50, caps_stats_interval: '1s' },
    data_db: { db_type: '*internal' },
    stor_db: { db_type: '*internal' },
  })
  const gateway = await startGateway(folder)
  t.teardown(() => stopGateway(gateway))
  const call = async (name: string, argument: object | null) =>
    (await rpcText(gateway.httpPort, name, argument as object)).trimEnd()
  for (const { name, call: method, argument, reply } of CALLS) t.equal(await call(method, argument), reply, name)

  const status = JSON.parse(await call('CoreSv1.Status', { Timezone: 'Asia/Tokyo' })) as {
    result: Record<string, unknown>
  }
  t.same(
    Object.keys(status.result),
    [
      'active_memory',
      'caps_allocated',
      'caps_peak',
      'cpu_time',
      'go_version',
      'goroutines',
      'node_id',
      'open_files',
      'os_threads_in_use',
      'pid',
      'resident_memory',
      'running_since',
      'system_memory',
      'version',
    ],
    '01 ex. 10: the keys of CoreSv1.Status, in alphabetical order',
  )
  t.match(status.result, {
    pid: gateway.process.pid,
    node_id: 'node1',
    version: programVersion(),
    caps_allocated: 1,
    caps_peak: 1,
    resident_memory: /^\d+\.\dMiB$/,
    running_since: /^(Sun|Mon|Tue|Wed|Thu|Fri|Sat) [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S+ \d{4}$/,
  })

  const debug = JSON.parse(await call('CoreSv1.Status', { Debug: true })) as { result: Record<string, object> }
  t.match(debug.result, {
    caps_stats: { caps_allocated: 1, caps_peak: 1 },
    mem_stats: { heap_alloc: Number, total_alloc: 0 },
    proc_stats: { cpu_time: Number, open_fds: Number, max_fds: Number, network_receive_total: Number },
    version: programVersion(),
  })
  const zone = 'could not convert StatusMetrics to map[string]any: unknown time zone Nope/X'
  t.equal(await call('CoreSv1.Status', { Timezone: 'Nope/X' }), error(zone))

  const first = await call('GuardianSv1.RemoteLock', { ReferenceID: 'r1', LockIDs: ['a', 'b'] })
  const order: string[] = []
  const second = call('GuardianSv1.RemoteLock', { ReferenceID: 'r2', LockIDs: ['b', 'c'] }).then(() => order.push('r2'))
  const third = call('GuardianSv1.RemoteLock', { ReferenceID: 'r3', LockIDs: ['c'] }).then(() => order.push('r3'))
  t.equal(first, value('"r1"'))
  t.equal(await call('CoreSv1.Ping', {}), value('"Pong"'), 'others are served while locks are waited for')
  await call('GuardianSv1.RemoteUnlock', { RefID: 'r1' })
  await second
  await call('GuardianSv1.RemoteUnlock', { RefID: 'r2' })
  await third
  t.same(order, ['r2', 'r3'], '06 14: those who wait are served in their order')
  t.equal(
    await call('GuardianSv1.RemoteLock', { ReferenceID: 'r4', LockIDs: ['d'], Timeout: 20_000_000 }),
    value('"r4"'),
  )
  t.equal(
    await call('GuardianSv1.RemoteLock', { ReferenceID: 'r5', LockIDs: ['d'] }),
    value('"r5"'),
    '06 14: a timeout frees the lock by itself',
  )
})
