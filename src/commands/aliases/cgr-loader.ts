import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { loadConfig } from '../../config/load-config.ts'
import type { Config } from '../../config/schema.ts'
import { parseDuration } from '../../core/duration.ts'
import { TollgateError } from '../../core/errors.ts'
import { packageRoot } from '../../engine/package-root.ts'
import { poolSettings } from '../../rpc/client/pool-settings.ts'
import type { PoolSettings } from '../../rpc/client/settings.ts'
import { readTariffFolder } from '../../tariffs/tariff-rows.ts'
import type { LoadReport } from '../load.ts'
import type { StorDbKeys } from '../open-engine.ts'
import { connectToAny } from '../single-host.ts'
import { openTariffSource, type TariffSource } from '../tariff-source.ts'
import { type Alias, tellWithoutEffect } from './aliases.ts'
import { booleanFlag, durationFlag, type Parsed, textFlag } from './go-flags.ts'

/** Of the database of tariff plans. */
const storDbFlags = {
  stordb_host: textFlag('', 'The storDb host to connect to.'),
  stordb_name: textFlag('', 'The name/number of the storDb to connect to.'),
  stordb_passwd: textFlag('', "The storDb user's password."),
  stordb_port: textFlag('', 'The storDb port to bind to.'),
  stordb_type: textFlag('', 'The type of the storDb database.'),
  stordb_user: textFlag('', 'The storDb user to sign in as.'),
} as const

/** Of the databases of CGRateS: this version has its own store. */
const databaseFlags = {
  datadb_host: textFlag('', 'The DataDb host to connect to.'),
  datadb_name: textFlag('', 'The name/number of the DataDb to connect to.'),
  datadb_passwd: textFlag('', "The DataDb user's password."),
  datadb_port: textFlag('', 'The DataDb port to bind to.'),
  datadb_type: textFlag('', 'The type of the DataDB database.'),
  datadb_user: textFlag('', 'The DataDb user to sign in as.'),
  dbdata_encoding: textFlag('', 'The encoding used to store object data in strings.'),
  mongoConnScheme: textFlag('', 'Scheme for MongoDB connection.'),
  mongoQueryTimeout: textFlag('', 'The timeout for queries.'),
  redisCACertificate: textFlag('', 'Path to the CA certificate.'),
  redisClientCertificate: textFlag('', 'Path to the client certificate.'),
  redisClientKey: textFlag('', 'Path to the client key.'),
  redisCluster: booleanFlag('Is the redis datadb a cluster.'),
  redisClusterOndownDelay: textFlag('', 'The delay before executing commands if the cluster is down.'),
  redisClusterSync: textFlag('', 'The sync interval for the redis cluster.'),
  redisConnectAttempts: textFlag('', 'The maximum amount of dial attempts.'),
  redisConnectTimeout: textFlag('', 'The amount of wait time until timeout for a connection attempt.'),
  redisMaxConns: textFlag('', 'The connection pool size.'),
  redisPoolPipelineLimit: textFlag('', 'Maximum number of commands that can be pipelined.'),
  redisPoolPipelineWindow: textFlag('', 'Duration after which internal pipelines are flushed.'),
  redisSentinel: textFlag('', 'The name of redis sentinel.'),
  redisTLS: booleanFlag('Enable TLS when connecting to Redis.'),
} as const

const flags = {
  ...databaseFlags,
  ...storDbFlags,
  api_key: textFlag('', 'Api Key used to comosed ArgDispatcher'),
  caches_address: textFlag(
    '*localhost',
    'CacheS component to contact for cache reloads, empty to disable automatic cache reloads',
  ),
  caching: textFlag('', 'Caching strategy used when loading TP: *none, *load, *remove, *reload, *clear'),
  caching_delay: durationFlag('0s', 'Adds delay before cache reload'),
  config_path: textFlag('', 'Configuration directory path.'),
  disable_reverse_mappings: booleanFlag('Will disable reverse mappings rebuilding'),
  dry_run: booleanFlag('When true will not save loaded data to dataDb but just parse it for consistency and errors.'),
  field_sep: textFlag(',', 'Separator for csv file (by default "," is used)'),
  flush_stordb: booleanFlag('Remove tariff plan data for id from the database'),
  from_stordb: booleanFlag('Load the tariff plan from storDb to dataDb'),
  import_id: textFlag('', 'Uniquely identify an import/load, postpended to some automatic fields'),
  path: textFlag('./', 'The path to folder containing the data files'),
  print_config: booleanFlag('Print configuration object in JSON format'),
  remove: booleanFlag('Will remove instead of adding data from DB'),
  route_id: textFlag('', 'RouteID used to comosed ArgDispatcher'),
  rpc_encoding: textFlag('*json', 'RPC encoding used <*gob|*json>'),
  scheduler_address: textFlag(
    '*localhost',
    'SchedulerS component to contact for scheduler reloads, empty to disable automatic scheduler reloads',
  ),
  tenant: textFlag('cgrates.org', 'Tenant of the load'),
  timezone: textFlag('Local', 'Timezone for timestamps where not specified <""|UTC|$IANA_TZ_DB>'),
  to_stordb: booleanFlag('Import the tariff plan from files to storDb'),
  tpid: textFlag('', 'The tariff plan ID from the database'),
  verbose: booleanFlag('Enable detailed verbose logging output'),
  version: booleanFlag('Prints the application version.'),
} as const

