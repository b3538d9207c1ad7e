import { TollgateError } from '../core/errors.ts'

/** What is wrong with a text, in the words of Go's decoder; the line and byte where, unless the text just ends. Reference 01, 2.1. */
export class JsonError extends TollgateError {
  /** Offset in the text as it was given. */
  readonly offset: number

  constructor(message: string, offset: number) {
    super('JSON_ERROR', message)
    this.offset = offset
  }
}

export type Environment = Readonly<Record<string, string | undefined>>

const SPACE = new Set([' ', '\t', '\n', '\r'])
const ENVIRONMENT = /\*env:([A-Za-z0-9_]+)/y

/** Spliced text: from where on offsets are moved, and by how much. */
type Splice = { end: number; delta: number }

/**
 * The characters of a configuration text that mean something: comments, space and the comma before a closing bracket are
 * passed over, `*env:NAME` is replaced. Reference 01, 2.1.
 */
export class JsonScanner {
  readonly #source: string
  readonly #environment: Environment | undefined
  readonly #splices: Splice[] = []
  #text: string
  #at = 0
  /** Where the last comma was passed over. */
  #droppedComma = -1
  /** Text before it came from the environment and is not looked at for `*env:` again. */
  #plainUntil = 0

  constructor(source: string, environment: Environment | undefined) {
    this.#source = source
    this.#environment = environment
    this.#text = source
  }

  /** Offset of the next character in the text as it was given. */
  get offset(): number {
    return this.#sourceOffset(this.#at)
  }

  /** The next character that means something, not taken; '' at the end. */
  peek(): string {
    this.#skip()
    if (this.#text[this.#at] !== ',') return this.#text[this.#at] ?? ''
    const comma = this.#at
    this.#at++
    this.#skip()
    const next = this.#text[this.#at] ?? ''
    if (next === ']' || next === '}') this.#droppedComma = comma
    if (next === ']' || next === '}' || next === '') return next
    this.#at = comma
    return ','
  }

  take(): string {
    const character = this.peek()
    this.#at++
    return character
  }

  /** Takes what the next characters match, '' when they do not. */
  takeMatch(pattern: RegExp): string {
    pattern.lastIndex = this.#at
    const [found = ''] = pattern.exec(this.#text) ?? []
    this.#at += found.length
    return found
  }

  /** The next character as it stands, space and comments included; '' at the end. */
  takeRaw(): string {
    return this.#text[this.#at++] ?? ''
  }

  /** The value of the `*env:NAME` that stands here inside quotes, undefined when none does. */
  takeVariable(): string | undefined {
    if (this.#text[this.#at] !== '*' || this.#at < this.#plainUntil) return undefined
    const found = this.#variable()
    if (found === undefined) return undefined
    this.#at += found.length
    return found.value
  }

  /** An error at the character that was just taken, or for a text that ended. */
  unexpected(character: string, context: string): JsonError {
    if (character === '') return new JsonError('unexpected EOF', this.#source.length)
    // A bracket after a comma that was passed over counts as standing in its place.
    const isAfterDropped = this.#droppedComma >= 0 && this.#droppedComma === this.#at - 2
    const offset = this.#sourceOffset(isAfterDropped ? this.#droppedComma : this.#at - 1)
    return new JsonError(placed(`invalid character ${quoted(character)} ${context}`, this.#source, offset), offset)
  }

  /** An error about the value that was just read. */
  mistyped(message: string): JsonError {
    const offset = this.#sourceOffset(this.#at - 1)
    return new JsonError(placed(message, this.#source, offset), offset)
  }

  #skip(): void {
    for (;;) {
      const character = this.#text[this.#at] ?? ''
      if (SPACE.has(character)) this.#at++
      else if (character === '/' && !this.#skipComment()) return
      else if (character === '*' && this.#at >= this.#plainUntil) {
        const found = this.#variable()
        if (found === undefined) return
        const { value, length } = found
        this.#text = this.#text.slice(0, this.#at) + value + this.#text.slice(this.#at + length)
        this.#plainUntil = this.#at + value.length
        this.#splices.push({ end: this.#plainUntil, delta: value.length - length })
      } else if (character !== '/') return
    }
  }

  /** Passes over the comment that begins here, if one does. An unclosed one is where the text ends. */
  #skipComment(): boolean {
    const opened = this.#text.slice(this.#at, this.#at + 2)
    if (opened === '//') {
      const end = this.#text.indexOf('\n', this.#at)
      this.#at = end < 0 ? this.#text.length : end
      return true
    }
    if (opened !== '/*') return false
    const end = this.#text.indexOf('*/', this.#at + 2)
    if (end < 0) throw new JsonError('JSON_INCOMPLETE_COMMENT', this.offset)
    this.#at = end + 2
    return true
  }

  #variable(): { value: string; length: number } | undefined {
    if (this.#environment === undefined) return undefined
    ENVIRONMENT.lastIndex = this.#at
    const [whole, name = ''] = ENVIRONMENT.exec(this.#text) ?? []
    if (whole === undefined) return undefined
    const value = this.#environment[name]
    if (value) return { value, length: whole.length }
    throw new JsonError(`NOT_FOUND:ENV_VAR:${name}`, this.offset)
  }

  #sourceOffset(at: number): number {
    let offset = at
    for (const { end, delta } of this.#splices) if (at >= end) offset -= delta
    return Math.max(0, Math.min(offset, this.#source.length))
  }
}

/** A message with line and byte, both from 1, and the text of the line. */
function placed(message: string, source: string, offset: number): string {
  const isLineEnd = source[offset] === '\n'
  const start = isLineEnd ? offset + 1 : source.lastIndexOf('\n', offset - 1) + 1
  const end = source.indexOf('\n', start)
  const line = source.slice(start, end < 0 ? source.length : end)
  const number = source.slice(0, start).split('\n').length
  const position = isLineEnd ? 0 : Buffer.byteLength(source.slice(start, offset)) + 1
  return `${message} around line ${number} and position ${position}\n line: ${goQuote(line)}`
}

/** A character as Go names it: by its first byte. */
function quoted(character: string): string {
  if (character === "'") return String.raw`'\''`
  if (character === '"') return `'"'`
  const [byte = 0] = Buffer.from(character)
  return `'${goQuote(String.fromCharCode(byte)).slice(1, -1)}'`
}

const ESCAPES: Readonly<Record<string, string>> = {
  '"': String.raw`\"`,
  '\\': String.raw`\\`,
  '\u0007': String.raw`\a`,
  '\b': String.raw`\b`,
  '\f': String.raw`\f`,
  '\n': String.raw`\n`,
  '\r': String.raw`\r`,
  '\t': String.raw`\t`,
  '\v': String.raw`\v`,
}

/** A text as Go's %q writes it. */
function goQuote(text: string): string {
  const escaped = [...text].map((character) => {
    const known = ESCAPES[character]
    if (known !== undefined) return known
    const code = character.codePointAt(0) ?? 0
    if (code < 0x20 || code === 0x7f) return `\\x${code.toString(16).padStart(2, '0')}`
    return /[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(character) ? character : `\\u${code.toString(16).padStart(4, '0')}`
  })
  return `"${escaped.join('')}"`
}
