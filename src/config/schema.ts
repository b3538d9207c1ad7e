import type { z } from 'zod'
import { access } from './sections/access.ts'
import { analyzers } from './sections/analyzers.ts'
import { apiban } from './sections/apiban.ts'
import { apiers } from './sections/apiers.ts'
import { asteriskAgent } from './sections/asterisk-agent.ts'
import { attributes } from './sections/attributes.ts'
import { caches } from './sections/caches.ts'
import { cdrs } from './sections/cdrs.ts'
import { chargers } from './sections/chargers.ts'
import { configs } from './sections/configs.ts'
import { cores } from './sections/cores.ts'
import { dataDb, storDb } from './sections/databases.ts'
import { diameterAgent } from './sections/diameter-agent.ts'
import { dispatchers } from './sections/dispatchers.ts'
import { dnsAgent } from './sections/dns-agent.ts'
import { ees } from './sections/ees.ts'
import { ers } from './sections/ers.ts'
import { templates } from './sections/field-template.ts'
import { filters } from './sections/filters.ts'
import { freeswitchAgent } from './sections/freeswitch-agent.ts'
import { general } from './sections/general.ts'
import { http } from './sections/http.ts'
import { httpAgent } from './sections/http-agent.ts'
import { ips } from './sections/ips.ts'
import { janusAgent } from './sections/janus-agent.ts'
import { kamailioAgent } from './sections/kamailio-agent.ts'
import { listen } from './sections/listen.ts'
import { loader } from './sections/loader.ts'
import { mailer } from './sections/mailer.ts'
import { migrator } from './sections/migrator.ts'
import { prometheusAgent } from './sections/prometheus-agent.ts'
import { radiusAgent } from './sections/radius-agent.ts'
import { rals } from './sections/rals.ts'
import { rankings } from './sections/rankings.ts'
import { registrarc } from './sections/registrarc.ts'
import { resources } from './sections/resources.ts'
import { routes } from './sections/routes.ts'
import { rpcConns } from './sections/rpc-conns.ts'
import { schedulers } from './sections/schedulers.ts'
import { sentrypeer } from './sections/sentrypeer.ts'
import { sessions } from './sections/sessions.ts'
import { sipAgent } from './sections/sip-agent.ts'
import { stats } from './sections/stats.ts'
import { suretax } from './sections/suretax.ts'
import { thresholds } from './sections/thresholds.ts'
import { tls } from './sections/tls.ts'
import { trends } from './sections/trends.ts'

/**
 * Type and check of every key, by section, in the order in which sections are read. The defaults are `config/tollgate.json`,
 * over which every file is merged.
 */
export const SECTIONS = {
  rpc_conns: rpcConns,
  general,
  templates,
  caches,
  listen,
  http,
  data_db: dataDb,
  stor_db: storDb,
  filters,
  rals,
  schedulers,
  cdrs,
  sessions,
  freeswitch_agent: freeswitchAgent,
  kamailio_agent: kamailioAgent,
  asterisk_agent: asteriskAgent,
  diameter_agent: diameterAgent,
  radius_agent: radiusAgent,
  dns_agent: dnsAgent,
  sip_agent: sipAgent,
  janus_agent: janusAgent,
  http_agent: httpAgent,
  prometheus_agent: prometheusAgent,
  attributes,
  chargers,
  resources,
  ips,
  stats,
  trends,
  rankings,
  thresholds,
  routes,
  dispatchers,
  ers,
  ees,
  apiers,
  loader,
  migrator,
  mailer,
  suretax,
  apiban,
  sentrypeer,
  registrarc,
  analyzers,
  tls,
  cores,
  access,
  configs,
} as const

export type SectionName = keyof typeof SECTIONS

/** The configuration: every section with its defaults filled in. Keys as in the files. */
export type Config = { readonly [S in SectionName]: z.output<(typeof SECTIONS)[S]> }

/** Services that this version does not have: their section may stand in a file, and cannot be enabled. */
export const NOT_AVAILABLE: ReadonlySet<SectionName> = new Set([
  'analyzers',
  'asterisk_agent',
  'dispatchers',
  'dns_agent',
  'ers',
  'freeswitch_agent',
  'http_agent',
  'ips',
  'janus_agent',
  'kamailio_agent',
  'prometheus_agent',
  'radius_agent',
  'rankings',
  'registrarc',
  'routes',
  'sip_agent',
  'trends',
])

/** Sections of CGRateS that nothing reads in this version. */
export const SECTIONS_WITHOUT_EFFECT: ReadonlySet<SectionName> = new Set([
  ...NOT_AVAILABLE,
  'apiban',
  'mailer',
  'migrator',
  'sentrypeer',
  'suretax',
])

/** Sections of earlier versions of CGRateS, which its present one ignores. */
export const FORMER_SECTIONS: ReadonlySet<string> = new Set(['loaders', 'efs'])

export type FieldTemplateConfig = Config['templates'][string][number]
export type RequestProcessorConfig = Config['diameter_agent']['request_processors'][number]
