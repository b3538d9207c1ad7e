import { join, resolve } from 'node:path'
import { loadConfig } from '../config/load-config.ts'
import { StoreInUse, TollgateError } from '../core/errors.ts'
import { packageRoot } from '../engine/package-root.ts'
import { NetworkError } from '../rpc/client/errors.ts'
import { hostDefaults } from '../rpc/client/settings.ts'
import { SqlitePlanStore } from '../store/sqlite/sqlite-plan-store.ts'
import { importChanges, importLoadId, type PlanRows, readPlanFolder } from '../tariffs/plan-files.ts'
import { PLAN_TABLES } from '../tariffs/plan-tables.ts'
import type { LoadOptions, LoadReport } from './load.ts'
import { connectTo } from './single-host.ts'

/** A plan of stor_db that a folder goes into, or that is loaded instead of one. */
export type PlanOptions = {
  direction: 'to' | 'from'
  planId: string
  /** Names the import; its rating profiles and accounts carry it. */
  importId: string
  /** Nothing else is in the plan afterwards. */
  isCleared: boolean
  /** A file of SQLite instead of that of the configuration. */
  storDb: string | undefined
}

/** A load takes as long as the tariff is large. */
const LOAD_TIMEOUT_MS = 3_600_000

/**
 * Stores the plan that a folder holds: all of it, or nothing. A file of SQLite takes it from every process; a plan in memory is that of
 * the gateway. Throws TollgateError.
 */
export async function importPlan(options: LoadOptions, plan: PlanOptions): Promise<LoadReport> {
  const { path, dryRun } = options
  const read = readPlanFolder(path, importLoadId(plan.importId))
  const done = { verb: 'stored', counts: countsOf(read), gateway: undefined, notes: [] }
  if (dryRun) return { ...done, verb: 'checked' }
  const stored = await planStoreOf(options, plan)
  if (stored.path === undefined) return importByGateway(options, plan, stored.gateway)
  const store = new SqlitePlanStore(stored.path, Object.values(PLAN_TABLES))
  try {
    await store.change(plan.planId, importChanges(read), plan.isCleared)
  } finally {
    await store.close()
  }
  return done
}

/** The file of the plans, or the gateway that has them in memory. */
async function planStoreOf(
  { configPath, gateway }: LoadOptions,
  { storDb }: PlanOptions,
): Promise<{ path: string } | { path: undefined; gateway: string }> {
  if (storDb !== undefined) return { path: resolve(storDb) }
  if (configPath === undefined) return { path: undefined, gateway: gateway ?? '127.0.0.1:2012' }
  const { config } = await loadConfig(configPath, process.env, join(packageRoot(), 'config', 'tollgate.json'))
  if (config.stor_db.db_type !== '*internal') return { path: resolve(config.stor_db.opts.sqlitePath) }
  const address = gateway ?? config.listen.rpc_json
  if (address === '')
    throw new StoreInUse(
      'the plans are in the memory of the gateway ("db_type": "*internal"), and its listen.rpc_json is closed',
    )
  return { path: undefined, gateway: address }
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
