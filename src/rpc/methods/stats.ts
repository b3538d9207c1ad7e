import { NotFound } from '../../core/errors.ts'
import type { ChargingEvent } from '../../core/event.ts'
import { type Method, method, OK, requireFields } from '../method.ts'
import { plainly, plainlyAsync } from '../plainly.ts'
import { decimal, list, map, type Shape, text, type ValueOf } from '../shape.ts'
import { chargingEvent, eventShape, tenantIdWithOptionsShape, tenantShape } from '../shapes/event.ts'
import { statQueueShape } from '../shapes/states.ts'
import type { RpcDefaults } from './defaults.ts'

/** Queues of statistics, as their methods ask for them. */
export interface StatQueues {
  readonly stats: {
    processEvent(event: ChargingEvent): Promise<readonly string[]>
    queuesFor(event: ChargingEvent): string[]
    ids(tenant: string): string[]
    texts(tenant: string, id: string): Record<string, string> | undefined
    numbers(tenant: string, id: string): Record<string, unknown> | undefined
    reset(tenant: string, id: string): Promise<boolean>
  }
  view(tenant: string, id: string): Record<string, unknown> | undefined
}

export interface StatServices {
  /** Undefined while the service is off. */
  readonly statQueues: StatQueues | undefined
}

/** Queues of events and their metrics. Reference 06, 5.2; 01, 9.3. */
export function statMethods(services: StatServices, defaults: RpcDefaults): Method[] {
  const queues = () => {
    const { statQueues } = services
    if (statQueues === undefined) throw new NotFound()
    return statQueues
  }
  const ofQueue = <R>(
    name: string,
    summary: string,
    reply: Shape,
    read: (tenant: string, id: string) => R | undefined,
  ) =>
    method(`StatSv1.${name}`, {
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
    method('StatSv1.ProcessEvent', {
      summary:
        'Puts an event into the queues that it is for; their ids, heaviest first. Errors: MANDATORY_IE_MISSING: [ID], NOT_FOUND, PARTIALLY_EXECUTED.',
      params: eventShape,
      reply: list(text),
      run: (argument) => plainlyAsync(() => queues().stats.processEvent(namedEvent(argument, defaults.tenant))),
    }),
    method('StatSv1.GetStatQueuesForEvent', {
      summary: 'Ids of the queues that an event is for, heaviest first. Errors: MANDATORY_IE_MISSING: [ID], NOT_FOUND.',
      params: eventShape,
      reply: list(text),
      run: (argument) => plainly(() => queues().stats.queuesFor(namedEvent(argument, defaults.tenant))),
    }),
    method('StatSv1.GetQueueIDs', {
      summary: 'Ids of the queues of a tenant.',
      params: tenantShape,
      reply: list(text),
      run: ({ Tenant: tenant }) => queues().stats.ids(tenant || defaults.tenant),
    }),
    ofQueue('GetStatQueue', 'A queue: its events, and what each metric keeps.', statQueueShape, (tenant, id) =>
      queues().view(tenant, id),
    ),
    ofQueue('GetQueueStringMetrics', 'The metrics of a queue as people read them.', map(text), (tenant, id) =>
      queues().stats.texts(tenant, id),
    ),
    ofQueue(
      'GetQueueFloatMetrics',
      'The metrics of a queue as numbers, durations in ns; -1: none.',
      map(decimal),
      (tenant, id) => queues().stats.numbers(tenant, id),
    ),
    method('StatSv1.ResetStatQueue', {
      summary: 'Forgets the events of a queue. Errors: MANDATORY_IE_MISSING: [ID], NOT_FOUND.',
      params: tenantIdWithOptionsShape,
      reply: OK,
      async run({ TenantID: named }) {
        requireFields(named, 'ID')
        if (!(await queues().stats.reset(named.Tenant || defaults.tenant, named.ID))) throw new NotFound()
        return 'OK'
      },
    }),
  ]
}

/** The event of a call that must name it. Throws RpcError. Reference 06, 1.1. */
export function namedEvent(argument: ValueOf<typeof eventShape>, defaultTenant: string): ChargingEvent {
  requireFields(argument, 'ID')
  return chargingEvent(argument, defaultTenant, 'Event')
}
