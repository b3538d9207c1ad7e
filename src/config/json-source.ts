import { ConfigError } from './config-error.ts'
import { type Environment, JsonError, JsonScanner } from './json-scanner.ts'

/** Where a value stands: 1-based. file: a path or a URL. */
export type Place = { file: string; line: number; column: number }

/** A JSON value with the place of every key in it, by path (`general.log_level`, `ees.exporters[0].id`). */
export type LocatedJson = { value: unknown; places: Map<string, Place> }

/** Values inside values that a text may have. */
const MAX_DEPTH = 1_000

/**
 * Parses one configuration file: JSON with comments and trailing commas, `*env:NAME` replaced from `environment` when there is one; what follows
 * the first value is not read. Throws ConfigError with file, line and column; its client text is that of CGRateS.
 * Reference 01, 2.1.
 */
export function parseConfigFile(file: string, text: string, environment: Environment | undefined): LocatedJson {
  const lines = lineStarts(text)
  const places = new Map<string, Place>()
  try {
    const value = parseConfigText(text, environment, (path, offset) => places.set(path, placeOf(file, lines, offset)))
    return { value, places }
  } catch (cause) {
    if (!(cause instanceof JsonError)) throw cause
    const { message } = cause
    throw new ConfigError([{ place: placeOf(file, lines, cause.offset), key: '', problem: message, client: message }])
  }
}

/** The sections of a text; null for a text that is just null. locate: told the offset of every key by its path. Throws JsonError. */
export function parseConfigText(
  text: string,
  environment: Environment | undefined,
  locate: (path: string, offset: number) => void,
): unknown {
  const scanner = new JsonScanner(text, environment)
  const first = scanner.peek()
  if (first === '') throw new JsonError('EOF', text.length)
  if (first === '[') {
    scanner.take()
    throw scanner.mistyped('json: cannot unmarshal array into Go value of type config.CgrJsonCfg')
  }
  const value = readValue(scanner, '', locate, 0)
  if (typeof value !== 'object') {
    const kind = typeof value === 'boolean' ? 'bool' : typeof value
    throw scanner.mistyped(`json: cannot unmarshal ${kind} into Go value of type config.CgrJsonCfg`)
  }
  return value
}

type Locate = (path: string, offset: number) => void

function readValue(scanner: JsonScanner, path: string, locate: Locate, depth: number): unknown {
  if (depth > MAX_DEPTH) throw new JsonError('exceeded max depth', scanner.offset)
  switch (scanner.peek()) {
    case '{':
      return readObject(scanner, path, locate, depth)
    case '[':
      return readArray(scanner, path, locate, depth)
    case '"':
      return readString(scanner)
    case 't':
      return readLiteral(scanner, 'true', true)
    case 'f':
      return readLiteral(scanner, 'false', false)
    case 'n':
      return readLiteral(scanner, 'null', null)
    default:
      return readNumber(scanner)
  }
}

function readObject(scanner: JsonScanner, path: string, locate: Locate, depth: number): Record<string, unknown> {
  const object: Record<string, unknown> = {}
  scanner.take()
  for (let isFirst = true; ; isFirst = false) {
    if (scanner.peek() === '}' && isFirst) break
    const offset = scanner.offset
    const quote = scanner.peek()
    if (quote !== '"') throw scanner.unexpected(scanner.take(), 'looking for beginning of object key string')
    const name = readString(scanner)
    const colon = scanner.take()
    if (colon !== ':') throw scanner.unexpected(colon, 'after object key')
    const below = path === '' ? name : `${path}.${name}`
    locate(below, offset)
    Object.defineProperty(object, name, {
      value: readValue(scanner, below, locate, depth + 1),
      enumerable: true,
      configurable: true,
      writable: true,
    })
    const next = scanner.peek()
    if (next === '}') break
    if (scanner.take() !== ',') throw scanner.unexpected(next, 'after object key:value pair')
  }
  scanner.take()
  return object
}

function readArray(scanner: JsonScanner, path: string, locate: Locate, depth: number): unknown[] {
  const array: unknown[] = []
  scanner.take()
  for (let isFirst = true; ; isFirst = false) {
    if (scanner.peek() === ']' && isFirst) break
    const below = `${path}[${array.length}]`
    scanner.peek()
    locate(below, scanner.offset)
    array.push(readValue(scanner, below, locate, depth + 1))
    const next = scanner.peek()
    if (next === ']') break
    if (scanner.take() !== ',') throw scanner.unexpected(next, 'after array element')
  }
  scanner.take()
  return array
}

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
}

const PLAIN_TEXT = /[^"\\*\p{Cc}]+/uy

function readString(scanner: JsonScanner): string {
  scanner.take()
  let text = ''
  for (;;) {
    text += scanner.takeMatch(PLAIN_TEXT)
    const variable = scanner.takeVariable()
    if (variable !== undefined) {
      text += variable
      continue
    }
    const character = scanner.takeRaw()
    if (character === '"') return text
    if (character === '' || character < ' ') throw scanner.unexpected(character, 'in string literal')
    text += character === '\\' ? readEscape(scanner) : character
  }
}

function readEscape(scanner: JsonScanner): string {
  const character = scanner.takeRaw()
  if (character !== 'u') {
    const plain = ESCAPES[character]
    if (plain === undefined) throw scanner.unexpected(character, 'in string escape code')
    return plain
  }
  let digits = ''
  while (digits.length < 4) {
    const digit = scanner.takeRaw()
    if (!/^[0-9a-fA-F]$/.test(digit)) throw scanner.unexpected(digit, String.raw`in \u hexadecimal character escape`)
    digits += digit
  }
  return String.fromCharCode(Number.parseInt(digits, 16))
}

function readLiteral<T>(scanner: JsonScanner, word: string, value: T): T {
  for (const expected of word) {
    const found = scanner.take()
    if (found !== expected)
      throw scanner.unexpected(found, `in literal ${word} (expecting ${JSON.stringify(expected).replaceAll('"', "'")})`)
  }
  return value
}

function readNumber(scanner: JsonScanner): number {
  const minus = scanner.peek() === '-' ? scanner.take() : ''
  const digits = scanner.takeMatch(/0|[1-9]\d*/y)
  if (digits === '')
    throw scanner.unexpected(scanner.take(), minus === '' ? 'looking for beginning of value' : 'in numeric literal')
  const point = scanner.takeMatch(/\./y)
  const decimals = point === '' ? '' : scanner.takeMatch(/\d+/y)
  if (point !== '' && decimals === '')
    throw scanner.unexpected(scanner.take(), 'after decimal point in numeric literal')
  const power = scanner.takeMatch(/[eE][+-]?/y)
  const exponent = power === '' ? '' : scanner.takeMatch(/\d+/y)
  if (power !== '' && exponent === '') throw scanner.unexpected(scanner.take(), 'in exponent of numeric literal')
  return Number(minus + digits + point + decimals + power + exponent)
}

function lineStarts(text: string): number[] {
  const starts = [0]
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return starts
}

function placeOf(file: string, starts: readonly number[], offset: number): Place {
  let [low, high] = [0, starts.length]
  while (low + 1 < high) {
    const middle = (low + high) >> 1
    if ((starts[middle] ?? 0) <= offset) low = middle
    else high = middle
  }
  return { file, line: low + 1, column: offset - (starts[low] ?? 0) + 1 }
}
