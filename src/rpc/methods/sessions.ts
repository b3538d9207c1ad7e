import { NotFound } from '../../core/errors.ts'
import type { ChargingEvent } from '../../core/event.ts'
import type { Run, Session } from '../../sessions/session.ts'
import { type Method, method } from '../method.ts'
import { any, integer, list, map, pointer, struct, text, type ValueOf } from '../shape.ts'
import { activeSessionShape, activeSessionWire } from '../shapes/session.ts'
import { sleepMethod } from './core.ts'
import type { RpcDefaults } from './defaults.ts'

/** What the methods of sessions ask of the engine. */
export interface SessionServices {
  /** filters: sessions that cannot pass them may be left out. */
  activeSessions(filters?: readonly string[]): Promise<Session[]>
  /** Copies of sessions that other engines charge. */
  passiveSessions(filters?: readonly string[]): Promise<Session[]>
  sessionFilter(filters: readonly string[]): (event: ChargingEvent) => boolean
}

export const sessionFilterShape = struct('utils.SessionFilter', {
  Tenant: text,
  Filters: list(text),
  Limit: pointer(integer),
  APIOpts: map(any),
})

/** The runs of sessions that pass the filters, up to the limit. Reference 05, 6.18. */
export async function matchingRuns(
  services: SessionServices,
  sessions: Promise<Session[]>,
  { Filters: filters, Limit: limit }: Pick<ValueOf<typeof sessionFilterShape>, 'Filters' | 'Limit'>,
): Promise<{ session: Session; run: Run }[]> {
  const passes = services.sessionFilter(filters)
  const found: { session: Session; run: Run }[] = []
  for (const session of await sessions)
    for (const run of session.runs)
      if (passes({ tenant: session.tenant, id: '', time: null, event: run.event, apiOpts: {} }))
        found.push({ session, run })
  return limit !== null && limit > 0 ? found.slice(0, limit) : found
}

/** Lists of sessions that live now. Reference 01, 9.2; 05, 7.9. */
export function sessionMethods(services: SessionServices, defaults: RpcDefaults): Method[] {
  return [
    method('SessionSv1.GetActiveSessions', {
      summary: 'Runs of the sessions that are charged now. Errors: NOT_FOUND.',
      params: sessionFilterShape,
      reply: list(activeSessionShape),
      async run(filter) {
        const found = await matchingRuns(services, services.activeSessions(filter.Filters), filter)
        if (found.length === 0) throw new NotFound()
        return found.map(({ session, run }) => activeSessionWire(session, run, defaults))
      },
    }),
    method('SessionSv1.GetActiveSessionsCount', {
      summary: 'How many runs are charged now.',
      params: sessionFilterShape,
      reply: integer,
      run: async (filter) =>
        (await matchingRuns(services, services.activeSessions(filter.Filters), { ...filter, Limit: null })).length,
    }),
    method('SessionSv1.GetPassiveSessions', {
      summary: 'Runs of the copies of sessions that other engines charge. Errors: NOT_FOUND.',
      params: sessionFilterShape,
      reply: list(activeSessionShape),
      async run(filter) {
        const found = await matchingRuns(services, services.passiveSessions(filter.Filters), filter)
        if (found.length === 0) throw new NotFound()
        return found.map(({ session, run }) => activeSessionWire(session, run, defaults))
      },
    }),
    method('SessionSv1.GetPassiveSessionsCount', {
      summary: 'How many runs other engines charge whose copies are here.',
      params: sessionFilterShape,
      reply: integer,
      run: async (filter) =>
        (await matchingRuns(services, services.passiveSessions(filter.Filters), { ...filter, Limit: null })).length,
    }),
    sleepMethod('SessionSv1.Sleep'),
  ]
}
