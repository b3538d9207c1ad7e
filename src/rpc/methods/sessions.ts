import { NotFound } from '../../core/errors.ts'
import type { ChargingEvent } from '../../core/event.ts'
import type { Run, Session } from '../../sessions/session.ts'
import type { SessionCall } from '../../sessions/sessions.ts'
import { type Method, method, OK } from '../method.ts'
import { any, integer, list, map, pointer, struct, text, type ValueOf } from '../shape.ts'
import { activeSessionShape, activeSessionWire } from '../shapes/session.ts'
import { sleepMethod } from './core.ts'
import type { RpcDefaults } from './defaults.ts'

/** What the methods of sessions ask of the engine. */
export interface SessionServices {
  activeSessions(): Promise<Session[]>
  sessionFilter(filters: readonly string[]): (event: ChargingEvent) => boolean
  charge<R>(call: SessionCall<R>): Promise<R>
}

const sessionFilterShape = struct('utils.SessionFilter', {
  Tenant: text,
  Filters: list(text),
  Limit: pointer(integer),
  APIOpts: map(any),
})

const sessionFilterWithEventShape = struct('utils.SessionFilterWithEvent', {
  Tenant: text,
  Filters: list(text),
  Limit: pointer(integer),
  APIOpts: map(any),
  Event: map(any),
})

/** Sessions that live now: lists and control. Reference 01, 9.2; 05, 7.9. */
export function sessionMethods(services: SessionServices, defaults: RpcDefaults): Method[] {
  const matching = async ({ Filters: filters, Limit: limit }: ValueOf<typeof sessionFilterShape>) => {
    const passes = services.sessionFilter(filters)
    const found: { session: Session; run: Run }[] = []
    for (const session of await services.activeSessions())
      for (const run of session.runs)
        if (passes({ tenant: session.tenant, id: '', time: null, event: run.event, apiOpts: {} }))
          found.push({ session, run })
    return limit !== null && limit > 0 ? found.slice(0, limit) : found
  }
  return [
    method('SessionSv1.GetActiveSessions', {
      summary: 'Runs of the sessions that are charged now. Errors: NOT_FOUND.',
      params: sessionFilterShape,
      reply: list(activeSessionShape),
      async run(filter) {
        const found = await matching(filter)
        if (found.length === 0) throw new NotFound()
        return found.map(({ session, run }) => activeSessionWire(session, run, defaults))
      },
    }),
    method('SessionSv1.GetActiveSessionsCount', {
      summary: 'How many runs are charged now.',
      params: sessionFilterShape,
      reply: integer,
      run: async (filter) => (await matching({ ...filter, Limit: null })).length,
    }),
    method('SessionSv1.GetPassiveSessions', {
      summary: 'Runs that another engine charges: there are none, every engine sees the sessions of the store.',
      params: sessionFilterShape,
      reply: list(activeSessionShape),
      run() {
        throw new NotFound()
      },
    }),
    method('SessionSv1.GetPassiveSessionsCount', {
      summary: 'How many runs another engine charges: none.',
      params: sessionFilterShape,
      reply: integer,
      run: () => 0,
    }),
    method('SessionSv1.ForceDisconnect', {
      summary: 'Ends sessions at what was granted so far and makes their CDRs. Errors: NOT_FOUND.',
      params: sessionFilterWithEventShape,
      reply: OK,
      async run(filter) {
        const cgrIds = new Set((await matching(filter)).map(({ session }) => session.cgrId))
        if (cgrIds.size === 0) throw new NotFound()
        const ended = await Promise.allSettled(
          [...cgrIds].map((cgrId) =>
            services.charge((unit, sessions) => ({ result: 'OK', cdrs: sessions.disconnect(unit, cgrId) })),
          ),
        )
        return ended.every(({ status }) => status === 'fulfilled') ? 'OK' : 'PARTIALLY_EXECUTED'
      },
    }),
    sleepMethod('SessionSv1.Sleep'),
  ]
}
