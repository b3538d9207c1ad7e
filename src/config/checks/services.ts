import { existsSync } from 'node:fs'
import type { Config, RequestProcessorConfig } from '../schema.ts'
import { fail } from './fail.ts'

/** Fields that name a session: no request may change them. */
const PROTECTED_FIELDS = new Set(['CGRID', 'OriginHost', 'OriginID', 'Usage'])

/** Checks what single services ask of their own keys. Throws ConfigError. Reference 01, 5. */
export function checkServices(config: Config): void {
  const { attributes, cdrs, ees, prometheus_agent: prometheus, sessions } = config
  if (sessions.enabled) {
    if (sessions.terminate_attempts < 1)
      fail('sessions.terminate_attempts', `<SessionS> 'terminate_attempts' should be at least 1`)
    for (const [i, field] of sessions.alterable_fields.entries()) {
      if (PROTECTED_FIELDS.has(field)) {
        fail(
          `sessions.alterable_fields[${i}]`,
          `<SessionS> the following protected field can't be altered by session: <${field}>`,
        )
      }
    }
  }
  const unknown = cdrs.online_cdr_exports.filter((id) => ees.exporters.every((exporter) => exporter.id !== id))
  if (cdrs.enabled && unknown.length > 0)
    fail('cdrs.online_cdr_exports', `<CDRs> cannot find exporters with IDs: <${unknown.join(', ')}>`)
  if (attributes.enabled && attributes.opts['*processRuns'] < 1)
    fail('attributes.opts.*processRuns', '<AttributeS> process_runs needs to be bigger than 0')
  const { stat_queue_ids: queues, stats_conns: stats, apiers_conns: apiers } = prometheus
  if (prometheus.enabled && queues.length === 0 && stats.length !== apiers.length) {
    fail(
      'prometheus_agent.stats_conns',
      '<PrometheusAgent> when StatQueueIDs is empty, apiers_conns must match stats_conns length to fetch StatQueue IDs',
    )
  }
  checkAnalyzers(config)
  checkRegistrars(config)
  checkProcessors(config)
}

const INDEX_TYPES = new Set(['*scorch', '*boltdb', '*leveldb', '*mossdb', '*internal'])

function checkAnalyzers({ analyzers }: Config): void {
  const { enabled, index_type: type, db_path: path, ttl, cleanup_interval: interval } = analyzers
  if (!enabled) return
  if (!INDEX_TYPES.has(type))
    fail('analyzers.index_type', `<AnalyzerS> unsupported index type: ${JSON.stringify(type)}`)
  if (type !== '*internal' && !existsSync(path))
    fail('analyzers.db_path', `<AnalyzerS> nonexistent DB folder: ${JSON.stringify(path)}`)
  if (ttl <= 0n) fail('analyzers.ttl', '<AnalyzerS> the TTL needs to be bigger than 0')
  if (interval <= 0n) fail('analyzers.cleanup_interval', '<AnalyzerS> the CleanupInterval needs to be bigger than 0')
}

const HOST_TRANSPORTS = new Set(['*json', '*gob', '*http_jsonrpc', '*birpc_json', '*birpc_gob'])

function checkRegistrars({ registrarc, rpc_conns: pools }: Config): void {
  for (const [key, kind] of [
    ['rpc', 'RPC'],
    ['dispatchers', 'dispatcher'],
  ] as const) {
    const { registrars_conns: registrars, hosts, refresh_interval: interval } = registrarc[key]
    if (registrars.length === 0) continue
    const place = `registrarc.${key}`
    if (hosts.length === 0) fail(place, `<RegistrarC> missing ${kind} host IDs`)
    // The word is misspelt in what clients of CGRateS know.
    if (interval <= 0n) fail(place, '<RegistrarC> the register imterval needs to be bigger than 0')
    for (const { tenant, id, transport } of hosts) {
      if (!HOST_TRANSPORTS.has(transport))
        fail(place, `<RegistrarC> unsupported transport <${transport}> for host <${tenant}:${id}>`)
    }
    for (const id of registrars) {
      if (id === '*internal') fail(place, '<RegistrarC> internal connection IDs are not supported')
      const pool = pools[id]
      if (pool === undefined) fail(place, `<RegistrarC> connection with id: <${id}> not defined`)
      const conns = pool.conns ?? []
      if (conns.length !== 1) fail(place, `<RegistrarC> connection with id: <${id}> needs to have only one host`)
      for (const { transport } of conns) {
        if (transport !== '*http_jsonrpc')
          fail(place, `<RegistrarC> connection with id: <${id}> unsupported transport <${transport}>`)
      }
    }
  }
}

function checkProcessors(config: Config): void {
  for (const [section, component] of [
    ['diameter_agent', 'DiameterAgent'],
    ['radius_agent', 'RadiusAgent'],
    ['dns_agent', 'DNSAgent'],
    ['sip_agent', 'SIPAgent'],
    ['janus_agent', 'JanusAgent'],
  ] as const) {
    const { enabled, request_processors: processors } = config[section]
    if (enabled) checkPaths(section, component, processors)
  }
  for (const [i, agent] of config.http_agent.entries()) {
    const { request_payload: request, reply_payload: reply } = agent
    const place = `http_agent[${i}]`
    if (!['*url', '*xml'].includes(request)) fail(place, `<HTTPAgent> unsupported request payload ${request}`)
    if (!['*text_plain', '*xml'].includes(reply)) fail(place, `<HTTPAgent> unsupported reply payload ${reply}`)
    checkPaths(place, 'HTTPAgent', agent.request_processors)
  }
}

function checkPaths(section: string, component: string, processors: readonly RequestProcessorConfig[]): void {
  for (const [i, { id, request_fields, reply_fields }] of processors.entries()) {
    for (const [list, fields] of Object.entries({ request_fields, reply_fields })) {
      for (const [j, { path, tag, type }] of fields.entries()) {
        if (path !== '' || type === '*template' || type === '*none') continue
        const place = `${section}.request_processors[${i}].${list}[${j}]`
        fail(place, `<${component}> MANDATORY_IE_MISSING: [Path] for ${id} at ${tag}`)
      }
    }
  }
}
