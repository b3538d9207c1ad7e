import { createServer as createHttp } from 'node:http'
import t, { type Test } from 'tap'
import { Decimal } from '../../../src/core/decimal.ts'
import { fibonacciWaits } from '../../../src/rpc/client/backoff.ts'
import type { Callbacks } from '../../../src/rpc/client/connection.ts'
import { Connections } from '../../../src/rpc/client/connections.ts'
import type { HostSettings, Transport } from '../../../src/rpc/client/settings.ts'
import { RpcError } from '../../../src/rpc/rpc-error.ts'
import { addressOf, deadAddress, hostSettings, poolsOf, startRawServer, startServer } from '../../support/rpc-hosts.ts'

const nobody = async () => {
  throw new Error('not in this process')
}

function connect(t: Test, host: HostSettings, callbacks?: Callbacks) {
  const connections = new Connections(poolsOf('*first', host), 2, nobody, () => undefined)
  t.teardown(() => connections.close())
  return connections.client(['pool'], callbacks)
}

t.test('01 3.3: waits between tries are 10 ms times Fibonacci, up to a limit', async (t) => {
  const first = (count: number, limit: number) => Array.from(fibonacciWaits(limit).take(count))
  t.same(first(6, 0), [10, 10, 20, 30, 50, 80])
  t.same(first(6, 25), [10, 10, 20, 25, 25, 25])
})

t.test('01 7.1, 8: what a client sends', async (t) => {
  const lines: string[] = []
  const server = await startRawServer(t, (line, socket) => {
    lines.push(line)
    const { id, params } = JSON.parse(line) as { id: number; params: unknown[] }
    socket.write(`{"id":${id},"result":${JSON.stringify(params[0])},"error":null}\n`)
  })
  const client = connect(t, hostSettings(server.address))
  await client.call('CoreSv1.Ping', {})
  await client.call('X.Y', { Usage: 60_000_000_000n, Cost: Decimal.parse('0.12345678901234567890'), Text: '\u00fc<' })
  t.same(lines, [
    '{"method":"CoreSv1.Ping","params":[{}],"id":1}',
    '{"method":"X.Y","params":[{"Usage":60000000000,"Cost":0.1234567890123456789,"Text":"\u00fc<"}],"id":2}',
  ])
})

t.test('replies keep their digits, come in any order, split and joined', async (t) => {
  const waiting: number[] = []
  const server = await startRawServer(t, (line, socket) => {
    waiting.push((JSON.parse(line) as { id: number }).id)
    if (waiting.length < 3) return
    const replies = waiting
      .toReversed()
      .map(
        (id) => `{"id":${id},"result":{"N":${id},"Big":12345678901234567890,"Cost":0.12345678901234567},"error":null}`,
      )
      .join('')
    socket.write(replies.slice(0, 40))
    setImmediate(() => socket.write(replies.slice(40)))
  })
  const client = connect(t, hostSettings(server.address))
  const replies = (await Promise.all([1, 2, 3].map(() => client.call('T.M', {})))) as Record<string, unknown>[]
  t.same(
    replies.map(({ N }) => N),
    [1, 2, 3],
  )
  t.equal(replies[0]?.['Big'], 12345678901234567890n)
  t.equal(String(replies[0]?.['Cost']), '0.12345678901234567')
})

t.test('01 7.1: a call whose time is up is cancelled, later ones go on', async (t) => {
  const lines: string[] = []
  const cancelled = Promise.withResolvers<void>()
  const server = await startRawServer(t, (line, socket) => {
    lines.push(line)
    const { id, method } = JSON.parse(line) as { id: number; method: string }
    if (method === 'T.Fast')
      socket.write(`{"id":${id},"result":"fast","error":null}\n{"id":1,"result":"late","error":null}\n`)
    if (method.startsWith('_')) cancelled.resolve()
  })
  const client = connect(t, hostSettings(server.address, { replyTimeoutMs: 500 }))
  await t.rejects(client.call('T.Slow', {}), { message: 'context deadline exceeded' })
  await cancelled.promise
  t.equal(await client.call('T.Fast', {}), 'fast')
  t.same(lines[1], '{"method":"_goRPC_.Cancel","params":[{"Seq":1}],"id":2}')
  t.equal(server.sockets.size, 1)
})

