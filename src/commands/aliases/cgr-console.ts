import type { Alias } from './aliases.ts'
import { booleanFlag, integerFlag, textFlag, usage } from './go-flags.ts'

const flags = {
  ca_path: textFlag('', 'path to CA for tls connection(only for self sign certificate)'),
  connect_attempts: integerFlag(3, 'Connect attempts'),
  connect_timeout: integerFlag(1, 'Connect timeout in seconds'),
  crt_path: textFlag('', 'path to certificate for tls connection'),
  key_path: textFlag('', 'path to key for tls connection'),
  max_reconnect_interval: integerFlag(0, 'Maximum reconnect interval'),
  reconnects: integerFlag(3, 'Reconnect attempts'),
  reply_timeout: integerFlag(300, 'Reply timeout in seconds'),
  rpc_encoding: textFlag('*json', 'RPC encoding used <*gob|*json>'),
  server: textFlag('127.0.0.1:2012', 'server address host:port'),
  tls: booleanFlag('TLS connection'),
  verbose: booleanFlag('Show extra info about command execution.'),
  version: booleanFlag('Prints the application version.'),
} as const

/** The console under the name and with the flags of cgr-console: errors of commands are printed, and its exit code is 0. Reference 01, 10.2. */
export const cgrConsole: Alias<typeof flags> = {
  flags,
  badFlag: 0,
  async run({ values, rest }) {
    const encoding = values.rpc_encoding.replace(/^\*/, '')
    if (encoding !== 'json' && encoding !== 'gob') {
      process.stderr.write(`-rpc_encoding ${values.rpc_encoding}: expected *json or *gob\n`)
      return 1
    }
    const { runConsole } = await import('../console.ts')
    const outcome = await runConsole(
      rest,
      {
        server: values.server,
        encoding,
        tls: values.tls,
        crtPath: values.crt_path,
        keyPath: values.key_path,
        caPath: values.ca_path,
        connectAttempts: values.connect_attempts,
        reconnects: values.reconnects,
        maxReconnectInterval: `${values.max_reconnect_interval}s`,
        connectTimeout: `${values.connect_timeout}s`,
        replyTimeout: `${values.reply_timeout}s`,
        verbose: values.verbose,
      },
      process.stdout,
    )
    if (outcome !== 'unreachable') return 0
    process.stderr.write(usage('cgr-console', flags))
    return 1
  },
}
