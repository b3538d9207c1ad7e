import { NotFound } from '../../core/errors.ts'
import type { ChargingEvent } from '../../core/event.ts'
import { type Method, method, OK, requireFields } from '../method.ts'
import { plainly, plainlyAsync } from '../plainly.ts'
import { list, pointer, type Shape, struct, text, type ValueOf } from '../shape.ts'
import { chargingEvent, eventShape, tenantIdWithOptionsShape } from '../shapes/event.ts'
import { resourceProfileShape } from '../shapes/profile-kinds.ts'
import { resourceShape } from '../shapes/states.ts'
import type { RpcDefaults } from './defaults.ts'

/** Resources, as their methods ask for them. */
export interface ResourceUsages {
  readonly resources: {
    authorize(event: ChargingEvent): string
    allocate(event: ChargingEvent): Promise<string>
    release(event: ChargingEvent): Promise<void>
  }
  viewsFor(event: ChargingEvent): Record<string, unknown>[]
  view(tenant: string, id: string): Record<string, unknown> | undefined
  viewWithConfig(tenant: string, id: string): Record<string, unknown> | undefined
}

export interface ResourceServices {
  /** Undefined while the service is off. */
  readonly resourceUsages: ResourceUsages | undefined
}

const { form } = resourceShape
const withConfigShape = struct('engine.ResourceWithConfig', {
  ...(form.kind === 'struct' ? form.fields : {}),
  Config: pointer(resourceProfileShape),
})

const EVENT_ERRORS = 'Errors: MANDATORY_IE_MISSING: [ID Event], MANDATORY_IE_MISSING: [UsageID], NOT_FOUND'

/** Units in use against limits. Reference 06, 3.2; 01, 9.3. */
export function resourceMethods(services: ResourceServices, defaults: RpcDefaults): Method[] {
  const usages = () => {
    const { resourceUsages } = services
    if (resourceUsages === undefined) throw new NotFound()
    return resourceUsages
  }
  const eventOf = (argument: ValueOf<typeof eventShape>) => {
    requireFields(argument, 'ID', 'Event')
    return chargingEvent(argument, defaults.tenant, 'Event')
  }
  const ofResource = (
    name: string,
    summary: string,
    reply: Shape,
    read: (tenant: string, id: string) => Record<string, unknown> | undefined,
  ) =>
    method(`ResourceSv1.${name}`, {
      summary: `${summary} Errors: MANDATORY_IE_MISSING: [ID], NOT_FOUND.`,
      params: tenantIdWithOptionsShape,
      reply,
      run({ TenantID: named }) {
        requireFields(named, 'ID')
        const found = read(named.Tenant || defaults.tenant, named.ID)
        if (found === undefined) throw new NotFound()
        return found
      },
    })
  return [
    method('ResourceSv1.AuthorizeResources', {
      summary: `Whether a resource has room for an event: its message. Nothing is recorded. ${EVENT_ERRORS}, RESOURCE_UNAUTHORIZED.`,
      params: eventShape,
      reply: text,
      run: (argument) => plainly(() => usages().resources.authorize(eventOf(argument))),
    }),
    method('ResourceSv1.AllocateResources', {
      summary: `Records the usage of an event, in the place of one of the same id: the message of a resource that has room. ${EVENT_ERRORS}, RESOURCE_UNAVAILABLE, PARTIALLY_EXECUTED.`,
      params: eventShape,
      reply: text,
      run: (argument) => plainlyAsync(() => usages().resources.allocate(eventOf(argument))),
    }),
    method('ResourceSv1.ReleaseResources', {
      summary: `Forgets the usage of an event. ${EVENT_ERRORS}, cannot find usage record with id, PARTIALLY_EXECUTED.`,
      params: eventShape,
      reply: OK,
      async run(argument) {
        await plainlyAsync(() => usages().resources.release(eventOf(argument)))
        return 'OK'
      },
    }),
    method('ResourceSv1.GetResourcesForEvent', {
      summary: `The resources that an event is for, heaviest first. ${EVENT_ERRORS}.`,
      params: eventShape,
      reply: list(resourceShape),
      run: (argument) => plainly(() => usages().viewsFor(eventOf(argument))),
    }),
    ofResource('GetResource', 'A resource: its usages.', resourceShape, (tenant, id) => usages().view(tenant, id)),
    ofResource('GetResourceWithConfig', 'A resource and its profile.', withConfigShape, (tenant, id) =>
      usages().viewWithConfig(tenant, id),
    ),
  ]
}
