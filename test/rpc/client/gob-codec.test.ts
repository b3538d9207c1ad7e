import t, { type Test } from 'tap'
import { Decimal } from '../../../src/core/decimal.ts'
import type { Callbacks } from '../../../src/rpc/client/connection.ts'
import { Connections } from '../../../src/rpc/client/connections.ts'
import type { Transport } from '../../../src/rpc/client/settings.ts'
import { type Method, MethodRegistry, method } from '../../../src/rpc/method.ts'
import { RpcError } from '../../../src/rpc/rpc-error.ts'
import { BiConnections } from '../../../src/rpc/server/bidirectional.ts'
import type { ListenerKey } from '../../../src/rpc/server/listeners.ts'
import {
  boolean,
  bytes,
  decimal,
  duration,
  integer64,
  list,
  map,
  number,
  omitEmpty,
  pointer,
  struct,
  text,
  time,
  type ValueOf,
} from '../../../src/rpc/shape.ts'
import { embeddedEvent, eventShape } from '../../../src/rpc/shapes/event.ts'
import { hostSettings, poolsOf } from '../../support/rpc-hosts.ts'
import { rpcListeners } from '../../support/rpc-server.ts'

/** Every form of a value, as an argument and as a reply. */
const everything = struct('utils.Everything', {
  CGREvent: embeddedEvent,
  Flag: boolean,
  Count: integer64,
  Weight: number,
  Amount: decimal,
  Usage: duration,
  Raw: bytes,
  At: time,
  Names: list(text),
  Parts: list(struct('utils.Part', { Value: decimal, Until: pointer(time) })),
  Balances: map(list(decimal)),
  MaxUsage: omitEmpty(pointer(duration)),
  Nothing: omitEmpty(pointer(duration)),
})

const seen: unknown[] = []
const METHODS: readonly Method[] = [
  method('SessionSv1.Echo', {
    summary: '',
    params: everything,
    reply: everything,
    run: (argument) => {
      seen.push(argument)
      const { CGREvent, ...rest } = argument
      return { ...rest, ...CGREvent }
    },
  }),
  method('SessionSv1.EchoEvent', { summary: '', params: eventShape, reply: eventShape, run: (event) => event }),
  method('SessionSv1.EchoText', { summary: '', params: text, reply: text, run: (argument) => argument }),
  method('SessionSv1.Connection', { summary: '', params: text, reply: text, run: (_, caller) => caller.connectionId }),
  method('SessionSv1.Fail', {
    summary: '',
    params: text,
    reply: text,
    run: (argument) => {
      throw new RpcError(argument)
    },
  }),
  method('SessionSv1.Wrong', { summary: '', params: text, reply: list(text), run: () => 'no list' }),
]

async function connect(t: Test, transport: Transport, key: ListenerKey, callbacks?: Callbacks) {
  const agents = new BiConnections()
  const listeners = rpcListeners(METHODS, { [key]: '127.0.0.1:0' }, { clients: agents })
  await listeners.open()
  t.teardown(() => listeners.close())
  const settings = poolsOf('*first', hostSettings(listeners.address(key) ?? '', { transport }))
  const nobody = async () => {
    throw new Error('not in this process')
  }
  const unknown: Method = { ...(METHODS[2] as Method), name: 'SessionSv1.Unknown' }
  const known = new MethodRegistry([...METHODS, unknown], () => true)
  const connections = new Connections(settings, 2, nobody, (name) => known.shapesOf(name))
  t.teardown(() => connections.close())
  return { client: connections.client(['pool'], callbacks), agents }
}

/** As a JSON client writes it. */
const ARGUMENT = {
  Tenant: 'cgrates.org',
  ID: 'e1',
  Time: '2024-03-05T12:00:00.5+02:00',
  Event: {
    Account: '1001',
    Usage: 60_000_000_000n,
    Cost: 0.1,
    Free: false,
    None: null,
    Tags: ['a', 1],
    Sub: { X: 'y' },
  },
  APIOpts: { '*rateS': true },
  Flag: true,
  Count: 42,
  Weight: 1.5,
  Amount: 0.14,
  Usage: 9_007_199_254_740_993n,
  Raw: 'AQI=',
  At: '2024-03-05T12:00:00Z',
  Names: ['a', ''],
  Parts: [
    { Value: 1.25, Until: null },
    { Value: 0, Until: '2030-01-01T00:00:00Z' },
  ],
  Balances: { '*monetary': [10, 0.001] },
  MaxUsage: 0,
}

