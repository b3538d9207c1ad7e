import { homedir } from 'node:os'
import { join } from 'node:path'
import { parseDuration } from '../core/duration.ts'
import { TollgateError } from '../core/errors.ts'
import type { Transport } from '../rpc/client/settings.ts'
import { interact, runScript } from './console/console.ts'
import { CommandRunner, type Outcome } from './console/runner.ts'
import { describedRegistry } from './methods.ts'
import { connectTo } from './single-host.ts'

export type ConsoleOptions = {
  /** `host:port` */
  server: string
  encoding: 'json' | 'gob'
  tls: boolean
  crtPath: string
  keyPath: string
  caPath: string
  connectAttempts: number
  reconnects: number
  /** Durations as text: `1s`. */
  maxReconnectInterval: string
  connectTimeout: string
  replyTimeout: string
  verbose: boolean
}

/**
 * Runs the command that the words are; without words the lines of standard input, prompted for at a terminal. errors: where errors
 * of commands go. The worst outcome. Reference 01, 10.2.
 */
export async function runConsole(
  words: readonly string[],
  options: ConsoleOptions,
  errors: NodeJS.WriteStream,
): Promise<Outcome> {
  const transport: Transport = options.encoding === 'gob' ? '*gob' : '*json'
  const { crtPath: certPath, keyPath, caPath } = options
  const methods = new Map(
    describedRegistry()
      .list()
      .map((method) => [method.name, method]),
  )
  const host = connectTo(
    {
      id: '',
      address: options.server,
      transport,
      connectAttempts: options.connectAttempts,
      reconnects: options.reconnects,
      maxReconnectIntervalMs: milliseconds('max-reconnect-interval', options.maxReconnectInterval),
      connectTimeoutMs: milliseconds('connect-timeout', options.connectTimeout),
      replyTimeoutMs: milliseconds('reply-timeout', options.replyTimeout),
      tls: options.tls ? { certPath, keyPath, caPath } : undefined,
    },
    (name) => methods.get(name),
  )
  const runner = new CommandRunner(host, methods, {
    output: process.stdout,
    notes: process.stderr,
    errors,
    verbose: options.verbose,
    separator: ';',
  })
  try {
    if (words.length > 0) return await runner.run(words.join(' '))
    if (!process.stdin.isTTY) return await runScript(process.stdin, runner)
    await interact(process.stdin, process.stdout, runner, methods, join(homedir(), '.cgr_history'))
    return 'done'
  } finally {
    host.close()
  }
}

function milliseconds(option: string, text: string): number {
  try {
    return Number(parseDuration(text) / 1_000_000n)
  } catch (cause) {
    throw new TollgateError('OPTION_ERROR', `--${option} ${text}: ${cause instanceof Error ? cause.message : cause}`)
  }
}
