import { type Method, method, OK, requireFields } from '../method.ts'
import { pageOrNull } from '../page.ts'
import { RpcError } from '../rpc-error.ts'
import { any, embedded, flat, integer, list, map, type Shape, struct, text, type ValueOf } from '../shape.ts'
import { idsPageShape, tenantIdShape, tenantIdWithOptionsShape, tenantShape } from '../shapes/event.ts'
import type { RpcDefaults } from './defaults.ts'

/** Where the objects of one kind are. P: one as clients set it, H: as it is held. */
export interface ProfileAccess<P, H = P> {
  get(tenant: string, id: string): H | undefined
  /** Ids of a tenant, sorted. */
  ids(tenant: string): readonly string[]
  set(profile: P): Promise<void>
  /** Whether there was one. */
  remove(tenant: string, id: string): Promise<boolean>
}

/** The methods of one kind of object that a tenant has by id. */
export type ProfileDescription<P, H = P> = {
  /** In the names of the methods. */
  readonly name: string
  readonly shape: Shape
  /** Go type of the argument that sets one, and its field with the object. */
  readonly argument: readonly [goType: string, field: string]
  readonly notFound: string
  readonly hasIds: boolean
  readonly hasCount: boolean
  /** The argument that asks for one has options. */
  readonly isAskedWithOptions?: true
  /** What must be given to set one; `ID` alone by default. Throws RpcError. */
  readonly require?: (profile: P) => void
  /** One as clients read it. */
  readonly wire: (profile: H) => unknown
}

/** Get, Set, Remove, and where there are such, IDs and Count. Reference 01, 9.6; 06, 1.2. */
export function profileMethods<P extends { Tenant: string; ID: string }, H = P>(
  description: ProfileDescription<P, H>,
  profiles: ProfileAccess<P, H>,
  defaults: RpcDefaults,
): Method[] {
  const { name, shape, argument, notFound, wire, require = requireId } = description
  const [goType, field] = argument
  const tenantOf = ({ Tenant: tenant }: { Tenant: string }) => tenant || defaults.tenant
  const getShape: Shape<ValueOf<typeof tenantIdShape> | ValueOf<typeof tenantIdWithOptionsShape>> =
    description.isAskedWithOptions ? tenantIdWithOptionsShape : tenantIdShape
  const setShape = struct(goType, { [field]: embedded(shape), APIOpts: map(any) })
  const idsOf = (tenant: string) => {
    const ids = profiles.ids(tenant)
    if (ids.length === 0) throw new RpcError('NOT_FOUND')
    return ids
  }
  const methods = [
    method(`APIerSv1.Set${name}`, {
      summary: `Stores a ${name}; it counts from the next request on. Errors: MANDATORY_IE_MISSING, SERVER_ERROR: with what is wrong.`,
      params: setShape,
      reply: OK,
      async run(given) {
        const profile = flat(shape, given[field]) as P
        require(profile)
        await profiles.set({ ...profile, Tenant: tenantOf(profile) })
        return 'OK'
      },
    }),
    method(`APIerSv1.Get${name}`, {
      summary: `One ${name}. Errors: MANDATORY_IE_MISSING: [ID], ${notFound}.`,
      params: getShape,
      reply: shape,
      run(given) {
        const named = 'TenantID' in given ? given.TenantID : given
        requireFields(named, 'ID')
        const profile = profiles.get(tenantOf(named), named.ID)
        if (profile === undefined) throw new RpcError(notFound)
        return wire(profile)
      },
    }),
    method(`APIerSv1.Remove${name}`, {
      summary: `Removes a ${name}. Errors: MANDATORY_IE_MISSING: [ID], ${notFound}, SERVER_ERROR: with what refers to it.`,
      params: tenantIdWithOptionsShape,
      reply: OK,
      async run({ TenantID: given }) {
        requireFields(given, 'ID')
        if (!(await profiles.remove(tenantOf(given), given.ID))) throw new RpcError(notFound)
        return 'OK'
      },
    }),
  ]
  if (description.hasIds)
    methods.push(
      method(`APIerSv1.Get${name}IDs`, {
        summary: `Ids of a tenant that have Search in them; null behind the end. Errors: NOT_FOUND.`,
        params: idsPageShape,
        reply: list(text),
        run(given) {
          const found = idsOf(tenantOf(given)).filter((id) => id.includes(given.Search))
          if (found.length === 0) throw new RpcError('NOT_FOUND')
          return pageOrNull(found, given.Paginator)
        },
      }),
    )
  if (description.hasCount)
    methods.push(
      method(`APIerSv1.Get${name}Count`, {
        summary: 'How many a tenant has. Errors: NOT_FOUND.',
        params: tenantShape,
        reply: integer,
        run: (given) => idsOf(tenantOf(given)).length,
      }),
    )
  return methods
}

function requireId(profile: { ID: string }): void {
  requireFields(profile, 'ID')
}
