import t from 'tap'
import { Versions } from '../../src/engine/versions.ts'
import { MemoryDataStore } from '../../src/store/memory-data-store.ts'
import { Records } from '../../src/store/unit-of-work.ts'

t.test('10 A10: each database tells its own versions, and keeps those that are set', async (t) => {
  const records = new Records(new MemoryDataStore(), { limit: 10 })
  const open = () => new Versions(records, { isOneStore: false })
  const versions = open()
  t.equal(Object.keys(await versions.of('DataDB')).length, 21)
  const cdrs = await versions.of('StorDB')
  t.equal(Object.keys(cdrs).length, 26)
  t.match(cdrs, { CDRs: 2, CostDetails: 2, SessionSCosts: 3, TpRates: 1 })
  await versions.set('StorDB', { CDRs: 1 }, true)
  await versions.set('StorDB', { Own: 7 }, false)
  t.same(await open().of('StorDB'), { CDRs: 1, Own: 7 })
  await versions.set('StorDB', {}, false)
  t.same(await versions.of('StorDB'), { ...cdrs, Own: 7 })
  await versions.set('StorDB', {}, true)
  t.same(await versions.of('StorDB'), cdrs)
})
