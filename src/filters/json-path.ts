import { Decimal } from '../core/decimal.ts'
import type { EventFields, EventValue } from '../core/event.ts'
import { MappingError, type Value } from '../mapping/value.ts'

/** One step: a key, or a list with its `[..]`. */
type Step = { name: string; index: string | undefined }

/**
 * Reads a path below `*req` or `*opts` of an event that came as JSON: `A.B`, `A[0].B`, `A[key]`. Undefined: not there.
 * Throws MappingError: WRONG_PATH below a value that is no object, Go's text for an index that is no number. Reference 02, 2.4.
 */
export function compileJsonPath(path: string): (tree: EventFields) => Value {
  const steps = stepsOf(path)
  const [only] = steps
  if (only === undefined) return (tree) => tree
  if (steps.length === 1 && only.index === undefined) {
    const { name } = only
    return (tree) => (Object.hasOwn(tree, name) ? tree[name] : undefined)
  }
  return (tree) => {
    let node: EventValue | undefined = tree
    for (const { name, index } of steps) {
      node = fieldOf(node, name)
      if (node !== undefined && index !== undefined) node = memberOf(node, index)
      if (node === undefined) return undefined
    }
    return node
  }
}

/** Steps end at dots outside of brackets; the only pair of brackets, at the end of a step, is an index. */
function stepsOf(path: string): Step[] {
  if (path === '') return []
  const steps: Step[] = []
  const lastClose = path.lastIndexOf(']')
  let start = 0
  let pairs: [open: number, close: number][] = []
  for (let i = 0; i <= path.length; i++) {
    const char = path.charAt(i)
    if (char === '[' && i < lastClose) {
      const close = path.indexOf(']', i)
      pairs.push([i, close])
      i = close
    } else if (char === '.' || i === path.length) {
      const [open = 0, close = 0] = pairs.length === 1 ? (pairs[0] ?? []) : []
      const hasIndex = open > start && close === i - 1
      const name = path.slice(start, hasIndex ? open : i)
      steps.push({ name, index: hasIndex ? path.slice(open + 1, close) : undefined })
      start = i + 1
      pairs = []
    }
  }
  return steps
}

function fieldOf(node: EventValue, name: string): EventValue | undefined {
  if (Array.isArray(node) || !isObject(node)) throw new MappingError('WRONG_PATH')
  return Object.hasOwn(node, name) ? node[name] : undefined
}

function isObject(node: EventValue): node is EventFields {
  return node !== null && typeof node === 'object' && !(node instanceof Decimal)
}

function memberOf(node: EventValue, index: string): EventValue | undefined {
  if (!Array.isArray(node) && isObject(node)) return fieldOf(node, index)
  if (!/^[+-]?\d+$/.test(index))
    throw new MappingError(`strconv.Atoi: parsing ${JSON.stringify(index)}: invalid syntax`)
  return Array.isArray(node) ? (node as readonly EventValue[])[Number(index)] : undefined
}