const WITHOUT_EFFECT = [...Object.keys(databaseFlags), 'disable_reverse_mappings', 'print_config', 'tenant', 'timezone']

/** The tariff loader under the name and with the flags of cgr-loader: 1 on any error. Reference 01, 10.3. */
export const cgrLoader: Alias<typeof flags> = {
  flags,
  badFlag: 1,
  async run(line) {
    tellWithoutEffect(line.given, WITHOUT_EFFECT)
    try {
      await run(line)
      return 0
    } catch (cause) {
      if (!(cause instanceof TollgateError)) throw cause
      process.stderr.write(`${cause.message}\n`)
      return 1
    }
  },
}

const CACHE_METHODS: Readonly<Record<string, string>> = {
  '*load': 'CacheSv1.LoadCache',
  '*remove': 'CacheSv1.RemoveItems',
  '*reload': 'CacheSv1.ReloadCache',
  '*clear': 'CacheSv1.Clear',
}

async function run(line: Parsed<typeof flags>): Promise<void> {
  const { given } = line
  const config = await configOf(line.values.config_path)
  const values = withConfig(line.values, config?.loader)
  const { describeLoad, loadTariff, planOptions } = await import('../load.ts')
  const plan = planOptions({
    isImport: values.to_stordb,
    isSource: values.from_stordb,
    isCleared: values.flush_stordb,
    planId: values.tpid,
    importId: values.import_id,
    storDb: storDbOf(values),
  })
  const caching = values.caching
  if (caching !== '' && caching !== '*none' && CACHE_METHODS[caching] === undefined)
    throw new LoaderError(`-caching ${caching}: expected *none, *load, *remove, *reload or *clear`)
  const address = addressOf(values.caches_address) ?? ''
  const isAddress = /:\d+$/.test(address)
  const gateway = isAddress ? address : '127.0.0.1:2012'
  const isFolder = plan?.direction !== 'from'
  const source = isFolder ? await openTariffSource(values.path, values.field_sep.slice(0, 1)) : NO_SOURCE
  try {
    const report = await loadTariff({
      ...(values.config_path === '' ? {} : { configPath: values.config_path }),
      ...(values.config_path === '' || (isAddress && given.has('caches_address')) ? { gateway } : {}),
      path: source.folder,
      dryRun: values.dry_run,
      remove: values.remove,
      ...(plan === undefined ? {} : { plan }),
      callOptions: { Caching: caching === '' ? null : caching, APIOpts: apiOptions(values) },
    })
    for (const note of report.notes) process.stderr.write(`${note}\n`)
    if (values.verbose) process.stdout.write(`${describeLoad(report, isFolder ? values.path : values.tpid)}\n`)
    if (!values.dry_run && plan?.direction !== 'to')
      await reloadOthers({ values, given }, config, report, isFolder ? source.folder : undefined)
  } finally {
    source.remove()
  }
}

/** Of a plan there is no folder. */
const NO_SOURCE: TariffSource = { folder: '', remove: () => undefined }

/** Keys of `stor_db` that the flags say; undefined: none. Throws LoaderError. */
function storDbOf(values: Readonly<Record<keyof typeof storDbFlags, string>>): StorDbKeys | undefined {
  const { stordb_type, stordb_host, stordb_port, stordb_name, stordb_user, stordb_passwd } = values
  const type = stordb_type === '' ? undefined : STOR_DBS.find((each) => each === `*${stordb_type.replace(/^\*/, '')}`)
  if (stordb_type !== '' && type === undefined)
    throw new LoaderError(`-stordb_type ${stordb_type}: expected ${STOR_DBS.join(', ')}`)
  if (type === '*sqlite') return stordb_name === '' ? undefined : { db_type: type, sqlitePath: stordb_name }
  const port = Number(stordb_port || Number.NaN)
  if (stordb_port !== '' && !Number.isInteger(port))
    throw new LoaderError(`-stordb_port ${stordb_port}: expected a number`)
  const keys = {
    ...(type === undefined ? {} : { db_type: type, ...(stordb_port === '' ? { db_port: -1 } : {}) }),
    ...(stordb_host === '' ? {} : { db_host: stordb_host }),
    ...(stordb_port === '' ? {} : { db_port: port }),
    ...(stordb_name === '' ? {} : { db_name: stordb_name }),
    ...(stordb_user === '' ? {} : { db_user: stordb_user }),
    ...(stordb_passwd === '' ? {} : { db_password: stordb_passwd }),
  }
  return Object.keys(keys).length === 0 ? undefined : keys
}

