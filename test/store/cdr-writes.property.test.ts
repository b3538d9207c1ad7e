import fc from 'fast-check'
import t from 'tap'
import type { CdrToStore } from '../../src/store/sql/cdr-columns.ts'
import { type HeldCdr, planWrites } from '../../src/store/sql/cdr-writes.ts'

/** A table that does what the plans say: the madeUs of each row, by its number. */
class Table {
  readonly rows = new Map<string, CdrToStore>()
  #next = 1

  write(batch: readonly CdrToStore[]): void {
    const held = [...this.rows].map(([id, { cgrId, runId, madeUs }]): HeldCdr => ({ id, cgrId, runId, madeUs }))
    const { inserts, updates } = planWrites(held, batch)
    for (const cdr of inserts) this.rows.set(String(this.#next++), cdr)
    for (const [id, cdr] of updates) this.rows.set(id, cdr)
  }

  get shown(): string[] {
    return [...this.rows].map(([id, { cgrId, madeUs }]) => `${id} ${cgrId} ${madeUs}`)
  }
}

/** CDRs as the outbox gives them out: each made after the one before. */
const outbox = fc
  .array(
    fc.record({
      session: fc.constantFrom('a', 'b', 'c'),
      replaces: fc.boolean(),
      later: fc.integer({ min: 1, max: 9 }),
    }),
    {
      maxLength: 20,
    },
  )
  .map((cdrs) => {
    let madeUs = 0n
    return cdrs.map(({ session, replaces, later }) => {
      madeUs += BigInt(later)
      return { cgrId: session, runId: 'r', madeUs, replaces } as CdrToStore
    })
  })

/** Deliveries: how many CDRs of each come, and how far the next one goes back because its acknowledgement was lost. */
const deliveries = fc.array(
  fc.record({ takes: fc.integer({ min: 1, max: 7 }), back: fc.integer({ min: 0, max: 7 }) }),
  {
    minLength: 1,
  },
)

t.test('however often batches come again, the table is that of one delivery', async (t) => {
  fc.assert(
    fc.property(outbox, deliveries, (cdrs, steps) => {
      const once = new Table()
      for (const cdr of cdrs) once.write([cdr])
      const again = new Table()
      let at = 0
      for (const { takes, back } of steps) {
        again.write(cdrs.slice(at, at + takes))
        at = Math.max(0, Math.min(cdrs.length, at + takes) - back)
      }
      again.write(cdrs.slice(at))
      return JSON.stringify(again.shown) === JSON.stringify(once.shown)
    }),
    { numRuns: 2_000 },
  )
  t.pass('2,000 orders of deliveries')
})

t.test('a table of whole seconds shows the last version in the end', async (t) => {
  const cdr = (madeUs: bigint, replaces: boolean) => ({ cgrId: 'a', runId: 'r', madeUs, replaces }) as CdrToStore
  const second = 1_000_000n
  const held: HeldCdr[] = [{ id: '1', cgrId: 'a', runId: 'r', madeUs: 5n * second }]
  const made = cdr(5n * second + 1n, false)
  const again = cdr(5n * second + 2n, true)
  const last = cdr(5n * second + 3n, true)
  t.same(planWrites(held, [made], second), { inserts: [], updates: new Map() }, 'it is there')
  t.same(planWrites(held, [made, again, last], second), { inserts: [], updates: new Map([['1', last]]) })
  t.same(
    planWrites(held, [cdr(4n * second, true)], second),
    { inserts: [], updates: new Map() },
    'a newer one is there',
  )
})
