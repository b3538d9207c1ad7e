import { Decimal } from '../core/decimal.ts'
import type { EventFields, EventValue } from '../core/event.ts'
import { Duration, MappingError, type Value } from '../mapping/value.ts'

/** Fields of an event that hold a cost or a summary, as an object or as its JSON text. */
const HOLDERS: Readonly<Record<string, Shape>> = { CostDetails: 'cost', AccountSummary: 'summary' }

/** What an object of a cost is, and so what its steps mean. `plain`: its members are what they are called. */
type Shape = 'cost' | 'charge' | 'increment' | 'rating' | 'accounting' | 'summary' | 'balance' | 'plain'

/**
 * A step: a list of objects, objects by id, one that a member names by its id in a table, one by its UUID, or an object. Steps that are
 * not here are leaves, or there are none.
 */
type Step =
  | { is: 'list' | 'table' | 'lists' | 'object'; shape: Shape }
  | { is: 'reference'; id: string; table: string; shape: Shape }
  | { is: 'references'; id: string; table: string; shape: Shape }
  | { is: 'balance' }

const STEPS: Readonly<Record<Shape, Readonly<Record<string, Step>>>> = {
  cost: {
    Charges: { is: 'list', shape: 'charge' },
    Rating: { is: 'table', shape: 'rating' },
    Accounting: { is: 'table', shape: 'accounting' },
    RatingFilters: { is: 'table', shape: 'plain' },
    Rates: { is: 'lists', shape: 'plain' },
    Timings: { is: 'table', shape: 'plain' },
    AccountSummary: { is: 'object', shape: 'summary' },
  },
  charge: {
    Increments: { is: 'list', shape: 'increment' },
    Rating: { is: 'reference', id: 'RatingID', table: 'Rating', shape: 'rating' },
  },
  increment: { Accounting: { is: 'reference', id: 'AccountingID', table: 'Accounting', shape: 'accounting' } },
  rating: {
    Timing: { is: 'reference', id: 'TimingID', table: 'Timings', shape: 'plain' },
    RatingFilter: { is: 'reference', id: 'RatingFiltersID', table: 'RatingFilters', shape: 'plain' },
    Rates: { is: 'references', id: 'RatesID', table: 'Rates', shape: 'plain' },
  },
  accounting: {
    Rating: { is: 'reference', id: 'RatingID', table: 'Rating', shape: 'rating' },
    Balance: { is: 'balance' },
  },
  summary: { BalanceSummaries: { is: 'list', shape: 'balance' } },
  balance: {},
  plain: {},
}

/** Members that can be read of objects that do not give all of theirs. Undefined: any. */
const LEAVES: Readonly<Partial<Record<Shape, readonly string[]>>> = {
  cost: [],
  charge: ['CompressFactor'],
  increment: ['Usage', 'Cost', 'AccountingID', 'CompressFactor'],
  summary: ['Tenant', 'AllowNegative', 'Disabled'],
}

/** Members that are times, in ns. */
const DURATIONS = new Set(['Usage', 'RateIncrement', 'RateUnit', 'GroupIntervalStart'])

/**
 * Reads two or more steps into `CostDetails` or `AccountSummary` of an event (`CostDetails.Charges[0].Rating.RatingFilter.DestinationID`), with
 * what an id names in place of it. Undefined: it is no such path. Reference 02, 6.5.
 */
export function compileCostPath(path: string): ((event: EventFields) => Value) | undefined {
  const [holder = '', ...steps] = path.split('.')
  const shape = Object.hasOwn(HOLDERS, holder) ? HOLDERS[holder] : undefined
  if (shape === undefined || steps.length < 2) return undefined
  return (event) => {
    const root = objectOf(event[holder])
    return root === undefined ? undefined : read(root, root, shape, steps)
  }
}

