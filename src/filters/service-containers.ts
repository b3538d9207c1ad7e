import { Decimal } from '../core/decimal.ts'
import type { EventFields, EventValue } from '../core/event.ts'
import type { MappingContext } from '../mapping/context.ts'
import { pathSegments } from '../mapping/tree.ts'
import { Duration, MappingError, type Value } from '../mapping/value.ts'
import { compileJsonPath } from './json-path.ts'

/** Containers of other services. Reference 02, 6.5. */
export const SERVICE_CONTAINERS = ['*resources', '*stats', '*trends', '*rankings'] as const
export type ServiceContainer = (typeof SERVICE_CONTAINERS)[number]

/**
 * What a service tells of one of its items, as it answers over JSON; undefined: it has no such item. Throws Later until it is known,
 * MappingError when nobody can be asked and with the error of the service.
 */
export type ServiceLookup = (container: ServiceContainer, tenant: string, id: string) => EventFields | undefined

type Read = (context: MappingContext<unknown, unknown>) => Value

/** Reads `<id>.<path>` of a container of another service. Without a lookup nobody can be asked. */
export function compileServicePath(container: ServiceContainer, path: string, lookup: ServiceLookup | undefined): Read {
  if (lookup === undefined) {
    return () => {
      throw new MappingError('MANDATORY_IE_MISSING: [connIDs]')
    }
  }
  const [id = ''] = pathSegments(path)
  const read = compileMember(container, path.slice(id.length + 1))
  return ({ tenant }) => {
    const item = lookup(container, tenant, id)
    return item === undefined ? undefined : read(item)
  }
}

function compileMember(container: ServiceContainer, path: string): (item: EventFields) => Value {
  // Ids of metrics have dots.
  if (container === '*stats' && path !== '')
    return (metrics) => (Object.hasOwn(metrics, path) ? metrics[path] : undefined)
  if (container === '*resources' && path === 'TotalUsage') return totalUsage
  if (container === '*resources' && path === 'Available') {
    const limit = compileJsonPath('Config.Limit')
    return (resource) => amountOf(limit(resource)).minus(totalUsage(resource))
  }
  const read = compileJsonPath(path)
  return container === '*resources' && path === 'Config.UsageTTL' ? (item) => durationOf(read(item)) : read
}

function durationOf(value: Value): Value {
  return typeof value === 'bigint' || typeof value === 'number' ? new Duration(BigInt(value)) : value
}

/** Units of all usages. */
function totalUsage({ Usages: usages }: EventFields): Decimal {
  const units = compileJsonPath('Units')
  return Object.values((usages ?? {}) as Record<string, EventFields>).reduce(
    (sum, usage) => sum.plus(amountOf(units(usage))),
    Decimal.ZERO,
  )
}

function amountOf(value: Value | EventValue): Decimal {
  if (value instanceof Decimal) return value
  return typeof value === 'bigint' ? Decimal.of(value) : Decimal.ofNumber(Number(value ?? 0))
}
