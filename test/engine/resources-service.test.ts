import t, { type Test } from 'tap'
import { Metrics } from '../../src/commands/metrics.ts'
import { engineOf } from '../support/engine.ts'
import { sampleFolder, startGateway, stopGateway } from '../support/gateway.ts'
import { startServer } from '../support/rpc-hosts.ts'
import { callText } from '../support/rpc-steps.ts'

const SET = 'APIerSv1.SetResourceProfile'
const ALLOCATE = 'ResourceSv1.AllocateResources'
const RELEASE = 'ResourceSv1.ReleaseResources'
const GET = 'ResourceSv1.GetResource'
const TENANT = 'cgrates.org'
const HOUR = 3_600_000_000_000

function folderOf(t: Test, resources: object = {}, more: object = {}): string {
  return sampleFolder(t, { resources: { enabled: true, store_interval: '-1', ...resources }, ...more })
}

async function engineWith(t: Test, resources: object = {}, more: object = {}) {
  const made = await engineOf(t, folderOf(t, resources, more))
  t.teardown(() => made.engine.close())
  return made
}

function resource(ID: string, more: object = {}) {
  const FilterIDs = [`*string:~*req.R:${ID}`]
  return { ID, FilterIDs, UsageTTL: HOUR, Limit: 10, Stored: true, Weight: 10, ...more }
}

function event(R: string, id: string, units = 1, options: object = {}) {
  return { Tenant: TENANT, ID: 'e', Event: { R }, APIOpts: { '*rsUsageID': id, '*rsUnits': units, ...options } }
}

t.test('10 A12: what was answered with -1 is there again after kill -9, exactly', async (t) => {
  const folder = folderOf(t)
  const gateway = await startGateway(folder)
  const result = async (method: string, params: object) =>
    JSON.stringify((JSON.parse(await callText(gateway, method, params)) as { result: unknown }).result)
  for (const profile of [resource('R'), resource('EVER', { UsageTTL: -1 }), resource('LOST', { Stored: false })])
    await result(SET, profile)
  for (const R of ['R', 'EVER', 'LOST']) {
    for (const id of ['a', `b/${'c'.repeat(3_000)}`, 'd']) t.equal(await result(ALLOCATE, event(R, id, 0.1)), `"${R}"`)
    t.equal(await result(RELEASE, event(R, 'd')), '"OK"')
    t.equal(await result(ALLOCATE, event(R, 'a', 2.5)), `"${R}"`)
  }
  const before = [await result(GET, { ID: 'R' }), await result(GET, { ID: 'EVER' })]
  await stopGateway(gateway, 'SIGKILL')

  const { engine, call } = await engineOf(t, folder)
  t.teardown(() => engine.close())
  t.equal(engine.store.count('state'), 2 + 2 + 2, 'two heads, two usages of each')
  const usages = (text: string) => (JSON.parse(text) as { Usages: object }).Usages
  t.same(usages(await call(GET, { ID: 'R' })), usages(before[0] ?? ''))
  t.same(usages(await call(GET, { ID: 'EVER' })), usages(before[1] ?? ''))
  t.same(usages(await call(GET, { ID: 'LOST' })), {})
  t.equal(await call(ALLOCATE, event('R', 'e', 7.5)), 'RESOURCE_UNAVAILABLE', '2.5 and 0.1 are in use')
  t.equal(await call(ALLOCATE, event('R', 'e', 7.4)), '"R"')
  t.equal(await call('APIerSv1.RemoveResourceProfile', { ID: 'R' }), '"OK"')
  await engine.flushed()
  t.equal(engine.store.count('state'), 1 + 2, 'its records have gone')
})

t.test('a usage expires, also while the engine is off', async (t) => {
  const first = await engineOf(t, folderOf(t))
  await first.call(SET, resource('R', { UsageTTL: 20_000_000, Limit: 1 }))
  t.equal(await first.call(ALLOCATE, event('R', 'a')), '"R"')
  t.equal(await first.call(ALLOCATE, event('R', 'b')), 'RESOURCE_UNAVAILABLE')
  while ((await first.call(ALLOCATE, event('R', 'b'))) !== '"R"') await new Promise((next) => setTimeout(next, 1))
  t.notMatch(await first.call(GET, { ID: 'R' }), '"ID":"a"')
  await first.engine.close()
  await new Promise((next) => setTimeout(next, 21))
  const second = await engineOf(t, first.folder)
  t.teardown(() => second.engine.close())
  t.match(await second.call(GET, { ID: 'R' }), '"Usages":{}')
  t.equal(await second.call(ALLOCATE, event('R', 'c')), '"R"')
  await second.engine.flushed()
  t.equal(second.engine.store.count('state'), 1 + 1, 'records of usages that have expired are gone')
})

