import { TollgateError } from '../core/errors.ts'
import type { Place } from './json-source.ts'

export type ConfigProblem = {
  /** Undefined: the problem stands in no file (a missing key, a missing folder). */
  place: Place | undefined
  /** Path of the key, '' for the file itself. */
  key: string
  /** What is there, what was expected. */
  problem: string
  /** What clients of CGRateS read for it, where it has a text. */
  client?: string
}

/** Everything that is wrong with a configuration, one line each: `file:line:column: key: problem`. */
export class ConfigError extends TollgateError {
  readonly problems: readonly ConfigProblem[]

  constructor(problems: readonly ConfigProblem[]) {
    super('CONFIG_ERROR', problems.map(describe).join('\n'))
    this.problems = problems
  }
}

/** What an RPC client reads: the text of CGRateS for the first problem, else ours for all. */
export function clientText({ problems, message }: ConfigError): string {
  return problems[0]?.client ?? message
}

/** A change that was refused, with what clients read. */
export class ConfigRefused extends TollgateError {
  constructor(text: string) {
    super('CONFIG_REFUSED', text)
  }
}

function describe({ place, key, problem }: ConfigProblem): string {
  const where = place === undefined ? '' : `${place.file}:${place.line}:${place.column}: `
  return `${where}${key === '' ? '' : `${key}: `}${problem}`
}

/** The known name that is nearest to a wrong one, undefined when none is near. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  let best: string | undefined
  let least = Math.max(2, Math.floor(name.length / 3)) + 1
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase())
    if (distance < least) {
      least = distance
      best = candidate
    }
  }
  return best
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1]
    for (const [j, other] of [...b].entries()) {
      next.push(Math.min((next[j] ?? 0) + 1, (row[j + 1] ?? 0) + 1, (row[j] ?? 0) + (letter === other ? 0 : 1)))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
