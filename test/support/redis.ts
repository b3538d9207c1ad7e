import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import type { Test } from 'tap'
import { RedisDataStore, type RedisEvent } from '../../src/store/redis/redis-data-store.ts'
import type { RedisSettings } from '../../src/store/redis/redis-settings.ts'
import { requirePrograms } from './debian-packages.ts'
import { freeAddresses } from './two-processes.ts'
import { until } from './until.ts'

export type RedisServer = {
  port: number
  /** Ends it as kill -9 does. */
  kill: () => Promise<void>
  /** Starts it again with its files. */
  restart: () => Promise<void>
  signal: (name: NodeJS.Signals) => void
  /** Runs a command by a connection of its own. */
  call: (...command: string[]) => Promise<unknown>
  /** The same in database 10. */
  inTen: (...command: string[]) => Promise<unknown>
}

/** A Redis on a free port, ended with the test. */
export async function startRedis(
  t: Test,
  options: readonly string[] = [],
  given?: number,
  isTls = false,
): Promise<RedisServer> {
  requirePrograms({ 'redis-server': 'redis-server' })
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-redis-'))
  const port = given ?? (await freePorts(1))[0] ?? 0
  const listens = isTls ? ['--port', '0', '--tls-port', String(port)] : ['--port', String(port)]
  const arguments_ = [...listens, '--bind', '127.0.0.1', '--dir', folder, '--save', '', ...options]
  let child = await started('redis-server', arguments_)
  const kill = () => ended(child, 'SIGKILL')
  t.teardown(async () => {
    await kill()
    rmSync(folder, { recursive: true, force: true })
  })
  return {
    port,
    kill,
    restart: async () => {
      child = await started('redis-server', arguments_)
    },
    signal: (name) => void child.kill(name),
    call: (...command) => callRedis(port, 0, ...command),
    inTen: (...command) => callRedis(port, 10, ...command),
  }
}

/** Redis, a replica of it, and sentinels that watch both as `tollgate`. */
export async function startSentinels(
  t: Test,
): Promise<{ master: RedisServer; replica: RedisServer; sentinels: number[] }> {
  const master = await startRedis(t)
  const replica = await startRedis(t, ['--replicaof', '127.0.0.1', String(master.port)])
  const sentinels = await freePorts(3)
  await Promise.all(
    sentinels.map(async (port) => {
      const folder = mkdtempSync(join(tmpdir(), 'tollgate-sentinel-'))
      const file = join(folder, 'sentinel.conf')
      const lines = [
        `port ${port}`,
        'bind 127.0.0.1',
        `dir ${folder}`,
        `sentinel monitor tollgate 127.0.0.1 ${master.port} 2`,
        'sentinel down-after-milliseconds tollgate 500',
        'sentinel failover-timeout tollgate 3000',
      ]
      writeFileSync(file, lines.join('\n'))
      const child = await started('redis-server', [file, '--sentinel'])
      t.teardown(async () => {
        await ended(child, 'SIGKILL')
        rmSync(folder, { recursive: true, force: true })
      })
    }),
  )
  // A failover needs sentinels that know each other and the replica.
  for (const port of sentinels)
    await until(async () => {
      const [others, replicas] = await Promise.all([
        callRedis(port, 0, 'SENTINEL', 'sentinels', 'tollgate'),
        callRedis(port, 0, 'SENTINEL', 'replicas', 'tollgate'),
      ])
      return (others as unknown[]).length === 2 && (replicas as unknown[]).length === 1
    })
  await until(async () => /master_link_status:up/.test(String(await replica.call('INFO', 'replication'))))
  return { master, replica, sentinels }
}

