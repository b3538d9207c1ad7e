import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { checkConfig } from '../../src/config/check-config.ts'
import { loadConfig } from '../../src/config/load-config.ts'
import type { Config, SectionName } from '../../src/config/schema.ts'
import { ROOT } from '../support/gateway.ts'

const folder = mkdtempSync(join(tmpdir(), 'tollgate-config-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))
writeFileSync(join(folder, 'a.json'), '{}')
const defaults = await loadConfig(folder, {}, join(ROOT, 'config/tollgate.json'))

type Values = { readonly [S in SectionName]?: object }

/** The answer to a configuration with these values. Services that this version lacks are checked as well: they are switched on past the loader. */
function answer(values: Values): string {
  const config: Record<string, unknown> = { ...defaults.config }
  for (const [name, section] of Object.entries(values))
    config[name] = Array.isArray(section) ? section : { ...defaults.config[name as SectionName], ...section }
  try {
    checkConfig({ ...defaults, config: config as Config })
    return 'OK'
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause)
  }
}

const on = { enabled: true }

/** As the reference engine answers them: component, key, the id of another process, and the callee that is off. */
const COMPONENTS: readonly [section: SectionName, component: string, key: string, target: string][] = [
  ['rals', 'RALs', 'stats_conns', 'StatS'],
  ['rals', 'RALs', 'thresholds_conns', 'ThresholdS'],
  ['cdrs', 'CDRs', 'chargers_conns', 'ChargerS'],
  ['cdrs', 'CDRs', 'rals_conns', 'RALs'],
  ['cdrs', 'CDRs', 'attributes_conns', 'AttributeS'],
  ['cdrs', 'CDRs', 'thresholds_conns', 'ThresholdS'],
  ['cdrs', 'CDRs', 'stats_conns', 'StatS'],
  ['cdrs', 'CDRs', 'ees_conns', 'EEs'],
  ['sessions', 'SessionS', 'attributes_conns', 'AttributeS'],
  ['sessions', 'SessionS', 'cdrs_conns', 'CDRs'],
  ['sessions', 'SessionS', 'chargers_conns', 'ChargerS'],
  ['sessions', 'SessionS', 'ips_conns', 'IPs'],
  ['sessions', 'SessionS', 'rals_conns', 'RALs'],
  ['sessions', 'SessionS', 'resources_conns', 'ResourceS'],
  ['sessions', 'SessionS', 'routes_conns', 'RouteS'],
  ['sessions', 'SessionS', 'stats_conns', 'StatS'],
  ['sessions', 'SessionS', 'thresholds_conns', 'ThresholdS'],
  ['chargers', 'ChargerS', 'attributes_conns', 'AttributeS'],
  ['resources', 'ResourceS', 'thresholds_conns', 'ThresholdS'],
  ['stats', 'Stats', 'thresholds_conns', 'ThresholdS'],
  ['trends', 'TrendS', 'stats_conns', 'Stats'],
  ['thresholds', 'ThresholdS', 'apiers_conns', 'ApierS'],
  ['routes', 'RouteS', 'attributes_conns', 'AttributeS'],
  ['routes', 'RouteS', 'rals_conns', 'RALs'],
  ['routes', 'RouteS', 'resources_conns', 'ResourceS'],
  ['routes', 'RouteS', 'stats_conns', 'StatS'],
  ['schedulers', 'SchedulerS', 'cdrs_conns', 'CDRs'],
  ['schedulers', 'SchedulerS', 'stats_conns', 'Stats'],
  ['schedulers', 'SchedulerS', 'thresholds_conns', 'ThresholdS'],
  ['apiers', 'APIerSv1', 'attributes_conns', 'AttributeS'],
  ['apiers', 'APIerSv1', 'scheduler_conns', 'SchedulerS'],
  ['dispatchers', 'DispatcherS', 'attributes_conns', 'AttributeS'],
  ['ees', 'EEs', 'attributes_conns', 'AttributeS'],
  ['ers', 'ERs', 'sessions_conns', 'SessionS'],
  ['ers', 'ERs', 'ees_conns', 'EEs'],
  ['ers', 'ERs', 'stats_conns', 'Stats'],
  ['ers', 'ERs', 'thresholds_conns', 'ThresholdS'],
  ['filters', 'FilterS', 'stats_conns', 'Stats'],
  ['filters', 'FilterS', 'resources_conns', 'ResourceS'],
  ['filters', 'FilterS', 'apiers_conns', 'ApierS'],
  ['freeswitch_agent', 'FreeSWITCHAgent', 'sessions_conns', 'SessionS'],
  ['kamailio_agent', 'KamailioAgent', 'sessions_conns', 'SessionS'],
  ['asterisk_agent', 'AsteriskAgent', 'sessions_conns', 'SessionS'],
  ['diameter_agent', 'DiameterAgent', 'sessions_conns', 'SessionS'],
  ['radius_agent', 'RadiusAgent', 'sessions_conns', 'SessionS'],
  ['dns_agent', 'DNSAgent', 'sessions_conns', 'SessionS'],
  ['sip_agent', 'SIPAgent', 'sessions_conns', 'SessionS'],
]

t.test('reference 01, 5: a callee that is off, and an id that nobody defined', async (t) => {
  for (const [section, component, key, target] of COMPONENTS) {
    const base = section === 'ers' ? { ...on, sessions_conns: [] } : section === 'filters' ? {} : on
    const refused = `${section}.${key}: <${target}> not enabled but requested by <${component}> component`
    for (const id of ['*internal', '*internal:*any'])
      t.equal(answer({ [section]: { ...base, [key]: [id] } }), refused, `${section}.${key} ${id}`)
    t.equal(
      answer({ [section]: { ...base, [key]: ['nope'] } }),
      `${section}.${key}: <${component}> connection with id: <nope> not defined`,
    )
  }
})

const agent = { enabled: true, sessions_conns: ['*internal'] }
const field = (path: string, tag: string, type = '*variable') => [{ path, tag, type }]
const processor = { id: 'P', request_fields: field('', 'T'), reply_fields: [] }
const http = { id: 'x', url: '/x', request_payload: '*url', reply_payload: '*xml', request_processors: [] }
const cache = (partitions: object) => ({
  caches: { partitions: { ...defaults.config.caches.partitions, ...partitions } },
})
const pool = (...transports: string[]) => ({
  rpc_conns: {
    ...defaults.config.rpc_conns,
    h: { strategy: '*first', poolSize: 0, conns: transports.map((transport) => ({ address: 'http://h/', transport })) },
  },
})
const registrar = (values: object) => ({
  registrarc: {
    rpc: {
      registrars_conns: ['h'],
      hosts: [{ tenant: 't', id: 'i', transport: '*json' }],
      refresh_interval: 1n,
      ...values,
    },
  },
})

/** As the reference engine answers them. */
const REFUSED: readonly [name: string, values: Values, message: string][] = [
  [
    'a session cannot do without attempts',
    { sessions: { ...on, terminate_attempts: 0 } },
    `<SessionS> 'terminate_attempts' should be at least 1`,
  ],
  [
    'a protected field',
    { sessions: { ...on, alterable_fields: ['Account', 'CGRID'] } },
    "<SessionS> the following protected field can't be altered by session: <CGRID>",
  ],
  [
    'closed sessions are kept',
    { sessions: on, ...cache({ '*closed_sessions': { limit: 0 } }) },
    '<CacheS> *closed_sessions needs to be != 0, received: 0',
  ],
  [
    'unknown exporters',
    { cdrs: { ...on, online_cdr_exports: ['a', 'b'] } },
    '<CDRs> cannot find exporters with IDs: <a, b>',
  ],
  [
    'an agent without sessions',
    { diameter_agent: { ...on, sessions_conns: [] } },
    '<DiameterAgent> no SessionS connections defined',
  ],
  [
    'no runs',
    { attributes: { ...on, opts: { '*processRuns': 0 } } },
    '<AttributeS> process_runs needs to be bigger than 0',
  ],
  ['an unknown partition', cache({ zz: { limit: 1 } }), '<CacheS> partition <zz> not defined'],
  [
    'a partition that cannot be replicated',
    cache({ '*rpc_connections': { limit: -1, replicate: true } }),
    '<CacheS> partition <*rpc_connections> does not support replication',
  ],
  [
    'a partition that is superfluous in memory',
    { data_db: { db_type: '*internal' } },
    '<CacheS> *destinations needs to be 0 when DataBD is *internal and with no persistence, received : -1',
  ],
  [
    'cache replicas inside',
    { caches: { replication_conns: ['*internal'] } },
    'replication connection ID needs to be different than *internal',
  ],
  [
    'cache replicas that do not speak gob',
    { caches: { replication_conns: ['*localhost'] } },
    '<CacheS> unsupported transport <*json> for connection with ID: <*localhost>',
  ],
  [
    'replicas inside',
    { data_db: { replication_conns: ['*internal'] } },
    'Replication connection ID needs to be different than *internal',
  ],
  [
    'replicas that do not speak gob',
    { data_db: { replication_conns: ['*localhost'] } },
    '<data_db> unsupported transport <*json> for connection with ID: <*localhost>',
  ],
  [
    'unknown replicas',
    { data_db: { replication_conns: ['nope'] } },
    '<data_db> connection with id: <nope> not defined',
  ],
  [
    'remote records inside',
    { data_db: { remote_conns: ['*internal'] } },
    'Remote connection ID needs to be different than *internal',
  ],
  [
    'remote CDRs inside',
    { stor_db: { remote_conns: ['*internal'] } },
    'Remote connection ID needs to be different than *internal',
  ],
  [
    'remote items without a place',
    { data_db: { items: { '*filters': { remote: true } } } },
    'remote connections required by: <*filters>',
  ],
  [
    'replicated items without a place',
    { data_db: { items: { '*filters': { replicate: true } } } },
    'replicate connections required by: <*filters>',
  ],
  [
    'session replicas inside',
    { sessions: { ...on, replication_conns: ['*internal'] } },
    'Replication connection ID needs to be different than *internal',
  ],
  [
    'unknown session replicas',
    { sessions: { ...on, replication_conns: ['nope'] } },
    '<SessionS> connection with id: <nope> not defined',
  ],
  [
    'a dump without room',
    { data_db: { opts: { internalDBDumpInterval: 1n, internalDBFileSizeLimit: 0 } } },
    '<data_db> internalDBFileSizeLimit field cannot be equal or smaller than 0: <0>',
  ],
  ['an unknown index type', { analyzers: { ...on, index_type: 'foo' } }, '<AnalyzerS> unsupported index type: "foo"'],
  ['no folder for the call log', { analyzers: { ...on, db_path: '/x' } }, '<AnalyzerS> nonexistent DB folder: "/x"'],
  [
    'a call log that forgets at once',
    { analyzers: { ...on, db_path: '/', ttl: 0n } },
    '<AnalyzerS> the TTL needs to be bigger than 0',
  ],
  [
    'a call log that is never cleaned',
    { analyzers: { ...on, db_path: '/', cleanup_interval: 0n } },
    '<AnalyzerS> the CleanupInterval needs to be bigger than 0',
  ],
  [
    'no request payload',
    { http_agent: [{ ...http, request_payload: '' }] },
    '<HTTPAgent> unsupported request payload ',
  ],
  ['no reply payload', { http_agent: [{ ...http, reply_payload: 'X' }] }, '<HTTPAgent> unsupported reply payload X'],
  [
    'an HTTP agent whose sessions are off',
    { http_agent: [{ ...http, sessions_conns: ['*internal'] }] },
    '<SessionS> not enabled but requested by <x> HTTPAgent Template',
  ],
  [
    'an HTTP agent with an unknown id',
    { http_agent: [{ ...http, sessions_conns: ['nope'] }] },
    '<HTTPAgent> template with ID <x> has connection with id: <nope> not defined',
  ],
  [
    'an HTTP field without path',
    { http_agent: [{ ...http, request_processors: [processor] }] },
    '<HTTPAgent> MANDATORY_IE_MISSING: [Path] for P at T',
  ],
  [
    'a Diameter field without path',
    { sessions: on, diameter_agent: { ...agent, request_processors: [processor] } },
    '<DiameterAgent> MANDATORY_IE_MISSING: [Path] for P at T',
  ],
  [
    'a RADIUS field without path',
    { sessions: on, radius_agent: { ...agent, request_processors: [processor] } },
    '<RadiusAgent> MANDATORY_IE_MISSING: [Path] for P at T',
  ],
  [
    'metrics of all queues without their ids',
    { prometheus_agent: { ...on, stats_conns: ['*localhost'] } },
    '<PrometheusAgent> when StatQueueIDs is empty, apiers_conns must match stats_conns length to fetch StatQueue IDs',
  ],
  ['nothing to register', registrar({ hosts: [] }), '<RegistrarC> missing RPC host IDs'],
  ['no interval', registrar({ refresh_interval: 0n }), '<RegistrarC> the register imterval needs to be bigger than 0'],
  ['an unknown registrar', registrar({}), '<RegistrarC> connection with id: <h> not defined'],
  [
    'a registrar that does not speak HTTP',
    { ...pool('*json'), ...registrar({}) },
    '<RegistrarC> connection with id: <h> unsupported transport <*json>',
  ],
  [
    'a host without transport',
    { ...pool('*http_jsonrpc'), ...registrar({ hosts: [{ tenant: 't', id: 'i', transport: '' }] }) },
    '<RegistrarC> unsupported transport <> for host <t:i>',
  ],
]

t.test('reference 01, 5: what is refused', async (t) => {
  for (const [name, values, message] of REFUSED) t.equal(answer(values).replace(/^[\w.*[\]]+: /, ''), message, name)
})

t.test('what passes', async (t) => {
  const cases: readonly [name: string, values: Values][] = [
    ['the defaults', {}],
    [
      'what is off is not checked',
      { sessions: { terminate_attempts: 0, rals_conns: ['nope'] }, attributes: { opts: { '*processRuns': 0 } } },
    ],
    ['a callee in another process', { rals: { ...on, stats_conns: ['*localhost'] } }],
    ['a callee that is on', { rals: on, sessions: { ...on, rals_conns: ['*internal'] } }],
    ['a bidirectional id', { sessions: on, diameter_agent: { ...on, sessions_conns: ['*birpc_internal'] } }],
    [
      'a field that is a template',
      {
        sessions: on,
        diameter_agent: {
          ...agent,
          request_processors: [{ ...processor, request_fields: field('', 'T', '*template') }],
        },
      },
    ],
    ['a registrar', { ...pool('*http_jsonrpc'), ...registrar({}) }],
  ]
  for (const [name, values] of cases) t.equal(answer(values), 'OK', name)
})

t.test('services may be in other processes; accounts are charged by one host of a pool', async (t) => {
  const elsewhere: readonly Values[] = [
    { sessions: { ...on, rals_conns: ['h'], chargers_conns: ['h'], cdrs_conns: ['h'] } },
    { cdrs: { ...on, rals_conns: ['h'], chargers_conns: ['h'], ees_conns: ['h'] } },
    { schedulers: { ...on, cdrs_conns: ['h'] } },
    { sessions: { ...on, scheduler_conns: ['h'] }, cdrs: { ...on, scheduler_conns: ['h'] } },
    { apiers: { ...on, ees_conns: ['h'] } },
    { filters: { apiers_conns: ['h'] } },
    { diameter_agent: { ...agent, sessions_conns: ['h'] } },
  ]
  for (const values of elsewhere) t.equal(answer({ ...pool('*json'), ...values }), 'OK', JSON.stringify(values))
  t.equal(answer({ sessions: { ...on, scheduler_conns: ['*internal'] } }), 'OK', 'a scheduler that is off')
  for (const strategy of ['*broadcast', '*broadcast_sync', '*broadcast_async', '*first_positive_async', '*async']) {
    const { rpc_conns: conns } = pool('*json')
    const asked = { rpc_conns: { h: { ...conns.h, strategy } } }
    for (const [section, name] of [
      ['sessions', 'SessionS'],
      ['cdrs', 'CDRs'],
    ])
      t.equal(
        answer({ ...asked, [section ?? '']: { ...on, rals_conns: ['h'] } }),
        `${section}.rals_conns: <${name}> connection with id: <h> has the strategy ${strategy}, expected one by which one host charges and answers: *first *next *random *first_positive *parallel`,
      )
    t.equal(answer({ ...asked, cdrs: { ...on, ees_conns: ['h'] } }), 'OK', 'others may be asked at once')
  }
})
