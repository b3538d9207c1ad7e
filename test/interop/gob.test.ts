import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { requirePrograms } from '../support/debian-packages.ts'
import { ROOT, sampleFolder, startGateway, stopGateway } from '../support/gateway.ts'

t.test("a client of Go's standard library calls the gateway over gob", async (t) => {
  requirePrograms({ go: 'golang-go' })
  const gateway = await startGateway(sampleFolder(t))
  t.teardown(() => stopGateway(gateway))
  const { stdout } = await promisify(execFile)('go', ['run', '.', `127.0.0.1:${gateway.gobPort}`], {
    cwd: join(ROOT, 'test/interop/gob'),
    env: { ...process.env, GOFLAGS: '-mod=mod', GO111MODULE: 'on' },
  })
  const got = JSON.parse(stdout) as Record<string, { reply: unknown; error: string }>
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
})
