import fc from 'fast-check'
import t from 'tap'
import type { EventFields } from '../../src/core/event.ts'
import type { Run, Session } from '../../src/sessions/session.ts'
import { SessionIndex } from '../../src/sessions/session-index.ts'

const session = (...events: EventFields[]): Session =>
  ({ runs: events.map((event) => ({ event }) as Run) }) as unknown as Session

function indexed(sessions: Readonly<Record<string, EventFields[]>>, ...fields: string[]) {
  const index = new SessionIndex(fields)
  for (const [cgrId, events] of Object.entries(sessions)) index.changed(cgrId, undefined, session(...events))
  return (...filters: string[]) => {
    const found = index.candidates(filters)
    return found && [...found].sort()
  }
}

const SESSIONS = {
  a: [{ Account: '1001', Zone: 'x' }, { Account: '1002' }],
  b: [{ Account: '1002', Zone: 'y' }],
  c: [{ Account: 1002n, Zone: 'x' }],
  d: [{ Zone: '' }],
}

for (const { name, filters, found } of [
  { name: 'a value; what is no text may be it, too', filters: ['*string:~*req.Account:1001'], found: ['a', 'c'] },
  { name: 'either of two', filters: ['*string:~*req.Account:1001|1002'], found: ['a', 'b', 'c'] },
  { name: 'two fields', filters: ['*string:~*req.Account:1002', '*string:~*req.Zone:y'], found: ['b'] },
  { name: 'two filters on one field', filters: ['*string:~*req.Zone:x', '*string:~*req.Zone:y'], found: [] },
  { name: 'one of two fields', filters: ['*prefix:~*req.Other:1', '*string:~*req.Zone:y'], found: ['b'] },
  { name: 'nobody', filters: ['*string:~*req.Zone:z'], found: [] },
  { name: 'no filter', filters: [], found: undefined },
  { name: 'another field', filters: ['*string:~*req.Other:1'], found: undefined },
  { name: 'another type', filters: ['*prefix:~*req.Account:1'], found: undefined },
  { name: 'a negation', filters: ['*notstring:~*req.Account:1001'], found: undefined },
  { name: 'a value that is read', filters: ['*string:~*req.Account:~*req.Zone'], found: undefined },
  { name: 'an empty value', filters: ['*string:~*req.Zone:|x'], found: undefined },
  { name: 'no value', filters: ['*string:~*req.Zone:'], found: undefined },
  { name: 'a converter', filters: ['*string:~*req.Account{*slice:1}:1'], found: undefined },
  { name: 'another part', filters: ['*string:~*opts.Account:1001'], found: undefined },
  { name: 'a stored filter', filters: ['FLTR'], found: undefined },
  { name: 'no filter at all', filters: ['*string'], found: undefined },
])
  t.test(`sessions that may pass: ${name}`, async (t) => {
    t.same(indexed(SESSIONS, 'Account', 'Zone')(...filters), found)
  })

t.test('sessions that change are found by what they are now, and leave nothing behind', async () => {
  const event = fc.record({ F: fc.constantFrom('x', 'y', 1n) }, { requiredKeys: [] })
  const step = fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.option(fc.array(event, { maxLength: 2 })))
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const index = new SessionIndex(['F'])
      const held = new Map<string, Session>()
      for (const [cgrId, events] of steps) {
        const after = events === null ? undefined : session(...(events as EventFields[]))
        index.changed(cgrId, held.get(cgrId), after)
        if (after === undefined) held.delete(cgrId)
        else held.set(cgrId, after)
      }
      for (const value of ['x', 'y']) {
        const may = [...held].filter(([, { runs }]) => runs.some(({ event: { F } }) => F === value || F === 1n))
        const found = [...(index.candidates([`*string:~*req.F:${value}`]) ?? [])].sort()
        if (String(found) !== String(may.map(([cgrId]) => cgrId).sort())) throw new Error(`${value}: ${found}`)
      }
    }),
  )
})
