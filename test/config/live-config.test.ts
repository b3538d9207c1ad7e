import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { checkConfig } from '../../src/config/check-config.ts'
import { decoderError } from '../../src/config/go-decoder.ts'
import { type ConfigChange, LiveConfig } from '../../src/config/live-config.ts'
import { loadConfig } from '../../src/config/load-config.ts'
import { printSections } from '../../src/config/print-config.ts'
import { SECTIONS, type SectionName } from '../../src/config/schema.ts'
import type { EventValue } from '../../src/core/event.ts'
import { eventJson } from '../../src/core/event-values.ts'
import { ROOT } from '../support/gateway.ts'

function folderOf(t: Test, content: object | string): string {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-config-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'a.json'), typeof content === 'string' ? content : JSON.stringify(content))
  return folder
}

async function open(t: Test, content: object = {}) {
  const loaded = await loadConfig(folderOf(t, content), {}, join(ROOT, 'config/tollgate.json'))
  const changes: ConfigChange[] = []
  const logged: string[] = []
  const live = new LiveConfig(loaded, {
    environment: { CAPS: '7' },
    prepare: (change) => {
      checkConfig(change.after)
      return async (commit) => {
        commit()
        changes.push(change)
      }
    },
    log: (_level, message) => logged.push(message),
  })
  const set = (sections: Record<string, unknown>, dryRun = false) => outcome(live.set(sections, dryRun))
  const setText = (text: string, dryRun = false) => outcome(live.setFromJson(text, dryRun))
  return { live, changes, logged, set, setText }
}

async function outcome(change: Promise<readonly string[]>): Promise<string> {
  try {
    const waiting = await change
    return ['OK', ...waiting].join(' ')
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause)
  }
}

const fixture = (name: string): unknown => JSON.parse(readFileSync(join(ROOT, 'test/fixtures', name), 'utf8'))

t.test('keys without effect are told in the log when a change by RPC names them', async (t) => {
  const { logged, set, setText } = await open(t)
  const told = 'configuration: general.dbdata_encoding has no effect in this version'
  t.equal(await set({ general: { dbdata_encoding: '*json', node_id: 'A' } }), 'OK')
  t.same(logged, [told, 'configuration changed'])
  t.equal(await setText('{"general": {"dbdata_encoding": "*json", "node_id": "B"}}'), 'OK')
  t.same(logged, [told, 'configuration changed', told, 'configuration changed'])
})

t.test('every section with its defaults is shown as the reference engine shows it', async (t) => {
  const { live } = await open(t, { general: { node_id: 'ENGINE1' }, data_db: { db_type: '*internal' } })
  const names = (Object.keys(SECTIONS) as SectionName[]).filter((name) => !['janus_agent', 'access'].includes(name))
  const shown = JSON.parse(eventJson(printSections(live.loaded, names, false) as EventValue))
  const reference = fixture('reference-config-in-memory.json') as Record<string, Record<string, unknown>>
  // What Tollgate does otherwise.
  const { diameter_agent, stor_db, migrator } = reference
  Object.assign(diameter_agent ?? {}, { dictionaries_path: '' })
  Object.assign(stor_db ?? {}, { db_type: '*sqlite' })
  const targets = (migrator ?? {}) as { out_stordb_opts?: { mysqlDSNParams?: unknown } }
  delete targets.out_stordb_opts?.mysqlDSNParams
  for (const name of names) t.same(shown[name], reference[name], name)
  t.same(Object.keys(shown), Object.keys(reference).toSorted())
})

t.test('01 ex. 3: the type errors of every key are those of the reference engine', async (t) => {
  t.equal(
    decoderError({ cores: { caps: '0' } }),
    'json: cannot unmarshal string into Go struct field CoreSJsonCfg.Caps of type int',
  )
  for (const [text, error] of fixture('reference-decoder-errors.json') as [string, string][])
    t.equal(decoderError(JSON.parse(text)), error, text)
  t.equal(
    decoderError({ general: { LOG_level: 6.5 } }),
    'json: cannot unmarshal number 6.5 into Go struct field GeneralJsonCfg.Log_level of type int',
  )
})