const STOR_DBS = ['*sqlite', '*postgres', '*mysql'] as const

class LoaderError extends TollgateError {
  constructor(message: string) {
    super('LOADER_ERROR', message)
  }
}

function apiOptions({ api_key, route_id }: { api_key: string; route_id: string }): Record<string, string> {
  return { ...(api_key === '' ? {} : { '*apiKey': api_key }), ...(route_id === '' ? {} : { '*routeID': route_id }) }
}

/** `host:port` of an address flag; undefined when it says that nobody is to be called. */
function addressOf(flag: string): string | undefined {
  return flag === '' ? undefined : flag === '*localhost' ? '127.0.0.1:2012' : flag
}

/** A flag that has its default leaves the word to section `loader` of the configuration. Reference 01, 10.3. */
function withConfig<V extends { path: string; field_sep: string; tpid: string }>(
  values: V,
  loader: Config['loader'] | undefined,
): V {
  if (loader === undefined) return values
  return {
    ...values,
    path: values.path === flags.path.fallback ? loader.data_path : values.path,
    field_sep: values.field_sep === flags.field_sep.fallback ? loader.field_separator : values.field_sep,
    tpid: values.tpid || loader.tpid,
  }
}

/** The gateway of the configuration itself: it has loaded. */
const OWN: ReadonlySet<string> = new Set(['*localhost', '*internal'])

/** The first of the pools that section `loader` names that is another process; undefined: nobody. */
function otherOf(connIds: readonly string[] = []): string | undefined {
  return connIds.find((id) => !OWN.has(id))
}

/**
 * The gateway that loaded knows; another one that the flags or section `loader` name is told: after a plan was loaded, to read all
 * again.
 */
async function reloadOthers(
  { values, given }: Pick<Parsed<typeof flags>, 'values' | 'given'>,
  config: Config | undefined,
  { gateway }: LoadReport,
  folder: string | undefined,
): Promise<void> {
  const { caches_conns: cacheIds, scheduler_conns: schedulerIds } = config?.loader ?? {}
  const caches = given.has('caches_address') ? addressOf(values.caches_address) : otherOf(cacheIds)
  const scheduler = given.has('scheduler_address') ? addressOf(values.scheduler_address) : otherOf(schedulerIds)
  const wanted = CACHE_METHODS[values.caching || String(config?.general.default_caching ?? '*reload')]
  const method = wanted === undefined || folder !== undefined ? wanted : 'CacheSv1.Clear'
  const pools = config === undefined ? new Map<string, PoolSettings>() : poolSettings(config)
  if (caches !== undefined && caches !== gateway && method !== undefined) {
    await wait(Number(parseDuration(values.caching_delay) / 1_000_000n))
    const ids = folder === undefined || method === 'CacheSv1.Clear' ? { CacheIDs: null } : idsOf(folder)
    await call(caches, pools, method, { ...ids, Tenant: values.tenant, APIOpts: apiOptions(values) })
  }
  if (scheduler !== undefined && scheduler !== gateway)
    await call(scheduler, pools, 'SchedulerSv1.Reload', { Tenant: values.tenant, APIOpts: apiOptions(values) })
}

/** The configuration of a path, undefined for none: its pools may be named instead of addresses. */
async function configOf(path: string): Promise<Config | undefined> {
  if (path === '') return undefined
  return (await loadConfig(path, process.env, join(packageRoot(), 'config', 'tollgate.json'))).config
}

async function call(
  address: string,
  pools: ReadonlyMap<string, PoolSettings>,
  method: string,
  argument: object,
): Promise<void> {
  const host = connectToAny(address, pools)
  try {
    await host.call(method, argument)
  } finally {
    host.close()
  }
}

/** Arguments of the cache calls by tariff file. Reference 01, 9.4. */
const CACHE_ARGUMENTS: Readonly<Record<string, string>> = {
  ActionPlans: 'ActionPlanIDs',
  Actions: 'ActionIDs',
  Chargers: 'ChargerProfileIDs',
  Destinations: 'DestinationIDs',
  RatingPlans: 'RatingPlanIDs',
  RatingProfiles: 'RatingProfileIDs',
  Timings: 'TimingIDs',
}

function idsOf(folder: string): Record<string, string[]> {
  const { rows } = readTariffFolder(folder)
  return Object.fromEntries(
    [...rows].flatMap(([file, group]) => {
      const argument = CACHE_ARGUMENTS[file]
      return argument === undefined ? [] : [[argument, [...group.keys()]]]
    }),
  )
}
