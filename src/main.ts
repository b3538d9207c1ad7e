import { Command, InvalidArgumentError } from 'commander'
import { printConfigSchema } from './commands/config-schema.ts'
import { printDryRun } from './commands/dry-run.ts'
import { load } from './commands/load.ts'
import { printMethods } from './commands/methods.ts'
import { serve } from './commands/serve.ts'
import { tryOut } from './commands/try.ts'
import { version } from './commands/version.ts'
import { TollgateError } from './core/errors.ts'

function address(text: string): { host: string; port: number } {
  const [, host = '', port = ''] = /^(.+):(\d+)$/.exec(text) ?? []
  if (host === '') throw new InvalidArgumentError('expected host:port')
  return { host, port: Number(port) }
}

const program = new Command('tollgate')
  .description('Real-time charging suite and protocol gateway')
  .version(version())
  .showHelpAfterError()

program
  .command('serve')
  .description('run the gateway')
  .requiredOption('--config-path <folder>', 'folder of *.json configuration files')
  .option('--tariff-path <folder>', 'tariff folder to load at the first start, when the store has no tariff yet')
  .action((options: { configPath: string; tariffPath?: string }) => serve(options))

program
  .command('load')
  .description('load a tariff folder into the store of a configuration; the gateway must not be running')
  .requiredOption('--config-path <folder>', 'folder of *.json configuration files')
  .requiredOption('--path <folder>', 'tariff folder')
  .action((options: { configPath: string; path: string }) => load(options))

program
  .command('methods')
  .description('list the JSON-RPC methods: what each takes and answers')
  .argument('[name]', 'a part of the name; all methods when left out', '')
  .option('--json', 'as an OpenRPC document')
  .action((pattern: string, options: { json?: boolean }) => printMethods(pattern, options))

program.command('config-schema').description('print the JSON Schema of configuration files').action(printConfigSchema)

program
  .command('dry-run')
  .description('map messages through the templates of a configuration and print each step; nothing is charged')
  .requiredOption('--config-path <folder>', 'folder of *.json configuration files')
  .requiredOption('--agent <name>', 'agent whose request processors map them: diameter')
  .requiredOption('--in <file>', 'messages: hexadecimal octets, pcap or JSON')
  .option('--reply <file>', 'what the API answers, as JSON: prints the reply fields and the answer too')
  .action((options: { configPath: string; agent: string; in: string; reply?: string }) => printDryRun(options))

program
  .command('try')
  .description('play a packet gateway against a running Tollgate')
  .option('--diameter <host:port>', 'where it listens for Diameter', address, { host: '127.0.0.1', port: 3868 })
  .option('--http <host:port>', 'where it listens for HTTP', address, { host: '127.0.0.1', port: 2080 })
  .option('--account <name>', 'account to charge', '1001')
  .action((options: { diameter: ReturnType<typeof address>; http: ReturnType<typeof address>; account: string }) =>
    tryOut(options),
  )

try {
  await program.parseAsync()
} catch (cause) {
  if (!(cause instanceof TollgateError)) throw cause
  process.stderr.write(`tollgate: ${cause.message}\n`)
  process.exitCode = 1
}
