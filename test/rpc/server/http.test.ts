import { Agent, request } from 'node:http'
import jayson from 'jayson/promise/index.js'
import t, { type Test } from 'tap'
import { basicAuthOf } from '../../../src/rpc/server/basic-auth.ts'
import { healthPage, textPage } from '../../../src/rpc/server/pages.ts'
import { portOf, talk } from '../../support/raw-socket.ts'
import { PROBES, rpcListeners, type ServerChanges } from '../../support/rpc-server.ts'

async function openServer(t: Test, changes: ServerChanges = {}) {
  const listeners = rpcListeners(PROBES, { http: '127.0.0.1:0' }, changes)
  await listeners.open()
  t.teardown(() => listeners.close())
  return listeners.address('http') ?? ''
}

const PING = '{"method":"CoreSv1.Ping","params":[{}],"id":1}'
const PONG = '{"id":1,"result":"Pong","error":null}\n'

/** The status line, the headers but for those of the connection, and the body of an answer, as they came. */
async function exchange(address: string, head: string, body = ''): Promise<string> {
  const length = body === '' ? '' : `Content-Length: ${Buffer.byteLength(body)}\r\n`
  const text = await talk(address, [`${head}\r\nHost: x\r\nConnection: close\r\n${length}\r\n${body}`])
  return text.replace(/^(Date|Connection|Keep-Alive): .*\r\n/gm, '')
}

