import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadConfig } from '../config/load-config.ts'
import { TollgateError } from '../core/errors.ts'
import { Evaluations } from '../core/evaluations.ts'
import type { EventFields, EventValue } from '../core/event.ts'
import { zoneOf } from '../core/time.ts'
import { dryRun, dryRunExporter } from '../engine/dry-run/dry-run.ts'
import { DryRunError } from '../engine/dry-run/dry-run-error.ts'
import { storedSources } from '../engine/dry-run/stored.ts'
import { HttpValues } from '../engine/http-values.ts'
import { packageRoot } from '../engine/package-root.ts'

import { Reputation } from '../engine/reputation.ts'
import { HttpClient, httpClientOptions } from '../rpc/client/http-client.ts'

/** Options of `tollgate dry-run`: one of agent and exporter. */
export type DryRunOptions = {
  configPath: string
  agent?: string
  exporter?: string
  in: string
  reply?: string
  tariff?: string
}

/** Maps messages of a file through the templates of a configuration and prints each step; stores are only read, nothing is called or charged, but web servers of `*http` are asked. */
export async function printDryRun(options: DryRunOptions): Promise<void> {
  if ((options.agent === undefined) === (options.exporter === undefined))
    throw new DryRunError('expected --agent or --exporter, one of them')
  const root = packageRoot()
  const loaded = await loadConfig(options.configPath, process.env, join(root, 'config', 'tollgate.json'))
  const reply = options.reply === undefined ? undefined : readReply(options.reply)
  const now = { ns: BigInt(Date.now()) * 1_000_000n, zone: zoneOf(loaded.config.general.default_timezone) }
  const bytes = readFile(options.in)
  const evaluations = new Evaluations()
  const client = new HttpClient(httpClientOptions(loaded.config.http))
  const http = new HttpValues(evaluations, client, () => Number(loaded.config.general.reply_timeout / 1_000_000n))
  const reputation = new Reputation({ evaluations, client, config: () => loaded.config })
  try {
    const sources = { ...storedSources(loaded, options.tariff, now), http: http.lookup, reputation }
    const evaluate = <R>(work: () => R) => evaluations.run(work)
    const request = { loaded, root, reply, sources, evaluate, file: options.in }
    const lines = await (options.exporter === undefined
      ? dryRun(options.agent ?? '', bytes, request)
      : dryRunExporter(options.exporter, bytes, request))
    process.stdout.write(`${lines.join('\n')}\n`)
  } finally {
    client.close()
  }
}

function readFile(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (cause) {
    throw new DryRunError(cause instanceof Error ? cause.message : String(cause))
  }
}

/** A reply as the API gives it: durations are whole numbers of ns, or plain units, at MaxUsage. */
function readReply(path: string): EventFields {
  let reply: unknown
  try {
    reply = JSON.parse(readFile(path).toString('utf8'))
  } catch (cause) {
    throw cause instanceof TollgateError
      ? cause
      : new DryRunError(`${path}: ${cause instanceof Error ? cause.message : cause}`)
  }
  if (typeof reply !== 'object' || reply === null || Array.isArray(reply))
    throw new DryRunError(`${path}: expected a JSON object such as {"MaxUsage": 1048576, "Error": ""}`)
  return { Error: '', ...durationsOf(reply as EventFields) }
}

function durationsOf(reply: EventFields): EventFields {
  const usage = (value: EventValue | undefined): EventValue | undefined =>
    typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : value
  const { MaxUsage, ...rest } = reply
  if (MaxUsage === undefined) return rest
  if (typeof MaxUsage !== 'object' || MaxUsage === null) return { ...rest, MaxUsage: usage(MaxUsage) ?? 0n }
  const byRun = Object.entries(MaxUsage as EventFields).map(([run, value]) => [run, usage(value) ?? 0n] as const)
  return { ...rest, MaxUsage: Object.fromEntries(byRun) }
}
