import { type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser'
import { ConfigError } from './config-error.ts'

/** Where a value stands: 1-based. */
export type Place = { file: string; line: number; column: number }

/** A JSON value with the place of every key in it, by path (`general.log_level`, `ees.exporters[0].id`). */
export type LocatedJson = { value: unknown; places: Map<string, Place> }

/**
 * Parses one configuration file: JSON with comments and trailing commas, `*env:NAME` replaced from `environment`.
 * Throws ConfigError with file, line and column. Reference 01, 2.1.
 */
export function parseConfigFile(
  file: string,
  text: string,
  environment: Readonly<Record<string, string | undefined>>,
): LocatedJson {
  const replaced = replaceEnvironment(file, text, environment)
  const errors: ParseError[] = []
  const root = parseTree(replaced, errors, { allowTrailingComma: true, disallowComments: false })
  const [error] = errors
  if (error !== undefined || root === undefined) {
    const place = placeOf(file, replaced, error?.offset ?? 0)
    throw new ConfigError([
      {
        place,
        key: '',
        problem: error === undefined ? 'the file is empty, expected a JSON object' : printParseErrorCode(error.error),
      },
    ])
  }
  const places = new Map<string, Place>()
  const value = read(root, '', (path, offset) => places.set(path, placeOf(file, replaced, offset)))
  return { value, places }
}

function replaceEnvironment(
  file: string,
  text: string,
  environment: Readonly<Record<string, string | undefined>>,
): string {
  return text.replace(/\/\/.*|\/\*[\s\S]*?\*\/|\*env:(\w+)/g, (whole, name: string | undefined, offset: number) => {
    if (name === undefined) return whole
    const value = environment[name]
    if (value) return value
    throw new ConfigError([{ place: placeOf(file, text, offset), key: '', problem: `NOT_FOUND:ENV_VAR:${name}` }])
  })
}

function read(node: Node, path: string, locate: (path: string, offset: number) => void): unknown {
  if (node.type === 'array')
    return (node.children ?? []).map((child, i) => {
      locate(`${path}[${i}]`, child.offset)
      return read(child, `${path}[${i}]`, locate)
    })
  if (node.type !== 'object') return node.value as unknown
  const object: Record<string, unknown> = {}
  for (const { children = [] } of node.children ?? []) {
    const [key, value] = children
    if (key === undefined || value === undefined) continue
    const name = String(key.value)
    const below = path === '' ? name : `${path}.${name}`
    locate(below, key.offset)
    object[name] = read(value, below, locate)
  }
  return object
}

function placeOf(file: string, text: string, offset: number): Place {
  const before = text.slice(0, offset)
  const line = before.split('\n').length
  return { file, line, column: offset - before.lastIndexOf('\n') }
}
