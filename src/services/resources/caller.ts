import type { ChargingEvent } from '../../core/event.ts'

export type ResourceCall = 'AuthorizeResources' | 'AllocateResources' | 'ReleaseResources'

/** ResourceS, of this process or of another. */
export interface ResourceCaller {
  /** What it answers to the event of a call. Throws ResourceRefused with its error, Later. */
  call(call: ResourceCall, event: ChargingEvent): string
}
