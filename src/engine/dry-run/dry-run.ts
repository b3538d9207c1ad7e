import type { LoadedConfig } from '../../config/load-config.ts'
import { TollgateError } from '../../core/errors.ts'
import type { EventFields } from '../../core/event.ts'
import { type ZonedTime, zoneOf } from '../../core/time.ts'
import type { FilterSources } from '../../filters/filter-compiler.ts'
import { diameterDryRun } from './diameter-dry-run.ts'
import { inputOf, type MessageInput } from './input.ts'
import { radiusDryRun } from './radius-dry-run.ts'

/** A dry run that cannot be: an agent or a kind of message that there is not. */
export class DryRunError extends TollgateError {
  constructor(message: string) {
    super('DRY_RUN', message)
  }
}

export type DryRunRequest = {
  loaded: LoadedConfig
  /** Folder of the package. */
  root: string
  input: MessageInput
  /** What the API answers: `*cgrep` of every call. Undefined: replies are not built. */
  reply: EventFields | undefined
  /** Stored filters, destinations and timings. */
  sources: FilterSources
  /** The time of the messages. */
  now: ZonedTime
}

/** Nothing stored: a stored filter is not there, and neither is a destination or a timing. */
const NOTHING_STORED: FilterSources = {
  filter: () => undefined,
  destination: () => undefined,
  timing: () => undefined,
}

/** Maps the messages of the input and tells, line by line, what each step does. Throws TollgateError for an input that is not its. */
export type DryRun = (request: DryRunRequest) => readonly string[]

/** Agents that messages can be mapped for. One that is new adds itself here. */
const AGENTS: Readonly<Record<string, DryRun>> = { diameter: diameterDryRun, radius: radiusDryRun }

/** Agents that come later, and the messages that they will take. */
const LATER: Readonly<Record<string, string>> = {
  http: 'HTTP requests',
  dns: 'DNS queries',
  sip: 'SIP messages',
  csv: 'CSV rows',
}

/** Maps a file of messages as an agent would; nothing is called, opened or written. Throws DryRunError, ConfigError, TemplateError. */
export function dryRun(
  agent: string,
  bytes: Buffer,
  request: Pick<DryRunRequest, 'loaded' | 'root' | 'reply'> & { sources?: FilterSources },
): readonly string[] {
  const run = Object.hasOwn(AGENTS, agent) ? AGENTS[agent] : undefined
  const now = { ns: BigInt(Date.now()) * 1_000_000n, zone: zoneOf(request.loaded.config.general.default_timezone) }
  if (run !== undefined) return run({ sources: NOTHING_STORED, ...request, input: inputOf(bytes), now })
  const known = Object.keys(AGENTS).join(', ')
  const later = Object.hasOwn(LATER, agent) ? LATER[agent] : undefined
  if (later !== undefined) throw new DryRunError(`this version has no agent for ${later} yet; it has: ${known}`)
  throw new DryRunError(`agent ${JSON.stringify(agent)}: expected one of: ${known}`)
}
