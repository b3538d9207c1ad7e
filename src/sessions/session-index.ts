import type { EventValue } from '../core/event.ts'
import { isDynamic, isInline, parseInlineFilter } from '../filters/filter-rule.ts'
import { TemplateError } from '../mapping/value.ts'
import type { Session } from './session.ts'

/** Sessions by the values of one field. */
type FieldIndex = {
  readonly byText: Map<string, Set<string>>
  /** Those with a value that is no text: they are always looked at. */
  readonly others: Set<string>
}

const FIELD = /^~\*req\.([^.[\]]+)$/

/**
 * Finds sessions by fields of the events of their runs, so that a question for a few does not read all of them. It says which
 * sessions may pass the filters; whether they do is for the filters. Reference 05, 6.18.
 */
export class SessionIndex {
  readonly #fields: ReadonlyMap<string, FieldIndex>

  constructor(fields: readonly string[]) {
    this.#fields = new Map(fields.map((field) => [field, { byText: new Map(), others: new Set() }]))
  }

  /** A session has changed; undefined: it was not there before, or is not there any more. */
  changed(cgrId: string, before: Session | undefined, after: Session | undefined): void {
    if (before !== undefined && after !== undefined && haveSameEvents(before, after)) return
    for (const [field, index] of this.#fields) {
      for (const value of valuesOf(before, field)) this.#take(index, value, cgrId)
      for (const value of valuesOf(after, field)) this.#put(index, value, cgrId)
    }
  }

  /** CGRIDs of all sessions that may pass; undefined: no filter asks for an indexed field. */
  candidates(filters: readonly string[]): ReadonlySet<string> | undefined {
    let found: ReadonlySet<string> | undefined
    for (const filter of filters) {
      const asked = this.#askedBy(filter)
      if (asked === undefined) continue
      const { index, values } = asked
      const named = new Set(index.others)
      for (const value of values) for (const cgrId of index.byText.get(value) ?? []) named.add(cgrId)
      found = found === undefined ? named : named.intersection(found)
    }
    return found
  }

  #askedBy(filter: string): { index: FieldIndex; values: readonly string[] } | undefined {
    if (!isInline(filter)) return undefined
    try {
      const { type, element, values } = parseInlineFilter(filter)
      const index = this.#fields.get(FIELD.exec(element)?.[1] ?? '')
      const isPlain = values.length > 0 && values.every((value) => value !== '' && !isDynamic(value))
      return type === '*string' && index !== undefined && isPlain ? { index, values } : undefined
    } catch (cause) {
      if (cause instanceof TemplateError) return undefined
      throw cause
    }
  }

  #put({ byText, others }: FieldIndex, value: EventValue, cgrId: string): void {
    if (typeof value !== 'string') {
      others.add(cgrId)
      return
    }
    const ids = byText.get(value)
    if (ids === undefined) byText.set(value, new Set([cgrId]))
    else ids.add(cgrId)
  }

  #take({ byText, others }: FieldIndex, value: EventValue, cgrId: string): void {
    if (typeof value !== 'string') {
      others.delete(cgrId)
      return
    }
    const ids = byText.get(value)
    ids?.delete(cgrId)
    if (ids?.size === 0) byText.delete(value)
  }
}

function haveSameEvents({ runs: before }: Session, { runs: after }: Session): boolean {
  return before.length === after.length && before.every(({ event }, i) => event === after[i]?.event)
}

function valuesOf(session: Session | undefined, field: string): EventValue[] {
  const values = session?.runs.map(({ event }) => event[field]) ?? []
  return values.filter((value) => value !== undefined && value !== null)
}
