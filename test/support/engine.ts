import { join } from 'node:path'
import type { Test } from 'tap'
import { loadConfig } from '../../src/config/load-config.ts'
import type { EventValue } from '../../src/core/event.ts'
import { eventJson } from '../../src/core/event-values.ts'
import { Engine, type EngineOptions } from '../../src/engine/engine.ts'
import { errorText, NOBODY } from '../../src/rpc/method.ts'
import { buildRegistry } from '../../src/rpc/methods/all.ts'
import { ROOT, sampleFolder } from './gateway.ts'

export const DEFAULTS = {
  tenant: 'cgrates.org',
  category: 'call',
  timeZone: 'UTC',
  roundingDecimals: 5,
  nodeId: '',
  version: '',
}

/** An engine on the sample configuration; nothing listens. folder: of an engine before it, to open its store again. */
export async function engineOf(t: Test, folder = sampleFolder(t), log: EngineOptions['log'] = () => undefined) {
  const cwd = process.cwd()
  process.chdir(folder)
  const engine = new Engine({
    loaded: await loadConfig(join(folder, 'config'), {}, join(ROOT, 'config/tollgate.json')),
    root: ROOT,
    log,
  })
  process.chdir(cwd)
  await engine.openTariff()
  const registry = buildRegistry(engine, DEFAULTS, () => true)
  const call = async (name: string, argument: object): Promise<string> => {
    try {
      return eventJson((await registry.call(name, [argument], NOBODY)) as EventValue)
    } catch (cause) {
      return errorText(cause)
    }
  }
  return { engine, folder, call }
}
