import { runAlias } from './commands/aliases/aliases.ts'
import { program } from './commands/program.ts'
import { TollgateError } from './core/errors.ts'

const words = process.argv.slice(2)
try {
  if (!(await runAlias(words))) await program().parseAsync(words, { from: 'user' })
} catch (cause) {
  if (!(cause instanceof TollgateError)) throw cause
  process.stderr.write(`tollgate: ${cause.message}\n`)
  process.exitCode = 1
}
