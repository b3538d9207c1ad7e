import t from 'tap'
import { BoundedCache, type CacheOptions } from '../../src/mapping/bounded-cache.ts'

/** A cache, and its clock in ms. */
function cacheOf(options: Partial<CacheOptions>): { cache: BoundedCache; clock: { ms: number } } {
  const clock = { ms: 0 }
  const cache = new BoundedCache({ limit: -1, ttlMs: 0, isStatic: false, now: () => clock.ms, ...options })
  return { cache, clock }
}

t.test('01, 4.4: an entry lives for its ttl since it was last used', async (t) => {
  const { cache, clock } = cacheOf({ ttlMs: 100 })
  cache.set('a', '1')
  clock.ms = 99
  t.equal(cache.get('a'), '1')
  clock.ms = 198
  t.equal(cache.get('a'), '1', 'reading it has kept it')
  clock.ms = 298
  t.equal(cache.get('a'), undefined)
  t.equal(cache.size, 0)
})

t.test('01, 4.4: static_ttl counts from the writing', async (t) => {
  const { cache, clock } = cacheOf({ ttlMs: 100, isStatic: true })
  cache.set('a', '1')
  clock.ms = 60
  t.equal(cache.get('a'), '1')
  clock.ms = 100
  t.equal(cache.get('a'), undefined)
})

t.test('01, 4.4: a limit, none at all, and no ttl', async (t) => {
  const { cache, clock } = cacheOf({ limit: 2 })
  for (const key of ['a', 'b', 'c']) cache.set(key, key)
  clock.ms = 1e12
  t.same([cache.get('a'), cache.get('b'), cache.get('c')], [undefined, 'b', 'c'], 'the oldest has gone')
  cache.remove('b')
  t.equal(cache.get('b'), undefined)
  cache.clear()
  t.equal(cache.size, 0)
  const { cache: off } = cacheOf({ limit: 0 })
  off.set('a', '1')
  t.equal(off.get('a'), undefined)
})

t.test('what has ended makes room when others are written', async (t) => {
  const { cache, clock } = cacheOf({ ttlMs: 10 })
  for (let i = 0; i < 100; i++) cache.set(`k${i}`, 'x')
  clock.ms = 20
  cache.set('new', 'y')
  t.equal(cache.size, 1)
})
