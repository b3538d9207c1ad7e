import { once } from 'node:events'
import t, { type Test } from 'tap'
import { Connections } from '../../../src/rpc/client/connections.ts'
import type { HostSettings, Strategy } from '../../../src/rpc/client/settings.ts'
import {
  type Answers,
  deadAddress,
  hostSettings,
  poolsOf,
  startRawServer,
  startServer,
} from '../../support/rpc-hosts.ts'

const nobody = async () => {
  throw new Error('not in this process')
}

function connect(t: Test, strategy: Strategy, ...hosts: HostSettings[]) {
  const connections = new Connections(poolsOf(strategy, ...hosts), 2, nobody, () => undefined)
  t.teardown(() => connections.close())
  return connections.client(['pool'])
}

const textOf = (outcome: PromiseSettledResult<unknown>) =>
  outcome.status === 'fulfilled' ? outcome.value : `error ${(outcome.reason as Error).message}`

async function outcome(answer: Promise<unknown>): Promise<unknown> {
  const [settled] = await Promise.allSettled([answer])
  return textOf(settled)
}

/** What a host does with the call, by a short name. */
const BEHAVIOURS: Readonly<Record<string, Answers>> = {
  A: { 'T.M': () => 'A' },
  B: { 'T.M': () => 'B' },
  NOT_FOUND: { 'T.M': () => new Error('NOT_FOUND') },
  FOO: { 'T.M': () => new Error('FOO') },
  'no service': { 'Other.M': () => 'A' },
  DISCONNECTED: { 'T.M': () => new Error('DISCONNECTED') },
}

const STRATEGIES: readonly { name: string; strategy: Strategy; hosts: string[]; gives: unknown }[] = [
  { name: 'the first that is up', strategy: '*first', hosts: ['down', 'B'], gives: 'B' },
  { name: 'an error is an answer', strategy: '*first', hosts: ['NOT_FOUND', 'B'], gives: 'error NOT_FOUND' },
  { name: 'a host that starts has no service yet', strategy: '*first', hosts: ['no service', 'B'], gives: 'B' },
  { name: 'a host that lost its own', strategy: '*first', hosts: ['DISCONNECTED', 'B'], gives: 'B' },
  {
    name: 'all down: the last error',
    strategy: '*first',
    hosts: ['down', 'no service'],
    gives: "error rpc: can't find service T.M",
  },
  { name: 'an error is an answer', strategy: '*next', hosts: ['FOO', 'B'], gives: 'error FOO' },
  { name: 'whichever is up', strategy: '*random', hosts: ['down', 'A', 'down'], gives: 'A' },
  { name: '01 ex. 14', strategy: '*first_positive', hosts: ['FOO', 'B'], gives: 'B' },
  {
    name: 'none succeeds: the last error',
    strategy: '*first_positive',
    hosts: ['FOO', 'NOT_FOUND'],
    gives: 'error NOT_FOUND',
  },
  { name: 'any success', strategy: '*first_positive_async', hosts: ['FOO', 'down', 'B'], gives: 'B' },
  { name: 'none succeeds', strategy: '*first_positive_async', hosts: ['FOO', 'FOO'], gives: 'error FOO' },
  { name: 'the first answer, an error too', strategy: '*broadcast', hosts: ['down', 'FOO'], gives: 'error FOO' },
  { name: 'no answer at all', strategy: '*broadcast', hosts: ['down', 'no service'], gives: 'error DISCONNECTED' },
  { name: 'all succeed', strategy: '*broadcast_sync', hosts: ['A', 'A'], gives: 'A' },
  { name: 'one is down', strategy: '*broadcast_sync', hosts: ['A', 'down'], gives: 'error PARTIALLY_EXECUTED' },
  { name: 'all errors', strategy: '*broadcast_sync', hosts: ['FOO', 'FOO'], gives: 'error PARTIALLY_EXECUTED' },
  {
    name: 'nobody there: the last',
    strategy: '*broadcast_sync',
    hosts: ['down', 'no service'],
    gives: "error rpc: can't find service T.M",
  },
  { name: 'waits for nothing', strategy: '*broadcast_async', hosts: ['A', 'down'], gives: null },
  { name: 'waits for nothing', strategy: '*async', hosts: ['down', 'FOO'], gives: null },
  { name: 'the first host only', strategy: '*parallel', hosts: ['FOO', 'B'], gives: 'error FOO' },
]

t.test('01 3.3: strategies and when another host is asked', async (t) => {
  for (const { name, strategy, hosts, gives } of STRATEGIES) {
    await t.test(`${strategy} of ${hosts.join(', ')}: ${name}`, async (t) => {
      const settings: HostSettings[] = []
      for (const host of hosts) {
        const answers = BEHAVIOURS[host]
        const address = answers === undefined ? await deadAddress() : (await startServer(t, answers)).address
        settings.push(hostSettings(address, { connectAttempts: 1 }))
      }
      t.same(await outcome(connect(t, strategy, ...settings).call('T.M', {})), gives)
    })
  }
})

t.test('*next moves its start by one per call', async (t) => {
  const servers = [await startServer(t, BEHAVIOURS['A'] ?? {}), await startServer(t, BEHAVIOURS['B'] ?? {})]
  const client = connect(t, '*next', ...servers.map(({ address }) => hostSettings(address)))
  const got: unknown[] = []
  for (let i = 0; i < 4; i++) got.push(await client.call('T.M', {}))
  t.same(got, ['A', 'B', 'A', 'B'])
})

