import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { type ConnectionOptions, connect } from 'node:tls'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import type { ClientPolicy } from '../../../src/rpc/server/client-certificates.ts'
import { readTlsSettings } from '../../../src/rpc/server/tls-settings.ts'
import { type Certificates, makeCertificates } from '../../support/certificates.ts'
import { portOf, talk } from '../../support/raw-socket.ts'
import { PROBES, rpcListeners, type ServerChanges } from '../../support/rpc-server.ts'

const PING = '{"method":"CoreSv1.Ping","params":[{}],"id":1}'
const PONG = '{"id":1,"result":"Pong","error":null}\n'
const certificates = makeCertificates(t)

async function openServer(t: Test, policy: ClientPolicy, access: ServerChanges['access'] = {}) {
  const { path } = certificates
  const files = {
    certificate: path('server', 'crt'),
    key: path('server', 'key'),
    authorities: path('ca', 'crt'),
    policy,
  }
  const listen = { rpc_json_tls: '127.0.0.1:0', http_tls: '127.0.0.1:0' }
  const listeners = rpcListeners(PROBES, listen, { tls: readTlsSettings(files), access })
  await listeners.open()
  t.teardown(() => listeners.close())
  return listeners
}

function clientOptions(name: Parameters<Certificates['pem']>[0] | undefined): ConnectionOptions {
  const ca = certificates.pem('ca', 'crt')
  if (name === undefined) return { ca }
  return { ca, cert: certificates.pem(name, 'crt'), key: certificates.pem(name, 'key') }
}

/** What a client gets for its octets; '' when it is not let in. */
function ask(address: string | undefined, client: ConnectionOptions, input = PING): Promise<string> {
  const open = () => connect({ port: portOf(address), host: '127.0.0.1', ...client })
  return talk(address, [input], { ends: true, connect: open }).catch(() => '')
}

for (const { policy, without, stranger } of [
  { policy: 0, without: PONG, stranger: PONG },
  { policy: 1, without: PONG, stranger: PONG },
  { policy: 2, without: '', stranger: PONG },
  { policy: 3, without: PONG, stranger: '' },
  { policy: 4, without: '', stranger: '' },
] as const)
  t.test(`01 7.3: server_policy ${policy}`, async (t) => {
    const listeners = await openServer(t, policy)
    const address = listeners.address('rpc_json_tls')
    t.equal(await ask(address, clientOptions('client')), PONG, 'a client of the authority')
    t.equal(await ask(address, clientOptions(undefined)), without, 'no certificate')
    t.equal(await ask(address, clientOptions('stranger')), stranger, 'a certificate that nobody stands for')
  })

t.test('01 7.3: the same protocols as on the plain ports', async (t) => {
  const listeners = await openServer(t, 4)
  const sleep = '{"method":"CoreSv1.Sleep","params":[{"Duration":20000000}],"id":2}'
  const replies = await ask(listeners.address('rpc_json_tls'), clientOptions('client'), `${sleep}${PING}`)
  t.equal(replies, `${PONG}{"id":2,"result":"OK","error":null}\n`, 'also at the end of the input')

  const port = portOf(listeners.address('http_tls'))
  const body = await new Promise<string>((resolve, reject) => {
    const options = {
      port,
      host: '127.0.0.1',
      path: '/jsonrpc',
      method: 'POST',
      agent: false,
      ...clientOptions('client'),
    }
    const asked = request(options, (response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString()
      })
      response.on('end', () => resolve(text))
    })
    asked.on('error', reject)
    asked.end(PING)
  })
  t.equal(body, PONG)

  const socket = new WebSocket(`wss://127.0.0.1:${port}/ws`, { origin: 'https://x', ...clientOptions('client') })
  await once(socket, 'open')
  socket.send(PING)
  t.equal(String((await once(socket, 'message'))[0]), PONG)
  socket.terminate()
})

t.test('a certificate is an identity when the own authority stands for it', async (t) => {
  const identity = { keySha256: [], listeners: [], tenants: [], rateLimit: 0 }
  const listeners = await openServer(t, 1, {
    listeners: ['rpc_json_tls'],
    identities: [{ ...identity, id: 'portal', certificates: ['URI:urn:portal'], methods: ['CoreSv1.Ping'] }],
  })
  const address = listeners.address('rpc_json_tls')
  const failed = (text: string) => `{"id":1,"result":null,"error":"${text}"}\n`
  t.equal(await ask(address, clientOptions('client')), PONG)
  t.equal(await ask(address, clientOptions('client'), PING.replace('Ping', 'Echo')), failed('UNAUTHORIZED_API'))
  t.equal(await ask(address, clientOptions('stranger')), failed('UNKNOWN_API_KEY'), 'the same name, of its own making')
  t.equal(await ask(address, clientOptions(undefined)), failed('UNKNOWN_API_KEY'))
})

t.test('files that cannot be used are told with key and path', async (t) => {
  const { path } = certificates
  const files = { certificate: path('server', 'crt'), key: path('server', 'key'), authorities: '', policy: 4 } as const
  t.equal(readTlsSettings({ ...files, key: '' }), undefined)
  t.throws(() => readTlsSettings({ ...files, key: '/no/such.key' }), {
    message: 'tls.server_key: cannot read /no/such.key: ENOENT',
  })
  const broken = `${path('server', 'crt')}.broken`
  writeFileSync(broken, 'no certificate')
  t.throws(() => readTlsSettings({ ...files, certificate: broken }), { message: /\.broken, / })
  t.throws(() => readTlsSettings({ ...files, key: path('client', 'key') }), { message: /key values mismatch/ })
})
