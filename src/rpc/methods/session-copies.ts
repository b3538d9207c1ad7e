import { NotFound } from '../../core/errors.ts'
import type { Session } from '../../sessions/session.ts'
import { type Method, method, OK, requireFields } from '../method.ts'
import { RpcError } from '../rpc-error.ts'
import { any, boolean, list, map, struct, text } from '../shape.ts'
import { passiveSessionShape, sessionOfWire } from '../shapes/passive-session.ts'
import type { RpcDefaults } from './defaults.ts'

/** What copies of sessions ask of the engine. */
export interface SessionCopyServices {
  /** Keeps a copy of a session that another engine charges. */
  storeCopy(session: Session): Promise<void>
  /** Drops a copy; false: there is none. */
  dropCopy(cgrId: string): Promise<boolean>
  /** Charges the copies of these sessions here, or leaves these to another engine; empty: all. Whether all were there. */
  moveSessions(cgrIds: readonly string[], to: 'active' | 'passive'): Promise<boolean>
  /** Sends copies over connections; '' is every session. Throws RpcError for an unknown connection. */
  replicateSessions(cgrId: string, from: 'active' | 'passive', connectionIds: readonly string[]): Promise<void>
}

const idsShape = struct('utils.SessionIDsWithArgsDispatcher', { IDs: list(text), Tenant: text, APIOpts: map(any) })

/** Sessions that move between engines. Reference 01, 9.2; 05, 6.16; 10, B6. */
export function sessionCopyMethods(
  { sessionCopies: services }: { readonly sessionCopies: SessionCopyServices },
  defaults: RpcDefaults,
): Method[] {
  const move = async (cgrIds: readonly string[], to: 'active' | 'passive') => {
    if (!(await services.moveSessions(cgrIds, to))) throw new RpcError('PARTIALLY_EXECUTED')
    return 'OK'
  }
  return [
    method('SessionSv1.SetPassiveSession', {
      summary: 'Keeps a copy of a session that another engine charges, or drops it. Errors: NOT_FOUND.',
      params: passiveSessionShape,
      reply: OK,
      async run(wire) {
        requireFields(wire, 'CGRID')
        const session = sessionOfWire(wire, defaults.timeZone)
        if (session !== undefined) await services.storeCopy(session)
        else if (!(await services.dropCopy(wire.CGRID))) throw new NotFound()
        return 'OK'
      },
    }),
    method('SessionSv1.ReplicateSessions', {
      summary: 'Sends copies of sessions over connections now; what fails is told in the log.',
      params: struct('dispatchers.ArgsReplicateSessionsWithAPIOpts', {
        CGRID: text,
        Passive: boolean,
        ConnIDs: list(text),
        Tenant: text,
        APIOpts: map(any),
      }),
      reply: OK,
      async run({ CGRID: cgrId, Passive: isPassive, ConnIDs: connectionIds }) {
        await services.replicateSessions(cgrId, isPassive ? 'passive' : 'active', connectionIds)
        return 'OK'
      },
    }),
    method('SessionSv1.ActivateSessions', {
      summary: 'Charges copies of sessions here from now on. Errors: PARTIALLY_EXECUTED for ids that are not there.',
      params: idsShape,
      reply: OK,
      run: ({ IDs: cgrIds }) => move(cgrIds, 'active'),
    }),
    method('SessionSv1.DeactivateSessions', {
      summary: 'Leaves sessions to another engine. Errors: PARTIALLY_EXECUTED for ids that are not there.',
      params: idsShape,
      reply: OK,
      run: ({ IDs: cgrIds }) => move(cgrIds, 'passive'),
    }),
  ]
}
