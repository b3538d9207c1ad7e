import t, { type Test } from 'tap'
import { type Gateway, sampleFolder, startGateway, stopGateway } from '../support/gateway.ts'
import { callText } from '../support/rpc-steps.ts'

const CONFIGURATION = {
  attributes: { enabled: true },
  resources: { enabled: true },
  sessions: { resources_conns: ['*internal'], attributes_conns: ['*internal'] },
}
const CALL = {
  RequestType: '*prepaid',
  ToR: '*data',
  Category: 'data',
  Destination: 'rg1',
  Usage: 1024,
  SetupTime: '2026-01-01T10:00:00Z',
}

async function result(gateway: Gateway, method: string, params: object): Promise<unknown> {
  const { result, error } = JSON.parse(await callText(gateway, method, params)) as { result: unknown; error: unknown }
  return error ?? result
}

async function gatewayOf(t: Test) {
  const gateway = await startGateway(sampleFolder(t, CONFIGURATION))
  t.teardown(() => stopGateway(gateway))
  const profile = { ID: 'R', UsageTTL: -1, Limit: 2, Weight: 10 }
  t.equal(await result(gateway, 'APIerSv1.SetResourceProfile', profile), 'OK')
  const used = async () => {
    const state = (await result(gateway, 'ResourceSv1.GetResource', { ID: 'R' })) as { Usages: object }
    return Object.keys(state.Usages).sort()
  }
  const session = (method: string, OriginID: string, more: object = {}, fields: object = {}) =>
    result(gateway, `SessionSv1.${method}`, {
      Tenant: 'cgrates.org',
      ID: 'e',
      Event: { ...CALL, Account: '1001', OriginID, ...fields },
      ...more,
    })
  return { gateway, used, session }
}

t.test('what is refused after its resources were allocated gives them back', async (t) => {
  const { used, session } = await gatewayOf(t)
  const nobody = { Account: 'nobody' }
  const wanted = { AllocateResources: true, InitSession: true }
  t.match(await session('InitiateSession', 'a', wanted, nobody), /^RALS_ERROR:ACCOUNT_NOT_FOUND/)
  t.same(await used(), [])
  const message = { AllocateResources: true, Debit: true }
  t.match(await session('ProcessMessage', 'a', message, nobody), /^RALS_ERROR:ACCOUNT_NOT_FOUND/)
  t.same(await used(), [])
  const Flags = ['*resources:*allocate', '*rals:*initiate']
  t.match(await session('ProcessEvent', 'a', { Flags }, nobody), /^RALS_ERROR:ACCOUNT_NOT_FOUND/)
  t.same(await used(), [])
  t.match(await session('InitiateSession', 'a', wanted), { ResourceAllocation: 'R' })
  t.equal(await session('InitiateSession', 'a', wanted), 'EXISTS')
  t.same(await used(), ['a'], 'the session that is open has it')
})

t.test('a call that comes again under its key is done once, with its resources', async (t) => {
  const { used, session } = await gatewayOf(t)
  const once = (key: string, more: object) => ({ ...more, APIOpts: { '*idempotencyKey': key } })
  const begun = once('k1', { AllocateResources: true, InitSession: true })
  const first = await session('InitiateSession', 'a', begun)
  t.match(first, { ResourceAllocation: 'R' })
  t.same(await session('InitiateSession', 'a', begun), first)
  t.same(await used(), ['a'])
  const ended = once('k2', { TerminateSession: true, ReleaseResources: true })
  t.equal(await session('TerminateSession', 'a', ended), 'OK')
  t.equal(await session('TerminateSession', 'a', ended), 'OK')
  t.same(await used(), [])
  const again = once('k3', { ReleaseResources: true })
  t.equal(await session('TerminateSession', 'a', again), 'OK', 'usages without a lifetime may be unknown')
})

t.test(
  '05 7.1: the event is shown with the options of its usage, whose id is that from before attributes',
  async (t) => {
    const { gateway, used, session } = await gatewayOf(t)
    const profile = {
      ID: 'ATTR',
      Contexts: ['*sessions'],
      Attributes: [{ Path: '*req.OriginID', Type: '*constant', Value: 'other' }],
      Weight: 10,
    }
    t.equal(await result(gateway, 'APIerSv2.SetAttributeProfile', profile), 'OK')
    const shown = await session('InitiateSession', 'own', { GetAttributes: true, AllocateResources: true })
    t.match(shown, {
      ResourceAllocation: 'R',
      Attributes: { Event: { OriginID: 'other' }, APIOpts: { '*rsUsageID': 'own', '*rsUnits': 1 } },
    })
    t.same(await used(), ['own'])
    const Flags = ['*attributes', '*resources:*release']
    t.match(await session('ProcessEvent', 'own', { Flags }), { ResourceAllocation: { '*raw': 'OK' } })
    t.same(await used(), [])
  },
)