/** A cluster of three masters and a replica of each. */
export async function startCluster(t: Test): Promise<{ masters: RedisServer[]; replicas: RedisServer[] }> {
  const options = [
    '--cluster-enabled',
    'yes',
    '--cluster-node-timeout',
    '1000',
    '--cluster-replica-validity-factor',
    '0',
  ]
  const ports = await clusterPorts(6)
  const nodes = await Promise.all(ports.map((port) => startRedis(t, options, port)))
  const [masters, replicas] = [nodes.slice(0, 3), nodes.slice(3)]
  const [first] = masters
  const bounds = ['0 5460', '5461 10922', '10923 16383']
  for (const [i, node] of masters.entries())
    await node.call('CLUSTER', 'ADDSLOTSRANGE', ...(bounds[i] ?? '').split(' '))
  for (const [i, node] of nodes.entries()) {
    await node.call('CLUSTER', 'SET-CONFIG-EPOCH', String(i + 1))
    if (node !== first) await node.call('CLUSTER', 'MEET', '127.0.0.1', String(first?.port))
  }
  const stateOf = async (node: RedisServer) => String(await node.call('CLUSTER', 'INFO'))
  for (const node of nodes) await until(async () => /cluster_known_nodes:6/.test(await stateOf(node)))
  for (const [i, replica] of replicas.entries()) {
    const id = String(await masters[i]?.call('CLUSTER', 'MYID'))
    await until(async () => (await replica.call('CLUSTER', 'REPLICATE', id).catch(() => '')) === 'OK')
  }
  for (const node of nodes) await until(async () => /cluster_state:ok/.test(await stateOf(node)))
  for (const node of replicas)
    await until(async () => /master_link_status:up/.test(String(await node.call('INFO', 'replication'))))
  return { masters, replicas }
}

/** Settings of a store on a Redis of this machine. */
export function redisSettings(ports: readonly number[], settings: Partial<RedisSettings> = {}): RedisSettings {
  return {
    hosts: ports.map((port) => ({ host: '127.0.0.1', port })),
    sentinelName: undefined,
    isCluster: false,
    database: 10,
    user: undefined,
    password: undefined,
    tls: undefined,
    connectAttempts: 20,
    timeoutMs: 5_000,
    replyTimeoutMs: 5_000,
    gatherMs: 0.15,
    gatherLimit: 0,
    pageSize: 1_000,
    slotsRefreshMs: 5_000,
    clusterDownDelayMs: 0,
    node: 'one',
    ...settings,
  }
}

/** A store that is open and reports; closed with the test. */
export async function redisStore(
  t: Test,
  settings: RedisSettings,
  onEvent: (event: RedisEvent) => void = () => undefined,
): Promise<RedisDataStore> {
  const store = new RedisDataStore({ settings, isTold: ({ table }) => table === 'profile', onEvent })
  await store.open()
  t.teardown(() => store.close())
  return store
}

async function freePorts(count: number): Promise<number[]> {
  return (await freeAddresses(count)).map((address) => Number(address.split(':')[1]))
}

/** Nodes of a cluster also listen 10,000 ports above. */
async function clusterPorts(count: number): Promise<number[]> {
  const ports: number[] = []
  while (ports.length < count)
    ports.push(...(await freePorts(count)).map((port) => (port > 50_000 ? port - 20_000 : port)))
  return ports.slice(0, count)
}

async function callRedis(port: number, db: number, ...[name = '', ...args]: string[]): Promise<unknown> {
  const options = { maxRetriesPerRequest: 0, retryStrategy: null, lazyConnect: true }
  const client = new Redis({ host: '127.0.0.1', port, db, ...options })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return await client.call(name, args)
  } finally {
    client.disconnect()
  }
}

/** Starts a server and waits until it takes connections. Rejects with what it prints when it ends before. */
function started(program: string, args: readonly string[]): Promise<ChildProcess> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  return new Promise((ready, failed) => {
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      if (/Ready to accept connections|monitor master/.test(output)) ready(child)
    })
    child.once('error', failed)
    child.once('exit', (code) => failed(new Error(`${program} left with ${code}: ${output}`)))
  })
}

function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((done) => {
    child.once('exit', () => done())
    child.kill(signal)
  })
}
