import { NotFound } from '../../core/errors.ts'
import type { ChargingEvent } from '../../core/event.ts'
import { type Method, method, OK, requireFields } from '../method.ts'
import { plainly, plainlyAsync } from '../plainly.ts'
import { list, text } from '../shape.ts'
import { eventShape, tenantIdWithOptionsShape, tenantShape } from '../shapes/event.ts'
import { thresholdShape } from '../shapes/states.ts'
import type { RpcDefaults } from './defaults.ts'
import { namedEvent } from './stats.ts'

/** Thresholds, as their methods ask for them. */
export interface ThresholdStates {
  readonly thresholds: {
    processEvent(event: ChargingEvent): Promise<readonly string[]>
    ids(tenant: string): string[]
    reset(tenant: string, id: string): Promise<boolean>
  }
  /** The thresholds that an event is for, as clients see them, heaviest first. */
  viewsFor(event: ChargingEvent): Record<string, unknown>[]
  view(tenant: string, id: string): Record<string, unknown> | undefined
}

export interface ThresholdServices {
  /** Undefined while the service is off. */
  readonly thresholdStates: ThresholdStates | undefined
}

/** Thresholds and what they have counted. Reference 06, 6.2; 01, 9.3. */
export function thresholdMethods(services: ThresholdServices, defaults: RpcDefaults): Method[] {
  const states = () => {
    const { thresholdStates } = services
    if (thresholdStates === undefined) throw new NotFound()
    return thresholdStates
  }
  return [
    method('ThresholdSv1.ProcessEvent', {
      summary:
        'Counts an event at the thresholds that it is for, and runs what that sets off; ids of those that counted it, heaviest first. Errors: MANDATORY_IE_MISSING: [ID], NOT_FOUND, PARTIALLY_EXECUTED.',
      params: eventShape,
      reply: list(text),
      run: (argument) => plainlyAsync(() => states().thresholds.processEvent(namedEvent(argument, defaults.tenant))),
    }),
    method('ThresholdSv1.GetThresholdsForEvent', {
      summary: 'The thresholds that an event is for, heaviest first. Errors: MANDATORY_IE_MISSING: [ID], NOT_FOUND.',
      params: eventShape,
      reply: list(thresholdShape),
      run: (argument) => plainly(() => states().viewsFor(namedEvent(argument, defaults.tenant))),
    }),
    method('ThresholdSv1.GetThresholdIDs', {
      summary: 'Ids of the thresholds of a tenant.',
      params: tenantShape,
      reply: list(text),
      run: ({ Tenant: tenant }) => states().thresholds.ids(tenant || defaults.tenant),
    }),
    method('ThresholdSv1.GetThreshold', {
      summary:
        'What a threshold has counted, and until when it does nothing. Errors: MANDATORY_IE_MISSING: [ID] of nothing, NOT_FOUND.',
      params: tenantIdWithOptionsShape,
      reply: thresholdShape,
      run({ TenantID: named }) {
        if (named.Tenant === '') requireFields(named, 'ID')
        const found = states().view(named.Tenant || defaults.tenant, named.ID)
        if (found === undefined) throw new NotFound()
        return found
      },
    }),
    method('ThresholdSv1.ResetThreshold', {
      summary: 'Lets a threshold begin anew. Errors: NOT_FOUND.',
      params: tenantIdWithOptionsShape,
      reply: OK,
      async run({ TenantID: named }) {
        if (!(await states().thresholds.reset(named.Tenant || defaults.tenant, named.ID))) throw new NotFound()
        return 'OK'
      },
    }),
  ]
}
