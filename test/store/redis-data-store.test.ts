import { hostname } from 'node:os'
import t from 'tap'
import { StoreFailure, StoreInUse } from '../../src/core/errors.ts'
import type { Change } from '../../src/store/data-store.ts'
import { RedisDataStore } from '../../src/store/redis/redis-data-store.ts'
import { makeCertificates } from '../support/certificates.ts'
import { cutProxy } from '../support/cut-proxy.ts'
import { redisSettings, redisStore, startCluster, startRedis, startSentinels } from '../support/redis.ts'
import { until } from '../support/until.ts'

const at = (key: string, version: number) => ({ table: 'account' as const, key, version })
const put = (key: string, value: string, version: number): Change => ({
  ...at(key, version),
  value: Buffer.from(value),
})

/** Reports, and hears nothing. */
const NOBODY = { changed: () => undefined, engines: () => undefined, beat: () => undefined }

/** Writes a record whatever it was before. */
async function write(store: RedisDataStore, key: string, value: string): Promise<void> {
  const held = (await store.get('account', key))?.version ?? 0
  const differences = await store.exchange([at(key, held)], [put(key, value, store.newVersion())])
  if (differences.length > 0) throw new Error(`overtaken at ${key}`)
}

async function values(store: RedisDataStore): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for await (const [key, { value }] of store.scan('account')) found[key] = value
  return found
}

t.test(
  '10 D3: of two engines that write what both have read, the second gets what the first has written',
  async (t) => {
    const { port } = await startRedis(t)
    const [one, two] = [
      await redisStore(t, redisSettings([port])),
      await redisStore(t, redisSettings([port], { node: 'two' })),
    ]
    await write(one, 'a', '1')
    const read = (await two.get('account', 'a'))?.version ?? 0
    await write(one, 'a', '2')
    const changes = [put('a', 'x', two.newVersion()), put('b', 'x', two.newVersion())]
    const differences = await two.exchange([at('a', read), at('b', 0)], changes)
    t.match(differences, [{ table: 'account', key: 'a', held: { value: '2', writer: 'one' } }])
    t.equal(differences.length, 1)
    t.same(await values(one), { a: '2' }, 'nothing of the second is there')
  },
)

t.test('10 D3: a record that was deleted and made again is not taken for the one before', async (t) => {
  const { port } = await startRedis(t)
  const [one, two] = [
    await redisStore(t, redisSettings([port])),
    await redisStore(t, redisSettings([port], { node: 'two' })),
  ]
  await write(one, 'a', '1')
  const read = (await two.get('account', 'a'))?.version ?? 0
  await one.exchange([at('a', read)], [{ ...at('a', one.newVersion()), value: undefined }])
  await write(one, 'a', 'another')
  t.match(await two.exchange([at('a', read)], [put('a', 'x', two.newVersion())]), [{ held: { value: 'another' } }])
})

t.test('what an earlier commit was refused, a later one that builds on it is refused too', async (t) => {
  const { port } = await startRedis(t)
  const store = await redisStore(t, redisSettings([port]))
  await write(store, 'a', '1')
  const [first, second] = [store.newVersion(), store.newVersion()]
  const outcomes = await Promise.all([
    store.exchange([at('a', 7)], [put('a', 'x', first)]),
    store.exchange([at('a', first)], [put('a', 'y', second)]),
    store.exchange([at('b', 0)], [put('b', '1', store.newVersion())]),
  ])
  t.same(
    outcomes.map(({ length }) => length),
    [1, 1, 0],
  )
  t.same(await values(store), { a: '1', b: '1' })
})

for (const [name, mode] of [
  ['after Redis has applied it', 'deaf'],
  ['before Redis has it', 'mute'],
] as const)
  t.test(`10 D7: a connection that is cut ${name}: the commit is settled, and applied once`, async (t) => {
    const { port, inTen } = await startRedis(t)
    const proxy = await cutProxy(t, port)
    const events: string[] = []
    const store = await redisStore(t, redisSettings([proxy.port]), ({ kind }) => events.push(kind))
    await write(store, 'a', '1')
    const held = (await store.get('account', 'a'))?.version ?? 0
    proxy.mode = mode
    const [first, second] = [store.newVersion(), store.newVersion()]
    const commits = [
      store.exchange([at('a', held)], [put('a', '2', first)]),
      store.exchange([at('a', first)], [put('a', '3', second)]),
      store.exchange([at('a', held)], [put('a', 'never', store.newVersion())]),
    ]
    await until(() => proxy.swallowed > 0)
    const inRedis = async () => String(await inTen('HGET', 'tollgate:{10}:account', 'a')).split('\n')[1]
    if (mode === 'deaf') await until(async () => (await inRedis()) === '3')
    t.equal(await inRedis(), mode === 'deaf' ? '3' : '1')
    proxy.cut()
    await until(() => store.failure !== undefined)
    await t.rejects(store.exchange([], [put('b', '1', 1)]), StoreFailure, 'nothing else is taken meanwhile')
    await t.rejects(Promise.resolve(store.get('account', 'a')), StoreFailure)
    proxy.mode = 'pass'
    t.same(
      (await Promise.all(commits)).map(({ length }) => length),
      [0, 0, 1],
    )
    await until(() => store.failure === undefined)
    t.same(await values(store), { a: '3' })
    t.match(events, ['redisSetting', 'redisLost', 'redisBack'])
  })