const json = (body: string) =>
  `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
const NOT_FOUND =
  'HTTP/1.1 404 Not Found\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 19\r\nX-Content-Type-Options: nosniff\r\n\r\n404 page not found\n'
const CORS =
  'Access-Control-Allow-Headers: Accept, Accept-Language, Content-Type\r\nAccess-Control-Allow-Methods: POST, GET, OPTIONS, PUT, DELETE\r\nAccess-Control-Allow-Origin: http://a.example\r\n'

const rows: { name: string; head: string; body?: string; answer: string }[] = [
  { name: 'POST', head: 'POST /jsonrpc HTTP/1.1', body: PING, answer: json(PONG) },
  { name: 'GET with a body', head: 'GET /jsonrpc HTTP/1.1', body: PING, answer: json(PONG) },
  { name: 'PUT of any type', head: 'PUT /jsonrpc HTTP/1.1\r\nContent-Type: text/x', body: PING, answer: json(PONG) },
  { name: 'no body', head: 'GET /jsonrpc HTTP/1.1', answer: json('') },
  { name: 'HEAD', head: 'HEAD /jsonrpc HTTP/1.1', answer: json('') },
  { name: '01 ex. 13: no request', head: 'POST /jsonrpc HTTP/1.1', body: '1', answer: json('') },
  { name: 'what cannot be read', head: 'POST /jsonrpc HTTP/1.1', body: '{]', answer: json('') },
  {
    name: 'several requests, up to what cannot be read',
    head: 'POST /jsonrpc HTTP/1.1',
    body: `${PING}${PING}x${PING}`,
    answer: json(PONG + PONG),
  },
  {
    name: 'replies as calls complete',
    head: 'POST /jsonrpc HTTP/1.1',
    body: `{"method":"CoreSv1.Sleep","params":[{"Duration":20000000}],"id":5}${PING}`,
    answer: json(`${PONG}{"id":5,"result":"OK","error":null}\n`),
  },
  {
    name: 'errors have status 200',
    head: 'POST /jsonrpc HTTP/1.1',
    body: '{"method":"x","id":1}',
    answer: json('{"id":1,"result":null,"error":"rpc: service/method request ill-formed: x"}\n'),
  },
  { name: 'a query', head: 'POST /jsonrpc?x=1 HTTP/1.1', body: PING, answer: json(PONG) },
  { name: 'an encoded path', head: 'POST /json%72pc HTTP/1.1', body: PING, answer: json(PONG) },
  {
    name: 'an origin',
    head: 'POST /jsonrpc HTTP/1.1\r\nOrigin: http://a.example',
    body: PING,
    answer: json(PONG).replace('Content-Type', `${CORS}Content-Type`),
  },
  {
    name: 'a preflight',
    head: 'OPTIONS /jsonrpc HTTP/1.1\r\nOrigin: http://a.example\r\nAccess-Control-Request-Method: POST',
    answer: json('').replace('Content-Type', `${CORS}Content-Type`),
  },
  { name: 'a slash too much', head: 'POST /jsonrpc/ HTTP/1.1', body: PING, answer: NOT_FOUND },
  { name: 'another case', head: 'POST /JSONRPC HTTP/1.1', body: PING, answer: NOT_FOUND },
  { name: 'another path', head: 'GET / HTTP/1.1', answer: NOT_FOUND },
]

t.test('01 7.2: octets in, octets out', async (t) => {
  const address = await openServer(t)
  for (const { name, head, body, answer } of rows)
    await t.test(name, async (t) => t.equal(await exchange(address, head, body), answer))
})

t.test('a body above the limit is answered with 413', async (t) => {
  const address = await openServer(t, { limits: { maxRequest: 100 } })
  t.match(await exchange(address, 'POST /jsonrpc HTTP/1.1', `{"id":"${'x'.repeat(200)}"}`), /^HTTP\/1.1 413 /)
})

t.test('01 7.2: basic authentication', async (t) => {
  const users = basicAuthOf(true, { ops: Buffer.from('s3cret:x').toString('base64') })
  const address = await openServer(t, { http: { users } })
  const withUser = (credentials: string) =>
    exchange(
      address,
      `POST /jsonrpc HTTP/1.1\r\nAuthorization: Basic ${Buffer.from(credentials).toString('base64')}`,
      PING,
    )
  t.equal(await withUser('ops:s3cret:x'), json(PONG))
  const refused = await withUser('ops:wrong')
  t.match(refused, /^HTTP\/1.1 401 Unauthorized\r\n/)
  t.match(refused, 'WWW-Authenticate: Basic realm="Restricted"\r\n')
  t.match(refused, /\r\n\r\nNot authorized\n$/)
  for (const head of ['POST /jsonrpc', 'GET /ws', 'GET /debug/pprof/'])
    t.match(await exchange(address, `${head} HTTP/1.1`), /^HTTP\/1.1 401 [\s\S]*Not authorized\n$/, head)
  t.match(await withUser('nobody:s3cret:x'), /^HTTP\/1.1 401 /)
  const upgrade = 'GET /ws HTTP/1.1\r\nUpgrade: websocket\r\nOrigin: http://a.example'
  t.match(
    await talk(address, [`${upgrade}\r\nHost: x\r\nConnection: Upgrade\r\n\r\n`]),
    /^HTTP\/1.1 401 [\s\S]*Not authorized\n$/,
  )
})

t.test('pages beside JSON-RPC', async (t) => {
  let failure: string | undefined
  const pages = [
    { path: '/healthz', right: '', page: healthPage(() => failure) },
    { path: '/text', right: '', page: textPage('text/x', () => 'made') },
    { path: '/broken', right: '', page: textPage('text/x', () => Promise.reject(new Error('no'))) },
  ]
  const address = await openServer(t, { http: { pages } })
  const get = (path: string) => exchange(address, `GET ${path} HTTP/1.1`)
  t.match(await get('/healthz'), /^HTTP\/1.1 200 [\s\S]*{"status":"ok"}$/)
  failure = 'disk full'
  t.match(await get('/healthz'), /^HTTP\/1.1 503 [\s\S]*{"status":"failed","reason":"disk full"}$/)
  t.match(await get('/text'), /^HTTP\/1.1 200 [\s\S]*made$/)
  t.match(await get('/broken'), /^HTTP\/1.1 500 [\s\S]*Error: no\n$/)
})

t.test('profiles of the process', async (t) => {
  const address = await openServer(t)
  const get = (path: string) => exchange(address, `GET /debug/pprof/${path} HTTP/1.1`)
  t.match(await get(''), 'profile?seconds=30')
  t.match(await get('nope'), /^HTTP\/1.1 404 /)
  t.match(await get('profile?seconds=x'), /^HTTP\/1.1 400 /)
  const [first, second] = await Promise.all([get('profile?seconds=0.1'), get('profile?seconds=0.1')])
  t.match(
    [first, second].sort().map((answer) => answer.slice(9, 12)),
    ['200', '409'],
  )
  t.match(await get('profile?seconds=0.01'), '"nodes":[')
  t.match(await get('heap?seconds=0.01'), '"selfSize":')
})

t.test('one connection for many requests', async (t) => {
  const address = await openServer(t)
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const ports = new Set<number | undefined>()
  for (let i = 0; i < 3; i++)
    await new Promise<void>((resolve, reject) => {
      const asked = request({ agent, port: portOf(address), path: '/jsonrpc', method: 'POST' }, (response) => {
        ports.add(response.socket.localPort)
        response.resume().on('end', resolve)
      })
      asked.on('error', reject)
      asked.end(PING)
    })
  agent.destroy()
  t.equal(ports.size, 1)
})

t.test('interop: jayson over HTTP, versions 1 and 2', async (t) => {
  const address = await openServer(t)
  for (const version of [1, 2] as const) {
    const client = jayson.Client.http({ port: portOf(address), path: '/jsonrpc', version })
    t.match(await client.request('CoreSv1.Echo', [{ a: 1.5 }]), { result: { a: 1.5 } })
    const refused = (await client.request('CoreSv1.Fail', ['NOT_FOUND'])) as { error: unknown }
    t.same(refused.error, version === 1 ? 'NOT_FOUND' : { code: -32000, message: 'NOT_FOUND' })
  }
})
