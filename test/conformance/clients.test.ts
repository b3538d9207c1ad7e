import t from 'tap'
import { makeCertificates } from '../support/certificates.ts'
import { portOf } from '../support/raw-socket.ts'
import { startRawServer } from '../support/rpc-hosts.ts'
import { Clients } from './clients.ts'

t.test('an engine that does not answer ends a call, with its name', async (t) => {
  const { address } = await startRawServer(t, () => undefined)
  const port = portOf(address)
  const { pem } = makeCertificates(t)
  const ports = { rpc_json: port, rpc_json_tls: port, http: port, http_tls: port, birpc_json: port }
  const tls = { ca: pem('ca', 'crt'), cert: pem('client', 'crt'), key: pem('client', 'key') }
  const clients = new Clients(ports, tls, 20)
  t.teardown(() => clients.close())
  const nothing = (what: string) => ({ message: `${what}: nothing has come within 20 ms` })
  await t.rejects(clients.call('json-tcp', 'CoreSv1.Ping', {}), nothing('CoreSv1.Ping'))
  await t.rejects(clients.calls(1), nothing('1 calls of the engine'))
})
