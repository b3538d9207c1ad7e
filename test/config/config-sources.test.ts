import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { loadConfig } from '../../src/config/load-config.ts'
import { ROOT } from '../support/gateway.ts'

const DEFAULTS = join(ROOT, 'config/tollgate.json')

function folderOf(t: Test, files: Readonly<Record<string, unknown>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-config-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), JSON.stringify(content))
  }
  return folder
}

t.test('01 ex. 4: files in order, sub-folders after them, agents and processors merged by id', async (t) => {
  const processor = (id: string) => ({ id })
  const folder = folderOf(t, {
    'a.json': {
      general: { default_request_type: '*postpaid' },
      http_agent: [
        {
          id: 'conecto1',
          url: '/conecto',
          request_processors: [processor('OutboundAUTHDryRun'), processor('OutboundAUTH')],
        },
      ],
    },
    'c.json': { http_agent: [{ id: 'conecto_xml', url: '/conecto_xml' }] },
    'd.json': { general: { connect_attempts: 3 } },
    'b/b.json': {
      general: { default_request_type: '*pseudoprepaid' },
      http_agent: [{ id: 'conecto1', url: '/newConecto', request_processors: [processor('mtcall_cdr')] }],
    },
  })
  const { config, files } = await loadConfig(folder, {}, DEFAULTS)
  t.same(
    files.map((file) => file.slice(folder.length + 1)),
    ['a.json', 'c.json', 'd.json', 'b/b.json'],
  )
  t.match(config.general, { default_request_type: '*pseudoprepaid', connect_attempts: 3, default_category: 'call' })
  t.match(config.http_agent, [
    {
      id: 'conecto1',
      url: '/newConecto',
      request_processors: [{ id: 'OutboundAUTHDryRun' }, { id: 'OutboundAUTH' }, { id: 'mtcall_cdr' }],
    },
    { id: 'conecto_xml', url: '/conecto_xml' },
  ])
  t.equal(config.http_agent.length, 2)
})

t.test('01 ex. 5: an entry of caches is replaced as a whole', async (t) => {
  const folder = folderOf(t, { 'a.json': { caches: { partitions: { '*cdr_ids': { ttl: '1m' } } } } })
  const { config, warnings } = await loadConfig(folder, {}, DEFAULTS)
  t.match(
    warnings.map(({ key, problem }) => `${key} ${problem}`),
    ['caches.partitions.*cdr_ids names no limit, which is 0 then: nothing is kept'],
  )
  t.match(config.caches.partitions['*cdr_ids'], { limit: 0, ttl: 60_000_000_000n, static_ttl: false })
  t.match(config.caches.partitions['*uch'], { limit: -1 })
})

