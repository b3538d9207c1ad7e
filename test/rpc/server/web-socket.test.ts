import { once } from 'node:events'
import jayson from 'jayson/promise/index.js'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import { talk } from '../../support/raw-socket.ts'
import { PROBES, rpcListeners, type ServerChanges } from '../../support/rpc-server.ts'

const PING = '{"method":"CoreSv1.Ping","params":[{}],"id":1}'
const PONG = '{"id":1,"result":"Pong","error":null}\n'

async function openServer(t: Test, changes: ServerChanges = {}) {
  const listeners = rpcListeners(PROBES, { http: '127.0.0.1:0' }, changes)
  await listeners.open()
  t.teardown(() => listeners.close())
  return { listeners, address: listeners.address('http') ?? '' }
}

async function connectTo(t: Test, address: string) {
  const client = new WebSocket(`ws://${address}/ws`, { origin: 'http://a.example' })
  t.teardown(() => client.terminate())
  await once(client, 'open')
  const frames: string[] = []
  client.on('message', (data, isBinary) => frames.push(`${isBinary ? 'binary ' : ''}${String(data)}`))
  const received = async (count: number) => {
    while (frames.length < count) await once(client, 'message')
    return frames.splice(0)
  }
  return { client, received }
}

const HANDSHAKE =
  'GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'

t.test('01 7.2: the handshake', async (t) => {
  const { address } = await openServer(t)
  const shake = (rest: string) => talk(address, [`${HANDSHAKE}${rest}\r\n`], { until: /\r\n\r\n/ })
  t.match(
    await shake('Sec-WebSocket-Version: 13\r\nOrigin: http://x\r\n'),
    /^HTTP\/1.1 101 Switching Protocols\r\n[\s\S]*Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n/,
  )
  t.match(await shake('Sec-WebSocket-Version: 13\r\n'), /^HTTP\/1.1 403 /, 'no Origin')
  t.match(await shake('Sec-WebSocket-Version: 13\r\nOrigin: null\r\n'), /^HTTP\/1.1 403 /, 'an Origin of null')
  t.match(await shake('Sec-WebSocket-Version: 12\r\nOrigin: http://x\r\n'), /^HTTP\/1.1 400 /, 'another version')
  t.match(
    await talk(address, ['GET /ws HTTP/1.1\r\nHost: x\r\n\r\n']),
    /^HTTP\/1.1 400 [\s\S]*\r\n\r\nnot websocket protocol$/,
    'no handshake',
  )
  t.match(await talk(address, [HANDSHAKE.replace('/ws', '/x').concat('\r\n')]), /^HTTP\/1.1 404 /, 'another path')
})

t.test('01 7.2: a text frame for each reply, whatever the frames of the requests', async (t) => {
  const { address } = await openServer(t)
  const { client, received } = await connectTo(t, address)
  client.send(PING)
  t.same(await received(1), [PONG])
  client.send(PING + PING)
  t.same(await received(2), [PONG, PONG])
  client.send(Buffer.from(PING.slice(0, 20)))
  client.send(Buffer.from(PING.slice(20)))
  t.same(await received(1), [PONG])
  client.send(PING.slice(0, 20), { fin: false })
  client.send(PING.slice(20), { fin: true })
  t.same(await received(1), [PONG])
  client.ping('hi')
  t.same(String((await once(client, 'pong'))[0]), 'hi')
  client.send(`{"method":"CoreSv1.Sleep","params":[{"Duration":10000000}],"id":2}${PING}{]`)
  const [code] = await once(client, 'close')
  t.same(await received(2), [PONG, '{"id":2,"result":"OK","error":null}\n'])
  t.equal(code, 1000)
})

t.test('a frame above the limit ends the connection', async (t) => {
  const { address } = await openServer(t, { limits: { maxRequest: 1_000 } })
  const { client } = await connectTo(t, address)
  client.send('x'.repeat(2_000))
  t.equal((await once(client, 'close'))[0], 1009)
})

t.test('a listener that closes answers what is under way', async (t) => {
  const { listeners, address } = await openServer(t)
  const { client, received } = await connectTo(t, address)
  client.send(`{"method":"CoreSv1.Sleep","params":[{"Duration":50000000}],"id":2}${PING}`)
  await received(1)
  const closed = once(client, 'close')
  await listeners.close()
  t.same(await received(1), ['{"id":2,"result":"OK","error":null}\n'])
  await closed
})

t.test('interop: jayson over WebSocket', async (t) => {
  const { address } = await openServer(t)
  const { client } = await connectTo(t, address)
  const peer = jayson.Client.websocket({ url: `ws://${address}/ws`, ws: client })
  t.match(await peer.request('CoreSv1.Echo', [{ a: 1.5 }]), { result: { a: 1.5 } })
})
