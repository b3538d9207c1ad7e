import type { Config, SectionName } from '../schema.ts'
import { fail } from './fail.ts'

/** Whom a section asks by one of its keys. */
type Use = {
  key: string
  /** Name of the callee in messages, and the section that switches it on; none: it is always there. */
  target: string
  section?: SectionName
  /** Ids for calls inside the process besides *internal. */
  birpc?: true
  /** It does its work here even when its section is off. */
  isAlways?: true
}

/** Callees by the name in their keys: how messages call them, and the section that switches them on. */
const TARGETS: Readonly<Record<string, { target: string; section?: SectionName }>> = {
  apiers: { target: 'ApierS', section: 'apiers' },
  attributes: { target: 'AttributeS', section: 'attributes' },
  caches: { target: 'CacheS' },
  cdrs: { target: 'CDRs', section: 'cdrs' },
  chargers: { target: 'ChargerS', section: 'chargers' },
  cores: { target: 'CoreS' },
  ees: { target: 'EEs', section: 'ees' },
  ips: { target: 'IPs', section: 'ips' },
  rals: { target: 'RALs', section: 'rals' },
  resources: { target: 'ResourceS', section: 'resources' },
  routes: { target: 'RouteS', section: 'routes' },
  scheduler: { target: 'SchedulerS', section: 'schedulers' },
  sessions: { target: 'SessionS', section: 'sessions' },
  stats: { target: 'StatS', section: 'stats' },
  thresholds: { target: 'ThresholdS', section: 'thresholds' },
}

/** Who asks whom: section, its name in messages, and its uses in the order in which they are checked. */
const USES: readonly { section: SectionName; component: string; uses: readonly Use[] }[] = [
  use('rals', 'RALs', 'stats:StatS', 'thresholds'),
  use('cdrs', 'CDRs', 'rals', 'attributes', 'stats:StatS', 'thresholds', 'ees', 'chargers', 'scheduler~'),
  use(
    'sessions',
    'SessionS',
    'rals',
    'resources',
    'ips',
    'thresholds!',
    'stats:StatS',
    'routes',
    'attributes',
    'cdrs',
    'chargers',
    'apiers',
    'scheduler~',
  ),
  use('chargers', 'ChargerS', 'attributes'),
  use('resources', 'ResourceS', 'thresholds'),
  use('stats', 'Stats', 'thresholds'),
  use('trends', 'TrendS', 'stats:Stats'),
  use('thresholds', 'ThresholdS', 'apiers'),
  use('routes', 'RouteS', 'attributes', 'stats:StatS', 'resources', 'rals'),
  use('schedulers', 'SchedulerS', 'cdrs', 'thresholds', 'stats:Stats'),
  use('apiers', 'APIerSv1', 'attributes', 'scheduler'),
  use('dispatchers', 'DispatcherS', 'attributes'),
  use('ees', 'EEs', 'attributes'),
  use('ers', 'ERs', 'sessions', 'ees', 'stats:Stats', 'thresholds'),
  use('filters', 'FilterS', 'stats:Stats', 'resources', 'apiers'),
  use('freeswitch_agent', 'FreeSWITCHAgent', 'sessions!'),
  use('kamailio_agent', 'KamailioAgent', 'sessions!'),
  use('asterisk_agent', 'AsteriskAgent', 'sessions!'),
  use('diameter_agent', 'DiameterAgent', 'sessions!', 'stats:Stats', 'thresholds'),
  use('radius_agent', 'RadiusAgent', 'sessions', 'stats:Stats', 'thresholds'),
  use('dns_agent', 'DNSAgent', 'sessions', 'stats:Stats', 'thresholds'),
  use('sip_agent', 'SIPAgent', 'sessions', 'stats:Stats', 'thresholds'),
  use('janus_agent', 'JanusAgent', 'sessions'),
  use('prometheus_agent', 'PrometheusAgent', 'apiers', 'caches', 'cores', 'stats:Stats'),
]

/** Agents that cannot do without sessions. */
const NEED_SESSIONS = new Set<SectionName>([
  'freeswitch_agent',
  'kamailio_agent',
  'asterisk_agent',
  'diameter_agent',
  'dns_agent',
])

