import { RE2JS, RE2JSSyntaxException } from 're2js'
import { InvalidText, TollgateError } from './errors.ts'

/**
 * Steps that one match may take: instructions of the expression times UTF-16 units of the text. Real values and expressions need a few
 * hundred; what is above would hold up every other request for a noticeable part of a second.
 */
const MAX_STEPS = 8_000_000

/** An expression that is not one. The message is Go's (`error parsing regexp: missing closing ): ...`), offset where it went wrong. */
export class RegexpSyntaxError extends TollgateError {
  /** Index into the expression, in UTF-16 units; its length when the end came too early. */
  readonly offset: number

  constructor(message: string, offset: number) {
    super('REGEXP_SYNTAX', message)
    this.offset = offset
  }
}

/** The text of a replacement, cut once: literal parts, and groups by number or name. */
export type ReplacementTemplate = readonly (string | { group: number | string })[]

/**
 * A regular expression in the syntax of Go (RE2), matched in time proportional to the text. Immutable. Reference 02, 3.2.
 * Without `(?m)` a `$` is the very end, `\d \w \s \b` are ASCII, the leftmost match wins and prefers what is written first.
 */
export class GoRegexp {
  readonly source: string
  /** Instructions of the compiled expression. */
  readonly size: number
  readonly #program: RE2JS

  /** Throws RegexpSyntaxError. */
  constructor(source: string) {
    this.source = source
    this.#program = compileProgram(source)
    this.size = this.#program.programSize()
  }

  /** Whether it matches anywhere in the text. Throws InvalidText when the text is too long for an expression of this size. */
  test(text: string): boolean {
    this.#checkLength(text)
    return this.#program.test(text)
  }

  /** The replacement with the groups of the first match put in; undefined when nothing matches. Throws InvalidText as `test` does. */
  expand(text: string, template: ReplacementTemplate): string | undefined {
    this.#checkLength(text)
    if (!this.#program.test(text)) return undefined
    if (template.every((part) => typeof part === 'string')) return template.join('')
    const match = this.#program.exec(text) as (string[] & { groups?: Record<string, string | undefined> }) | null
    if (match === null) return undefined
    let expanded = ''
    for (const part of template) {
      if (typeof part === 'string') expanded += part
      else expanded += (typeof part.group === 'number' ? match[part.group] : match.groups?.[part.group]) ?? ''
    }
    return expanded
  }

  #checkLength(text: string): void {
    if (text.length * this.size <= MAX_STEPS) return
    const most = Math.floor(MAX_STEPS / this.size)
    throw new InvalidText(
      `a text of ${text.length} characters is too long for the expression ${this.source}, which takes ${most}`,
    )
  }
}

/**
 * Cuts the replacement of a search-and-replace. `$1 ${1} $name ${name}` are groups, the longest run of letters, digits and `_` being
 * the name; `$$` is a dollar; any other dollar stands for itself. Reference 02, 3.2.
 */
export function compileReplacement(text: string): ReplacementTemplate {
  const parts: (string | { group: number | string })[] = []
  let end = 0
  for (const match of text.matchAll(/\$(?:\$|\{([\p{L}\p{Nd}_]+)\}|([\p{L}\p{Nd}_]+))/gu)) {
    if (match.index > end) parts.push(text.slice(end, match.index))
    end = match.index + match[0].length
    const name = match[1] ?? match[2]
    if (name === undefined) parts.push('$')
    else parts.push({ group: /^(?:0|[1-9]\d{0,7})$/.test(name) ? Number(name) : name })
  }
  if (end < text.length) parts.push(text.slice(end))
  return parts
}

function compileProgram(source: string): RE2JS {
  try {
    return RE2JS.compile(source)
  } catch (cause) {
    if (!(cause instanceof RE2JSSyntaxException)) throw cause
    const fragment = cause.getPattern() ?? ''
    const message = `error parsing regexp: ${cause.getDescription()}: \`${fragment}\``
    throw new RegexpSyntaxError(message, offsetOf(cause, fragment, source))
  }
}

/** Expressions are read from left to right: the shortest beginning with this fault ends where it became one. */
function offsetOf(fault: RE2JSSyntaxException, fragment: string, source: string): number {
  if (fragment === '' || fault.getDescription().startsWith('missing closing')) return source.length
  let sound = 0
  let faulty = source.length
  while (faulty - sound > 1) {
    const middle = (sound + faulty) >> 1
    if (hasFault(source.slice(0, middle), fault)) faulty = middle
    else sound = middle
  }
  return fault.getDescription().startsWith('unexpected') ? sound : Math.max(source.lastIndexOf(fragment, sound), 0)
}

function hasFault(source: string, fault: RE2JSSyntaxException): boolean {
  try {
    RE2JS.compile(source)
    return false
  } catch (cause) {
    return cause instanceof RE2JSSyntaxException && cause.getDescription() === fault.getDescription()
  }
}
