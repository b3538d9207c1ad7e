import { type ChildProcess, spawn } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Test } from 'tap'
import { type GroupRequest, type GyAnswer, gyRequest, readGyAnswer } from '../../src/commands/gy-gateway.ts'
import { Decimal } from '../../src/core/decimal.ts'
import { DiameterClient } from '../../src/protocol/diameter/client.ts'

export const ROOT = resolve(import.meta.dirname, '..', '..')
const SAMPLE = join(ROOT, 'config/samples/gy-data')

export type Gateway = {
  process: ChildProcess
  diameterPort: number
  httpPort: number
  rpcPort: number
  gobPort: number
  folder: string
  /** Everything it printed. */
  output: () => string
}

/** A scratch folder with the sample configuration on free ports; overrides are a further configuration file. */
export function sampleFolder(t: Test, overrides: object = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  cpSync(SAMPLE, join(folder, 'config'), { recursive: true })
  const free = {
    listen: { rpc_json: '127.0.0.1:0', rpc_gob: '127.0.0.1:0', http: '127.0.0.1:0', birpc_json: '' },
    diameter_agent: { listeners: [{ address: '127.0.0.1:0' }] },
  }
  writeFileSync(join(folder, 'config', 'z-free-ports.json'), JSON.stringify(free))
  writeFileSync(join(folder, 'config', 'zz-overrides.json'), JSON.stringify(overrides))
  return folder
}

/**
 * Starts bin/tollgate in a scratch folder and waits until it is ready. Rejects with its output when it ends before.
 * tariff: the folder that it loads, null for none.
 */
export async function startGateway(folder: string, tariff: string | null = join(SAMPLE, 'tariff')): Promise<Gateway> {
  const options = ['--config-path', join(folder, 'config'), ...(tariff === null ? [] : ['--tariff-path', tariff])]
  const child = spawn(join(ROOT, 'bin/tollgate'), ['serve', ...options], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (output += chunk.toString()))
  return ready(child, folder, () => output)
}

/** The gateway once it has started again by itself; begins to wait when it is called. */
export function restarted({ process: child, folder, output }: Gateway): Promise<Gateway> {
  const { length: before } = output()
  return ready(child, folder, () => output().slice(before))
}

/** Waits until it has printed where it listens. */
async function ready(child: ChildProcess, folder: string, output: () => string): Promise<Gateway> {
  await new Promise<void>((done, failed) => {
    const read = () => {
      if (/^next/m.test(output())) done()
    }
    child.stdout?.on('data', read)
    child.stderr?.on('data', read)
    child.once('exit', (code) => failed(new Error(`left with ${code}: ${output()}`)))
  })
  const printed = output()
  const port = (name: string) => Number(new RegExp(`^${name} +[\\d.]+:(\\d+)`, 'm').exec(printed)?.[1])
  return {
    process: child,
    diameterPort: port('Diameter'),
    httpPort: port('HTTP'),
    rpcPort: port('JSON-RPC'),
    gobPort: port('gob'),
    folder,
    output,
  }
}

/** Ends a gateway and gives its exit code, null when a signal ended it. */
export function stopGateway({ process: child }: Gateway, signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode)
  return new Promise((done) => {
    child.once('exit', (code) => done(code))
    child.kill(signal)
  })
}

export function connectGateway(port: number, applicationId = 4): Promise<DiameterClient> {
  return DiameterClient.connect({
    host: '127.0.0.1',
    port,
    originHost: 'pgw',
    originRealm: 'operator.example',
    applicationId,
  })
}

export async function ask(
  client: DiameterClient,
  sessionId: string,
  type: number,
  number: number,
  groups: readonly GroupRequest[],
  account = '1001',
): Promise<GyAnswer> {
  return readGyAnswer(
    await client.send(gyRequest(client, { sessionId, type, number, account, originHost: 'pgw', groups })),
  )
}

/** Calls a JSON-RPC method over HTTP; the text of the reply, whose amounts keep all their digits. */
export async function rpcText(httpPort: number, method: string, params: object | string): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${httpPort}/jsonrpc`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ id: 1, method, params: [params] }),
  })
  return response.text()
}

/** Balances of an account by type and id, as the texts of their JSON numbers. */
export async function balances(httpPort: number, account: string): Promise<Record<string, string>> {
  const text = await rpcText(httpPort, 'APIerSv2.GetAccount', { Account: account })
  const found: Record<string, string> = {}
  for (const [, id = '', value = ''] of text.matchAll(/"ID":"([^":]+)","Value":(-?[\d.]+)/g)) found[id] = value
  return found
}

/** What each CDR that the query finds has cost; those that could not be rated (Cost -1) took no money. */
export async function cdrCosts(httpPort: number, query: object = {}): Promise<Decimal[]> {
  const text = await rpcText(httpPort, 'CDRsV1.GetCDRs', query)
  return [...text.matchAll(/"Cost":([\d.]+),"CostDetails"/g)].map(([, cost = '']) => Decimal.parse(cost))
}

export function sumOf(amounts: readonly Decimal[]): Decimal {
  return amounts.reduce((sum, amount) => sum.plus(amount), Decimal.ZERO)
}
