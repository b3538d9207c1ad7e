import t, { type Test } from 'tap'
import { Metrics } from '../../src/commands/metrics.ts'
import { engineOf } from '../support/engine.ts'
import { sampleFolder, startGateway, stopGateway } from '../support/gateway.ts'
import { callText } from '../support/rpc-steps.ts'

const SET = 'APIerSv1.SetThresholdProfile'
const GET = 'ThresholdSv1.GetThreshold'
const PROCESS = 'ThresholdSv1.ProcessEvent'
const TENANT = 'cgrates.org'

function folderOf(t: Test, thresholds: object = {}, more: object = {}): string {
  return sampleFolder(t, { thresholds: { enabled: true, store_interval: '-1', ...thresholds }, ...more })
}

function threshold(ID: string, more: object = {}) {
  return { ID, FilterIDs: [`*string:~*req.T:${ID}`], MaxHits: -1, MinHits: 1, Weight: 10, ...more }
}

const event = (ID: string, T: string) => ({ Tenant: TENANT, ID, Event: { T } })
const state = (ID: string, Hits: number, Snooze = '0001-01-01T00:00:00Z') =>
  JSON.stringify({ Tenant: TENANT, ID, Hits, Snooze })

t.test('each hit is there again after kill -9, and when it runs next', async (t) => {
  const folder = folderOf(t)
  const gateway = await startGateway(folder)
  const result = async (method: string, params: object) =>
    JSON.stringify((JSON.parse(await callText(gateway, method, params)) as { result: unknown }).result)
  await result(SET, threshold('SLEEPS', { MinSleep: 3_600_000_000_000 }))
  await result(SET, threshold('WAITS', { MinHits: 10 }))
  await result(SET, threshold('RESET'))
  for (const ID of ['SLEEPS', 'WAITS', 'RESET']) for (let i = 1; i <= 3; i++) await result(PROCESS, event(`e${i}`, ID))
  await result('ThresholdSv1.ResetThreshold', { ID: 'RESET' })
  const kept = ['SLEEPS', 'WAITS', 'RESET']
  const before = await Promise.all(kept.map((ID) => result(GET, { ID })))
  t.match(before[0], /"Hits":3,"Snooze":"2\d{3}-/)
  t.equal(before[1], state('WAITS', 3))
  t.equal(before[2], state('RESET', 0))
  await stopGateway(gateway, 'SIGKILL')

  const { engine, call } = await engineOf(t, folder)
  t.teardown(() => engine.close())
  t.equal(engine.store.count('state'), 3)
  t.same(await Promise.all(kept.map((ID) => call(GET, { ID }))), before)
  await call(PROCESS, event('e4', 'SLEEPS'))
  t.equal(await call(GET, { ID: 'SLEEPS' }), before[0]?.replace('"Hits":3', '"Hits":4'), 'it sleeps on')
  t.equal(await call('APIerSv1.RemoveThresholdProfile', { ID: 'SLEEPS' }), '"OK"')
  await engine.flushed()
  t.equal(engine.store.count('state'), 2, 'its record has gone')
})

t.test('with an interval, and without one, thresholds are stored when the engine ends', async (t) => {
  for (const store_interval of ['1h', '']) {
    const first = await engineOf(t, folderOf(t, { store_interval }))
    await first.call(SET, threshold('T', { MinHits: 5 }))
    await first.call(PROCESS, event('e', 'T'))
    t.equal(first.engine.store.count('state'), 0, 'nothing is stored yet')
    await first.engine.close()
    const second = await engineOf(t, first.folder)
    t.equal(await second.call(GET, { ID: 'T' }), state('T', 1), `interval ${store_interval}`)
    await second.engine.close()
  }
})

t.test('with an interval thresholds are stored while the engine runs', async (t) => {
  const { engine, call } = await engineOf(t, folderOf(t, { store_interval: '1ms' }))
  t.teardown(() => engine.close())
  await call(SET, threshold('T'))
  await call(PROCESS, event('e', 'T'))
  while (engine.store.count('state') < 1) await new Promise((next) => setTimeout(next, 1))
  t.equal(engine.store.count('state'), 1)
})

t.test('the section is switched while the engine runs; what changed meanwhile counts', async (t) => {
  const { engine, call, folder } = await engineOf(t, folderOf(t))
  for (const ID of ['SAME', 'LIMITS', 'GONE']) {
    await call(SET, threshold(ID, { MinHits: 9 }))
    await call(PROCESS, event('e', ID))
  }
  await engine.config.set({ thresholds: { enabled: false } }, false)
  t.notOk(engine.serves('ThresholdSv1'))
  t.equal(await call(PROCESS, event('e', 'SAME')), 'NOT_FOUND')
  await call(SET, threshold('SAME', { MinHits: 9, Weight: 99 }))
  await call(SET, threshold('LIMITS', { MinHits: 8 }))
  await call('APIerSv1.RemoveThresholdProfile', { ID: 'GONE' })
  await engine.config.set({ thresholds: { enabled: true } }, false)
  t.ok(engine.serves('ThresholdSv1'))
  t.equal(await call(GET, { ID: 'SAME' }), state('SAME', 1))
  t.equal(await call(GET, { ID: 'LIMITS' }), state('LIMITS', 0))
  t.equal(await call('ThresholdSv1.GetThresholdIDs', {}), '["LIMITS","SAME"]')
  await call(PROCESS, event('e', 'LIMITS'))
  await engine.close()
  const last = await engineOf(t, folder)
  t.teardown(() => last.engine.close())
  t.equal(last.engine.store.count('state'), 2, 'nothing is left of the one that has gone')
  t.equal(await last.call(GET, { ID: 'LIMITS' }), state('LIMITS', 1))
})

t.test('06 E20: other limits let a threshold begin anew, for ever', async (t) => {
  const { engine, call, folder } = await engineOf(t, folderOf(t))
  await call(SET, threshold('T', { MinSleep: 600_000_000_000 }))
  t.equal(await call(PROCESS, event('e1', 'T')), '["T"]')
  t.equal(await call(PROCESS, event('e2', 'T')), '["T"]')
  t.match(await call(GET, { ID: 'T' }), '"Hits":2')
  await call(SET, threshold('T', { MinSleep: 300_000_000_000 }))
  t.equal(await call(GET, { ID: 'T' }), state('T', 0))
  await engine.close()
  const second = await engineOf(t, folder)
  t.teardown(() => second.engine.close())
  t.equal(await second.call(GET, { ID: 'T' }), state('T', 0))
})

t.test(
  'a stored filter that changes, options of the section and an index that is switched off count at once',
  async (t) => {
    const { engine, call } = await engineOf(t, folderOf(t))
    t.teardown(() => engine.close())
    const filter = (value: string) => ({ ID: 'F', Rules: [{ Type: '*string', Element: '~*req.T', Values: [value] }] })
    await call('APIerSv1.SetFilter', filter('one'))
    await call(SET, threshold('T', { FilterIDs: ['F'] }))
    await call(SET, threshold('PREFIX', { FilterIDs: ['*prefix:~*req.T:ot'], Weight: 5 }))
    t.equal(await call(PROCESS, event('e1', 'one')), '["T"]')
    await call('APIerSv1.SetFilter', filter('other'))
    t.equal(await call(PROCESS, event('e2', 'one')), 'NOT_FOUND')
    t.equal(await call(PROCESS, event('e3', 'other')), '["T"]')
    await engine.config.set({ thresholds: { indexed_selects: false } }, false)
    t.equal(await call(PROCESS, event('e4', 'other')), '["T","PREFIX"]')
    await engine.config.set(
      { thresholds: { opts: { '*profileIDs': ['PREFIX'], '*profileIgnoreFilters': true } } },
      false,
    )
    t.equal(await call(PROCESS, event('e5', 'none')), '["PREFIX"]')
    t.match(await call('ThresholdSv1.GetThresholdsForEvent', event('e6', 'none')), /^\[.*"ID":"PREFIX","Hits":2/)
  },
)

t.test('01 9.5: what another engine has counted is taken in the place of the own', async (t) => {
  const { engine, call, folder } = await engineOf(t, folderOf(t))
  await call(SET, threshold('T', { MinSleep: 600_000_000_000 }))
  await call(PROCESS, event('e1', 'T'))
  const shown = await call('ReplicatorSv1.GetThreshold', { ID: 'T' })
  await call('ThresholdSv1.ResetThreshold', { ID: 'T' })
  t.equal(await call('ReplicatorSv1.SetThreshold', JSON.parse(shown) as object), '"OK"')
  t.equal(await call(GET, { ID: 'T' }), shown)
  t.equal(await call('ReplicatorSv1.SetThreshold', { ID: 'NONE' }), 'NOT_FOUND')
  for (const method of ['ReplicatorSv1.SetThreshold', GET])
    t.equal(await call(method, {}), 'MANDATORY_IE_MISSING: [ID]', method)
  await engine.close()
  const second = await engineOf(t, folder)
  t.teardown(() => second.engine.close())
  t.equal(await second.call(GET, { ID: 'T' }), shown, 'it is stored')
  t.equal(await second.call('ReplicatorSv1.RemoveThreshold', { ID: 'T' }), '"OK"')
  t.equal(await second.call('ReplicatorSv1.RemoveThreshold', { ID: 'NONE' }), '"OK"')
  t.equal(await second.call(GET, { ID: 'T' }), state('T', 0))
})

t.test(
  '/metrics counts hits, runs and what failed; the log tells of limits that never let a threshold run',
  async (t) => {
    const told: [string, Record<string, unknown>][] = []
    const { engine, call } = await engineOf(t, folderOf(t), (_, message, fields) => told.push([message, fields]))
    t.teardown(() => engine.close())
    const metrics = new Metrics()
    metrics.watch(engine)
    await call(SET, threshold('T', { MinHits: 2, ActionIDs: ['NONE'] }))
    t.equal(await call(PROCESS, event('e1', 'T')), '["T"]')
    t.equal(await call(PROCESS, event('e2', 'T')), 'PARTIALLY_EXECUTED')
    const text = await metrics.text()
    t.match(text, /^tollgate_thresholds 1$/m)
    t.match(text, /^tollgate_threshold_hits_total 2$/m)
    t.match(text, /^tollgate_threshold_runs_total 1$/m)
    t.match(text, /^tollgate_threshold_failures_total 1$/m)
    await call(SET, threshold('NEVER', { MaxHits: 0 }))
    await call(SET, threshold('LATE', { MaxHits: 1, MinHits: 2 }))
    t.match(told, [
      [
        'what a threshold sets off could not all be done',
        { threshold: `${TENANT}:T`, cause: 'NOT_FOUND: actions NONE' },
      ],
      ['a threshold never runs: MaxHits is 0, or below MinHits', { threshold: `${TENANT}:NEVER` }],
      ['a threshold never runs: MaxHits is 0, or below MinHits', { threshold: `${TENANT}:LATE` }],
    ])
  },
)