t.test('a Redis that does not answer is given up: reads and later commits are refused until it does', async (t) => {
  const server = await startRedis(t)
  const store = await redisStore(t, redisSettings([server.port], { replyTimeoutMs: 300 }))
  store.watch(NOBODY)
  server.signal('SIGSTOP')
  const written = write(store, 'a', '1')
  await until(() => store.failure !== undefined)
  await t.rejects(store.exchange([], [put('b', '1', 1)]), StoreFailure)
  await t.rejects(written, StoreFailure)
  server.signal('SIGCONT')
  await until(() => store.failure === undefined)
  await write(store, 'c', '1')
  t.same(await values(store), { c: '1' })
})

t.test('a Redis that is started again with its files goes on', async (t) => {
  const server = await startRedis(t, ['--appendonly', 'yes', '--appendfsync', 'always'])
  const events: string[] = []
  const store = await redisStore(t, redisSettings([server.port]), ({ kind }) => events.push(kind))
  await write(store, 'a', '1')
  await server.kill()
  await t.rejects(write(store, 'a', '2'), StoreFailure)
  await server.restart()
  await until(() => store.failure === undefined)
  await write(store, 'b', '1')
  t.same(await values(store), { a: '1', b: '1' })
  t.same(events, ['redisLost', 'redisBack'], 'appendonly is on: there is no warning')
})

t.test('a full Redis refuses commits, and has applied nothing of them', async (t) => {
  const server = await startRedis(t)
  const store = await redisStore(t, redisSettings([server.port]))
  await write(store, 'a', '1')
  await server.call('CONFIG', 'SET', 'maxmemory', '1')
  const changes = ['b', 'c'].map((key) => put(key, 'x', store.newVersion()))
  await t.rejects(store.exchange([at('b', 0), at('c', 0)], changes), /^Redis: OOM /)
  await server.call('CONFIG', 'SET', 'maxmemory', '0')
  t.same(await values(store), { a: '1' })
  t.equal(store.failure, undefined, 'it still answers')
})

t.test('10 A6: sentinels name another master, and commits go there', async (t) => {
  const { master, replica, sentinels } = await startSentinels(t)
  const store = await redisStore(t, redisSettings(sentinels, { sentinelName: 'tollgate' }))
  await write(store, 'a', '1')
  await until(async () => (await replica.inTen('HEXISTS', 'tollgate:{10}:account', 'a')) === 1)
  await master.kill()
  await until(() => store.failure !== undefined)
  await until(() => store.failure === undefined)
  await write(store, 'a', '2')
  t.same(await values(store), { a: '2' })
  t.match(await replica.call('ROLE'), ['master'])
})

t.test('10 E20: in a cluster all records lie in one slot, and a replica takes over', async (t) => {
  const { masters, replicas } = await startCluster(t)
  const ports = masters.map(({ port }) => port)
  const store = await redisStore(t, redisSettings(ports, { isCluster: true }))
  store.watch(NOBODY)
  await write(store, 'a', '1')
  await write(store, 'b', '1')
  const keys = await Promise.all(masters.map(async ({ call }) => (await call('KEYS', '*')) as string[]))
  const holder = keys.findIndex((each) => each.length > 0)
  t.equal(keys.filter((each) => each.length > 0).length, 1)
  const [master, replica] = [masters[holder], replicas[holder]]
  await until(async () => (await replica?.call('DBSIZE')) === keys[holder]?.length)
  await master?.kill()
  await until(() => store.failure !== undefined)
  await until(() => store.failure === undefined)
  await write(store, 'a', '2')
  t.same(await values(store), { a: '2', b: '1' })
})

