import { resolve } from 'node:path'
import { StoreInUse, TollgateError } from '../core/errors.ts'
import { NetworkError } from '../rpc/client/errors.ts'
import { callGateway, importPlan, type PlanOptions } from './load-plan.ts'
import { openEngine, type StorDbKeys } from './open-engine.ts'

export type LoadOptions = {
  /** Undefined: only a gateway that runs can be loaded into. */
  configPath?: string
  /** A tariff folder; '' when the tariff is that of a plan. */
  path: string
  /** Check the tariff, change nothing. */
  dryRun?: boolean
  /** Remove what the tariff names. */
  remove?: boolean
  /** From a folder into a plan, or from a plan instead of a folder. */
  plan?: PlanOptions
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

/** What `tollgate load` is told. */
export type LoadFlags = {
  configPath: string
  path?: string
  dryRun?: boolean
  remove?: boolean
  toStordb?: boolean
  fromStordb?: boolean
  flushStordb?: boolean
  tpid?: string
  importId?: string
}

/** Loads a tariff folder, stores it as a plan or loads a plan, and prints what was done. */
export async function load(flags: LoadFlags): Promise<void> {
  const { toStordb, fromStordb, flushStordb, tpid = '', importId = '', path = '', ...rest } = flags
  const plan = planOptions({ isImport: toStordb, isSource: fromStordb, isCleared: flushStordb, planId: tpid, importId })
  if (path === '' && plan?.direction !== 'from')
    throw new TollgateError('LOAD_ERROR', 'a tariff folder is required: --path')
  const options = { ...rest, path, ...(plan === undefined ? {} : { plan }) }
  const report = await loadTariff(options)
  for (const note of report.notes) process.stderr.write(`${note}\n`)
  process.stdout.write(`${describeLoad(report, path || tpid)}\n`)
}

/** What flags say of plans; undefined: nothing. Throws TollgateError. Reference 01, 10.3. */
export function planOptions(flags: {
  isImport: boolean | undefined
  isSource: boolean | undefined
  isCleared: boolean | undefined
  planId: string
  importId: string
  storDb?: StorDbKeys | undefined
}): PlanOptions | undefined {
  const { isImport = false, isSource = false, isCleared = false, planId, importId, storDb } = flags
  if (!isImport && !isSource) {
    if (!isCleared) return undefined
    throw new TollgateError('LOAD_ERROR', 'a plan is only cleared before an import into it (to_stordb)')
  }
  if (isImport && isSource)
    throw new TollgateError('LOAD_ERROR', 'either into stor_db (to_stordb) or from it (from_stordb), not both')
  if (planId === '') throw new TollgateError('LOAD_ERROR', 'TPid required')
  return { direction: isImport ? 'to' : 'from', planId, importId, isCleared, storDb }
}

/** One line of what was done with a folder or a plan. */
export function describeLoad({ verb, counts, gateway }: LoadReport, path: string): string {
  const what = counts === undefined ? path : describeCounts(counts) || 'nothing'
  return `${verb} ${what}${gateway === undefined ? '' : ` by the gateway at ${gateway}`}`
}

/**
 * Loads, checks or removes a tariff, or stores it as a plan: all of it, or nothing. It goes into the stores of the configuration; when
 * a gateway that runs owns them, the gateway does it. Throws TollgateError. Reference 01, 10.3.
 */
export async function loadTariff(options: LoadOptions): Promise<LoadReport> {
  const { configPath, gateway, plan } = options
  if (plan?.direction === 'to') return importPlan(options, plan)
  if (configPath === undefined) return loadByGateway(options, gateway ?? '127.0.0.1:2012')
  try {
    return await loadIntoStore(options, configPath)
  } catch (cause) {
    if (!(cause instanceof StoreInUse) || plan?.storDb !== undefined) throw cause
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

async function loadIntoStore({ path, dryRun, remove, plan }: LoadOptions, configPath: string): Promise<LoadReport> {
  const storDb = plan?.storDb
  const { engine, loaded } = await openEngine(configPath, {}, storDb === undefined ? {} : { storDb })
  try {
    if (loaded.config.data_db.db_type === '*internal')
      throw new StoreInUse('the data is in the memory of the gateway ("db_type": "*internal")')
    if (plan !== undefined && loaded.config.stor_db.db_type === '*internal')
      throw new StoreInUse('the plans are in the memory of the gateway ("db_type": "*internal")')
    await engine.openTariff()
    if (remove && dryRun) return { verb: 'checked', counts: {}, gateway: undefined, notes: [] }
    const origin = plan === undefined ? path : await engine.plans.tariff(plan.planId)
    if (remove)
      return { verb: 'removed', counts: (await engine.tariff.remove(origin)).counts, gateway: undefined, notes: [] }
    const { ignored, counts } = dryRun
      ? engine.tariff.check(origin)
      : { ...(await engine.tariff.load(origin)), counts: engine.tariff.counts() }
    const notes = ignored.map((file) => `not loaded, this version does not have it: ${file}`)
    return { verb: dryRun ? 'checked' : 'loaded', counts, gateway: undefined, notes }
  } finally {
    await engine.close()
  }
}

async function loadByGateway(options: LoadOptions, address: string): Promise<LoadReport> {
  const { path, dryRun = false, remove = false, plan, callOptions } = options
  const [called, named] =
    plan === undefined
      ? [remove ? 'RemoveTPFromFolder' : 'LoadTariffPlanFromFolder', { FolderPath: resolve(path) }]
      : [remove ? 'RemoveTPFromStorDB' : 'LoadTariffPlanFromStorDb', { TPid: plan.planId }]
  await callGateway(address, [[`APIerSv1.${called}`, { ...named, DryRun: dryRun, ...callOptions }]])
  return { verb: dryRun ? 'checked' : remove ? 'removed' : 'loaded', counts: undefined, gateway: address, notes: [] }
}

export function describeCounts(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([file, count]) => `${count} ${file}`)
    .join(', ')
}
