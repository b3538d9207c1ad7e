import { join, resolve } from 'node:path'
import { loadConfig, loadDefaults } from '../config/load-config.ts'
import { StoreInUse, TollgateError } from '../core/errors.ts'
import { packageRoot } from '../engine/package-root.ts'
import { serverPlans } from '../engine/stor-db.ts'
import { NetworkError } from '../rpc/client/errors.ts'
import { hostDefaults } from '../rpc/client/settings.ts'
import type { PlanStore } from '../store/plan-store.ts'
import { SqlitePlanStore } from '../store/sqlite/sqlite-plan-store.ts'
import { importChanges, importLoadId, type PlanRows, readPlanFolder } from '../tariffs/plan-files.ts'
import { PLAN_TABLES } from '../tariffs/plan-tables.ts'
import type { LoadOptions, LoadReport } from './load.ts'
import { type StorDbKeys, withStorDb } from './open-engine.ts'
import { connectTo } from './single-host.ts'

/** A plan of stor_db that a folder goes into, or that is loaded instead of one. */
export type PlanOptions = {
  direction: 'to' | 'from'
  planId: string
  /** Names the import; its rating profiles and accounts carry it. */
  importId: string
  /** Nothing else is in the plan afterwards. */
  isCleared: boolean
  /** Keys of `stor_db` instead of those of the configuration. */
  storDb: StorDbKeys | undefined
}

/** A load takes as long as the tariff is large. */
const LOAD_TIMEOUT_MS = 3_600_000

/**
 * Stores the plan that a folder holds: all of it, or nothing. A file of SQLite and a server take it from every process; a plan in memory is
 * that of the gateway. Throws TollgateError.
 */
export async function importPlan(options: LoadOptions, plan: PlanOptions): Promise<LoadReport> {
  const { path, dryRun } = options
  const read = readPlanFolder(path, importLoadId(plan.importId))
  const done = { verb: 'stored', counts: countsOf(read), gateway: undefined, notes: [] }
  if (dryRun) return { ...done, verb: 'checked' }
  const store = await planStoreOf(options, plan)
  if ('gateway' in store) return importByGateway(options, plan, store.gateway)
  try {
    await store.change(plan.planId, importChanges(read), plan.isCleared)
  } finally {
    await store.close()
  }
  return done
}

/** The store of the plans, or the gateway that has them in memory. */
async function planStoreOf(
  { configPath, gateway }: LoadOptions,
  { storDb }: PlanOptions,
): Promise<PlanStore | { gateway: string }> {
  if (configPath === undefined && storDb === undefined) return { gateway: gateway ?? '127.0.0.1:2012' }
  const defaults = join(packageRoot(), 'config', 'tollgate.json')
  const configured = configPath === undefined ? loadDefaults(defaults) : loadConfig(configPath, process.env, defaults)
  const loaded = withStorDb(await configured, storDb ?? {})
  const { config } = loaded
  const onServer = serverPlans(loaded, () => undefined)
  if (onServer !== undefined) return onServer
  if (config.stor_db.db_type === '*sqlite')
    return new SqlitePlanStore(resolve(config.stor_db.opts.sqlitePath), Object.values(PLAN_TABLES))
  const address = gateway ?? config.listen.rpc_json
  if (address === '')
    throw new StoreInUse(
      'the plans are in the memory of the gateway ("db_type": "*internal"), and its listen.rpc_json is closed',
    )
  return { gateway: address }
}

/** The folder can be read, or the plan would not be cleared. */
async function importByGateway(
  { path, callOptions }: LoadOptions,
  { planId, importId, isCleared }: PlanOptions,
  address: string,
): Promise<LoadReport> {
  const argument = { TPid: planId, FolderPath: resolve(path), RunId: importId, ...callOptions }
  await callGateway(address, [
    ...(isCleared ? [['APIerSv1.RemTP', { TPid: planId }] as const] : []),
    ['APIerSv1.ImportTariffPlanFromFolder', argument],
  ])
  return { verb: 'stored', counts: undefined, gateway: address, notes: [] }
}

/** Makes calls one after the other. Rejects with what refuses one, and with NetworkError. */
export async function callGateway(
  address: string,
  calls: readonly (readonly [method: string, argument: object])[],
): Promise<void> {
  const host = connectTo({ ...hostDefaults(address), replyTimeoutMs: LOAD_TIMEOUT_MS })
  try {
    for (const [method, argument] of calls) await host.call(method, argument)
  } catch (cause) {
    if (cause instanceof NetworkError || !(cause instanceof TollgateError)) throw cause
    throw new TollgateError('LOAD_ERROR', `the gateway at ${address}: ${cause.message}`)
  } finally {
    host.close()
  }
}

/** Objects by file. */
function countsOf(plan: PlanRows): Record<string, number> {
  return Object.fromEntries(importChanges(plan).map(({ removed }, at) => [[...plan.keys()][at] ?? '', removed.length]))
}