/** The object, also of JSON text. Throws MappingError for what is none. */
function objectOf(value: EventValue | undefined): EventFields | undefined {
  if (value === undefined || value === null) return undefined
  let parsed: unknown = value
  if (typeof value === 'string') {
    try {
      parsed = JSON.parse(value)
    } catch (cause) {
      throw new MappingError(cause instanceof Error ? cause.message : String(cause))
    }
  }
  if (isObject(parsed)) return parsed
  throw new MappingError('WRONG_PATH')
}

function isObject(value: unknown): value is EventFields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Decimal)
}

function read(root: EventFields, node: EventFields, shape: Shape, [text, ...rest]: readonly string[]): Value {
  if (text === undefined) return node
  const [, name = text, index] = /^([^[]*)\[(\d+)\]$/.exec(text) ?? []
  const step = Object.hasOwn(STEPS[shape], name) ? STEPS[shape][name] : undefined
  if (step === undefined || (index === undefined && text.includes('['))) return leaf(node, shape, text, rest)
  switch (step.is) {
    case 'object':
      return inside(root, node[name], step.shape, rest)
    case 'list':
      return listed(root, node[name], step.shape, index, rest)
    case 'table':
    case 'lists': {
      const [id = '', ...below] = rest
      const table = node[name]
      if (rest.length === 0) return table
      const [, key = id, at] = step.is === 'lists' ? (/^(.*)\[(\d+)\]$/.exec(id) ?? []) : []
      const found = isObject(table) ? member(table, key) : undefined
      return step.is === 'lists' ? listed(root, found, step.shape, at, below) : inside(root, found, step.shape, below)
    }
    case 'reference':
      return inside(root, referred(root, node, step), step.shape, rest)
    case 'references':
      return listed(root, referred(root, node, step), step.shape, index, rest)
    case 'balance':
      return inside(root, balanceOf(root, node), 'balance', rest)
  }
}

/** One of a list by its number, or by its ID where that is the next step; the list itself without either. */
function listed(
  root: EventFields,
  list: EventValue | undefined,
  shape: Shape,
  index: string | undefined,
  rest: readonly string[],
): Value {
  if (!Array.isArray(list)) return undefined
  const members = list as readonly EventValue[]
  if (index !== undefined) return inside(root, members[Number(index)], shape, rest)
  const [id, ...below] = rest
  if (id === undefined) return members
  const found = shape === 'balance' ? members.find((each) => isObject(each) && each['ID'] === id) : undefined
  return inside(root, found, shape, below)
}

function inside(root: EventFields, node: EventValue | undefined, shape: Shape, rest: readonly string[]): Value {
  return isObject(node) ? read(root, node, shape, rest) : undefined
}

function leaf(node: EventFields, shape: Shape, name: string, rest: readonly string[]): Value {
  const leaves = LEAVES[shape]
  if ((leaves !== undefined && !leaves.includes(name)) || rest.length > 0)
    throw new MappingError(`unsupported field prefix: <${name}>`)
  const value = member(node, name)
  if (!DURATIONS.has(name)) return value
  if (typeof value === 'bigint') return new Duration(value)
  return typeof value === 'number' ? new Duration(BigInt(Math.trunc(value))) : value
}

function referred(root: EventFields, node: EventFields, { id, table }: { id: string; table: string }) {
  const entries = root[table]
  const key = node[id]
  return isObject(entries) && typeof key === 'string' ? member(entries, key) : undefined
}

/** The balance that an accounting names by its UUID. */
function balanceOf(root: EventFields, node: EventFields): EventValue | undefined {
  const summary = root['AccountSummary']
  const balances = isObject(summary) ? summary['BalanceSummaries'] : undefined
  if (!Array.isArray(balances)) return undefined
  return (balances as readonly EventValue[]).find((each) => isObject(each) && each['UUID'] === node['BalanceUUID'])
}

function member(node: EventFields, name: string): EventValue | undefined {
  return Object.hasOwn(node, name) ? node[name] : undefined
}
