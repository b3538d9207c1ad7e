import type { LoadedConfig } from '../../config/load-config.ts'
import { TollgateError } from '../../core/errors.ts'
import type { EventFields } from '../../core/event.ts'
import { diameterDryRun } from './diameter-dry-run.ts'
import { inputOf, type MessageInput } from './input.ts'

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
}

/** Maps the messages of the input and tells, line by line, what each step does. Throws TollgateError for an input that is not its. */
export type DryRun = (request: DryRunRequest) => readonly string[]

/** Agents that messages can be mapped for. One that is new adds itself here. */
const AGENTS: Readonly<Record<string, DryRun>> = { diameter: diameterDryRun }

/** Agents that come later, and the messages that they will take. */
const LATER: Readonly<Record<string, string>> = {
  radius: 'RADIUS packets',
  http: 'HTTP requests',
  dns: 'DNS queries',
  sip: 'SIP messages',
  csv: 'CSV rows',
}

/** Maps a file of messages as an agent would; nothing is called, opened or written. Throws DryRunError, ConfigError, TemplateError. */
export function dryRun(agent: string, bytes: Buffer, request: Omit<DryRunRequest, 'input'>): readonly string[] {
  const run = Object.hasOwn(AGENTS, agent) ? AGENTS[agent] : undefined
  if (run !== undefined) return run({ ...request, input: inputOf(bytes) })
  const known = Object.keys(AGENTS).join(', ')
  const later = Object.hasOwn(LATER, agent) ? LATER[agent] : undefined
  if (later !== undefined) throw new DryRunError(`this version has no agent for ${later} yet; it has: ${known}`)
  throw new DryRunError(`agent ${JSON.stringify(agent)}: expected one of: ${known}`)
}
