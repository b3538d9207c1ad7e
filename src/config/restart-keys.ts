import type { Json } from './merge.ts'

/** Keys that are read once, when the process starts: a section, or a key of one. Reference 01, 6.2. */
const READ_AT_START: readonly string[] = [
  'access.idle_timeout',
  'access.max_connections',
  'access.max_pending',
  'access.max_request',
  'access.read_timeout',
  'caches.partitions',
  'configs.enabled',
  'configs.url',
  'cores',
  'data_db',
  'diameter_agent.duplicate_ttl',
  'general.durability',
  'general.logger',
  'general.rsr_separator',
  'http',
  'http_agent',
  'listen',
  'sessions.session_indexes',
  'stor_db',
  'tls',
]

/** CGRateS has them at the next start too. Reference 01, 6.2. */
const EVERYWHERE: ReadonlySet<string> = new Set(['caches.partitions', 'cores', 'http', 'http_agent', 'listen', 'tls'])

/** Whether clients of CGRateS know that a key takes effect at the next start. */
export function isForNextStartEverywhere(key: string): boolean {
  return EVERYWHERE.has(key)
}

/** The keys of a change that take effect at the next start only. */
export function keysForNextStart(before: Readonly<Json>, after: Readonly<Json>): string[] {
  return READ_AT_START.filter((path) => {
    const [section = '', key] = path.split('.')
    const [held, changed] = [before[section], after[section]].map((values) =>
      key === undefined ? values : (values as Json | undefined)?.[key],
    )
    return JSON.stringify(held) !== JSON.stringify(changed)
  })
}
