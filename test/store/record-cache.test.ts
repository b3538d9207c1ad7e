import fc from 'fast-check'
import t from 'tap'
import { RecordCache } from '../../src/store/record-cache.ts'

type Entry = { key: string; held: boolean }

t.test('property: held entries stay, others are at most as many as the limit, and what was used last is there', (t) => {
  const step = fc.record({ key: fc.integer({ min: 0, max: 40 }).map(String), held: fc.boolean() })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 4, max: 20 }), (steps, limit) => {
      const cache = new RecordCache<Entry>(limit, ({ held }) => held)
      const held = new Map<string, Entry>()
      let others = 0
      for (const each of steps) {
        const found = cache.get(each.key)
        if (held.has(each.key) && found !== held.get(each.key)) throw new Error(`${each.key} is held and not there`)
        if (found === undefined) {
          cache.set(each)
          if (each.held) held.set(each.key, each)
          if (cache.get(each.key) !== each) throw new Error(`${each.key} was put and is not there`)
        }
        others = cache.size - held.size
        if (others > limit + 2) throw new Error(`${others} entries that nobody holds`)
      }
      for (const entry of held.values()) cache.delete(entry)
      return [...held.keys()].every((key) => cache.get(key) === undefined)
    }),
  )
  t.pass()
  t.end()
})

t.test('many held entries cost a step each', (t) => {
  const cache = new RecordCache<Entry>(4, ({ held }) => held)
  for (let i = 0; i < 100_000; i++) cache.set({ key: String(i), held: true })
  t.equal(cache.size, 100_000)
  t.end()
})
