import { createServer, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecure } from 'node:https'
import { createServer as createTcp, type Server as TcpServer } from 'node:net'
import { text } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { dial } from '../../../src/rpc/client/connection.ts'
import { HttpClient, type HttpClientOptions } from '../../../src/rpc/client/http-client.ts'
import { hostDefaults } from '../../../src/rpc/client/settings.ts'
import { makeCertificates } from '../../support/certificates.ts'
import { addressOf } from '../../support/rpc-hosts.ts'
import { HTTP_DEFAULTS } from '../../support/web-server.ts'

function clientOf(t: Test, options: Partial<HttpClientOptions> = {}) {
  const client = new HttpClient({ ...HTTP_DEFAULTS, ...options })
  t.teardown(() => client.close())
  return async (address: string, scheme = 'http') => {
    const signal = AbortSignal.timeout(10_000)
    const { status, body } = await client.send({ url: new URL(`${scheme}://${address}/`), signal })
    return `${status} ${await text(body)}`
  }
}

async function listening<S extends Server | TcpServer>(t: Test, server: S): Promise<{ server: S; address: string }> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  t.teardown(() => {
    if ('closeAllConnections' in server) server.closeAllConnections()
    server.close()
  })
  return { server, address: addressOf(server) }
}

/** A server that answers when it is told to, and the ports of its clients. */
async function slowWeb(t: Test) {
  const waiting: ServerResponse[] = []
  const ports: number[] = []
  let wake: () => void = () => undefined
  const server = createServer((request, response) => {
    ports.push(request.socket.remotePort ?? 0)
    waiting.push(response)
    wake()
  })
  const { address } = await listening(t, server)
  return {
    address,
    ports,
    waiting,
    asked: async (count: number) => {
      while (waiting.length < count) await new Promise<void>((done) => (wake = done))
    },
  }
}

for (const { name, options, connections } of [
  { name: 'connections are used again', options: {}, connections: 1 },
  { name: 'disableKeepAlives: a connection for each request', options: { disableKeepAlives: true }, connections: 3 },
])
  t.test(name, async (t) => {
    const ports = new Set<number | undefined>()
    const { address } = await listening(
      t,
      createServer(({ socket }, response) => {
        ports.add(socket.remotePort)
        response.end('a')
      }),
    )
    const ask = clientOf(t, options)
    for (let i = 0; i < 3; i++) t.equal(await ask(address), '200 a')
    t.equal(ports.size, connections)
  })

for (const { name, options, kept } of [
  { name: 'maxIdleConnsPerHost', options: { maxIdleConnsPerHost: 3 }, kept: 3 },
  { name: 'maxIdleConnsPerHost 0 is 2', options: { maxIdleConnsPerHost: 0 }, kept: 2 },
  { name: 'maxIdleConns', options: { maxIdleConnsPerHost: 3, maxIdleConns: 1 }, kept: 1 },
  { name: 'maxIdleConns 0 is no limit', options: { maxIdleConnsPerHost: 4, maxIdleConns: 0 }, kept: 4 },
])
  t.test(`${name}: connections that wait`, async (t) => {
    const web = await slowWeb(t)
    const ask = clientOf(t, options)
    const round = async () => {
      const answers = Array.from({ length: 4 }, () => ask(web.address))
      await web.asked(4)
      for (const response of web.waiting.splice(0)) response.end()
      await Promise.all(answers)
      return new Set(web.ports.splice(0))
    }
    const first = await round()
    const second = await round()
    t.equal([...second].filter((port) => first.has(port)).length, kept)
  })

t.test('maxConnsPerHost: requests beyond it wait', async (t) => {
  const web = await slowWeb(t)
  const ask = clientOf(t, { maxConnsPerHost: 2 })
  const answers = Array.from({ length: 3 }, () => ask(web.address))
  await web.asked(2)
  t.equal(web.waiting.length, 2)
  web.waiting[0]?.end('x')
  await web.asked(3)
  t.equal(web.ports[2], web.ports[0])
  for (const response of web.waiting.slice(1)) response.end('x')
  t.same(await Promise.all(answers), ['200 x', '200 x', '200 x'])
})

for (const { name, options, asked } of [
  { name: 'answers may be compressed', options: {}, asked: 'gzip' },
  { name: 'disableCompression', options: { disableCompression: true }, asked: undefined },
])
  t.test(name, async (t) => {
    const { address } = await listening(
      t,
      createServer(({ headers }, response) => {
        const encoding = headers['accept-encoding']
        if (encoding === undefined) response.end('plain')
        else response.writeHead(200, { 'content-encoding': encoding }).end(gzipSync(encoding))
      }),
    )
    t.equal(await clientOf(t, options)(address), `200 ${asked ?? 'plain'}`)
  })

t.test('what says that it is gzip and is not', async (t) => {
  const { address } = await listening(
    t,
    createServer((_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('plain')),
  )
  await t.rejects(clientOf(t)(address), { code: 'Z_DATA_ERROR' })
})

t.test('responseHeaderTimeout', async (t) => {
  const web = await slowWeb(t)
  await t.rejects(clientOf(t, { responseHeaderTimeoutMs: 20 })(web.address), {
    message: 'net/http: timeout awaiting response headers',
  })
})

t.test('tlsHandshakeTimeout: a server that is silent', async (t) => {
  const { address } = await listening(
    t,
    createTcp(() => undefined),
  )
  await t.rejects(clientOf(t, { tlsHandshakeTimeoutMs: 20 })(address, 'https'), {
    message: 'net/http: TLS handshake timeout',
  })
})

t.test('skipTlsVerify: servers need not prove who they are', async (t) => {
  const { pem } = makeCertificates(t)
  const { address } = await listening(
    t,
    createSecure({ cert: pem('stranger', 'crt'), key: pem('stranger', 'key') }, (_, response) => response.end('a')),
  )
  await t.rejects(clientOf(t)(address, 'https'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
  t.equal(await clientOf(t, { skipTlsVerify: true })(address, 'https'), '200 a')
})

for (const { name, serverName, error } of [
  { name: 'the name of the address', serverName: undefined, error: undefined },
  { name: 'tls.server_name: one that the server proves', serverName: 'localhost', error: undefined },
  { name: 'tls.server_name: one that it does not', serverName: 'other.example', error: /altnames/ },
])
  t.test(`servers of rpc_conns prove ${name}`, async (t) => {
    const { pem, path } = makeCertificates(t)
    const { address } = await listening(t, createSecure({ cert: pem('server', 'crt'), key: pem('server', 'key') }))
    const tls = { keyPath: '', certPath: '', caPath: path('ca', 'crt'), ...(serverName && { serverName }) }
    const dialled = dial({ ...hostDefaults(address), connectTimeoutMs: 5_000, tls }, 5_000)
    if (error === undefined) (await dialled).destroy()
    else await t.rejects(dialled, { message: error })
  })