t.test('01 ex. 5: a partition that is named with its ttl alone is off', async (t) => {
  const { live, set } = await open(t)
  t.equal(await set({ caches: { partitions: { '*cdr_ids': { ttl: '1m' } } } }), 'OK')
  const { caches } = live.show('caches') as { caches: { partitions: Record<string, unknown> } }
  t.same(caches.partitions['*cdr_ids'], {
    limit: 0,
    precache: false,
    remote: false,
    replicate: false,
    static_ttl: false,
    ttl: '1m0s',
  })
})

t.test('01 ex. 6: cores, a dry run, and a change', async (t) => {
  const { live, setText } = await open(t)
  const cores = (strategy: string) =>
    `{"cores":{"caps":0,"caps_stats_interval":"0","caps_strategy":"${strategy}","shutdown_timeout":"1s"}}`
  t.equal(live.showJson('cores'), cores('*busy'))
  t.equal(await setText('{"cores": {"caps_strategy": "*queue",}} // dry', true), 'OK')
  t.equal(live.showJson('cores'), cores('*busy'))
  t.equal(await setText('{"cores": {"caps_strategy": "*queue"}}'), 'OK')
  t.equal(live.showJson('cores'), cores('*queue'))
  t.equal(await setText('{"cores": {"caps": *env:CAPS}}'), 'OK')
  t.match(live.show('cores'), { cores: { caps: 7 } })
})

t.test('01 ex. 7: rpc_conns', async (t) => {
  const { live, set } = await open(t)
  const text = live.showJson('rpc_conns')
  t.match(
    text,
    '"*localhost":{"conns":[{"address":"127.0.0.1:2012","transport":"*json"}],"poolSize":0,"strategy":"*first"}',
  )
  t.match(text, '"*internal":{"conns":[{"address":"*internal","transport":""}],')
  const host = {
    id: 'h',
    tls: true,
    key_path: 'k',
    cert_path: 'c',
    ca_path: 'a',
    conn_attempts: 2,
    reconnects: -1,
    max_reconnect_interval: '1s',
    connect_timeout: '2s',
    reply_timeout: '3s',
  }
  t.equal(
    await set({ rpc_conns: { p1: {}, p2: { strategy: '*next', poolSize: 3, conns: [{}, host, { address: 'x' }] } } }),
    'OK',
  )
  const pools = JSON.parse(live.showJson('rpc_conns')).rpc_conns
  t.same(pools.p1, { poolSize: 0, strategy: '*first' })
  t.same(pools.p2.conns, [
    { address: '127.0.0.1:2012', transport: '*json' },
    {
      address: '',
      ca_path: 'a',
      connect_attempts: 2,
      connect_timeout: 2_000_000_000,
      crt_path: 'c',
      id: 'h',
      key_path: 'k',
      max_reconnect_interval: 1_000_000_000,
      reconnects: -1,
      reply_timeout: 3_000_000_000,
      tls: true,
      transport: '',
    },
    { address: 'x', transport: '*json' },
  ])
})

t.test('01 ex. 8: general and max_computed_usage', async (t) => {
  const { live } = await open(t, { general: { node_id: 'ENGINE1' } })
  const text =
    '{"general":{"caching_delay":"0","connect_attempts":5,"connect_timeout":"1s","dbdata_encoding":"*msgpack",' +
    '"default_caching":"*reload","default_category":"call","default_request_type":"*rated","default_tenant":"cgrates.org",' +
    '"default_timezone":"Local","digest_equal":":","digest_separator":",","locking_timeout":"0","log_level":6,"logger":"*syslog",' +
    '"max_parallel_conns":100,"max_reconnect_interval":"0","node_id":"ENGINE1","poster_attempts":3,"reconnects":-1,' +
    '"reply_timeout":"2s","rounding_decimals":5,"rsr_separator":";","tpexport_dir":"/var/spool/cgrates/tpe"}}'
  t.equal(live.showJson('general'), text)
  const { rals } = live.show('rals') as { rals: { max_computed_usage: object } }
  t.equal(
    JSON.stringify(rals.max_computed_usage),
    '{"*any":"189h0m0s","*data":"107374182400","*mms":"10000","*sms":"10000","*voice":"72h0m0s"}',
  )
})

