import { hash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { startGateway, stopGateway } from '../support/gateway.ts'
import { accountFolder, RATED_TARIFF } from '../support/rpc-steps.ts'

const KEYS = { operator: 'operator-key-1', portal: 'portal-key-2', ofTenant: 'tenant-key-3' }

t.test('backups are for those who have the right', async (t) => {
  const identity = (id: keyof typeof KEYS, methods: string[], tenants: string[] = []) => ({
    id,
    key_sha256: [hash('sha256', KEYS[id])],
    methods,
    tenants,
  })
  const folder = accountFolder(t, {
    data_db: { db_type: '*lmdb', opts: { lmdbPath: 'records', internalDBBackupPath: 'backups' } },
    access: {
      listeners: ['http'],
      identities: [
        identity('operator', ['APIerSv1.*']),
        identity('portal', ['APIerSv2.GetAccount']),
        identity('ofTenant', ['*'], ['cgrates.org']),
      ],
    },
  })
  const gateway = await startGateway(folder, RATED_TARIFF)
  t.teardown(() => stopGateway(gateway))
  const call = async (key: string, method: string) => {
    const response = await fetch(`http://127.0.0.1:${gateway.httpPort}/jsonrpc`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}` },
      body: JSON.stringify({ id: 1, method, params: [method.includes('Backup') ? {} : ''] }),
    })
    return (await response.text()).trim()
  }
  const error = (text: string) => JSON.stringify({ id: 1, result: null, error: text })
  for (const method of ['APIerSv1.BackupDataDB', 'APIerSv1.RestoreDataDB']) {
    t.equal(await call('wrong', method), error('UNKNOWN_API_KEY'))
    t.equal(await call(KEYS.portal, method), error('UNAUTHORIZED_API'))
    t.equal(await call(KEYS.ofTenant, method), error('UNAUTHORIZED_API'), 'it holds the data of every tenant')
  }
  t.notOk(readdirSync(folder).includes('backups'))
  t.equal(await call(KEYS.operator, 'APIerSv1.BackupDataDB'), '{"id":1,"result":"OK","error":null}')
  t.match(readdirSync(join(folder, 'backups')), [/^backup_\d+$/])
  t.equal(await call(KEYS.operator, 'APIerSv1.BackupStorDB'), error('cache offCollector is nil'), 'in memory')
})