t.test('01 3.3: a lost connection is opened again and the call repeated once', async (t) => {
  let connections = 0
  const server = await startRawServer(t, (line, socket) => {
    connections = server.sockets.size
    if (connections === 1) return socket.destroy()
    const { id } = JSON.parse(line) as { id: number }
    return void socket.write(`{"id":${id},"result":"again","error":null}\n`)
  })
  t.equal(await connect(t, hostSettings(server.address)).call('T.M', {}), 'again')
  t.equal(connections, 2)
})

t.test('01 3.3: with reconnects 0 the loss is the answer', async (t) => {
  const server = await startRawServer(t, (_, socket) => socket.destroy())
  const client = connect(t, hostSettings(server.address, { reconnects: 0 }))
  await t.rejects(client.call('T.M', {}), { message: /^(unexpected EOF|read ECONNRESET)$/ })
  t.equal(server.sockets.size, 1)
})

t.test(
  '01 13: a host that is gone blocks a call no longer than reply_timeout, and is found when it is back',
  async (t) => {
    const server = await startServer(t, { 'T.M': () => 'up' })
    const client = connect(t, hostSettings(server.address, { replyTimeoutMs: 60, maxReconnectIntervalMs: 10 }))
    t.equal(await client.call('T.M', {}), 'up')
    await server.close()
    await t.rejects(client.call('T.M', {}), { message: `dial tcp ${server.address}: connect: connection refused` })
    const patient = connect(t, hostSettings(server.address, { connectAttempts: 1 }))
    await t.rejects(patient.call('T.M', {}), { message: /connection refused$/ })
    await startServer(t, { 'T.M': () => 'back' }, server.address)
    t.equal(await client.call('T.M', {}), 'back')
    t.equal(await patient.call('T.M', {}), 'back')
  },
)

t.test('a call waits for a host that comes back in time', async (t) => {
  const server = await startServer(t, { 'T.M': () => 'up' })
  const client = connect(t, hostSettings(server.address, { maxReconnectIntervalMs: 10 }))
  await client.call('T.M', {})
  await server.close()
  const call = client.call('T.M', {})
  await startServer(t, { 'T.M': () => 'back' }, server.address)
  t.equal(await call, 'back')
})

t.test('wrong replies end the connection, not the process', async (t) => {
  for (const reply of ['[1]', '{"id":"x","result":1,"error":null}', '{"id" 1}', '{"result":1}']) {
    const server = await startRawServer(t, (_, socket) => socket.write(`${reply}\n`))
    const client = connect(t, hostSettings(server.address, { reconnects: 0 }))
    await t.rejects(client.call('T.M', {}), { message: /^a reply/, code: 'NETWORK_ERROR' }, reply)
  }
})

t.test('errors of JSON-RPC 2.0 servers', async (t) => {
  const server = await startRawServer(t, (_, socket) =>
    socket.write('{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"NOT_FOUND"}}\n'),
  )
  await t.rejects(connect(t, hostSettings(server.address)).call('T.M', {}), { message: 'NOT_FOUND', code: 'RPC_ERROR' })
})

const ADDRESSES: readonly { address: string; error: RegExp }[] = [
  { address: '127.0.0.1', error: /^dial tcp: address 127\.0\.0\.1: missing port in address$/ },
  { address: 'no-such-host.invalid:2012', error: /^dial tcp no-such-host\.invalid:2012: / },
]

t.test('addresses that lead nowhere', async (t) => {
  for (const { address, error } of ADDRESSES)
    await t.rejects(
      connect(t, hostSettings(address, { connectAttempts: 1 })).call('T.M', {}),
      { message: error },
      address,
    )
  const smoke = '*smoke' as Transport
  const host = connect(t, hostSettings(await deadAddress(), { transport: smoke, connectAttempts: 1 }))
  await t.rejects(host.call('T.M', {}), { message: 'Unsupported transport: <*smoke>' })
})