t.test('01 ex. 9: what is refused leaves everything as it was', async (t) => {
  const { live, set, setText, changes } = await open(t)
  const before = live.showJson('')
  const refused: readonly [change: Promise<string>, text: string][] = [
    [set({ inexistentSection: {} }), 'Invalid section: <inexistentSection>'],
    [
      set({ rals: { enabled: true, stats_conns: ['*internal:*stats'] } }),
      '<StatS> not enabled but requested by <RALs> component',
    ],
    [
      setText('{"rals": {"enabled": true, "stats_conns": ["*internal"]}}'),
      '<StatS> not enabled but requested by <RALs> component',
    ],
    [set({ cores: { caps: 'x' } }), 'json: cannot unmarshal string into Go struct field CoreSJsonCfg.Caps of type int'],
    [set({ cores: 5 }), 'json: cannot unmarshal number into Go value of type config.CoreSJsonCfg'],
    [set({ http_agent: {} }), 'json: cannot unmarshal object into Go value of type []*config.HttpAgentJsonCfg'],
    [
      setText('{"general" 1}'),
      `invalid character '1' after object key around line 1 and position 12\n line: "{\\"general\\" 1}"`,
    ],
    [setText('{"general": {"connect_timeout": "abc"}}'), 'time: invalid duration "abc"'],
    [setText('{"data_db": {"opts": {"internalDBFileSizeLimit": "5XB"}}}'), 'unknown unit: XB'],
    [setText('{"general": {"node_id": "*env:NOPE"}}'), 'NOT_FOUND:ENV_VAR:NOPE'],
    [
      set({ dispatchers: { enabled: true } }),
      'dispatchers: this section is not available in this version, expected "enabled": false',
    ],
  ]
  for (const [change, text] of refused) t.equal(await change, text)
  t.equal(live.showJson(''), before)
  t.same(changes, [])
  for (const change of [
    set({}),
    setText(''),
    setText('null'),
    set({ general: null }),
    setText('{"bogus": {}}'),
    set({ cores: { bogus: 5 } }),
  ])
    t.equal(await change, 'OK')
  t.equal(live.showJson(''), before)
})

t.test('reference 01, 6.1: which sections can be asked for', async (t) => {
  const { live } = await open(t)
  for (const name of ['General', 'nope', 'janus_agent']) t.throws(() => live.show(name), { message: 'Invalid section' })
  t.match(JSON.parse(live.showJson('janus_agent')), { janus_agent: { url: '/janus' } })
  t.same(live.show(''), live.show('*all'))
  // access is Tollgate's own, and as it is delivered.
  t.equal(Object.keys(live.show('*all')).length, Object.keys(SECTIONS).length - 2)
})