t.test('with an interval, and without one, usages are stored when the engine ends', async (t) => {
  for (const store_interval of ['1h', '']) {
    const first = await engineOf(t, folderOf(t, { store_interval }))
    await first.call(SET, resource('R'))
    await first.call(ALLOCATE, event('R', 'a', 3))
    t.equal(first.engine.store.count('state'), 0, 'nothing is stored yet')
    await first.engine.close()
    const second = await engineOf(t, first.folder)
    t.match(await second.call(GET, { ID: 'R' }), '"Units":3', `interval ${store_interval}`)
    await second.engine.close()
  }
})

t.test('01 6: the service comes and goes with its section; what it is stored by may change meanwhile', async (t) => {
  const { engine, call } = await engineWith(t)
  for (const ID of ['SAME', 'OTHER']) {
    await call(SET, resource(ID))
    await call(ALLOCATE, event(ID, 'a', 4))
  }
  const set = (enabled: boolean) => call('ConfigSv1.SetConfig', { Config: { resources: { enabled } } })
  t.equal(await set(false), '"OK"')
  t.notOk(engine.serves('ResourceSv1'))
  await call(SET, resource('SAME', { Weight: 30 }))
  await call(SET, resource('OTHER', { Limit: 11 }))
  t.equal(await set(true), '"OK"')
  t.ok(engine.serves('ResourceSv1'))
  t.match(await call(GET, { ID: 'SAME' }), '"Units":4')
  t.match(await call(GET, { ID: 'OTHER' }), '"Usages":{}', 'another limit begins anew')
  t.equal(await call(ALLOCATE, event('SAME', 'b', 7)), 'RESOURCE_UNAVAILABLE')
})

t.test('options of the configuration, its index, and stored filters count at once', async (t) => {
  const { engine, call } = await engineWith(t)
  const filter = (value: string) => ({
    ID: 'F',
    Rules: [{ Type: '*string', Element: '~*req.R', Values: [value] }],
  })
  await call('APIerSv1.SetFilter', filter('one'))
  await call(SET, resource('R', { FilterIDs: ['F'] }))
  await call(SET, resource('PREFIX', { FilterIDs: ['*prefix:~*req.R:ot'], Weight: 5 }))
  const bare = (R: string) => ({ Tenant: TENANT, ID: 'e', Event: { R } })
  t.equal(await call(ALLOCATE, bare('one')), 'MANDATORY_IE_MISSING: [UsageID]')
  const opts = { '*usageID': 'always', '*units': 2.5, '*usageTTL': '1h' }
  await engine.config.set({ resources: { opts } }, false)
  t.equal(await call(ALLOCATE, bare('one')), '"R"')
  t.match(await call(GET, { ID: 'R' }), '"ID":"always"')
  t.match(await call(GET, { ID: 'R' }), '"Units":2.5')
  await call('APIerSv1.SetFilter', filter('other'))
  t.equal(await call(ALLOCATE, bare('one')), 'NOT_FOUND')
  await engine.config.set({ resources: { indexed_selects: false } }, false)
  t.equal(await call(ALLOCATE, bare('other')), '"R"')
  t.match(await call(GET, { ID: 'PREFIX' }), '"ID":"always"', 'every resource that matches has it')
})

t.test('02 6.5: filters read what is in use, and what is left, also when sessions ask', async (t) => {
  const conns = { resources_conns: ['*internal'] }
  const gateway = await startGateway(folderOf(t, {}, { filters: conns, sessions: conns }))
  t.teardown(() => stopGateway(gateway))
  const call = async (method: string, params: object) => {
    const { result, error } = JSON.parse(await callText(gateway, method, params)) as { result: unknown; error: unknown }
    return error ?? result
  }
  await call(SET, resource('R'))
  const rule = (Type: string, path: string, value: string) => ({
    ID: `F_${path}`,
    Rules: [{ Type, Element: `~*resources.R.${path}`, Values: [value] }],
  })
  await call('APIerSv1.SetFilter', rule('*gte', 'TotalUsage', '4'))
  await call('APIerSv1.SetFilter', rule('*gt', 'Available', '6'))
  await call(SET, resource('BUSY', { FilterIDs: ['*string:~*req.R:x', 'F_TotalUsage'] }))
  await call(SET, resource('FREE', { FilterIDs: ['*string:~*req.R:x', 'F_Available'] }))
  await call(ALLOCATE, event('R', 'a', 3))
  const asked = { ID: 'e', Event: { R: 'x', OriginID: 'b' }, AuthorizeResources: true }
  t.same(await call('SessionSv1.AuthorizeEvent', asked), { ResourceAllocation: 'FREE' })
  t.equal(await call(ALLOCATE, event('x', 'b')), 'FREE')
  await call(ALLOCATE, event('R', 'c', 1))
  t.equal(await call(ALLOCATE, event('x', 'b')), 'BUSY')
  t.same(await call('SessionSv1.AuthorizeEvent', asked), { ResourceAllocation: 'BUSY' })
})

