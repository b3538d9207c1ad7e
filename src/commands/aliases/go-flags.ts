import { parseDuration } from '../../core/duration.ts'

/** One flag of a program: its type follows from its default. Durations are text with the type told. */
export type Flag = {
  readonly fallback: string | number | boolean
  readonly type: 'string' | 'int' | 'bool' | 'duration'
  readonly help: string
}
export type Flags = Readonly<Record<string, Flag>>

type ValueOf<F extends Flag> = F['type'] extends 'bool' ? boolean : F['type'] extends 'int' ? number : string

export type Parsed<F extends Flags> = {
  readonly values: { readonly [K in keyof F]: ValueOf<F[K]> }
  /** Names that stand on the command line. */
  readonly given: ReadonlySet<keyof F & string>
  /** What follows the flags. */
  readonly rest: readonly string[]
}

/** What is wrong with a command line, as Go's flag package says it. */
export class FlagError extends Error {}

/** `-help` was asked for. */
export class HelpWanted extends Error {
  constructor() {
    super('flag: help requested')
  }
}

export function textFlag(fallback: string, help: string) {
  return { fallback, type: 'string', help } as const
}

export function integerFlag(fallback: number, help: string) {
  return { fallback, type: 'int', help } as const
}

export function booleanFlag(help: string) {
  return { fallback: false, type: 'bool', help } as const
}

/** Its value is the text of a Go duration, checked. */
export function durationFlag(fallback: string, help: string) {
  return { fallback, type: 'duration', help } as const
}

/**
 * Reads flags as Go programs do: one or two dashes, `-name value` or `-name=value`, booleans `-name` or `-name=false`; the first
 * word that is no flag, or `--`, ends them. Throws FlagError, HelpWanted. Reference 01, 10.
 */
export function parseFlags<const F extends Flags>(flags: F, words: readonly string[]): Parsed<F> {
  const values: Record<string, unknown> = {}
  for (const [name, { fallback }] of Object.entries(flags)) values[name] = fallback
  const given = new Set<string>()
  let at = 0
  for (; at < words.length; at++) {
    const word = words[at] ?? ''
    if (word === '--') {
      at++
      break
    }
    if (!word.startsWith('-') || word === '-') break
    const [, name = '', value] = /^--?([^=]*)(?:=(.*))?$/s.exec(word) ?? []
    if (name === '' || name.startsWith('-')) throw new FlagError(`bad flag syntax: ${word}`)
    const flag = Object.hasOwn(flags, name) ? flags[name] : undefined
    if (flag === undefined) {
      if (name === 'help' || name === 'h') throw new HelpWanted()
      throw new FlagError(`flag provided but not defined: -${name}`)
    }
    const text = value ?? (flag.type === 'bool' ? 'true' : words[++at])
    if (text === undefined) throw new FlagError(`flag needs an argument: -${name}`)
    values[name] = read(name, flag, text)
    given.add(name)
  }
  return { values, given, rest: words.slice(at) } as unknown as Parsed<F>
}

const TRUE = new Set(['1', 't', 'T', 'true', 'TRUE', 'True'])
const FALSE = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False'])

function read(name: string, { type }: Flag, text: string): string | number | boolean {
  switch (type) {
    case 'string':
      return text
    case 'bool':
      if (TRUE.has(text)) return true
      if (FALSE.has(text)) return false
      throw new FlagError(`invalid boolean value ${JSON.stringify(text)} for -${name}: parse error`)
    case 'int':
      if (/^[+-]?\d+$/.test(text)) return Number(text)
      break
    case 'duration':
      if (isDuration(text)) return text
  }
  throw new FlagError(`invalid value ${JSON.stringify(text)} for flag -${name}: parse error`)
}

/** Unlike in the configuration a bare number is no duration, but 0. */
function isDuration(text: string): boolean {
  if (/^[+-]?\d+$/.test(text)) return Number(text) === 0
  try {
    parseDuration(text)
    return text !== '' && !text.startsWith('*')
  } catch {
    return false
  }
}

/** The list of flags as Go programs print it. */
export function usage(program: string, flags: Flags): string {
  const lines = Object.entries(flags)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { fallback, type, help }]) => {
      const shown =
        fallback === '' || fallback === false || fallback === 0 || fallback === '0s'
          ? ''
          : ` (default ${shownDefault(type, fallback)})`
      return `  -${name}${type === 'bool' ? '' : ` ${type}`}\n    \t${help}${shown}\n`
    })
  return `Usage of ${program}:\n${lines.join('')}`
}

function shownDefault(type: Flag['type'], fallback: Flag['fallback']): string {
  return type === 'string' ? JSON.stringify(fallback) : String(fallback)
}
