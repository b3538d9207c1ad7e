import type { EventFields } from '../../core/event.ts'
import { eventJson } from '../../core/event-values.ts'
import { textOf } from '../../mapping/context.ts'
import type { SessionCall } from '../../mapping/session-call.ts'
import type { FieldOutcome, Trace, TraceStep } from '../../mapping/trace.ts'
import type { Value } from '../../mapping/value.ts'

/** Writes down what a message's mapping does, as lines of text. */
export class MappingReport implements Trace {
  readonly #lines: string[] = []
  #rules: string[] = []
  #field = ''

  get lines(): readonly string[] {
    return this.#lines
  }

  say(line: string): void {
    this.#lines.push(line)
  }

  processor(id: string, failedFilter: string | undefined): void {
    this.#rules = []
    this.say(`processor ${id}: ${failedFilter === undefined ? 'matches' : `filter ${failedFilter} does not pass`}`)
  }

  field(tag: string, type: string, path: string): void {
    this.#rules = []
    this.#field = `    ${tag}${tag === path || path === '' ? '' : ` ${path}`} (${type})`
  }

  rule(_: string, steps: readonly TraceStep[]): void {
    const [first, second] = steps
    // A constant says the same as the line above it.
    if (second === undefined && first?.what === first?.value) return
    this.#rules.push(steps.map(({ what, value }) => `${what} ${shown(value)}`).join(' -> '))
  }

  done(outcome: FieldOutcome): void {
    this.say(`${this.#field}: ${outcomeText(outcome)}`)
    // What filters read came first; a field that they stop has no value.
    if (outcome.kind !== 'skipped') for (const rule of this.#rules) this.say(`        ${rule}`)
    this.#rules = []
  }

  /** Filters of a field have passed: what they read is no part of its value. */
  passed(): void {
    this.#rules = []
  }

  call({ method, arguments: given }: SessionCall): void {
    this.say(`  calls ${method} ${JSON.stringify(given)}`)
  }

  event(event: EventFields, opts: EventFields, tenant: string): void {
    this.say(`  event of tenant ${tenant}: ${eventJson(event)}`)
    if (Object.keys(opts).length > 0) this.say(`  options: ${eventJson(opts)}`)
  }
}

function outcomeText(outcome: FieldOutcome): string {
  switch (outcome.kind) {
    case 'skipped':
      return `skipped, filter ${outcome.filter} does not pass`
    case 'notFound':
      return 'skipped, its source is not there'
    case 'written':
      return `= ${JSON.stringify(outcome.value)}`
    case 'removed':
      return 'removed'
    case 'nothing':
      return 'nothing to write'
    case 'failed':
      return `FAILS: ${outcome.message}`
  }
}

function shown(value: Value): string {
  return value === undefined ? 'is not there' : JSON.stringify(textOf(value))
}
