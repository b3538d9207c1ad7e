import { NotFound } from '../../core/errors.ts'
import type { Session } from '../../sessions/session.ts'
import { type Method, method } from '../method.ts'
import { any, integer, list, map, pointer, struct, text } from '../shape.ts'
import { activeSessionShape, activeSessionWire } from '../shapes/session.ts'

/** What the methods of sessions ask of the engine. */
export interface SessionServices {
  activeSessions(): Promise<Session[]>
}

const sessionFilterShape = struct('utils.SessionFilter', {
  Tenant: text,
  Filters: list(text),
  Limit: pointer(integer),
  APIOpts: map(any),
})

/** Live sessions. Reference 01, 9.2; 05. */
export function sessionMethods(services: SessionServices): Method[] {
  return [
    method('SessionSv1.GetActiveSessions', {
      summary: 'Runs of the sessions that are charged now. Errors: NOT_FOUND.',
      params: sessionFilterShape,
      reply: list(activeSessionShape),
      async run({ Limit: limit }) {
        const runs = (await services.activeSessions()).flatMap(activeSessionWire)
        if (runs.length === 0) throw new NotFound()
        return limit !== null && limit > 0 ? runs.slice(0, limit) : runs
      },
    }),
    method('SessionSv1.GetActiveSessionsCount', {
      summary: 'How many runs are charged now.',
      params: sessionFilterShape,
      reply: integer,
      run: async () => (await services.activeSessions()).flatMap(({ runs }) => runs).length,
    }),
  ]
}
