import type { Config, SectionName } from '../config/schema.ts'

/** The section that switches a service of clients on; services that are not here are always on. Reference 01, 9.1. */
const SECTION_OF_SERVICE: Readonly<Record<string, SectionName>> = {
  APIerSv1: 'apiers',
  APIerSv2: 'apiers',
  AnalyzerSv1: 'analyzers',
  AttributeSv1: 'attributes',
  CDRsV1: 'cdrs',
  CDRsV2: 'cdrs',
  ChargerSv1: 'chargers',
  DispatcherSv1: 'dispatchers',
  EeSv1: 'ees',
  ErSv1: 'ers',
  IPsV1: 'ips',
  RALsV1: 'rals',
  RankingSv1: 'rankings',
  ReplicatorSv1: 'apiers',
  ResourceSv1: 'resources',
  Responder: 'rals',
  RouteSv1: 'routes',
  SMGenericV1: 'sessions',
  SessionSv1: 'sessions',
  StatSv1: 'stats',
  ThresholdSv1: 'thresholds',
  TrendSv1: 'trends',
}

/** Whether the methods of a service answer under a configuration. */
export function isServiceOn(config: Config, service: string): boolean {
  const section = SECTION_OF_SERVICE[service]
  return section === undefined || (config[section] as { enabled?: boolean }).enabled === true
}

/** Values that a mapping of Diameter is compiled from. */
export function isMappingChanged(before: Config, after: Config, changed: ReadonlySet<SectionName>): boolean {
  const { default_tenant: tenant, node_id: nodeId, rounding_decimals: decimals } = before.general
  return (
    changed.has('diameter_agent') ||
    changed.has('templates') ||
    // Whether `*localhost` is this process.
    before.sessions.enabled !== after.sessions.enabled ||
    tenant !== after.general.default_tenant ||
    nodeId !== after.general.node_id ||
    decimals !== after.general.rounding_decimals
  )
}

/** Values that exporters are compiled from. */
export function areExportersChanged(before: Config, after: Config, changed: ReadonlySet<SectionName>): boolean {
  const sections = ['ees', 'cdrs', 'apiers', 'templates'] as const
  return (
    sections.some((section) => changed.has(section)) ||
    before.general.rounding_decimals !== after.general.rounding_decimals
  )
}

/** Values that connections to other processes are made of. */
export function areConnectionsChanged(changed: ReadonlySet<SectionName>): boolean {
  return changed.has('rpc_conns') || changed.has('general') || changed.has('tls')
}

/** Values that the tariff is compiled from. */
export function isTariffChanged(before: Config, after: Config): boolean {
  return (
    before.general.default_timezone !== after.general.default_timezone ||
    before.general.rounding_decimals !== after.general.rounding_decimals ||
    before.rals.fallback_depth !== after.rals.fallback_depth ||
    before.rals.rp_subject_prefix_matching !== after.rals.rp_subject_prefix_matching
  )
}