t.test('what a start says of a Redis that cannot be used', async (t) => {
  const plain = await startRedis(t)
  const locked = await startRedis(t, ['--requirepass', 'secret'])
  const node = await startRedis(t, ['--cluster-enabled', 'yes'])
  const foreign = await startRedis(t)
  await foreign.inTen('SET', 'tollgate:{10}:session', 'mine')
  const [gone, one] = [await startRedis(t), { connectAttempts: 1 }]
  await gone.kill()
  const opened = (port: number, settings = {}) =>
    new RedisDataStore({
      settings: redisSettings([port], settings),
      isTold: () => false,
      onEvent: () => undefined,
    }).open()
  const where = (port: number) => `Redis at 127\\.0\\.0\\.1:${port}`
  const rows: [name: string, open: () => Promise<void>, expected: RegExp][] = [
    [
      'nobody listens',
      () => opened(gone.port, one),
      new RegExp(`^${where(gone.port)} cannot be reached: .*ECONNREFUSED`),
    ],
    ['no password', () => opened(locked.port), new RegExp(`^${where(locked.port)}: NOAUTH`)],
    ['another password', () => opened(locked.port, { password: 'x' }), new RegExp(`^${where(locked.port)}: WRONGPASS`)],
    [
      'a database too many',
      () => opened(plain.port, { database: 99 }),
      new RegExp(`^${where(plain.port)}: ERR DB index`),
    ],
    [
      'a node of a cluster',
      () => opened(node.port, { database: 0 }),
      /the server is part of a cluster, expected "redisCluster": true/,
    ],
    ['a key of somebody else', () => opened(foreign.port), /key tollgate:\{10\}:session is a string of somebody else/],
  ]
  for (const [name, open, expected] of rows) await t.rejects(open(), { message: expected }, name)
  const authorised = await redisStore(t, redisSettings([locked.port], { password: 'secret' }))
  await write(authorised, 'a', '1')
})

t.test('attempts at the start: a Redis that comes up meanwhile is taken', async (t) => {
  const server = await startRedis(t)
  await server.kill()
  const opened = redisStore(t, redisSettings([server.port], { connectAttempts: 100 }))
  await server.restart()
  await write(await opened, 'a', '1')
})

t.test('TLS with a certificate of the client', async (t) => {
  const { path, pem } = makeCertificates(t)
  const files = ['--tls-cert-file', path('server', 'crt'), '--tls-key-file', path('server', 'key')]
  const { port } = await startRedis(t, ['--tls-ca-cert-file', path('ca', 'crt'), ...files], undefined, true)
  const own = { cert: pem('client', 'crt'), key: pem('client', 'key') }
  const store = await redisStore(t, redisSettings([port], { tls: { ca: pem('ca', 'crt'), ...own } }))
  await write(store, 'a', '1')
  const settings = redisSettings([port], { tls: own, connectAttempts: 1, node: 'other' })
  const stranger = new RedisDataStore({ settings, isTold: () => false, onEvent: () => undefined })
  await t.rejects(stranger.open(), /self.signed certificate/)
})

t.test('the name of an engine belongs to one process; that of one that is gone is free', async (t) => {
  const { port, inTen } = await startRedis(t)
  await redisStore(t, redisSettings([port]))
  const again = () =>
    new RedisDataStore({ settings: redisSettings([port]), isTold: () => false, onEvent: () => undefined }).open()
  await t.rejects(
    again(),
    new StoreInUse(
      `the name one is in use by process ${process.pid} on ${hostname()}: set general.node_id to another one`,
    ),
  )
  const dead = JSON.stringify({ host: hostname(), pid: process.pid, start: '1', life: '' })
  await inTen('HSET', 'tollgate:{10}:engines', 'one', dead)
  const taken = await redisStore(t, redisSettings([port]))
  t.same(taken.engines, ['one'])
})

t.test('10 B5: engines hear what others have changed, and who is there', async (t) => {
  const { port } = await startRedis(t)
  const heard: string[] = []
  const names: string[][] = []
  const one = await redisStore(t, redisSettings([port]))
  one.watch({
    changed: (records) => heard.push(...records.map(({ table, key }) => `${table}/${key}`)),
    engines: (each) => names.push([...each]),
    beat: () => undefined,
  })
  const profile = (store: RedisDataStore, key: string) =>
    store.exchange(
      [{ table: 'profile', key, version: 0 }],
      [{ ...put(key, '1', store.newVersion()), table: 'profile' }],
    )
  const two = await redisStore(t, redisSettings([port], { node: 'two' }))
  await Promise.all(Array.from({ length: 1_500 }, (_, i) => profile(two, `p${i}`)))
  await profile(one, 'own')
  await write(two, 'a', '1')
  await one.hear()
  t.same(heard.toSorted(), Array.from({ length: 1_500 }, (_, i) => `profile/p${i}`).toSorted())
  t.same(names, [['one', 'two']])
  await two.close()
  await one.hear()
  t.same(names.at(-1), ['one'])
  t.equal(one.count('profile'), 1_501)
})

t.test('10 A4: a data_db of CGRateS in the same database stays as it is', async (t) => {
  const { port, inTen } = await startRedis(t)
  const account = '\x88\xa2ID\xb0cgrates.org:1001'
  await inTen('SET', 'acc_cgrates.org:1001', account)
  await inTen('HSET', 'versions', 'Accounts', '3')
  const store = await redisStore(t, redisSettings([port]))
  await write(store, 'cgrates.org:1001', '1')
  await store.deleteBefore('account', 'z')
  t.equal(await inTen('GET', 'acc_cgrates.org:1001'), account)
  t.equal(await inTen('HGET', 'versions', 'Accounts'), '3')
  const keys = (await inTen('KEYS', '*')) as string[]
  t.ok(keys.every((key) => key.startsWith('tollgate:{10}:') || key === 'versions' || key.startsWith('acc_')))
})