t.test('reference 01, 2.3: how each kind of key is merged', async (t) => {
  const host = { tenant: 't', id: 'h' }
  const folder = folderOf(t, {
    'a.json': {
      rpc_conns: { '*localhost': { conns: [{ address: '127.0.0.1:9' }] }, own: { strategy: '*next', conns: [{}] } },
      data_db: { items: { '*accounts': { ttl: '5s' }, own: { route_id: 'r' } } },
      stor_db: { items: { '*cdrs': { ttl: '5s' } }, opts: { mysqlDSNParams: { a: '1' } } },
      radius_agent: { client_secrets: { '10.0.0.1': 's' }, listeners: [{ auth_address: '127.0.0.1:1' }] },
      http: { auth_users: { a: 'x' }, client_opts: { maxIdleConns: 5 } },
      registrarc: { rpc: { hosts: [host] } },
      thresholds: { apiers_conns: ['*localhost'], opts: { '*PROFILEIDS': ['T'] } },
      freeswitch_agent: { event_socket_conns: [{}, { address: '10.0.0.2:8021', alias: 'b' }] },
      janus_agent: { janus_conns: [{ address: '10.0.0.3:1' }] },
      dispatchers: { prevent_loops: true },
    },
    'b.json': {
      rpc_conns: { own: { conns: [{ id: 'x', connect_attempts: 2, client_key: 'k' }] } },
      data_db: { items: { '*accounts': { remote: true } } },
      stor_db: { opts: { mysqlDSNParams: { b: '2' } } },
      radius_agent: { client_secrets: { '10.0.0.2': 'u' } },
      http: { auth_users: { b: 'y' } },
      registrarc: { rpc: { hosts: [{ ...host, id: 'i' }] } },
      thresholds: { apiers_conns: [] },
      ers: { readers: [{ id: 'r', flags: ['*cdrs'], opts: { csvRowLength: 3 } }] },
    },
  })
  const { config } = await loadConfig(folder, {}, DEFAULTS)
  t.match(config.rpc_conns, {
    '*localhost': { conns: [{ address: '127.0.0.1:9', transport: '*json' }] },
    '*bijson_localhost': { conns: [{ address: '127.0.0.1:2014', transport: '*birpc_json' }] },
    own: { strategy: '*first', conns: [{ id: 'x', address: '', transport: '', conn_attempts: 2, key_path: 'k' }] },
  })
  t.match(config.data_db.items, {
    '*accounts': { limit: -1, ttl: 5_000_000_000n, remote: true },
    own: { limit: -1, route_id: 'r' },
  })
  t.match(config.stor_db.items, { '*cdrs': { limit: 0, ttl: 5_000_000_000n } })
  t.same(config.stor_db.opts.mysqlDSNParams, { b: '2' })
  t.same(config.radius_agent.client_secrets, { '*default': 'CGRateS.org', '10.0.0.1': 's', '10.0.0.2': 'u' })
  t.same(config.radius_agent.listeners, [{ network: '', auth_address: '127.0.0.1:1', acct_address: '' }])
  t.match(config.http, { auth_users: { b: 'y' }, client_opts: { maxIdleConns: 5, maxIdleConnsPerHost: 2 } })
  t.notOk('a' in (config.http.auth_users as object))
  t.match(config.registrarc.rpc.hosts, [{ id: 'h' }, { id: 'i' }])
  t.match(config.thresholds, { apiers_conns: ['*localhost'], opts: { '*profileIDs': ['T'] } })
  t.match(config.freeswitch_agent.event_socket_conns, [
    { address: '127.0.0.1:8021', password: 'ClueCon', alias: '127.0.0.1:8021' },
    { address: '10.0.0.2:8021', password: 'ClueCon', alias: 'b', reply_timeout: 60_000_000_000n },
  ])
  t.same(config.janus_agent.janus_conns, [{ address: '10.0.0.3:1', type: '', admin_address: '', admin_password: '' }])
  t.equal(config.dispatchers.prevent_loop, true)
  t.match(config.ers.readers, [
    { id: '*default', flags: [] },
    { id: 'r', flags: ['*cdrs'], opts: { csvRowLength: 3, csvFieldSeparator: ',' }, fields: { length: 11 } },
  ])
})

t.test('reference 01, 2.3: a data_db in memory switches partitions off', async (t) => {
  const folder = folderOf(t, {
    'a.json': { data_db: { db_type: 'internal' }, caches: { partitions: { '*filters': { limit: 5 } } } },
  })
  const { config } = await loadConfig(folder, {}, DEFAULTS)
  t.equal(config.data_db.db_type, '*internal')
  t.match(config.caches.partitions, { '*filters': { limit: 0 }, '*actions': { limit: 0 }, '*uch': { limit: -1 } })
})

t.test('dot-files are left out, links are followed', async (t) => {
  const folder = folderOf(t, {
    'real/values': { general: { node_id: 'linked' } },
    '.x.json': { general: { default_category: 'hidden' } },
    '.hidden/sub/y.json': { general: { default_category: 'hidden' } },
    'a.json': {},
  })
  symlinkSync(join(folder, 'real/values'), join(folder, 'b.json'))
  const { config } = await loadConfig(folder, {}, DEFAULTS)
  t.match(config.general, { node_id: 'linked', default_category: 'call' })
})

t.test('reference 01, 2.2: a list of URLs', async (t) => {
  const texts: Readonly<Record<string, string>> = {
    '/a': '{"general": {"node_id": "a", "default_category": "data"}}',
    '/b': '{"general": {"node_id": "b"}} // by URL',
    '/bad': '{"general": {"node_id" "b"}}',
  }
  const server = createServer((request, response) => {
    const text = texts[request.url ?? '']
    response.statusCode = text === undefined ? 404 : 500
    response.end(text ?? 'not here')
  })
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  t.teardown(() => server.close())
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const { config, files } = await loadConfig(`${base}/a;${base}/b`, {}, DEFAULTS)
  t.match(config.general, { node_id: 'b', default_category: 'data' })
  t.same(files, [`${base}/a`, `${base}/b`])
  await t.rejects(loadConfig(`${base}/a;${base}/bad`, {}, DEFAULTS), {
    message: new RegExp(`^${base}/bad:1:24: invalid character '"' after object key around line 1 and position 24`),
  })
  await t.rejects(loadConfig(`${base}/c`, {}, DEFAULTS), { message: /^http.*: invalid character 'o' in literal null/ })
  await t.rejects(loadConfig('http://127.0.0.1:1/', {}, DEFAULTS), {
    message: 'path:"http://127.0.0.1:1/" is not reachable',
  })
})
