import { once } from 'node:events'
import { connect } from 'node:net'
import t, { type Test } from 'tap'
import { RpcError } from '../../../src/rpc/rpc-error.ts'
import { BiConnections } from '../../../src/rpc/server/bidirectional.ts'
import { portOf, talk } from '../../support/raw-socket.ts'
import { PROBES, rpcListeners } from '../../support/rpc-server.ts'

async function openServer(t: Test) {
  const connections = new BiConnections()
  const listeners = rpcListeners(PROBES, { birpc_json: '127.0.0.1:0' }, { clients: connections })
  await listeners.open()
  t.teardown(() => listeners.close())
  return { address: listeners.address('birpc_json'), connections }
}

/** A client whose connection the server has registered, and the lines that it gets. */
async function connectTo(t: Test, address: string | undefined) {
  const socket = connect(portOf(address), '127.0.0.1')
  t.teardown(() => socket.destroy())
  socket.setEncoding('utf8')
  let received = ''
  socket.on('data', (text: string) => {
    received += text
  })
  const lines = async (count: number) => {
    while (received.split('\n').length <= count) await once(socket, 'data')
    const all = received
    received = ''
    return all
  }
  socket.write('{"method":"SessionSv1.GetActiveSessionsCount","params":[{}],"id":"who"}')
  const { result } = JSON.parse(await lines(1)) as { result: string }
  return { socket, lines, id: result }
}

const LAST = '{"method":"SessionSv1.Ping","params":[{}],"id":"last"}'
const LAST_REPLY = '{"id":"last","result":"Pong","error":null}\n'
const failed = (error: string) => `{"id":3,"result":null,"error":${JSON.stringify(error)}}\n`

const rows: { name: string; input: string; output: string; closes?: true }[] = [
  {
    name: 'a call',
    input: '{"method":"SessionSv1.Ping","params":[{}],"id":1.50}',
    output: '{"id":1.50,"result":"Pong","error":null}\n',
  },
  {
    name: 'of ThresholdSv1',
    input: '{"METHOD":"ThresholdSv1.Ping","params":[{}],"id":{"b" : "<"}}',
    output: '{"id":{"b":"\\u003c"},"result":"Pong","error":null}\n',
  },
  {
    name: 'a service that is not served here',
    input: '{"method":"CoreSv1.Ping","params":[{}],"id":3}',
    output: failed("birpc: can't find method CoreSv1.Ping"),
  },
  {
    name: 'an unknown method',
    input: '{"method":"SessionSv1.Nope","params":[{}],"id":3}',
    output: failed("birpc: can't find method SessionSv1.Nope"),
  },
  { name: 'no dot', input: '{"method":"Ping","params":[{}],"id":3}', output: failed("birpc: can't find method Ping") },
  {
    name: 'no params',
    input: '{"method":"SessionSv1.Ping","id":3}',
    output: failed('jsonrpc: request body missing params'),
  },
  {
    name: 'params of another kind',
    input: '{"method":"SessionSv1.Ping","params":{},"id":3}',
    output: failed('json: cannot unmarshal object into Go value of type [1]interface {}'),
  },
  {
    name: 'a notification',
    input: '{"method":"SessionSv1.Ping","params":[{}]}{"method":"SessionSv1.Nope","params":[{}],"id":null}',
    output: '',
  },
  {
    name: 'what a Go client sends when it waits no longer',
    input: '{"method":"_goRPC_.Cancel","params":[{"Seq":1}],"id":7}',
    output: '{"id":7,"result":false,"error":null}\n',
  },
  {
    name: 'a reply that nobody waits for',
    input: '{"id":9,"result":"OK","error":null}{"id":9,"error":"X"}',
    output: '',
  },
  { name: 'a reply that says nothing', input: `{"id":9,"result":null,"error":null}${LAST}`, output: '', closes: true },
  { name: 'a reply to no number', input: `{"id":"x","result":"OK","error":null}${LAST}`, output: '', closes: true },
  { name: '01 13: an object of nothing', input: `{}${LAST}`, output: '', closes: true },
  { name: '01 13: null', input: `null ${LAST}`, output: '', closes: true },
  { name: 'an empty method', input: `{"method":"","id":3}${LAST}`, output: '', closes: true },
  { name: 'an array', input: `[]${LAST}`, output: '', closes: true },
  { name: 'what is no JSON', input: 'x', output: '', closes: true },
]

