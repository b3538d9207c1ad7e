import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { loadConfig } from '../../../src/config/load-config.ts'
import { poolSettings } from '../../../src/rpc/client/pool-settings.ts'
import { ROOT } from '../../support/gateway.ts'

t.test('01 3.1, 3.2: built-in pools; what a host leaves out is that of general and tls', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-pools-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const file = {
    general: { connect_attempts: 7, max_reconnect_interval: '3s' },
    tls: { client_key: '/k', client_certificate: '/c', ca_certificate: '/a' },
    rpc_conns: {
      remote: {
        strategy: '*next',
        conns: [
          { address: '10.0.0.1:2012' },
          { id: 'H', reconnects: 2, connect_attempts: 1, reply_timeout: '10s' },
          { address: '10.0.0.2:2022', tls: true, cert_path: '/own' },
        ],
      },
    },
  }
  writeFileSync(join(folder, 'a.json'), JSON.stringify(file))
  const pools = poolSettings((await loadConfig(folder, {}, join(ROOT, 'config/tollgate.json'))).config)
  t.same([...pools.keys()].sort(), ['*bijson_localhost', '*birpc_internal', '*internal', '*localhost', 'remote'])
  t.match(pools.get('*bijson_localhost'), {
    strategy: '*first',
    hosts: [{ address: '127.0.0.1:2014', transport: '*birpc_json' }],
  })
  const general = {
    connectAttempts: 7,
    reconnects: -1,
    maxReconnectIntervalMs: 3_000,
    connectTimeoutMs: 1_000,
    replyTimeoutMs: 2_000,
  }
  t.same(pools.get('remote'), {
    strategy: '*next',
    hosts: [
      { id: '', address: '10.0.0.1:2012', transport: '*json', ...general, tls: undefined },
      {
        id: 'H',
        address: '',
        transport: '*gob',
        ...general,
        connectAttempts: 1,
        reconnects: 2,
        replyTimeoutMs: 10_000,
        tls: undefined,
      },
      {
        id: '',
        address: '10.0.0.2:2022',
        transport: '*json',
        ...general,
        tls: { keyPath: '/k', certPath: '/own', caPath: '/a' },
      },
    ],
  })
})
