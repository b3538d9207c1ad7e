import type { LoadedConfig } from '../../config/load-config.ts'
import type { EventFields } from '../../core/event.ts'
import { type ZonedTime, zoneOf } from '../../core/time.ts'
import { type MappingSources, sharedCache } from '../mapping-sources.ts'
import { diameterDryRun } from './diameter-dry-run.ts'
import { DryRunError } from './dry-run-error.ts'
import { exporterDryRun } from './exporter-dry-run.ts'
import { httpDryRun } from './http-dry-run.ts'
import { radiusDryRun } from './radius-dry-run.ts'
import { recordDryRun } from './record-dry-run.ts'
import { RECORD_SOURCES } from './record-sources.ts'

export type DryRunRequest = {
  loaded: LoadedConfig
  /** Folder of the package. */
  root: string
  /** The file of messages, and how it is called. */
  bytes: Buffer
  file: string
  /** Which of several agents or readers; empty: none is named. */
  name: string
  /** What the API answers: `*cgrep` of every call. Undefined: replies are not built. */
  reply: EventFields | undefined
  /** Stored filters, destinations and timings. */
  sources: MappingSources
  /** The time of the messages. */
  now: ZonedTime
  /** Runs what asks web servers, as often as it takes; without any, once. */
  evaluate: <R>(work: () => R) => R | Promise<Awaited<R>>
}

/** Maps the messages of a file and tells, line by line, what each step does. Throws TollgateError for a file that is not its. */
type DryRun = (request: DryRunRequest) => readonly string[] | Promise<readonly string[]>

/** Agents that messages can be mapped for, and readers by the kind of their records. One that is new adds itself here. */
const AGENTS: Readonly<Record<string, DryRun>> = {
  diameter: diameterDryRun,
  radius: radiusDryRun,
  http: httpDryRun,
  ...Object.fromEntries(Object.keys(RECORD_SOURCES).map((kind) => [kind, recordDryRun(kind)])),
}

/** Agents that come later, and the messages that they will take. */
const LATER: Readonly<Record<string, string>> = { dns: 'DNS queries', sip: 'SIP messages' }

/** Nothing stored: a stored filter is not there, and neither is a destination or a timing. */
const NOTHING_STORED: Omit<MappingSources, 'cache'> = {
  filter: () => undefined,
  destination: () => undefined,
  timing: () => undefined,
  isPrefix: () => false,
}

/**
 * Maps a file of messages as an agent would; nothing is called, opened or written. agent: `diameter`, `radius`, `http`, or a reader's `csv`, `fwv`,
 * `xml`, `json` or `sql`, with `:id` for one of several. Rejects with DryRunError, ConfigError, TemplateError.
 */
export async function dryRun(agent: string, bytes: Buffer, request: Given): Promise<readonly string[]> {
  const [kind = '', ...id] = agent.split(':')
  const run = Object.hasOwn(AGENTS, kind) ? AGENTS[kind] : undefined
  const given = whole(request, bytes, id.join(':'))
  if (run !== undefined) return given.evaluate(() => run(given))
  const known = Object.keys(AGENTS).join(', ')
  const later = Object.hasOwn(LATER, kind) ? LATER[kind] : undefined
  if (later !== undefined) throw new DryRunError(`this version has no agent for ${later} yet; it has: ${known}`)
  throw new DryRunError(`agent ${JSON.stringify(agent)}: expected one of: ${known}`)
}

/** Writes a file of events as an exporter would; nothing leaves. Rejects with DryRunError, TemplateError. */
export async function dryRunExporter(
  id: string,
  bytes: Buffer,
  request: Omit<Given, 'reply'>,
): Promise<readonly string[]> {
  return exporterDryRun(whole({ reply: undefined, ...request }, bytes, id))
}

type Given = Pick<DryRunRequest, 'loaded' | 'root' | 'reply'> &
  Partial<Pick<DryRunRequest, 'sources' | 'file' | 'evaluate'>>

function whole(request: Given, bytes: Buffer, name: string): DryRunRequest {
  const { config } = request.loaded
  const now = { ns: BigInt(Date.now()) * 1_000_000n, zone: zoneOf(config.general.default_timezone) }
  const sources = { ...NOTHING_STORED, cache: sharedCache(config.caches.partitions['*uch']) }
  return { sources, file: '', evaluate: atOnce, ...request, bytes, name, now }
}

function atOnce<R>(work: () => R): R {
  return work()
}