t.test('06 E11: thresholds are told of each resource, heaviest first, and fail without it', async (t) => {
  const told: string[] = []
  let answer: unknown = ['THD']
  const { address } = await startServer(t, {
    'ThresholdSv1.ProcessEvent': (argument) => {
      const { Event: fields, APIOpts: options } = argument as { Event: object; APIOpts: object }
      told.push(JSON.stringify([fields, options]))
      return answer
    },
  })
  const { call } = await engineWith(
    t,
    { thresholds_conns: ['far'] },
    { rpc_conns: { far: { conns: [{ address, transport: '*json' }] } } },
  )
  const FilterIDs = ['*string:~*req.R:R']
  await call(SET, resource('LIGHT', { FilterIDs, Weight: 1 }))
  await call(SET, resource('R', { ThresholdIDs: ['THD_RES'] }))
  await call(SET, resource('SILENT', { FilterIDs, Weight: 5, ThresholdIDs: ['*none'] }))
  t.equal(await call(ALLOCATE, event('R', 'c1', 4)), '"R"')
  const options = '"*rsUsageID":"c1","*rsUnits":4,"*eventType":"ResourceUpdate","*thdProfileIDs"'
  t.same(told.splice(0), [
    `[{"EventType":"ResourceUpdate","ResourceID":"R","Usage":4},{${options}:["THD_RES"]}]`,
    `[{"EventType":"ResourceUpdate","ResourceID":"LIGHT","Usage":4},{${options}:null}]`,
  ])
  answer = new Error('NOT_FOUND')
  t.equal(await call(ALLOCATE, event('R', 'c2', 1)), 'PARTIALLY_EXECUTED', 'those that were named are not there')
  t.match(await call(GET, { ID: 'R' }), '"ID":"c2"')
  await call(SET, resource('R'))
  t.equal(await call(RELEASE, event('R', 'c2')), '"OK"', 'none is named')
  answer = new Error('SERVER_ERROR: x')
  t.equal(await call(RELEASE, event('R', 'c1')), 'PARTIALLY_EXECUTED')
  t.match(await call(GET, { ID: 'R' }), '"Usages":{}')
})

t.test('01 9.5: the usages of another engine are taken in the place of the own ones', async (t) => {
  const { call } = await engineWith(t)
  await call(SET, resource('R'))
  await call(ALLOCATE, event('R', 'a', 2.25))
  const shown = await call('ReplicatorSv1.GetResource', { ID: 'R' })
  await call('ReplicatorSv1.RemoveResource', { ID: 'R' })
  t.match(await call(GET, { ID: 'R' }), '"Usages":{}')
  t.equal(await call('ReplicatorSv1.SetResource', JSON.parse(shown) as object), '"OK"')
  t.equal(await call(GET, { ID: 'R' }), shown)
  t.equal(await call(ALLOCATE, event('R', 'b', 8)), 'RESOURCE_UNAVAILABLE')
  t.equal(await call('ReplicatorSv1.SetResource', { ID: 'NONE' }), 'NOT_FOUND')
  t.equal(await call('ReplicatorSv1.RemoveResource', { ID: 'NONE' }), '"OK"')
})

t.test('/metrics counts resources, their usages, and those for which there was no room', async (t) => {
  const { engine, call } = await engineWith(t)
  const metrics = new Metrics()
  metrics.watch(engine)
  await call(SET, resource('R'))
  await call(ALLOCATE, event('R', 'a', 9))
  await call(ALLOCATE, event('R', 'b', 9))
  const text = await metrics.text()
  t.match(text, /^tollgate_resources 1$/m)
  t.match(text, /^tollgate_resource_usages 1$/m)
  t.match(text, /^tollgate_resource_allocations_total 1$/m)
  t.match(text, /^tollgate_resource_refusals_total 1$/m)
})