t.test('*random asks each host now and then', async (t) => {
  const servers = [await startServer(t, BEHAVIOURS['A'] ?? {}), await startServer(t, BEHAVIOURS['B'] ?? {})]
  const client = connect(t, '*random', ...servers.map(({ address }) => hostSettings(address)))
  const got = new Set<unknown>()
  for (let i = 0; i < 200 && got.size < 2; i++) got.add(await client.call('T.M', {}))
  t.same([...got].sort(), ['A', 'B'])
})

t.test('*broadcast_async and *async do call', async (t) => {
  for (const [strategy, expected] of [
    ['*broadcast_async', 2],
    ['*async', 1],
  ] as const) {
    let called = 0
    const arrived = Promise.withResolvers<void>()
    const answers = {
      'T.M': () => {
        called++
        if (called === expected) arrived.resolve()
        return 'A'
      },
    }
    const servers = [await startServer(t, answers), await startServer(t, answers)]
    const client = connect(t, strategy, ...servers.map(({ address }) => hostSettings(address)))
    await client.call('T.M', {})
    await arrived.promise
    t.equal(called, expected, strategy)
  }
})

t.test('*parallel: one call per connection, no more than the limit, the rest waits', async (t) => {
  const held: (() => void)[] = []
  const server = await startRawServer(t, (line, socket) => {
    const { id } = JSON.parse(line) as { id: number }
    held.push(() => socket.write(`{"id":${id},"result":"done","error":null}\n`))
    server.server.emit('line')
  })
  const client = connect(t, '*parallel', hostSettings(server.address))
  const calls = Array.from({ length: 5 }, () => client.call('T.M', {}))
  while (held.length < 2) await once(server.server, 'line')
  let most = 0
  for (let answered = 0; answered < 5; answered++) {
    while (held.length === 0) await once(server.server, 'line')
    most = Math.max(most, held.length)
    held.shift()?.()
  }
  t.same(await Promise.all(calls), Array(5).fill('done'))
  t.equal(server.sockets.size, 2)
  t.equal(most, 2)
})

t.test('01 ex. 14: B answers while A is down, then A again', async (t) => {
  const b = await startServer(t, BEHAVIOURS['B'] ?? {})
  const addressOfA = await deadAddress()
  const client = connect(
    t,
    '*first',
    hostSettings(addressOfA, { reconnects: 1 }),
    hostSettings(b.address, { reconnects: 1 }),
  )
  t.equal(await client.call('T.M', {}), 'B')
  const a = await startServer(t, BEHAVIOURS['A'] ?? {}, addressOfA)
  t.equal(await client.call('T.M', {}), 'A')
  await a.close()
  t.equal(await client.call('T.M', {}), 'B')
  await startServer(t, BEHAVIOURS['A'] ?? {}, addressOfA)
  t.equal(await client.call('T.M', {}), 'A')
})

t.test('01 12: several ids, each a pool, in order', async (t) => {
  const b = await startServer(t, BEHAVIOURS['B'] ?? {})
  const settings = new Map([
    ['down', { strategy: '*first' as const, hosts: [hostSettings(await deadAddress())] }],
    ['empty', { strategy: '*first' as const, hosts: [hostSettings('')] }],
    ['up', { strategy: '*first' as const, hosts: [hostSettings(b.address)] }],
  ])
  const connections = new Connections(settings, 2, nobody, () => undefined)
  t.teardown(() => connections.close())
  t.equal(await connections.client(['down', 'empty', 'up']).call('T.M', {}), 'B')
  t.match(await outcome(connections.client(['up', 'down']).call('T.X', {})), "error rpc: can't find method T.X")
  t.match(
    await outcome(connections.client(['empty', 'down']).call('T.M', {})),
    /^error dial tcp .*: connect: connection refused$/,
  )
  t.equal(await outcome(connections.client(['empty']).call('T.M', {})), 'error DISCONNECTED')
  t.equal(await outcome(connections.client([]).call('T.M', {})), 'error MANDATORY_IE_MISSING: [connIDs]')
})

t.test('01 3.1: *internal is this process', async (t) => {
  const given = { Event: { Account: '1001' } }
  const local = async (method: string, argument: unknown) => {
    if (method !== 'T.M') throw Object.assign(new Error(method))
    ;(argument as typeof given).Event.Account = 'changed'
    return 'local'
  }
  const settings = new Map([['mixed', { strategy: '*first' as const, hosts: [hostSettings('*internal')] }]])
  const connections = new Connections(settings, 2, local, () => undefined)
  for (const id of ['*internal', '*internal:*chargers', '*birpc_internal', 'mixed'])
    t.equal(await connections.client([id]).call('T.M', given), 'local', id)
  t.same(given, { Event: { Account: '1001' } }, 'arguments are copied')
})

t.test('other settings: the pools are opened anew, calls under way are answered', async (t) => {
  const a = await startServer(t, BEHAVIOURS['A'] ?? {})
  const slow = Promise.withResolvers<string>()
  const b = await startServer(t, { 'T.M': () => slow.promise })
  const connections = new Connections(poolsOf('*first', hostSettings(b.address)), 2, nobody, () => undefined)
  t.teardown(() => connections.close())
  const client = connections.client(['pool'])
  const before = client.call('T.M', {})
  while (b.calls.length === 0) await new Promise((next) => setImmediate(next))
  connections.replace(poolsOf('*first', hostSettings(a.address)))
  t.equal(await client.call('T.M', {}), 'A')
  slow.resolve('late')
  t.equal(await before, 'late')
})
