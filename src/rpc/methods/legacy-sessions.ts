import { Decimal } from '../../core/decimal.ts'
import type { ChargingEvent, EventFields } from '../../core/event.ts'
import { fieldText } from '../../core/event-values.ts'
import { questionText, refusalText } from '../../services/errors.ts'
import type { SessionCall } from '../../sessions/sessions.ts'
import { type Caller, type Method, method, OK } from '../method.ts'
import { RpcError } from '../rpc-error.ts'
import { any, decimal, map } from '../shape.ts'
import type { RpcDefaults } from './defaults.ts'

/** What the session calls of earlier versions ask of the engine. */
export interface LegacySessionServices {
  charge<R>(call: SessionCall<R>): Promise<R>
  newUuid(): string
}

const event = map(any)

/** Session calls of earlier versions: a bare event, usage in seconds. Reference 05, 7.13. */
export function legacySessionMethods(services: LegacySessionServices, defaults: RpcDefaults): Method[] {
  const charging = (fields: EventFields): ChargingEvent => ({
    tenant: fieldText(fields, 'Tenant') || defaults.tenant,
    id: services.newUuid(),
    time: null,
    event: fields,
    apiOpts: {},
  })
  const charge = async <R>(call: SessionCall<R>, textOf = refusalText): Promise<R> => {
    try {
      return await services.charge(call)
    } catch (cause) {
      throw new RpcError(textOf(cause))
    }
  }
  const options = ({ connectionId }: Caller) => ({ forceDuration: false, clientId: connectionId })
  const seconds = (usage: bigint) => new Decimal(usage, 9)
  return [
    method('SMGenericV1.GetMaxUsage', {
      summary: 'Seconds that an event can pay for; nothing is debited.',
      params: event,
      reply: decimal,
      run: async (fields) =>
        seconds(
          await charge((unit, sessions) => ({ result: sessions.authorize(unit, charging(fields)) }), questionText),
        ),
    }),
    method('SMGenericV1.InitiateSession', {
      summary: 'Opens a session; the seconds that it reserves.',
      params: event,
      reply: decimal,
      run: async (fields, caller) =>
        seconds(
          await charge((unit, sessions) => ({
            result: sessions.initiate(unit, charging(fields), options(caller)).maxUsage,
          })),
        ),
    }),
    method('SMGenericV1.UpdateSession', {
      summary: 'Settles the last usage and reserves the next; in seconds.',
      params: event,
      reply: decimal,
      run: async (fields, caller) =>
        seconds(
          await charge((unit, sessions) => ({
            result: sessions.update(unit, charging(fields), options(caller)).maxUsage,
          })),
        ),
    }),
    method('SMGenericV1.TerminateSession', {
      summary: 'Ends a session and settles what was used.',
      params: event,
      reply: OK,
      run: (fields, caller) =>
        charge((unit, sessions) => {
          sessions.terminate(unit, charging(fields), options(caller))
          return { result: 'OK' }
        }),
    }),
    method('SMGenericV1.ProcessCDR', {
      summary: 'Makes the CDRs of an ended session.',
      params: event,
      reply: OK,
      run: (fields) =>
        charge((unit, sessions) => ({ result: 'OK', cdrs: sessions.processCdr(unit, charging(fields)) })),
    }),
  ]
}