t.test('01 7.4: octets in, octets out', async (t) => {
  const { address } = await openServer(t)
  for (const { name, input, output, closes } of rows)
    await t.test(name, async (t) => {
      if (closes) t.equal(await talk(address, [input]), output)
      else t.equal(await talk(address, [input, LAST], { until: /"last".*\n$/ }), output + LAST_REPLY)
    })
})

t.test('01 ex. 16: the engine calls its client', async (t) => {
  const { address, connections } = await openServer(t)
  const { socket, lines, id } = await connectTo(t, address)
  t.match(id, /^[0-9a-f]{7}$/)
  const client = connections.get(id)
  t.same(
    connections.all().map((each) => each.id),
    [id],
  )
  const ids = client?.call('AgentV1.GetActiveSessionIDs', '', 1_000)
  t.equal(await lines(1), '{"method":"AgentV1.GetActiveSessionIDs","params":[""],"id":1}\n')
  socket.write('{"id":1,"result":[{"OriginHost":"h","OriginID":"o1"}],"error":null}')
  t.same(await ids, [{ OriginHost: 'h', OriginID: 'o1' }])

  const event = { Tenant: '', ID: 'x', Time: null, Event: { Account: '<1001>', Usage: 0n }, APIOpts: {} }
  const ended = client?.call('AgentV1.DisconnectSession', event, 1_000)
  t.equal(
    await lines(1),
    '{"method":"AgentV1.DisconnectSession","params":[{"Tenant":"","ID":"x","Time":null,"Event":{"Account":"\\u003c1001\\u003e","Usage":0},"APIOpts":{}}],"id":2}\n',
  )
  socket.write('{"id":2,"result":null,"error":"NOT_IMPLEMENTED"}')
  await t.rejects(ended ?? Promise.resolve(), new RpcError('NOT_IMPLEMENTED'))
})

t.test('01 7.4: ids of the two directions may collide', async (t) => {
  const { address, connections } = await openServer(t)
  const { socket, lines, id } = await connectTo(t, address)
  const asked = connections.get(id)?.call('AgentV1.WarnDisconnect', {}, 1_000)
  socket.write('{"method":"SessionSv1.Ping","params":[{}],"id":1}')
  t.same(
    new Set((await lines(2)).split('\n')),
    new Set(['{"method":"AgentV1.WarnDisconnect","params":[{}],"id":1}', '{"id":1,"result":"Pong","error":null}', '']),
  )
  socket.write('{"id":1,"result":"OK","error":null}')
  t.equal(await asked, 'OK')
})

t.test('01 7.4: a client that is gone, or does not answer', async (t) => {
  const { address, connections } = await openServer(t)
  const { socket, lines, id } = await connectTo(t, address)
  const client = connections.get(id)
  await t.rejects(client?.call('AgentV1.WarnDisconnect', {}, 1) ?? Promise.resolve(), new RpcError('REPLY_TIMEOUT'))
  const asked = client?.call('AgentV1.WarnDisconnect', {}, 10_000)
  await lines(2)
  const lost = t.rejects(asked ?? Promise.resolve(), new RpcError('DISCONNECTED'))
  socket.destroy()
  await lost
  t.equal(connections.get(id), undefined)
  await t.rejects(client?.call('AgentV1.WarnDisconnect', {}, 1) ?? Promise.resolve(), new RpcError('DISCONNECTED'))
})