/** `name`: key `name_conns`; `:X`: the callee is called X in messages here; `!`: bidirectional calls, too; `~`: it may be off. */
function use(section: SectionName, component: string, ...names: string[]) {
  const uses = names.map((text): Use => {
    const [, name = '', mark, called] = /^(\w+)([!~]?)(?::(\w+))?$/.exec(text) ?? []
    const { target = '', section: callee } = TARGETS[name] ?? {}
    return {
      key: `${name}_conns`,
      target: called ?? target,
      ...(callee === undefined ? {} : { section: callee }),
      ...(mark === '!' ? { birpc: true } : {}),
      ...(mark === '~' ? { isAlways: true } : {}),
    }
  })
  return { section, component, uses }
}

/** Keys over which accounts are charged. */
const CHARGING = new Set(['sessions.rals_conns', 'cdrs.rals_conns'])
/** Strategies by which one host charges, and its answer is waited for. */
const ONE_HOST = new Set(['*first', '*next', '*random', '*first_positive', '*parallel'])
/** Pools that lead back to this process. */
const OWN_POOLS = new Set(['*localhost', '*birpc_internal', '*bijson_localhost'])

/** Checks that every connection id is there, and that what it leads to is on. Throws ConfigError. Reference 01, 5. */
export function checkConnections(config: Config): void {
  for (const { section, component, uses } of USES) {
    const values = config[section] as { enabled?: boolean } & Readonly<Record<string, unknown>>
    if (values.enabled === false) continue
    if (NEED_SESSIONS.has(section) && listOf(values['sessions_conns']).length === 0)
      fail(`${section}.sessions_conns`, `<${component}> no SessionS connections defined`)
    for (const each of uses)
      for (const id of listOf(values[each.key])) checkConnection(config, `${section}.${each.key}`, component, each, id)
  }
  for (const { id, sessions_conns = [], stats_conns = [], thresholds_conns = [] } of config.http_agent) {
    for (const conn of sessions_conns) {
      if (isInternal(conn, false) && !config.sessions.enabled)
        fail('http_agent', `<SessionS> not enabled but requested by <${id}> HTTPAgent Template`)
    }
    for (const conn of [...sessions_conns, ...stats_conns, ...thresholds_conns]) {
      if (!isInternal(conn, false) && config.rpc_conns[conn] === undefined)
        fail('http_agent', `<HTTPAgent> template with ID <${id}> has connection with id: <${conn}> not defined`)
    }
  }
}

function checkConnection(config: Config, key: string, component: string, each: Use, id: string): void {
  const callee = each.section === undefined ? undefined : (config[each.section] as { enabled?: boolean })
  if (isInternal(id, each.birpc === true)) {
    const isOn = callee === undefined || callee.enabled === true || each.isAlways === true
    if (!isOn) fail(key, `<${each.target}> not enabled but requested by <${component}> component`)
    return
  }
  if (config.rpc_conns[id] === undefined) fail(key, `<${component}> connection with id: <${id}> not defined`)
  const strategy = config.rpc_conns[id]?.strategy ?? '*first'
  if (CHARGING.has(key) && !ONE_HOST.has(strategy))
    fail(
      key,
      `<${component}> connection with id: <${id}> has the strategy ${strategy}, expected one by which one host charges and answers: ${[...ONE_HOST].join(' ')}`,
    )
}

/**
 * Whether connections to a callee (`sessions`) lead to another process. The first one says: one that stays in this process always
 * answers, so that no other is asked after it. `*localhost` is this process when the callee is on.
 */
export function leadElsewhere(config: Config, calleeName: string, ids: readonly string[]): boolean {
  const [first] = ids
  if (first === undefined || isInternal(first, true)) return false
  const { section } = TARGETS[calleeName] ?? {}
  const callee = section === undefined ? undefined : (config[section] as { enabled?: boolean })
  return !(OWN_POOLS.has(first) && callee?.enabled === true)
}

function isInternal(id: string, birpc: boolean): boolean {
  return /^\*internal(:|$)/.test(id) || (birpc && /^\*birpc_internal(:|$)/.test(id))
}

function listOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? (value as string[]) : []
}
