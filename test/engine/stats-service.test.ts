import t, { type Test } from 'tap'
import { Metrics } from '../../src/commands/metrics.ts'
import { engineOf } from '../support/engine.ts'
import { sampleFolder, startGateway, stopGateway } from '../support/gateway.ts'
import { callText } from '../support/rpc-steps.ts'

const SET = 'APIerSv1.SetStatQueueProfile'
const TENANT = 'cgrates.org'

function folderOf(t: Test, stats: object = {}, more: object = {}): string {
  return sampleFolder(t, { stats: { enabled: true, store_interval: '-1', ...stats }, ...more })
}

function queue(ID: string, more: object = {}) {
  const Metrics = [{ MetricID: '*sum#~*req.Cost' }, { MetricID: '*distinct#~*req.Code' }]
  return {
    ID,
    FilterIDs: [`*string:~*req.Q:${ID}`],
    QueueLength: 3,
    TTL: -1,
    Stored: true,
    Weight: 10,
    Metrics,
    ...more,
  }
}

const event = (ID: string, Q: string, fields: object = {}) => ({ Tenant: TENANT, ID, Event: { Q, ...fields } })

t.test('stored queues are there again after kill -9, in what is kept for each event', async (t) => {
  const folder = folderOf(t)
  const gateway = await startGateway(folder)
  const result = async (method: string, params: object) =>
    JSON.stringify((JSON.parse(await callText(gateway, method, params)) as { result: unknown }).result)
  await result(SET, queue('WINDOW'))
  await result(SET, queue('GROWING', { QueueLength: -1, TTL: -1 }))
  await result(SET, queue('LOST', { Stored: false }))
  for (const Q of ['WINDOW', 'GROWING', 'LOST'])
    for (let i = 1; i <= 5; i++)
      await result('StatSv1.ProcessEvent', event(`e${i}`, Q, { Cost: i + 0.1, Code: `c${i % 3}` }))
  const kept = ['WINDOW', 'GROWING']
  const before = await Promise.all(kept.map((ID) => result('StatSv1.GetStatQueue', { ID })))
  t.match(before[0], '"SQItems":[{"EventID":"e3","ExpiryTime":null}')
  await stopGateway(gateway, 'SIGKILL')

  const { engine, call } = await engineOf(t, folder)
  t.teardown(() => engine.close())
  t.equal(engine.store.count('state'), 2 + 3 + 3, 'two heads, three events, three different values')
  t.same(await Promise.all(kept.map((ID) => call('StatSv1.GetStatQueue', { ID }))), before)
  const texts = (ID: string) => call('StatSv1.GetQueueStringMetrics', { ID })
  t.equal(await texts('LOST'), '{"*distinct#~*req.Code":"N/A","*sum#~*req.Cost":"0"}')
  await call('StatSv1.ProcessEvent', event('e6', 'WINDOW', { Cost: 6, Code: 'c9' }))
  t.equal(await texts('WINDOW'), '{"*distinct#~*req.Code":"3","*sum#~*req.Cost":"15.2"}')
  t.equal(await call('APIerSv1.RemoveStatQueueProfile', { ID: 'WINDOW' }), '"OK"')
  await engine.flushed()
  t.equal(engine.store.count('state'), 1 + 3, 'its records have gone')
})

t.test('with an interval, and without one, queues are stored when the engine ends', async (t) => {
  for (const store_interval of ['1h', '']) {
    const first = await engineOf(t, folderOf(t, { store_interval }))
    await first.call(SET, queue('Q'))
    await first.call('StatSv1.ProcessEvent', event('e', 'Q', { Cost: 1, Code: 1 }))
    t.equal(first.engine.store.count('state'), 0, 'nothing is stored yet')
    await first.engine.close()
    const second = await engineOf(t, first.folder)
    t.equal(
      await second.call('StatSv1.GetQueueFloatMetrics', { ID: 'Q' }),
      '{"*distinct#~*req.Code":1,"*sum#~*req.Cost":1}',
      `interval ${store_interval}`,
    )
    await second.engine.close()
  }
})

t.test('with an interval queues are stored while the engine runs', async (t) => {
  const { engine, call } = await engineOf(t, folderOf(t, { store_interval: '1ms' }))
  t.teardown(() => engine.close())
  await call(SET, queue('Q'))
  await call('StatSv1.ProcessEvent', event('e', 'Q', { Cost: 1, Code: 1 }))
  while (engine.store.count('state') < 2) await new Promise((next) => setTimeout(next, 1))
  t.equal(engine.store.count('state'), 2)
})

t.test('other metrics of a queue begin without events, also when they came while the engine was off', async (t) => {
  const first = await engineOf(t, folderOf(t))
  await first.call(SET, queue('Q'))
  await first.call('StatSv1.ProcessEvent', event('e1', 'Q', { Cost: 1, Code: 1 }))
  await first.engine.close()
  const off = await engineOf(t, first.folder)
  await off.engine.config.set({ stats: { enabled: false } }, false)
  await off.call(SET, queue('Q', { Metrics: [{ MetricID: '*asr' }, { MetricID: '*sum#~*req.Cost' }] }))
  t.equal(await off.call('StatSv1.GetQueueStringMetrics', { ID: 'Q' }), 'NOT_FOUND')
  t.notOk(off.engine.serves('StatSv1'))
  await off.engine.config.set({ stats: { enabled: true } }, false)
  t.equal(await off.call('StatSv1.GetQueueStringMetrics', { ID: 'Q' }), '{"*asr":"N/A","*sum#~*req.Cost":"1"}')
  await off.call('StatSv1.ProcessEvent', event('e2', 'Q', { Cost: 2, Code: 1 }))
  await off.engine.close()
  const last = await engineOf(t, first.folder)
  t.teardown(() => last.engine.close())
  t.equal(await last.call('StatSv1.GetQueueStringMetrics', { ID: 'Q' }), '{"*asr":"0%","*sum#~*req.Cost":"3"}')
})