t.test('reference 01, 6.1: reload merges a folder over what is in force', async (t) => {
  const { live, set } = await open(t)
  await set({ general: { default_category: 'data' }, cores: { caps: 3 } })
  const path = folderOf(t, { general: { poster_attempts: 9 }, cores: { caps: 5 } })
  t.equal(await outcome(live.reload(path, 'general', false)), 'OK')
  t.match(live.show(''), { general: { default_category: 'data', poster_attempts: 9 }, cores: { caps: 3 } })
  t.equal(await outcome(live.reload(path, '', true)), 'OK')
  t.match(live.show('cores'), { cores: { caps: 3 } })
  t.equal(await outcome(live.reload(path, '*all', false)), 'OK')
  t.match(live.show('cores'), { cores: { caps: 5 } })
  t.equal(await outcome(live.reload('', '', false)), 'MANDATORY_IE_MISSING: [Path]')
  t.equal(await outcome(live.reload(path, 'nope', false)), 'Invalid section: <nope>')
  t.equal(await outcome(live.reload('/nope', '', false)), 'path:"/nope" is not reachable')
  for (const [content, text] of [
    [
      '{"general" 1}',
      `invalid character '1' after object key around line 1 and position 12\n line: "{\\"general\\" 1}"`,
    ],
    [
      { general: { log_level: 'x' } },
      'json: cannot unmarshal string into Go struct field GeneralJsonCfg.Log_level of type int',
    ],
  ] as const) {
    const bad = folderOf(t, content)
    t.equal(await outcome(live.reload(bad, '', false)), `file <${join(bad, 'a.json')}>:${text}`)
  }
  const unknown = folderOf(t, { general: { nod_id: 'x' } })
  t.match(await outcome(live.reload(unknown, '', false)), /general\.nod_id: unknown key, did you mean "node_id"\?$/)
})

t.test('changes are made one after the other', async (t) => {
  const { live, set } = await open(t)
  const answers = await Promise.all([
    set({ cores: { caps: 1 } }),
    set({ cores: { caps: 'x' } }),
    set({ cores: { caps_strategy: '*queue' } }),
  ])
  t.match(answers, ['OK', /^json/, 'OK'])
  t.match(live.show('cores'), { cores: { caps: 1, caps_strategy: '*queue' } })
})

t.test('passwords and keys are masked, and a mask that comes back changes nothing', async (t) => {
  const { live, set } = await open(t, {
    http: { auth_users: { u: 'cGFzcw==' } },
    radius_agent: { client_secrets: { '10.0.0.1': 'top' } },
    apiban: { keys: ['k1', ''] },
    sentrypeer: { client_secret: 's' },
    data_db: { db_password: 'p', items: { '*accounts': { api_key: 'q' } } },
    ees: { exporters: [{ id: 'x', opts: { amqpPassword: 'r' } }] },
  })
  const text = live.showJson('')
  for (const secret of ['cGFzcw==', '"top"', '"k1"', '"p"', '"q"', '"r"', '"s"', 'CGRateS.org"', 'ClueCon'])
    t.notMatch(text, secret)
  t.match(live.show('apiban'), { apiban: { keys: ['***', ''] } })
  t.equal(await set({ data_db: { db_password: '***', db_name: '11' } }), 'OK data_db')
  t.equal(live.loaded.config.data_db.db_password, 'p')
  t.equal(await set({ configs: { mask_secrets: false } }), 'OK')
  t.match(live.show('data_db'), { data_db: { db_password: 'p', items: { '*accounts': { api_key: 'q' } } } })
  t.match(live.show('configs'), { configs: { mask_secrets: false } })
})

t.test('keys of Tollgate are shown when they are not as delivered', async (t) => {
  const { live, set } = await open(t)
  t.notOk('durability' in (live.show('general') as { general: object }).general)
  await set({ general: { durability: 'async' }, data_db: { opts: { lmdbPath: '/x' } } })
  t.match(live.show(''), { general: { durability: 'async' }, data_db: { opts: { lmdbPath: '/x' } } })
})

t.test('a change tells what it touches, and what waits for the next start', async (t) => {
  const { set, changes, logged } = await open(t)
  const listen = { listen: { http: '127.0.0.1:1' }, general: { default_category: 'x' }, cores: { caps: 0 } }
  t.equal(await set(listen), 'OK', 'as clients of CGRateS know it')
  t.same([...(changes[0]?.changed ?? [])], ['general', 'listen'])
  t.match(logged, ['configuration: listen takes effect at the next start', 'configuration changed'])
  const waiting = { general: { rsr_separator: '|' }, chargers: { indexed_selects: false } }
  t.equal(await set(waiting, true), 'OK', 'nothing waits after a dry run')
  t.equal(await set(waiting), 'OK general.rsr_separator')
})
