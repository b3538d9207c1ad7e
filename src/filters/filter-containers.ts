import type { EventValue } from '../core/event.ts'
import type { MappingContext } from '../mapping/context.ts'
import { MappingError, type Value } from '../mapping/value.ts'
import { compileJsonPath } from './json-path.ts'
import { compilePhone } from './phone-numbers.ts'
import { compileServicePath, SERVICE_CONTAINERS } from './service-containers.ts'
import type { FilterLookups } from './sides.ts'

type Read = (context: MappingContext<unknown, unknown>) => Value

/** Containers that only filters read; all others are not found in a filter. Reference 02, 6.5. */
export function filterContainer({
  accounts,
  service,
  phoneNames,
}: Pick<FilterLookups, 'accounts' | 'service' | 'phoneNames'>): (area: string, rest: string) => Read {
  return (area, rest) => {
    if (area === '*libphonenumber') return compilePhone(rest, phoneNames)
    if (area === '*accounts' && accounts !== undefined) return compileAccount(rest, accounts)
    const container = SERVICE_CONTAINERS.find((each) => each === area)
    if (container !== undefined) return compileServicePath(container, rest, service)
    return compileContainer(area, rest)
  }
}

function compileContainer(area: string, rest: string): Read {
  if (area === '*asm') return compileAccountSummary(rest)
  if (area === '*accounts') {
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

/** `*accounts.<name>.<path>`: the account of the tenant that is asked for. */
function compileAccount(rest: string, accounts: NonNullable<FilterLookups['accounts']>): Read {
  const dot = rest.indexOf('.')
  const id = dot < 0 ? rest : rest.slice(0, dot)
  const read = accounts(dot < 0 ? '' : rest.slice(dot + 1))
  return ({ tenant, now }) => read(tenant, id, now)
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
