import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { ask, connectGateway, type Gateway, sampleFolder, startGateway, stopGateway } from '../support/gateway.ts'
import { callText } from '../support/rpc-steps.ts'

const MIB = 1n << 20n
const INTERNAL = { resources: { enabled: true, store_interval: '-1' }, sessions: { resources_conns: ['*internal'] } }

async function result(gateway: Gateway, method: string, params: object): Promise<unknown> {
  const { result, error } = JSON.parse(await callText(gateway, method, params)) as { result: unknown; error: unknown }
  return error ?? result
}

/** The sample, whose sessions take a unit of a resource; at: who has the resources, this gateway unless another is named. */
async function gatewayOf(t: Test, configuration: object, Limit: number, at?: Gateway) {
  const folder = sampleFolder(t, configuration)
  const path = join(folder, 'config', 'tollgate.json')
  let text = readFileSync(path, 'utf8')
  for (const flag of ['*initiate', '*terminate'])
    text = text.replace(`["${flag}", "*accounts"`, `["${flag}", "*accounts", "*resources"`)
  writeFileSync(path, text)
  const gateway = await startGateway(folder)
  t.teardown(() => stopGateway(gateway, 'SIGKILL'))
  const owner = at ?? gateway
  const profile = { ID: 'CHANNELS', UsageTTL: -1, Limit, Stored: true, Weight: 10 }
  t.equal(await result(owner, 'APIerSv1.SetResourceProfile', profile), 'OK')
  const used = async () => {
    const state = (await result(owner, 'ResourceSv1.GetResource', { ID: 'CHANNELS' })) as { Usages: object }
    return Object.keys(state.Usages).sort()
  }
  const client = await connectGateway(gateway.diameterPort)
  t.teardown(() => client.destroy())
  return { gateway, client, used }
}

t.test('07 1.4: requests with the flag *resources take a unit for each session, and give it back', async (t) => {
  const { gateway, client, used } = await gatewayOf(t, INTERNAL, 3)
  const group = (ratingGroup: number) => ({ ratingGroup, requested: MIB })
  const first = await ask(client, 'a', 1, 0, [group(1), group(2)])
  t.same(
    first.groups.map(({ resultCode }) => resultCode),
    [2001, 2001],
  )
  t.same(await used(), ['a_1', 'a_2'])
  const second = await ask(client, 'b', 1, 0, [group(1), group(2)])
  t.equal(second.groups.filter(({ resultCode }) => resultCode === 2001).length, 1, 'there was one unit left')
  t.same(await used(), ['a_1', 'a_2', 'b_1'])
  t.equal(await result(gateway, 'SessionSv1.GetActiveSessionsCount', {}), 3)
  await ask(client, 'a', 3, 1, [{ ratingGroup: 1, used: MIB }])
  t.same(await used(), ['b_1'], 'the end of a conversation releases what its other sessions have')
  t.equal(await result(gateway, 'SessionSv1.GetActiveSessionsCount', {}), 1)
  t.equal(await result(gateway, 'SessionSv1.ForceDisconnect', {}), 'OK')
  t.same(await used(), [])
})

t.test('05 6.12: a session that times out releases its unit, after kill -9, too', async (t) => {
  const sessions = { ...INTERNAL.sessions, session_ttl: '100ms' }
  const { gateway, client, used } = await gatewayOf(t, { ...INTERNAL, sessions }, 2)
  await ask(client, 'a', 1, 0, [{ ratingGroup: 1, requested: MIB }])
  t.same(await used(), ['a_1'])
  const ended = async (at: Gateway) => {
    while ((await result(at, 'SessionSv1.GetActiveSessionsCount', {})) !== 0)
      await new Promise((again) => setTimeout(again, 20))
  }
  await ended(gateway)
  t.same(await used(), [])
  await ask(client, 'b', 1, 0, [{ ratingGroup: 1, requested: MIB }])
  await stopGateway(gateway, 'SIGKILL')
  const next = await startGateway(gateway.folder)
  t.teardown(() => stopGateway(next, 'SIGKILL'))
  await ended(next)
  const { Usages: left } = (await result(next, 'ResourceSv1.GetResource', { ID: 'CHANNELS' })) as { Usages: object }
  t.same(left, {})
})

t.test('resources of another process count sessions over connections; without it none begins', async (t) => {
  const other = await startGateway(sampleFolder(t, { resources: { enabled: true } }))
  t.teardown(() => stopGateway(other, 'SIGKILL'))
  const conns = [{ address: `127.0.0.1:${other.rpcPort}`, transport: '*json' }]
  const configuration = { rpc_conns: { far: { conns } }, sessions: { resources_conns: ['far'] } }
  const { gateway, client, used } = await gatewayOf(t, configuration, 1, other)
  const group = { ratingGroup: 1, requested: MIB }
  await ask(client, 'a', 1, 0, [group])
  t.same(await used(), ['a_1'])
  await ask(client, 'b', 1, 0, [group])
  t.same(await used(), ['a_1'])
  await ask(client, 'a', 3, 1, [{ ratingGroup: 1, used: MIB }])
  t.same(await used(), [])
  await stopGateway(other, 'SIGKILL')
  await ask(client, 'c', 1, 0, [group])
  t.equal(await result(gateway, 'SessionSv1.GetActiveSessionsCount', {}), 0)
})
