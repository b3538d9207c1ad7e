import { ConfigError } from '../config/config-error.ts'
import type { LoadedConfig } from '../config/load-config.ts'
import { zoneOf } from '../core/time.ts'

const BUILT_IN_CONNECTIONS = new Set(['*internal', '*localhost', '*birpc_internal', '*bijson_localhost'])

/** Checks what one section asks of another. Throws ConfigError with the first problem. Reference 01, 5. */
export function checkConfig({ config, placeOf }: LoadedConfig): void {
  const fail = (key: string, problem: string): never => {
    throw new ConfigError([{ place: placeOf(key), key, problem }])
  }
  const { cdrs, chargers, diameter_agent, ees, general, rals, sessions } = config
  try {
    zoneOf(general.default_timezone)
  } catch (cause) {
    fail(
      'general.default_timezone',
      `${String(cause instanceof Error ? cause.message : cause)}, expected UTC or a name such as Europe/Berlin`,
    )
  }
  const uses: readonly {
    component: string
    enabled: boolean
    conns: readonly { key: string; ids: readonly string[]; target: string; isOn: boolean }[]
  }[] = [
    {
      component: 'SessionS',
      enabled: sessions.enabled,
      conns: [
        { key: 'sessions.chargers_conns', ids: sessions.chargers_conns, target: 'ChargerS', isOn: chargers.enabled },
        { key: 'sessions.rals_conns', ids: sessions.rals_conns, target: 'RALs', isOn: rals.enabled },
        { key: 'sessions.cdrs_conns', ids: sessions.cdrs_conns, target: 'CDRs', isOn: cdrs.enabled },
      ],
    },
    {
      component: 'CDRs',
      enabled: cdrs.enabled,
      conns: [{ key: 'cdrs.ees_conns', ids: cdrs.ees_conns, target: 'EEs', isOn: ees.enabled }],
    },
    {
      component: 'DiameterAgent',
      enabled: diameter_agent.enabled,
      conns: [
        {
          key: 'diameter_agent.sessions_conns',
          ids: diameter_agent.sessions_conns,
          target: 'SessionS',
          isOn: sessions.enabled,
        },
      ],
    },
  ]
  if (diameter_agent.enabled && diameter_agent.sessions_conns.length === 0)
    fail('diameter_agent.sessions_conns', '<DiameterAgent> no SessionS connections defined')
  for (const { component, enabled, conns } of uses) {
    if (!enabled) continue
    for (const { key, ids, target, isOn } of conns) {
      for (const id of ids) {
        if (!BUILT_IN_CONNECTIONS.has(id)) {
          const known = [...BUILT_IN_CONNECTIONS].join(', ')
          fail(key, `<${component}> connection with id: <${id}> not defined, expected one of ${known}`)
        }
        if (!isOn) fail(key, `<${target}> not enabled but requested by <${component}> component`)
      }
    }
  }
  const unknown = cdrs.online_cdr_exports.filter((id) => ees.exporters.every((exporter) => exporter.id !== id))
  if (unknown.length > 0)
    fail('cdrs.online_cdr_exports', `<CDRs> cannot find exporters with IDs: <${unknown.join(', ')}>`)
}
