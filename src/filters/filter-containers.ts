import type { EventValue } from '../core/event.ts'
import type { MappingContext } from '../mapping/context.ts'
import { MappingError, type Value } from '../mapping/value.ts'
import { compileJsonPath } from './json-path.ts'

type Read = (context: MappingContext<unknown, unknown>) => Value

/** Data of other services, by the connections of the section `filters` that they need. */
const REMOTE = ['*accounts', '*resources', '*stats', '*trends', '*rankings', '*libphonenumber']

/**
 * Containers that only filters read; all others are not found in a filter. Those of other services need a connection, which this version
 * does not have: they fail when they are read, as without one. Reference 02, 6.5.
 */
export function filterContainer(area: string, rest: string): Read {
  if (area === '*asm') return compileAccountSummary(rest)
  if (REMOTE.includes(area)) {
    return () => {
      throw new MappingError('MANDATORY_IE_MISSING: [connIDs]')
    }
  }
  if (!area.startsWith('*')) {
    const steps = [area, ...(rest === '' ? [] : rest.split('.'))]
    return () => {
      throw new MappingError(`invalid fieldname <[${steps.join(' ')}]>`)
    }
  }
  return () => undefined
}

/** `*asm.BalanceSummaries.<balance>.<field>`: the event seen as the summary of an account, balances by ID or number. */
function compileAccountSummary(rest: string): Read {
  const [, balance = '', path = ''] = /^BalanceSummaries(?:\.([^.]+)|\[\d+\])(?:\.(.+))?$/s.exec(rest) ?? []
  if (!rest.startsWith('BalanceSummaries')) {
    return () => {
      throw new MappingError(`unsupported field prefix: <${rest.split('.')[0]}>`)
    }
  }
  if (balance === '') {
    const read = compileJsonPath(rest)
    return ({ message }) => read(message as Parameters<typeof read>[0])
  }
  const read = compileJsonPath(path)
  return ({ message }) => {
    const summaries = (message as { BalanceSummaries?: EventValue }).BalanceSummaries
    if (!Array.isArray(summaries)) return undefined
    const found: EventValue | undefined = (summaries as readonly EventValue[]).find(
      (summary) => isObject(summary) && summary['ID'] === balance,
    )
    return found === undefined || !isObject(found) ? undefined : read(found)
  }
}

function isObject(value: EventValue): value is Record<string, EventValue> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}
