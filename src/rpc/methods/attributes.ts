import { NotFound } from '../../core/errors.ts'
import type { ChargingEvent } from '../../core/event.ts'
import { formatTime } from '../../core/time.ts'
import { type Attributed, AttributesRefused } from '../../services/attributes/caller.ts'
import { type AttributeProfile, isInlineProfile } from '../../services/attributes/profile.ts'
import { type Method, method } from '../method.ts'
import { RpcError } from '../rpc-error.ts'
import { inlineProfileWire } from '../shapes/attribute-profile.ts'
import { attributedShape, attributedWire } from '../shapes/attributed.ts'
import { chargingEvent, eventShape } from '../shapes/event.ts'
import { PROFILE_KINDS, type ProfileOf, profileWire } from '../shapes/profile-kinds.ts'
import type { RpcDefaults } from './defaults.ts'

/** What the methods of AttributeS ask of the engine. */
export interface AttributeServices {
  readonly attributes: {
    profileFor(event: ChargingEvent): AttributeProfile | undefined
    process(event: ChargingEvent): Attributed | undefined
  }
  profiles: {
    readonly stores: {
      readonly AttributeProfile: { get(tenant: string, id: string): ProfileOf<'AttributeProfile'> | undefined }
    }
  }
}

/** Events that are changed by profiles. Reference 06, 2.2. */
export function attributeMethods(services: AttributeServices, defaults: RpcDefaults): Method[] {
  return [
    method('AttributeSv1.GetAttributeForEvent', {
      summary: 'The profile that an event would be changed by first. Errors: NOT_FOUND, SERVER_ERROR: of a filter.',
      params: eventShape,
      reply: PROFILE_KINDS.AttributeProfile.shape,
      run(argument) {
        const event = chargingEvent({ ...argument, Event: argument.Event ?? {} }, defaults.tenant)
        const profile = told(() => services.attributes.profileFor(event))
        if (profile === undefined) throw new NotFound()
        if (isInlineProfile(profile.id)) return inlineProfileWire(profile)
        const stored = services.profiles.stores.AttributeProfile.get(profile.tenant, profile.id)
        if (stored === undefined) throw new NotFound()
        return profileWire(stored)
      },
    }),
    method('AttributeSv1.ProcessEvent', {
      summary:
        'An event as profiles change it. Errors: MANDATORY_IE_MISSING, NOT_FOUND, SERVER_ERROR: of a filter or a value.',
      params: eventShape,
      reply: attributedShape,
      run(argument) {
        const event = chargingEvent(argument, defaults.tenant, 'Event')
        const done = told(() => services.attributes.process(event))
        if (done === undefined) throw new NotFound()
        return attributedWire(done, argument.ID, argument.Time && formatTime(argument.Time))
      },
    }),
  ]
}

function told<R>(ask: () => R): R {
  try {
    return ask()
  } catch (cause) {
    throw cause instanceof AttributesRefused ? new RpcError(cause.message) : cause
  }
}
