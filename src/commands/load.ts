import { resolve } from 'node:path'
import { StoreInUse, TollgateError } from '../core/errors.ts'
import { NetworkError } from '../rpc/client/errors.ts'
import { hostDefaults } from '../rpc/client/settings.ts'
import { openEngine } from './open-engine.ts'
import { connectTo } from './single-host.ts'

export type LoadOptions = {
  /** Undefined: only a gateway that runs can be loaded into. */
  configPath?: string
  path: string
  /** Check the folder, change nothing. */
  dryRun?: boolean
  /** Remove what the folder names. */
  remove?: boolean
  /** `host:port` of the gateway that may own the store; undefined: listen.rpc_json of the configuration. */
  gateway?: string
  /** What a gateway is told besides: Caching, APIOpts. */
  callOptions?: Record<string, unknown>
}

/** What was done: objects by file, undefined when a gateway did it; lines for who loads. */
export type LoadReport = {
  verb: string
  counts: Record<string, number> | undefined
  gateway: string | undefined
  notes: readonly string[]
}

/** A load takes as long as the tariff is large. */
const LOAD_TIMEOUT_MS = 3_600_000

/** Loads a tariff folder and prints what was loaded. */
export async function load(options: LoadOptions): Promise<void> {
  const report = await loadTariff(options)
  for (const note of report.notes) process.stderr.write(`${note}\n`)
  process.stdout.write(`${describeLoad(report, options.path)}\n`)
}

/** One line of what was done with a folder. */
export function describeLoad({ verb, counts, gateway }: LoadReport, path: string): string {
  const what = counts === undefined ? path : describeCounts(counts) || 'nothing'
  return `${verb} ${what}${gateway === undefined ? '' : ` by the gateway at ${gateway}`}`
}

/**
 * Loads, checks or removes a tariff folder: all of it, or nothing. It goes into the store of the configuration; when a gateway that
 * runs owns that store, the gateway does it. Throws TollgateError. Reference 01, 10.3.
 */
export async function loadTariff(options: LoadOptions): Promise<LoadReport> {
  const { configPath, gateway } = options
  if (configPath === undefined) return loadByGateway(options, gateway ?? '127.0.0.1:2012')
  try {
    return await loadIntoStore(options, configPath)
  } catch (cause) {
    if (!(cause instanceof StoreInUse)) throw cause
    const { loaded } = await inMemory(configPath)
    const address = gateway ?? loaded.config.listen.rpc_json
    if (address === '') throw new StoreInUse(`${cause.message}, and its listen.rpc_json is closed`)
    try {
      return await loadByGateway(options, address)
    } catch (failure) {
      if (!(failure instanceof NetworkError)) throw failure
      throw new StoreInUse(`${cause.message}, and it does not answer at ${address}: ${failure.message}`)
    }
  }
}

async function inMemory(configPath: string) {
  const opened = await openEngine(configPath, {}, { inMemory: true })
  await opened.engine.close()
  return opened
}

async function loadIntoStore({ path, dryRun, remove }: LoadOptions, configPath: string): Promise<LoadReport> {
  const { engine, loaded } = await openEngine(configPath)
  try {
    if (loaded.config.data_db.db_type === '*internal')
      throw new StoreInUse('the data is in the memory of the gateway ("db_type": "*internal")')
    await engine.openTariff()
    if (remove && dryRun) return { verb: 'checked', counts: {}, gateway: undefined, notes: [] }
    if (remove)
      return { verb: 'removed', counts: (await engine.tariff.remove(path)).counts, gateway: undefined, notes: [] }
    const { ignored, warnings, counts } = dryRun
      ? engine.tariff.check(path)
      : { ...(await engine.tariff.load(path)), counts: engine.tariff.counts() }
    const notes = [...ignored.map((file) => `not loaded, this version does not have it: ${file}`), ...warnings]
    return { verb: dryRun ? 'checked' : 'loaded', counts, gateway: undefined, notes }
  } finally {
    await engine.close()
  }
}

async function loadByGateway({ path, dryRun, remove, callOptions }: LoadOptions, address: string): Promise<LoadReport> {
  const host = connectTo({ ...hostDefaults(address), replyTimeoutMs: LOAD_TIMEOUT_MS })
  const method = remove ? 'APIerSv1.RemoveTPFromFolder' : 'APIerSv1.LoadTariffPlanFromFolder'
  try {
    await host.call(method, { FolderPath: resolve(path), DryRun: dryRun ?? false, ...callOptions })
  } catch (cause) {
    if (cause instanceof NetworkError || !(cause instanceof TollgateError)) throw cause
    throw new TollgateError('LOAD_ERROR', `the gateway at ${address}: ${cause.message}`)
  } finally {
    host.close()
  }
  return { verb: dryRun ? 'checked' : remove ? 'removed' : 'loaded', counts: undefined, gateway: address, notes: [] }
}

export function describeCounts(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([file, count]) => `${count} ${file}`)
    .join(', ')
}
