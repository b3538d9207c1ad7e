import t from 'tap'
import { CdrProjector, type OutboxTarget } from '../../src/cdrs/projector.ts'
import { MemoryDataStore } from '../../src/store/memory-data-store.ts'
import { Records } from '../../src/store/unit-of-work.ts'

const OPTIONS = { batchSize: 10, retryMs: 1, maxRetryMs: 1, onFailure: () => {} }
const CALL = JSON.stringify(['use', 'CDRsV1.ProcessEvent', '{}', 'key'])

/** Takes calls and remembers their ids. */
function takingTarget(id: string): OutboxTarget & { readonly taken: string[] } {
  const taken: string[] = []
  return {
    id,
    use: 'use',
    isElsewhere: true,
    taken,
    make: async (batch) => void taken.push(...batch.map((entry) => entry.id)),
  }
}

t.test('what a target has taken before a restart is not offered again, however early it is woken', async (t) => {
  const store = new MemoryDataStore()
  await store.commit([{ table: 'outbox', key: '1', value: Buffer.from(CALL), version: 1 }])
  const first = takingTarget('a')
  const before = new CdrProjector(store, new Records(store, { limit: 10 }), [first], OPTIONS)
  await before.open()
  before.wake()
  await before.delivered('a', '1')
  t.same(first.taken, ['1'])
  // Another target has not taken it, or the crash came first: it is in the outbox still.
  await store.commit([
    { table: 'outbox', key: '1', value: Buffer.from(CALL), version: 1 },
    { table: 'outbox', key: '2', value: Buffer.from(CALL), version: 1 },
  ])
  const second = takingTarget('a')
  const after = new CdrProjector(store, new Records(store, { limit: 10 }), [second], OPTIONS)
  await after.replace([second])
  after.wake()
  await after.open()
  after.wake()
  await after.delivered('a', '2')
  t.same(second.taken, ['2'])
})