t.test('every form of a value goes over gob as over JSON', async (t) => {
  const { client } = await connect(t, '*gob', 'rpc_gob')
  seen.length = 0
  const reply = await client.call('SessionSv1.Echo', ARGUMENT)
  t.match(reply, ARGUMENT)
  t.equal('Nothing' in (reply as object), false, 'what is left out when it is empty')
  const [argument] = seen as ValueOf<typeof everything>[]
  t.equal(argument?.CGREvent.Tenant, 'cgrates.org', 'embedded fields are where the method looks for them')
  t.same(argument?.CGREvent.Time, { ns: 1_709_632_800_500_000_000n, zone: '+02:00' })
  t.ok(argument?.Amount.equals(Decimal.parse('0.14')))
  t.equal(argument?.MaxUsage, 0n, 'a pointer to zero is not nothing')
  t.equal(argument?.Nothing, null)
})

t.test('nothing given is zero', async (t) => {
  const { client } = await connect(t, '*gob', 'rpc_gob')
  const zero = {
    ...{
      Tenant: '',
      ID: '',
      Time: null,
      Event: null,
      APIOpts: null,
      Flag: false,
      Count: 0,
      Weight: 0,
      Amount: 0,
      Usage: 0,
    },
    ...{ Raw: '', At: '0001-01-01T00:00:00Z', Names: [], Parts: [], Balances: {} },
  }
  t.same(await client.call('SessionSv1.Echo', {}), zero)
  t.same(await client.call('SessionSv1.EchoText', null), '')
})

t.test('many calls in flight on one connection', async (t) => {
  const { client } = await connect(t, '*gob', 'rpc_gob')
  const numbers = Array.from({ length: 500 }, (_, i) => i)
  const replies = await Promise.all(
    numbers.map((i) =>
      i % 2 === 0
        ? client.call('SessionSv1.EchoText', `call ${i}`)
        : client.call('SessionSv1.EchoEvent', { ID: `call ${i}`, Event: { i } }),
    ),
  )
  for (const i of numbers) t.match(replies[i], i % 2 === 0 ? `call ${i}` : { ID: `call ${i}`, Event: { i } })
})

t.test('errors are those of the server, and the connection goes on', async (t) => {
  const { client } = await connect(t, '*gob', 'rpc_gob')
  await t.rejects(client.call('SessionSv1.Fail', 'NOT_FOUND'), { message: 'NOT_FOUND' })
  await t.rejects(client.call('SessionSv1.Unknown', ''), { message: "rpc: can't find method SessionSv1.Unknown" })
  await t.rejects(
    client.call('SessionSv1.Nope', ''),
    { message: "rpc: can't find method SessionSv1.Nope" },
    'has no shapes',
  )
  await t.rejects(client.call('SessionSv1.EchoText', 5), { message: 'gob: a number is no string' }, 'is not sent')
  await t.rejects(client.call('SessionSv1.Wrong', ''), { message: 'SERVER_ERROR: gob: a string is no []string' })
  t.equal(await client.call('SessionSv1.EchoText', 'x'), 'x')
})

t.test('bidirectional: the server calls its client by the id of the connection', async (t) => {
  const called: { method: string; argument: unknown }[] = []
  const { client, agents } = await connect(t, '*birpc_gob', 'birpc_gob', async (name, argument) => {
    called.push({ method: name, argument })
    if (name === 'AgentV1.DisconnectPeer') throw new RpcError('NOT_IMPLEMENTED')
    return name === 'AgentV1.GetActiveSessionIDs' ? [{ OriginHost: 'h', OriginID: 'o1' }] : 'OK'
  })
  const id = String(await client.call('SessionSv1.Connection', ''))
  t.match(id, /^[0-9a-f]{7}$/)
  const agent = agents.get(id)
  t.ok(agent)
  const event = {
    Tenant: '',
    ID: 'x',
    Time: '2026-11-23T06:37:01.083488781Z',
    Event: { OriginID: 'o1', Usage: 0n },
    APIOpts: {},
  }
  const [ok, ids, none] = await Promise.allSettled([
    agent?.call('AgentV1.DisconnectSession', event, 1_000),
    agent?.call('AgentV1.GetActiveSessionIDs', '', 1_000),
    agent?.call('AgentV1.DisconnectPeer', { OriginHost: 'h' }, 1_000),
  ])
  t.match(ok, { value: 'OK' })
  t.match(ids, { value: [{ OriginHost: 'h', OriginID: 'o1' }] })
  t.match(none, { reason: { message: 'NOT_IMPLEMENTED' } })
  t.same(called[0], { method: 'AgentV1.DisconnectSession', argument: event })
  t.equal(await client.call('SessionSv1.Connection', ''), id, 'both ways at once')
  await t.rejects(client.call('SessionSv1.Unknown', ''), { message: "birpc: can't find method SessionSv1.Unknown" })
})
