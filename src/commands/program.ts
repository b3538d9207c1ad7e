import { Command, InvalidArgumentError, Option } from 'commander'
import type { ConsoleOptions } from './console.ts'
import type { DryRunOptions } from './dry-run.ts'
import type { LoadFlags } from './load.ts'
import type { RestoreOptions } from './restore.ts'
import type { ServeOptions } from './serve.ts'
import { version } from './version.ts'

/** The command line: every command loads what it needs when it runs. */
export function program(): Command {
  const program = new Command('tollgate')
    .description('Real-time charging suite and protocol gateway')
    .version(version())
    .showHelpAfterError()
    .enablePositionalOptions()
  addServe(program)
  addLoad(program)
  addRestore(program)
  addConsole(program)
  addTry(program)
  program
    .command('methods')
    .description('list the JSON-RPC methods: what each takes and answers')
    .argument('[name]', 'a part of the name; all methods when left out', '')
    .option('--json', 'as an OpenRPC document')
    .action(async (pattern: string, options: { json?: boolean }) => {
      const { printMethods } = await import('./methods.ts')
      printMethods(pattern, options)
    })
  program
    .command('config-schema')
    .description('print the JSON Schema of configuration files')
    .action(async () => (await import('./config-schema.ts')).printConfigSchema())
  program
    .command('dry-run')
    .description('map messages through the templates of a configuration and print each step; nothing is charged')
    .requiredOption('--config-path <folder>', 'folder of *.json configuration files')
    .option(
      '--agent <name>',
      'what maps them: diameter, radius, http; of readers csv, fwv, xml, json or sql; http:ID, csv:ID.. for one of several',
    )
    .option('--exporter <id>', 'or the exporter that writes them, CDRs as JSON')
    .requiredOption(
      '--in <file>',
      'messages: hexadecimal octets, pcap, JSON, HTTP requests, query strings, XML or CSV rows',
    )
    .option('--reply <file>', 'what the API answers, as JSON: prints the reply fields and the answer too')
    .option('--tariff <folder>', 'tariff folder whose filters, destinations and timings go over those of the store')
    .action(async (options: DryRunOptions) => (await import('./dry-run.ts')).printDryRun(options))
  program
    .command('completion')
    .description('print what completes this command line in a shell')
    .argument('<shell>', 'bash, zsh or fish', oneOf('bash', 'zsh', 'fish'))
    .action(async (shell: 'bash' | 'zsh' | 'fish') => {
      const { completionScript } = await import('./completion.ts')
      process.stdout.write(completionScript(shell, program))
    })
  return program
}

function addServe(program: Command): void {
  program
    .command('serve')
    .description('run the gateway')
    .requiredOption('--config-path <folder>', 'folder of *.json configuration files')
    .option('--tariff-path <folder>', 'tariff folder to load at the first start, when the store has no tariff yet')
    .option('--check-config', 'check the configuration and leave')
    .option('--node-id <name>', 'instead of general.node_id')
    .option('--log-level <level>', 'instead of general.log_level, 0 to 7', logLevel)
    .option('--logger <kind>', 'instead of general.logger: *stdout for standard output')
    .option('--set-versions', 'replace the versions that the server of stor_db keeps, instead of checking them')
    .option('--pid-file <file>', 'holds the process id while the gateway runs')
    .action(async (options: ServeOptions) => (await import('./serve.ts')).serve(options))
}

function addLoad(program: Command): void {
  program
    .command('load')
    .description('load a tariff folder: into the gateway that runs, else into the store of its configuration')
    .requiredOption('--config-path <folder>', 'folder of *.json configuration files')
    .option('--path <folder>', 'tariff folder')
    .option('--dry-run', 'check the tariff and leave')
    .option('--remove', 'remove what the tariff names')
    .option('--to-stordb', 'store the folder as a plan in stor_db; nothing of it is in force')
    .option('--from-stordb', 'load a plan of stor_db instead of a folder')
    .option('--tpid <id>', 'the plan')
    .option('--flush-stordb', 'with --to-stordb: nothing else is in the plan afterwards')
    .option('--import-id <id>', 'with --to-stordb: names the load')
    .action(async (options: LoadFlags) => (await import('./load.ts')).load(options))
}

function addRestore(program: Command): void {
  program
    .command('restore')
    .description('check backups and lay them ready: the next start of the gateway takes them up')
    .requiredOption('--config-path <folder>', 'folder of *.json configuration files')
    .option('--data <path>', 'backup of the records, or a folder whose newest one is meant')
    .option('--cdrs <path>', 'the same of the CDRs')
    .action(async (options: RestoreOptions) => (await import('./restore.ts')).restore(options))
}

function addConsole(program: Command): void {
  program
    .command('console')
    .description('call methods of a running gateway: one command, or the lines of standard input')
    .argument('[command...]', 'such as: status, or: cost Subject=1001 Destination=1002 Usage=1m; help lists them')
    .option('--server <host:port>', 'where it listens', '127.0.0.1:2012')
    .addOption(new Option('--encoding <name>', 'of the calls').choices(['json', 'gob']).default('json'))
    .option('--tls', 'connect by TLS', false)
    .option('--crt-path <file>', 'certificate that is shown', '')
    .option('--key-path <file>', 'its key', '')
    .option('--ca-path <file>', 'authorities that are trusted besides those of the system', '')
    .option('--connect-attempts <count>', 'tries of the first connection', integer, 3)
    .option('--reconnects <count>', 'tries after a connection was lost, -1: no limit', integer, 3)
    .option('--max-reconnect-interval <duration>', 'longest wait between tries, 0: no limit', '0')
    .option('--connect-timeout <duration>', 'longest a try may take', '1s')
    .option('--reply-timeout <duration>', 'longest a call may take', '300s')
    .option('--verbose', 'also print what is called', false)
    .action(async (words: string[], options: ConsoleOptions) => {
      const { runConsole } = await import('./console.ts')
      process.exitCode = (await runConsole(words, options, process.stderr)) === 'done' ? 0 : 1
    })
    .passThroughOptions()
}

function addTry(program: Command): void {
  type Address = ReturnType<typeof address>
  program
    .command('try')
    .description('play a packet gateway against a running Tollgate')
    .option('--diameter <host:port>', 'where it listens for Diameter', address, { host: '127.0.0.1', port: 3868 })
    .option('--http <host:port>', 'where it listens for HTTP', address, { host: '127.0.0.1', port: 2080 })
    .option('--account <name>', 'account to charge', '1001')
    .action(async (options: { diameter: Address; http: Address; account: string }) =>
      (await import('./try.ts')).tryOut(options),
    )
}

function address(text: string): { host: string; port: number } {
  const [, host = '', port = ''] = /^(.+):(\d+)$/.exec(text) ?? []
  if (host === '') throw new InvalidArgumentError('expected host:port')
  return { host, port: Number(port) }
}

function integer(text: string): number {
  if (!/^-?\d+$/.test(text)) throw new InvalidArgumentError('expected a whole number')
  return Number(text)
}

function logLevel(text: string): number {
  if (!/^[0-7]$/.test(text)) throw new InvalidArgumentError('expected 0 to 7')
  return Number(text)
}

function oneOf(...choices: string[]) {
  return (text: string): string => {
    if (choices.includes(text)) return text
    throw new InvalidArgumentError(`expected one of ${choices.join(', ')}`)
  }
}
