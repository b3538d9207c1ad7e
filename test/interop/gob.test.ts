import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { makeCertificates } from '../support/certificates.ts'
import { requirePrograms } from '../support/debian-packages.ts'
import { ROOT, sampleFolder, startGateway, stopGateway } from '../support/gateway.ts'

/** What the client of test/interop/gob got, by the names of its calls. */
async function callFromGo(address: string, ...files: string[]) {
  const { stdout } = await promisify(execFile)('go', ['run', '.', address, ...files], {
    cwd: join(ROOT, 'test/interop/gob'),
    env: { ...process.env, GOFLAGS: '-mod=mod', GO111MODULE: 'on' },
  })
  return JSON.parse(stdout) as Record<string, { reply: unknown; error: string }>
}

function checkReplies(t: Test, got: Record<string, { reply: unknown; error: string }>) {
  t.same(got['ping'], { reply: 'Pong', error: '' })
  t.same(got['pingEvent'], { reply: 'Pong', error: '' })
  t.match(got['account'], { reply: { ID: 'cgrates.org:1001', BalanceMap: Object }, error: '' })
  t.equal(got['authorize']?.error, '')
  t.same(got['authorize']?.reply, { MaxUsage: 1 << 20 })
  t.same(got['count'], { reply: 0, error: '' })
  t.equal(got['notFound']?.error, 'NOT_FOUND')
  t.equal(got['noMethod']?.error, "rpc: can't find method CoreSv1.Nope")
  t.equal(got['noService']?.error, "rpc: can't find service NopeSv1.Ping")
  t.equal(got['wrongField']?.error, 'gob: wrong type (string) for received field WrongEvent.Tenant')
  t.match(got['noStruct']?.error, /^gob: type mismatch in decoder: want struct type utils\.\w+; got non-struct$/)
  t.equal(got['inFlight'], 2_000, 'every call in flight has its own reply')
  t.equal(got['close'], '')
  t.match(got['oldAccount'], { reply: { Id: '*out:cgrates.org:1001', BalanceMap: Object }, error: '' })
  t.match(got['accounts'], { reply: [{ ID: /^cgrates.org:/ }], error: '' })
  t.equal(got['setActions']?.error, '')
  t.match(got['actions'], {
    reply: { GO_ACT: [{ ActionType: '*topup', Balance: { ID: 'b', Value: { Static: 2.5 } } }] },
    error: '',
  })
  t.equal(got['setPlan']?.error, '')
  t.match(got['plan'], {
    reply: [{ Id: 'GO_PLAN', ActionTimings: [{ ActionsID: 'GO_ACT', Timing: { Timing: Object, Rating: null } }] }],
    error: '',
  })
  t.same(got['health'], { reply: {}, error: '' })
}

t.test("a client of Go's standard library calls the gateway over gob", async (t) => {
  requirePrograms({ go: 'golang-go' })
  const gateway = await startGateway(sampleFolder(t))
  t.teardown(() => stopGateway(gateway))
  checkReplies(t, await callFromGo(`127.0.0.1:${gateway.gobPort}`))
})

t.test('it does so over TLS with a certificate, and is refused with one of a stranger', async (t) => {
  requirePrograms({ go: 'golang-go' })
  const { path } = makeCertificates(t)
  const tls = {
    server_certificate: path('server', 'crt'),
    server_key: path('server', 'key'),
    ca_certificate: path('ca', 'crt'),
    server_policy: 4,
  }
  const gateway = await startGateway(sampleFolder(t, { tls, listen: { rpc_gob_tls: '127.0.0.1:0' } }))
  t.teardown(() => stopGateway(gateway))
  const address = /^gob-TLS +([\d.]+:\d+)/m.exec(gateway.output())?.[1] ?? ''
  checkReplies(t, await callFromGo(address, path('ca', 'crt'), path('client', 'crt'), path('client', 'key')))
  const stranger = [path('ca', 'crt'), path('stranger', 'crt'), path('stranger', 'key')] as const
  const refused = await callFromGo(address, ...stranger).catch((cause: unknown) => String(cause))
  t.match(typeof refused === 'string' ? refused : refused['ping']?.error, /tls|EOF|shut down|reset/)
})
