import fc from 'fast-check'
import t from 'tap'
import { OctetArena } from '../../src/store/lmdb/octet-arena.ts'

t.test('what is kept stays as it is until its arena is released, whatever other arenas do', async (t) => {
  const step = fc.record({
    size: fc.oneof(fc.nat({ max: 5_000 }), fc.nat({ max: 3 << 20 })),
    ends: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      let arena = new OctetArena()
      let held: { octets: Buffer; fill: number }[] = []
      for (const [i, { size, ends }] of steps.entries()) {
        held.push({ octets: arena.keep(Buffer.alloc(size, i + 1)), fill: i + 1 })
        if (!ends) continue
        const next = new OctetArena(arena)
        const early = { octets: next.keep(Buffer.alloc(100, 200 + i)), fill: 200 + i }
        for (const { octets, fill } of held) t.ok(octets.equals(Buffer.alloc(octets.length, fill)))
        arena.release()
        arena = next
        held = [early]
      }
      for (const { octets, fill } of held) t.ok(octets.equals(Buffer.alloc(octets.length, fill)))
    }),
    { numRuns: 50 },
  )
})