t.test('a host that does not even refuse is tried once, later in the background while another is left', async (t) => {
  // Its TLS handshake never ends.
  const silent = await startRawServer(t, () => undefined)
  const b = await startServer(t, { 'T.M': () => 'B' })
  const tls = { keyPath: '', certPath: '', caPath: '' }
  const hole = hostSettings(silent.address, { tls, connectTimeoutMs: 40, connectAttempts: 1 })
  const connections = new Connections(poolsOf('*first', hole, hostSettings(b.address)), 2, nobody, () => undefined)
  t.teardown(() => connections.close())
  const client = connections.client(['pool'])
  t.equal(await client.call('T.M', {}), 'B')
  const tries = silent.sockets.size
  const startedMs = performance.now()
  for (let i = 0; i < 20; i++) t.equal(await client.call('T.M', {}), 'B')
  const fitting = Math.ceil((performance.now() - startedMs) / 40)
  t.ok(silent.sockets.size <= tries + fitting + 1, 'one try after the other, whoever calls')
})

t.test('01 7.4: a bidirectional connection takes calls back', async (t) => {
  const answers: string[] = []
  const answered = Promise.withResolvers<void>()
  const server = await startRawServer(t, (line, socket) => {
    const { id, method } = JSON.parse(line) as { id: number; method?: string }
    if (method === undefined) {
      answers.push(line)
      if (answers.length === 2) answered.resolve()
      return
    }
    for (const [i, name] of ['AgentV1.DisconnectSession', 'AgentV1.WarnDisconnect'].entries())
      socket.write(`{"method":"${name}","params":[{"ID":"e1"}],"id":${i + 1}}\n`)
    socket.write('{"method":"AgentV1.Notify","params":[""],"id":null}\n')
    socket.write(`{"id":${id},"result":"OK","error":null}\n`)
  })
  const got: unknown[] = []
  const callbacks = async (method: string, argument: unknown) => {
    got.push([method, argument])
    if (method === 'AgentV1.WarnDisconnect') throw new RpcError('NOT_IMPLEMENTED')
    return 'OK'
  }
  const client = connect(t, hostSettings(server.address, { transport: '*birpc_json' }), callbacks)
  t.equal(await client.call('SessionSv1.InitiateSession', {}), 'OK')
  await answered.promise
  t.same(answers, ['{"id":1,"result":"OK","error":null}', '{"id":2,"result":null,"error":"NOT_IMPLEMENTED"}'])
  t.same(got, [
    ['AgentV1.DisconnectSession', { ID: 'e1' }],
    ['AgentV1.WarnDisconnect', { ID: 'e1' }],
    ['AgentV1.Notify', ''],
  ])
})

t.test('01 12: a bidirectional pool for a component without call-backs', async (t) => {
  const client = connect(t, hostSettings('127.0.0.1:1', { transport: '*birpc_json' }))
  await t.rejects(client.call('T.M', {}), { message: 'UNSUPPORTED_BIRPC' })
})

t.test('01 7.2: calls by HTTP POST', async (t) => {
  const bodies: string[] = []
  const server = createHttp((request, response) => {
    let body = ''
    request.on('data', (chunk) => (body += chunk))
    request.on('end', () => {
      bodies.push(body)
      const { id, method } = JSON.parse(body) as { id: number; method: string }
      if (method === 'T.Slow') return
      if (method === 'T.Gone') response.statusCode = 503
      const error = method === 'T.Error' ? '"NOT_FOUND"' : null
      response.end(`{"id":${method === 'T.Other' ? 99 : id},"result":"ok","error":${error}}\n`)
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://${addressOf(server)}/jsonrpc`
  const settings = hostSettings(url, { transport: '*http_jsonrpc', replyTimeoutMs: 500, reconnects: 0 })
  const client = connect(t, settings)
  t.equal(await client.call('T.M', { A: 1 }), 'ok')
  t.equal(bodies[0], '{"method":"T.M","params":[{"A":1}],"id":1}\n')
  await t.rejects(client.call('T.Error', {}), { message: 'NOT_FOUND', code: 'RPC_ERROR' })
  await t.rejects(client.call('T.Other', {}), { message: /^the reply is not to this call/ })
  await t.rejects(client.call('T.Gone', {}), {
    message: /^unexpected status code received: 503/,
    code: 'NETWORK_ERROR',
  })
  await t.rejects(client.call('T.Slow', {}), { message: 'context deadline exceeded' })
  const nowhere = connect(t, { ...settings, address: `http://${await deadAddress()}/jsonrpc` })
  await t.rejects(nowhere.call('T.M', {}), { message: /connect: connection refused$/ })
})
