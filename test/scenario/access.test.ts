import { hash } from 'node:crypto'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { connect } from 'node:tls'
import t from 'tap'
import { loadConfig } from '../../src/config/load-config.ts'
import { makeCertificates } from '../support/certificates.ts'
import { ROOT, sampleFolder, startGateway, stopGateway } from '../support/gateway.ts'
import { talk } from '../support/raw-socket.ts'

const KEYS = { portal: 'portal-key-2b7e', operators: 'operators-key-91c4' }
const certificates = makeCertificates(t)

Object.assign(process.env, {
  TOLLGATE_CERTIFICATE: certificates.path('server', 'crt'),
  TOLLGATE_KEY: certificates.path('server', 'key'),
  TOLLGATE_CLIENT_CA: certificates.path('ca', 'crt'),
  TOLLGATE_PORTAL_KEY_SHA256: hash('sha256', KEYS.portal),
  TOLLGATE_OPERATORS_KEY_SHA256: hash('sha256', KEYS.operators),
})

const ca = certificates.pem('ca', 'crt')
const call = (method: string, argument: object) => JSON.stringify({ id: 1, method, params: [argument] })

/** What an HTTPS client gets for a call. */
function post(port: number, key: string | undefined, body: string): Promise<string> {
  const headers = key === undefined ? {} : { authorization: `Bearer ${key}` }
  const options = { port, host: '127.0.0.1', path: '/jsonrpc', method: 'POST', ca, headers, agent: false }
  return new Promise((resolve, reject) => {
    const asked = request(options, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () => resolve(text))
    })
    asked.on('error', reject)
    asked.end(body)
  })
}

t.test('the hardened sample: TLS only, callers that are known, no key in any output', async (t) => {
  const folder = sampleFolder(t)
  cpSync(join(ROOT, 'config/samples/hardened/tollgate.json'), join(folder, 'config/y-hardened.json'))
  const free = { rpc_json: '', http: '127.0.0.1:0', rpc_json_tls: '127.0.0.1:0', http_tls: '127.0.0.1:0' }
  const log = { general: { log_level: 7 } }
  writeFileSync(join(folder, 'config/zzz.json'), JSON.stringify({ listen: free, ...log }))
  const gateway = await startGateway(folder)
  t.teardown(() => stopGateway(gateway, 'SIGKILL'))
  const port = (name: string) => Number(new RegExp(`^${name} +[\\d.]+:(\\d+)`, 'm').exec(gateway.output())?.[1])
  t.notMatch(gateway.output(), /^(JSON-RPC|BiRPC) /m, 'nothing without TLS but the pages')
  t.notMatch(gateway.output(), 'missing TLS')

  const account = call('APIerSv2.GetAccount', { Account: '1001' })
  t.match(await post(port('HTTPS'), KEYS.portal, account), '"result":{"ID":"cgrates.org:1001"')
  t.match(await post(port('HTTPS'), undefined, account), '"error":"UNKNOWN_API_KEY"')
  t.match(await post(port('HTTPS'), 'wrong-key-77', account), '"error":"UNKNOWN_API_KEY"')
  const other = call('APIerSv2.GetAccount', { Tenant: 'other', Account: '1001' })
  t.match(await post(port('HTTPS'), KEYS.portal, other), '"error":"UNAUTHORIZED_API"')
  t.match(await post(port('HTTPS'), KEYS.operators, other), '"error":"NOT_FOUND"')
  const load = call('APIerSv1.LoadTariffPlanFromFolder', { FolderPath: '/x' })
  t.match(await post(port('HTTPS'), KEYS.portal, load), '"error":"UNAUTHORIZED_API"')

  const { pem } = certificates
  const open = () => connect({ port: port('JSON-TLS'), ca, cert: pem('client', 'crt'), key: pem('client', 'key') })
  const asked = await talk('', [call('SessionSv1.GetActiveSessionsCount', {})], { ends: true, connect: open })
  t.match(asked, 'UNKNOWN_API_KEY', 'its name is another')

  const status = (path: string, key: string) =>
    fetch(`http://127.0.0.1:${port('HTTP')}${path}`, { headers: { 'x-api-key': key } }).then((answer) => answer.status)
  t.equal(await status('/healthz', ''), 200)
  t.equal(await status('/metrics', ''), 403)
  t.equal(await status('/metrics', KEYS.operators), 200)
  t.equal(await status('/openrpc.json', KEYS.portal), 403)
  t.equal(await status('/debug/pprof/', KEYS.operators), 404)
  await stopGateway(gateway)
  for (const secret of [...Object.values(KEYS), 'wrong-key-77', pem('server', 'key')])
    t.notMatch(gateway.output(), secret)
})

t.test('by default nothing listens beyond this machine, and nobody misses a certificate', async (t) => {
  const folder = sampleFolder(t)
  const { config } = await loadConfig(join(folder, 'config'), {}, join(ROOT, 'config/tollgate.json'))
  const defaults = await loadConfig(join(ROOT, 'config/samples/gy-data'), {}, join(ROOT, 'config/tollgate.json'))
  for (const address of [...Object.values(defaults.config.listen), ...Object.values(config.listen)])
    t.match(address, /^(127\.0\.0\.1:\d+)?$/)
  const gateway = await startGateway(folder)
  t.equal(await stopGateway(gateway), 0)
  t.notMatch(gateway.output(), 'missing TLS')
  t.notMatch(gateway.output(), /^(JSON-TLS|HTTPS) /m)
})

for (const asked of [{ listen: { http_tls: '127.0.0.1:0' } }, { tls: { server_certificate: '/etc/server.crt' } }])
  t.test(`who asks for TLS is told what is missing: ${JSON.stringify(asked)}`, async (t) => {
    const gateway = await startGateway(sampleFolder(t, asked))
    t.equal(await stopGateway(gateway), 0)
    t.match(gateway.output(), '"msg":"missing TLS certificate/key file!"')
  })

t.test('a key that was written where its digest belongs is not shown', async (t) => {
  const folder = sampleFolder(t, { access: { identities: [{ id: 'a', key_sha256: [KEYS.portal], methods: ['*'] }] } })
  const failed = await startGateway(folder).then(
    () => '',
    (cause: Error) => cause.message,
  )
  t.match(failed, 'access.identities[0].key_sha256[0]: "***": expected the SHA-256 of the key in 64 hex digits')
  t.notMatch(failed, KEYS.portal)
})

t.test('configurations of the page can be pasted', async (t) => {
  const page = readFileSync(join(ROOT, 'docs/rpc.md'), 'utf8')
  const blocks = [...page.matchAll(/^```json\n(\{\n.*?)^```/gms)].map(([, text = '']) => text)
  t.equal(blocks.length, 3)
  for (const text of blocks) {
    const folder = sampleFolder(t)
    writeFileSync(join(folder, 'config/zzz-page.json'), text)
    const { config, warnings } = await loadConfig(join(folder, 'config'), {}, join(ROOT, 'config/tollgate.json'))
    t.same(warnings, [])
    if (text.includes('key_sha256')) t.same(config.access.identities[0]?.key_sha256, [hash('sha256', 'portal-key')])
  }
})
