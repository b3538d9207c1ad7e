import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { StoreInUse, VersionConflict } from '../../src/core/errors.ts'
import type { Change, DataStore, Table } from '../../src/store/data-store.ts'
import { LmdbDataStore } from '../../src/store/lmdb/lmdb-data-store.ts'
import { MemoryDataStore } from '../../src/store/memory-data-store.ts'
import { redisSettings, redisStore, startRedis } from '../support/redis.ts'

function scratch(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-store-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

const put = (key: string, value: string, version: number, table: Table = 'account'): Change => ({
  table,
  key,
  value: Buffer.from(value),
  version,
})
const remove = (key: string, version: number): Change => ({ table: 'account', key, value: undefined, version })

async function all(store: DataStore, table: Table, options?: { prefix?: string; after?: string; limit?: number }) {
  const found: [string, string, number][] = []
  for await (const [key, { value, version }] of store.scan(table, options)) found.push([key, value, version])
  return found
}

const kinds: { name: string; open: (t: Test) => DataStore | Promise<DataStore> }[] = [
  { name: '*internal', open: () => new MemoryDataStore() },
  { name: '*lmdb', open: (t) => new LmdbDataStore({ folder: scratch(t), durability: 'commit' }) },
  { name: '*lmdb, asynchronous', open: (t) => new LmdbDataStore({ folder: scratch(t), durability: 'async' }) },
  { name: '*redis', open: async (t) => redisStore(t, redisSettings([(await startRedis(t)).port])) },
  {
    name: '*redis, pages of 1, one commit a call',
    open: async (t) => redisStore(t, redisSettings([(await startRedis(t)).port], { pageSize: 1, gatherMs: 0 })),
  },
]
for (const { name, open } of kinds) {
  t.test(`${name}: a batch is seen at once and whole`, async (t) => {
    const store = await open(t)
    const durable = store.commit([put('a', '1', 1), put('b', 'é€𝄞', 1)])
    t.match(await store.get('account', 'b'), { value: 'é€𝄞', version: 1 })
    await durable
    await store.commit([put('a', '2', 2), remove('b', 2)])
    t.same(await all(store, 'account'), [['a', '2', 2]])
    t.equal(await store.get('account', 'b'), undefined)
    await store.close()
  })

  t.test(`${name}: a version that does not follow refuses the whole batch`, async (t) => {
    const store = await open(t)
    await store.commit([put('a', '1', 1)])
    await t.rejects(store.commit([put('b', '1', 1), put('a', 'x', 3)]), new VersionConflict('account', 'a', 2, 1))
    t.same(await all(store, 'account'), [['a', '1', 1]])
    await store.close()
  })

  t.test(`${name}: scans page in key order within a prefix`, async (t) => {
    const store = await open(t)
    await store.commit(['p/3', 'p/1', 'q/1', 'p/2'].map((key) => put(key, key, 1)))
    t.same(await all(store, 'account', { prefix: 'p/', limit: 2 }), [
      ['p/1', 'p/1', 1],
      ['p/2', 'p/2', 1],
    ])
    t.same(await all(store, 'account', { prefix: 'p/', after: 'p/2' }), [['p/3', 'p/3', 1]])
    await store.deleteBefore('account', 'q')
    t.same(await all(store, 'account'), [['q/1', 'q/1', 1]])
    await store.close()
  })
}

t.test('*lmdb: what was committed is there after closing and opening again', async (t) => {
  const folder = scratch(t)
  const first = new LmdbDataStore({ folder, durability: 'commit' })
  await first.commit([put('a', '1', 1), put('s', 'live', 1, 'session')])
  await first.close()
  const second = new LmdbDataStore({ folder, durability: 'commit' })
  t.same(await all(second, 'account'), [['a', '1', 1]])
  t.same(await all(second, 'session'), [['s', 'live', 1]])
  await second.close()
})

t.test('*lmdb: a second process is refused while the first holds the folder', async (t) => {
  const folder = scratch(t)
  const store = new LmdbDataStore({ folder, durability: 'commit' })
  t.throws(() => new LmdbDataStore({ folder, durability: 'commit' }), StoreInUse)
  await store.close()
  writeFileSync(join(folder, 'owner.lock'), '1 12345')
  const after = new LmdbDataStore({ folder, durability: 'commit' })
  t.pass('the lock of a process that is gone is taken over')
  await after.close()
})

/** A folder as a crash leaves it: two commits in the journal, none in LMDB. */
async function crashed(t: Test): Promise<{ folder: string; journal: string; bytes: Buffer }> {
  const folder = scratch(t)
  const store = new LmdbDataStore({ folder, durability: 'commit' })
  await store.commit([put('a', 'first', 1)])
  await store.commit([put('a', 'second', 2), put('b', 'second', 1)])
  const [name = ''] = readdirSync(folder).filter((file) => file.startsWith('journal-'))
  const bytes = readFileSync(join(folder, name))
  const copy = scratch(t)
  await store.close()
  writeFileSync(join(copy, name), bytes)
  return { folder: copy, journal: join(copy, name), bytes }
}

t.test('*lmdb: a torn end of the journal costs only the commit that it cuts', async (t) => {
  const { bytes } = await crashed(t)
  const firstEnd = 8 + bytes.readUInt32BE(0)
  for (let length = firstEnd; length <= bytes.length; length++) {
    const { folder, journal } = await crashed(t)
    truncateSync(journal, length)
    const torn: number[] = []
    const store = new LmdbDataStore({
      folder,
      durability: 'commit',
      onEvent: (event) => event.kind === 'tornJournal' && torn.push(event.octets),
    })
    const whole = length === bytes.length
    const expected = whole ? ['second', 'second'] : ['first', undefined]
    t.same([store.get('account', 'a')?.value, store.get('account', 'b')?.value], expected, `cut at ${length}`)
    t.equal(store.count('account'), whole ? 2 : 1)
    const cut = whole || length === firstEnd ? [] : [bytes.subarray(firstEnd, length)]
    t.same(
      torn,
      cut.map((octets) => octets.length),
    )
    await store.close()
    const kept = readdirSync(folder).filter((file) => file.endsWith('.torn'))
    t.same(
      kept.map((file) => readFileSync(join(folder, file))),
      cut,
      'what was cut off is kept',
    )
  }
})

t.test('*lmdb: a torn end is one too before a segment that was made ahead', async (t) => {
  const { folder, journal, bytes } = await crashed(t)
  truncateSync(journal, bytes.length - 1)
  writeFileSync(join(folder, 'journal-0000000009.log'), '')
  const store = new LmdbDataStore({ folder, durability: 'commit' })
  t.equal(store.get('account', 'a')?.value, 'first')
  await store.close()
})

t.test('*lmdb: damage before the last segment stops the start and names file and octet', async (t) => {
  const { folder, journal, bytes } = await crashed(t)
  const whole = Buffer.from(bytes)
  bytes[12] = (bytes[12] ?? 0) ^ 0xff
  writeFileSync(journal, bytes)
  writeFileSync(join(folder, 'journal-0000000009.log'), whole)
  t.throws(() => new LmdbDataStore({ folder, durability: 'commit' }), {
    message: `${journal} is damaged at octet 0; restore it from a backup`,
  })
})

t.test('*lmdb: commits that a crash left in the journal and in LMDB count once', async (t) => {
  const folder = scratch(t)
  const first = new LmdbDataStore({ folder, durability: 'commit' })
  await first.commit([put('a', '1', 1), put('b', '1', 1), put('c', '1', 1)])
  await first.commit([put('a', '2', 2), remove('b', 2)])
  const [name = ''] = readdirSync(folder).filter((file) => file.startsWith('journal-'))
  const bytes = readFileSync(join(folder, name))
  await first.close()
  writeFileSync(join(folder, 'journal-0000000007.log'), bytes)
  const store = new LmdbDataStore({ folder, durability: 'commit' })
  t.equal(store.count('account'), 2)
  await store.close()
})

t.test('*lmdb: a folder that cannot be made says why', async (t) => {
  const file = join(scratch(t), 'file')
  writeFileSync(file, '')
  const folder = join(file, 'records')
  const message = new RegExp(`^cannot create the data folder ${folder}: ENOTDIR`)
  t.throws(() => new LmdbDataStore({ folder, durability: 'commit' }), { name: 'StoreFailure', message })
})

t.test('*lmdb: garbage after the last commit is cut off', async (t) => {
  const { folder, journal } = await crashed(t)
  appendFileSync(journal, Buffer.from('garbage that is no record'))
  const store = new LmdbDataStore({ folder, durability: 'commit' })
  t.equal(store.get('account', 'b')?.value, 'second')
  await store.close()
})

t.test('property: a store that is closed, reopened and checkpointed at any time equals a map', async (t) => {
  const step = fc.oneof(
    fc.record({
      kind: fc.constant('commit' as const),
      sets: fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.option(fc.string(), { nil: undefined })),
    }),
    fc.record({ kind: fc.constant('reopen' as const) }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const folder = mkdtempSync(join(tmpdir(), 'tollgate-store-'))
      const open = () => new LmdbDataStore({ folder, durability: 'commit', checkpointBytes: 100 })
      let store = open()
      const model = new Map<string, { value: string; version: number }>()
      for (const each of steps) {
        if (each.kind === 'reopen') {
          await store.close()
          store = open()
          continue
        }
        const changes: Change[] = []
        for (const [key, value] of Object.entries(each.sets)) {
          const version = (model.get(key)?.version ?? 0) + 1
          changes.push(value === undefined ? remove(key, version) : put(key, value, version))
          if (value === undefined) model.delete(key)
          else model.set(key, { value, version })
        }
        await store.commit(changes)
      }
      const expected = [...model]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, { value, version }]) => [key, value, version])
      const found = await all(store, 'account')
      const count = store.count('account')
      await store.close()
      if (count !== found.length) throw new Error(`${count} counted, ${found.length} found`)
      rmSync(folder, { recursive: true, force: true })
      if (JSON.stringify(found) !== JSON.stringify(expected))
        throw new Error(`${JSON.stringify(found)} is not ${JSON.stringify(expected)}`)
    }),
    { numRuns: 30 },
  )
  t.pass()
})
