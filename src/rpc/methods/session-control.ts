import { NotFound } from '../../core/errors.ts'
import type { Session } from '../../sessions/session.ts'
import type { SessionLife } from '../../sessions/session-life.ts'
import { type Method, method, OK } from '../method.ts'
import { RpcError } from '../rpc-error.ts'
import { any, integer, list, map, pointer, struct, text, type ValueOf } from '../shape.ts'
import { tenantShape } from '../shapes/event.ts'
import { peerToDisconnectShape } from '../shapes/session.ts'
import { matchingRuns, type SessionServices } from './sessions.ts'

/** What control of sessions asks of the engine. */
export type SessionControlServices = SessionServices & {
  readonly sessionLife: Pick<SessionLife, 'disconnect' | 'alter' | 'sync' | 'disconnectPeer'>
}

const filterWithEventShape = struct('utils.SessionFilterWithEvent', {
  Tenant: text,
  Filters: list(text),
  Limit: pointer(integer),
  APIOpts: pointer(map(any)),
  Event: map(any),
})

/** Sessions ended and changed by an operator, and what their clients are told of it. Reference 01, 9.2; 05, 7.9. */
export function sessionControlMethods(services: SessionControlServices): Method[] {
  const matching = async (filter: ValueOf<typeof filterWithEventShape>): Promise<Session[]> => {
    const sessions = new Map(
      (await matchingRuns(services, services.activeSessions(filter.Filters), filter)).map(({ session }) => [
        session.cgrId,
        session,
      ]),
    )
    if (sessions.size === 0) throw new NotFound()
    return [...sessions.values()]
  }
  return [
    method('SessionSv1.ForceDisconnect', {
      summary:
        'Ends sessions at what was granted so far, makes their CDRs, has their clients end them. Errors: NOT_FOUND.',
      params: filterWithEventShape,
      reply: OK,
      async run(filter) {
        const { Event: event, APIOpts: apiOpts } = filter
        const sessions = await matching(filter)
        const cgrIds = sessions.map(({ cgrId }) => cgrId)
        return (await services.sessionLife.disconnect(cgrIds, { event, apiOpts })) ? 'OK' : 'PARTIALLY_EXECUTED'
      },
    }),
    method('SessionSv1.AlterSessions', {
      summary: 'Has the clients of sessions change them. Errors: NOT_FOUND, PARTIALLY_EXECUTED.',
      params: filterWithEventShape,
      reply: OK,
      async run(filter) {
        const { Event: event, APIOpts: apiOpts } = filter
        const sessions = await matching(filter)
        if (!(await services.sessionLife.alter(sessions, { event, apiOpts }))) throw new RpcError('PARTIALLY_EXECUTED')
        return 'OK'
      },
    }),
    method('SessionSv1.DisconnectPeer', {
      summary: 'Has every client disconnect a peer. Errors: PARTIALLY_EXECUTED.',
      params: peerToDisconnectShape,
      reply: OK,
      async run(peer) {
        if (!(await services.sessionLife.disconnectPeer(peer))) throw new RpcError('PARTIALLY_EXECUTED')
        return 'OK'
      },
    }),
    method('SessionSv1.SyncSessions', {
      summary: 'Ends the sessions that their clients do not know.',
      params: tenantShape,
      reply: OK,
      async run() {
        await services.sessionLife.sync()
        return 'OK'
      },
    }),
    method('SessionSv1.RegisterInternalBiJSONConn', {
      summary: 'Answers OK: agents of this process are called back without it.',
      params: text,
      reply: OK,
      run: () => 'OK',
    }),
    method('SessionSv1.BackupActiveSessions', {
      summary: 'How many sessions live: each is stored with every change.',
      params: text,
      reply: integer,
      run: async () => (await services.activeSessions()).length,
    }),
  ]
}
