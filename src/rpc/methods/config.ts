import { ConfigRefused } from '../../config/config-error.ts'
import { escapeHtml } from '../json/go-text.ts'
import { type Method, method, OK } from '../method.ts'
import { RpcError } from '../rpc-error.ts'
import { any, boolean, map, struct, text } from '../shape.ts'

/** What the methods of the configuration ask of the engine. Refusals carry the text that clients read. */
export interface ConfigServices {
  readonly config: {
    show(section: string): Record<string, unknown>
    showJson(section: string): string
    set(sections: Record<string, unknown>, dryRun: boolean): Promise<readonly string[]>
    setFromJson(text: string, dryRun: boolean): Promise<readonly string[]>
    reload(path: string, section: string, dryRun: boolean): Promise<readonly string[]>
  }
}

const sectionShape = struct('config.SectionWithAPIOpts', { Tenant: text, APIOpts: map(any), Section: text })
const common = { Tenant: text, APIOpts: map(any) }

/** The configuration in force. Reference 01, 6.1. */
export function configMethods(services: ConfigServices): Method[] {
  return [
    method('ConfigSv1.GetConfig', {
      summary: 'A section of the configuration, or all but janus_agent. Errors: Invalid section.',
      params: sectionShape,
      reply: map(any),
      run: ({ Section }) => plainly(() => services.config.show(Section)),
    }),
    method('ConfigSv1.GetConfigAsJSON', {
      summary: 'The same as a JSON text, its keys sorted. Errors: Invalid section.',
      params: sectionShape,
      reply: text,
      run: ({ Section }) => plainly(() => escapeHtml(services.config.showJson(Section))),
    }),
    method('ConfigSv1.SetConfig', {
      summary: 'Merges sections over the configuration in force. Errors: Invalid section: <X>, what refuses them.',
      params: struct('config.SetConfigArgs', { ...common, Config: map(any), DryRun: boolean }),
      reply: OK,
      run: ({ Config, DryRun }) => done(() => services.config.set(Config, DryRun)),
    }),
    method('ConfigSv1.SetConfigFromJSON', {
      summary: 'The same from a text in the dialect of configuration files. Errors: what refuses it.',
      params: struct('config.SetConfigFromJSONArgs', { ...common, Config: text, DryRun: boolean }),
      reply: OK,
      run: ({ Config, DryRun }) => done(() => services.config.setFromJson(Config, DryRun)),
    }),
    method('ConfigSv1.ReloadConfig', {
      summary:
        'Merges a folder or URLs over the configuration in force. Errors: MANDATORY_IE_MISSING: [Path], Invalid section: <X>, what refuses them.',
      params: struct('config.ReloadArgs', { ...common, Path: text, Section: text, DryRun: boolean }),
      reply: OK,
      run: ({ Path, Section, DryRun }) => done(() => services.config.reload(Path, Section, DryRun)),
    }),
  ]
}

/** change: gives the keys that wait for the next start, which the reply then tells. */
async function done(change: () => Promise<readonly string[]>): Promise<string> {
  try {
    const waiting = await change()
    return waiting.length === 0 ? 'OK' : `OK, but for the next start: ${waiting.join(', ')}`
  } catch (cause) {
    throw asRpcError(cause)
  }
}

function plainly<T>(read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw asRpcError(cause)
  }
}

/** Refusals reach clients as they are. */
function asRpcError(cause: unknown): unknown {
  return cause instanceof ConfigRefused ? new RpcError(cause.message) : cause
}
