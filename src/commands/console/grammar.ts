import { parseDuration } from '../../core/duration.ts'
import { TollgateError } from '../../core/errors.ts'
import { argumentFields } from '../../rpc/describe-shape.ts'
import { parseJson, type Shape } from '../../rpc/shape.ts'

/** A line that cannot be read: what stands where. */
export class LineError extends TollgateError {
  constructor(message: string) {
    super('LINE_ERROR', message)
  }
}

const KEY = /^([A-Za-z_]\w*)\s*=\s*/
/** Where a value without quotes ends: before the next key, or at the end. */
const NEXT_KEY = /\s+(?=[A-Za-z_]\w*\s*=)/

/**
 * The argument that the words after a command are: `Key=json Key2="text" Key3=["a","b"]` is one object, text without `=` the value
 * itself, nothing the zero argument. With the shape of the method a text needs no quotes (a shell takes them away), and a
 * duration may be written `1m30s`. Throws LineError. Reference 01, 10.2.
 */
export function parseArgument(words: string, shape: Shape | undefined): unknown {
  const text = words.trim()
  const isStruct = shape === undefined || argumentFields(shape).length > 0
  if (text === '') return isStruct ? {} : shape.form.kind === 'text' ? '' : null
  if (!KEY.test(text)) return argumentValue('', text, shape)
  const fields = new Map(
    (shape === undefined ? [] : argumentFields(shape)).map((field) => [field.name.toLowerCase(), field]),
  )
  const argument: Record<string, unknown> = {}
  for (let rest = text; rest !== ''; ) {
    const [whole, key = ''] = KEY.exec(rest) ?? ['']
    if (whole === '') throw new LineError(`${JSON.stringify(rest.slice(0, 40))}: expected Key=value`)
    rest = rest.slice(whole.length)
    const length = valueLength(rest)
    argument[key] = argumentValue(key, rest.slice(0, length), fields.get(key.toLowerCase())?.shape)
    rest = rest.slice(length).trimStart()
  }
  return argument
}

/** Keys of an argument that its method does not have. */
export function unknownKeys(argument: unknown, shape: Shape | undefined): string[] {
  if (shape === undefined || typeof argument !== 'object' || argument === null) return []
  const known = new Set(argumentFields(shape).map(({ name }) => name.toLowerCase()))
  return known.size === 0 ? [] : Object.keys(argument).filter((key) => !known.has(key.toLowerCase()))
}

/** Characters of the value that the text begins with. */
function valueLength(text: string): number {
  if (!/^["[{]/.test(text)) {
    const next = text.search(NEXT_KEY)
    return next < 0 ? text.length : next
  }
  let depth = 0
  let inString = false
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? ''
    if (inString) {
      if (character === '\\') at++
      else if (character === '"') inString = false
    } else if (character === '"') inString = true
    else if ('[{'.includes(character)) depth++
    else if (']}'.includes(character)) depth--
    if (depth === 0 && !inString) return at + 1
  }
  throw new LineError(`${JSON.stringify(text.slice(0, 40))}: ${inString ? 'a quote' : 'a bracket'} is not closed`)
}

function argumentValue(key: string, text: string, shape: Shape | undefined): unknown {
  const kind = shape?.form.kind
  if (!/^["[{]/.test(text) && kind === 'text') return text
  let value: unknown
  try {
    value = parseJson(text)
  } catch {
    const list = /^\[(.*)\]$/s.exec(text)
    if (list !== null && shape !== undefined && itemOf(shape)?.form.kind === 'text')
      return (list[1] ?? '').split(',').map((item) => item.trim())
    if (/^["[{]/.test(text)) throw new LineError(`${key === '' ? '' : `${key}: `}${text} is no JSON`)
    value = text
  }
  return fitted(key, value, shape)
}

/** A value as its shape wants it, where that is beyond doubt. */
function fitted(key: string, value: unknown, shape: Shape | undefined): unknown {
  if (shape === undefined || value === null) return value
  const { form } = shape
  switch (form.kind) {
    case 'pointer':
      return fitted(key, value, form.of)
    case 'text':
      return ['number', 'bigint', 'boolean'].includes(typeof value) ? String(value) : value
    case 'duration':
      return typeof value === 'string' ? nanoseconds(key, value) : value
    case 'list':
      return Array.isArray(value) ? value.map((each) => fitted(key, each, form.of)) : value
    case 'struct': {
      if (typeof value !== 'object' || Array.isArray(value)) return value
      const fields = new Map(argumentFields(shape).map((field) => [field.name.toLowerCase(), field.shape]))
      return Object.fromEntries(
        Object.entries(value).map(([name, each]) => [
          name,
          fitted(`${key}.${name}`, each, fields.get(name.toLowerCase())),
        ]),
      )
    }
    default:
      return value
  }
}

function itemOf({ form }: Shape): Shape | undefined {
  if (form.kind === 'pointer') return itemOf(form.of)
  return form.kind === 'list' ? form.of : undefined
}

function nanoseconds(key: string, text: string): bigint {
  try {
    return parseDuration(text)
  } catch (cause) {
    throw new LineError(`${key}: ${cause instanceof Error ? cause.message : String(cause)}`)
  }
}
