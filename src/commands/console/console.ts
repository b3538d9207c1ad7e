import { appendFileSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import type { Method } from '../../rpc/method.ts'
import { completeLine } from './completion.ts'
import type { CommandRunner, Outcome } from './runner.ts'

/** Lines of the history that are offered. */
const HISTORY = 1_000
const PROMPT = 'cgr> '

/** Runs the lines of a script one after the other, up to a command that ends it; the worst outcome. */
export async function runScript(input: Readable, runner: CommandRunner): Promise<Outcome> {
  let worst: Outcome = 'done'
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    const outcome = await runner.run(line)
    if (outcome === 'end') break
    if (outcome === 'unreachable') return outcome
    if (outcome === 'failed') worst = outcome
  }
  return worst
}

/** Prompts for lines until one ends the session or the input ends, with history and completion. historyFile: '' keeps none. */
export async function interact(
  input: Readable,
  output: Writable,
  runner: CommandRunner,
  methods: ReadonlyMap<string, Method>,
  historyFile: string,
): Promise<void> {
  const prompt = createInterface({
    input,
    output,
    terminal: true,
    prompt: PROMPT,
    history: readHistory(historyFile),
    historySize: HISTORY,
    removeHistoryDuplicates: true,
    completer: (line: string) => completeLine(line, methods),
  })
  let isOpen = true
  prompt.once('close', () => {
    isOpen = false
  })
  prompt.prompt()
  try {
    for await (const line of prompt) {
      if (line.trim() !== '') remember(historyFile, line)
      if ((await runner.run(line)) === 'end') return
      if (isOpen) prompt.prompt()
    }
  } finally {
    prompt.close()
  }
}

/** Newest first, as readline wants it. */
function readHistory(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n').filter(Boolean).reverse().slice(0, HISTORY)
  } catch {
    return []
  }
}

/** A history that cannot be written is no reason to stop. */
function remember(file: string, line: string): void {
  try {
    if (file !== '') appendFileSync(file, `${line}\n`, { mode: 0o600 })
  } catch {}
}
