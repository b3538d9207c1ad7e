import fc from 'fast-check'
import t from 'tap'
import { Deadlines } from '../../src/sessions/deadlines.ts'

t.test('a deadline is due once it has passed, never before, and once only', async (t) => {
  const deadlines = new Deadlines(10_000)
  deadlines.set('a', 11_500)
  t.same(deadlines.take(11_499), [])
  t.same(deadlines.take(11_999), [], 'looked at once per second')
  t.same(deadlines.take(12_000), ['a'])
  t.same(deadlines.take(20_000), [])
})

t.test('a moved deadline counts from its last setting, a cleared one never comes', async (t) => {
  const deadlines = new Deadlines(0)
  deadlines.set('moved', 2_000)
  deadlines.set('cleared', 2_000)
  deadlines.set('moved', 5_000)
  deadlines.clear('cleared')
  t.same(deadlines.take(4_999), [])
  t.same(deadlines.take(5_000), ['moved'])
  t.equal(deadlines.size, 0)
})

t.test('a deadline in the past is due at the next second', async (t) => {
  const deadlines = new Deadlines(10_000)
  deadlines.set('late', 1_000)
  t.same(deadlines.take(11_000), ['late'])
})

t.test('property: every id comes exactly once, in the second after its last deadline', async (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ id: fc.constantFrom('a', 'b', 'c', 'd'), at: fc.integer({ min: 0, max: 60_000 }) })),
      (settings) => {
        const deadlines = new Deadlines(0)
        const last = new Map<string, number>()
        for (const { id, at } of settings) {
          deadlines.set(id, at)
          last.set(id, at)
        }
        const seen = new Map<string, number>()
        for (let now = 1_000; now <= 62_000; now += 1_000) {
          for (const id of deadlines.take(now)) {
            if (seen.has(id)) throw new Error(`${id} came twice`)
            seen.set(id, now)
          }
        }
        for (const [id, at] of last) {
          const expected = Math.max(1_000, Math.ceil(at / 1_000) * 1_000)
          if (seen.get(id) !== expected) throw new Error(`${id} due ${at} came at ${seen.get(id)}`)
        }
      },
    ),
  )
  t.pass()
})

t.test('slots may be shorter than a second', async (t) => {
  const deadlines = new Deadlines(10_000, 10)
  deadlines.set('a', 10_015.5)
  t.same(deadlines.take(10_019), [])
  t.same(deadlines.take(10_020), ['a'])
})
