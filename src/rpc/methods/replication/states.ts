import { NotFound } from '../../../core/errors.ts'
import { type Method, method, OK } from '../../method.ts'
import { plainlyAsync } from '../../plainly.ts'
import { any, embedded, map, type Shape, struct, type ValueOf } from '../../shape.ts'
import { tenantIdWithOptionsShape } from '../../shapes/event.ts'
import { resourceShape, statQueueShape, thresholdShape } from '../../shapes/states.ts'
import type { RpcDefaults } from '../defaults.ts'
import { requireKey } from './replicated.ts'

/** State of services that other engines read and set; of a service that is off there is none. */
export interface ReplicatedStateServices {
  readonly statQueues: ReplicatedState<ValueOf<typeof statQueueShape>> | undefined
  readonly resourceUsages: ReplicatedState<ValueOf<typeof resourceShape>> | undefined
  readonly thresholdStates: ReplicatedState<ValueOf<typeof thresholdShape>> | undefined
}

/** State of one kind. */
interface ReplicatedState<S> {
  view(tenant: string, id: string): Record<string, unknown> | undefined
  /** Takes the state of another engine in the place of its own. Rejects with TollgateError. */
  take(tenant: string, id: string, state: S): Promise<void>
  /** Forgets what was counted; whether there is something to count. */
  forget(tenant: string, id: string): Promise<boolean>
}

/** What services keep beside their profiles, as another engine has it. Reference 01, 9.5; 10, B2. */
export function replicatedStateMethods(services: ReplicatedStateServices, defaults: RpcDefaults): Method[] {
  return [
    ...replicatedState('StatQueue', statQueueShape, () => services.statQueues, defaults),
    ...replicatedState('Resource', resourceShape, () => services.resourceUsages, defaults),
    ...replicatedState('Threshold', thresholdShape, () => services.thresholdStates, defaults),
  ]
}

type Named = { Tenant: string; ID: string }

function replicatedState<S extends Named>(
  name: string,
  shape: Shape<S>,
  held: () => ReplicatedState<S> | undefined,
  defaults: RpcDefaults,
): Method[] {
  const tenantOf = ({ Tenant: tenant }: Named) => tenant || defaults.tenant
  return [
    method(`ReplicatorSv1.Get${name}`, {
      summary: `A ${name} as it is kept here. Errors: NOT_FOUND.`,
      params: tenantIdWithOptionsShape,
      reply: shape,
      run({ TenantID: named }) {
        const found = held()?.view(tenantOf(named), named.ID)
        if (found === undefined) throw new NotFound()
        return found
      },
    }),
    method(`ReplicatorSv1.Set${name}`, {
      summary: `Takes a ${name} as another engine has it; its profile comes first. Errors: MANDATORY_IE_MISSING: [ID], NOT_FOUND.`,
      params: struct(`engine.${name}WithAPIOpts`, { [name]: embedded(shape), APIOpts: map(any) }),
      reply: OK,
      async run(given) {
        const state = given[name] as S
        requireKey(state.ID, 'ID')
        const service = held()
        if (service === undefined) throw new NotFound()
        await plainlyAsync(() => service.take(tenantOf(state), state.ID, state))
        return 'OK'
      },
    }),
    method(`ReplicatorSv1.Remove${name}`, {
      summary: `Forgets what a ${name} has counted; one that is not there is no error.`,
      params: tenantIdWithOptionsShape,
      reply: OK,
      async run({ TenantID: named }) {
        await held()?.forget(tenantOf(named), named.ID)
        return 'OK'
      },
    }),
  ]
}