t.test('06 E13: events go when their time is up, and metrics with them', async (t) => {
  const { engine, call } = await engineOf(t, folderOf(t))
  t.teardown(() => engine.close())
  await call(SET, queue('Q', { TTL: 30_000_000, MinItems: 1 }))
  await call('StatSv1.ProcessEvent', event('e1', 'Q', { Cost: 1, Code: 1 }))
  t.match(await call('StatSv1.GetStatQueue', { ID: 'Q' }), '"EventID":"e1"')
  while ((await call('StatSv1.GetStatQueue', { ID: 'Q' })).includes('e1'))
    await new Promise((next) => setTimeout(next, 1))
  t.equal(
    await call('StatSv1.GetQueueStringMetrics', { ID: 'Q' }),
    '{"*distinct#~*req.Code":"N/A","*sum#~*req.Cost":"N/A"}',
  )
  t.match(await call('StatSv1.GetStatQueue', { ID: 'Q' }), '"SQItems":[]')
})

t.test('a stored filter that changes, and an index that is switched off, count at once', async (t) => {
  const { engine, call } = await engineOf(t, folderOf(t))
  t.teardown(() => engine.close())
  const filter = (value: string) => ({
    ID: 'F',
    Rules: [{ Type: '*string', Element: '~*req.Q', Values: [value] }],
  })
  await call('APIerSv1.SetFilter', filter('one'))
  await call(SET, queue('Q', { FilterIDs: ['F'] }))
  await call(SET, queue('PREFIX', { FilterIDs: ['*prefix:~*req.Q:ot'], Weight: 5 }))
  t.equal(await call('StatSv1.GetStatQueuesForEvent', event('e', 'one')), '["Q"]')
  await call('APIerSv1.SetFilter', filter('other'))
  t.equal(await call('StatSv1.GetStatQueuesForEvent', event('e', 'one')), 'NOT_FOUND')
  t.equal(await call('StatSv1.GetStatQueuesForEvent', event('e', 'other')), '["Q"]')
  await engine.config.set({ stats: { indexed_selects: false } }, false)
  t.equal(await call('StatSv1.GetStatQueuesForEvent', event('e', 'other')), '["Q","PREFIX"]')
  await engine.config.set({ stats: { opts: { '*profileIDs': ['PREFIX'], '*profileIgnoreFilters': true } } }, false)
  t.equal(await call('StatSv1.GetStatQueuesForEvent', event('e', 'none')), '["PREFIX"]')
})

t.test('01 9.5: the queue of another engine is taken in the place of the own one', async (t) => {
  const { engine, call } = await engineOf(t, folderOf(t))
  t.teardown(() => engine.close())
  await call(SET, queue('Q'))
  await call('StatSv1.ProcessEvent', event('e1', 'Q', { Cost: 1, Code: 'x' }))
  const shown = await call('ReplicatorSv1.GetStatQueue', { ID: 'Q' })
  await call('StatSv1.ResetStatQueue', { ID: 'Q' })
  t.equal(await call('ReplicatorSv1.SetStatQueue', JSON.parse(shown) as object), '"OK"')
  t.equal(await call('StatSv1.GetStatQueue', { ID: 'Q' }), shown)
  t.equal(await call('ReplicatorSv1.SetStatQueue', { ID: 'NONE' }), 'NOT_FOUND')
  t.equal(await call('ReplicatorSv1.RemoveStatQueue', { ID: 'Q' }), '"OK"')
  t.equal(await call('ReplicatorSv1.RemoveStatQueue', { ID: 'NONE' }), '"OK"')
  t.match(await call('StatSv1.GetStatQueue', { ID: 'Q' }), '"SQItems":[]')
})

t.test('what the reference ends the process for is refused', async (t) => {
  const { engine, call } = await engineOf(t, folderOf(t))
  t.teardown(() => engine.close())
  for (const method of ['GetStatQueue', 'GetQueueStringMetrics', 'GetQueueFloatMetrics', 'ResetStatQueue'])
    t.equal(await call(`StatSv1.${method}`, {}), 'MANDATORY_IE_MISSING: [ID]', method)
})

t.test('/metrics counts events of queues, and values that metrics do not count', async (t) => {
  const { engine, call } = await engineOf(t, folderOf(t))
  t.teardown(() => engine.close())
  const metrics = new Metrics()
  metrics.watch(engine)
  await call(SET, queue('Q'))
  await call('StatSv1.ProcessEvent', event('e1', 'Q', { Cost: 1 }))
  const text = await metrics.text()
  t.match(text, /^tollgate_stat_queues 1$/m)
  t.match(text, /^tollgate_stat_events_total 1$/m)
  t.match(text, /^tollgate_stat_failures_total 1$/m)
})
