import { programVersion } from '../version.ts'
import { FlagError, type Flags, HelpWanted, type Parsed, parseFlags, usage } from './go-flags.ts'

/** A program under its CGRateS name. badFlag: its exit code after a wrong command line. run: gives the exit code. */
export type Alias<F extends Flags = Flags> = {
  readonly flags: F
  readonly badFlag: number
  readonly run: (line: Parsed<F>) => Promise<number>
}

const ALIASES: Readonly<Record<string, () => Promise<Alias>>> = {
  'cgr-engine': async () => (await import('./cgr-engine.ts')).cgrEngine as unknown as Alias,
  'cgr-loader': async () => (await import('./cgr-loader.ts')).cgrLoader as unknown as Alias,
  'cgr-console': async () => (await import('./cgr-console.ts')).cgrConsole as unknown as Alias,
}

/**
 * Runs a program of CGRateS when the first word names one: its flags in Go's form, its exit codes. False when it names none.
 * Reference 01, 10.
 */
export async function runAlias([name = '', ...words]: readonly string[]): Promise<boolean> {
  const load = Object.hasOwn(ALIASES, name) ? ALIASES[name] : undefined
  if (load === undefined) return false
  process.exitCode = await runProgram(name, await load(), words)
  return true
}

async function runProgram(name: string, { flags, badFlag, run }: Alias, words: readonly string[]): Promise<number> {
  let line: Parsed<Flags>
  try {
    line = parseFlags(flags, words)
  } catch (cause) {
    if (cause instanceof HelpWanted) {
      process.stderr.write(usage(name, flags))
      return 0
    }
    if (!(cause instanceof FlagError)) throw cause
    process.stderr.write(`${cause.message}\n${usage(name, flags)}`)
    return badFlag
  }
  if ((line.values as Record<string, unknown>)['version'] === true) {
    process.stdout.write(`${programVersion()}\n`)
    return 0
  }
  return run(line)
}

/** Tells once each flag that was given and has no effect. */
export function tellWithoutEffect(given: ReadonlySet<string>, names: readonly string[]): void {
  const without = names.filter((name) => given.has(name)).map((name) => `-${name}`)
  if (without.length > 0) process.stderr.write(`without effect in this version: ${without.join(' ')}\n`)
}
