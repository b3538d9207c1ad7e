import fc from 'fast-check'
import t from 'tap'
import { Replicator } from '../../src/sessions/replicator.ts'
import type { Session } from '../../src/sessions/session.ts'

function session(cgrId: string, updatedAtMs: number, changed: Partial<Session> = {}): Session {
  return {
    cgrId,
    tenant: 't',
    originId: 'o',
    originHost: 'h',
    eventStart: {},
    optsStart: {},
    runs: [],
    updatedAtMs,
    deadlineMs: undefined,
    atTimeout: undefined,
    isChargeable: true,
    clientId: '',
    debitInterval: 0n,
    loop: undefined,
    isPassive: false,
    closedAtMs: undefined,
    ...changed,
  }
}

type Sent = { id: string; cgrId: string; state: number | 'gone'; done: () => void }

/** A replicator whose sends stay open until the test ends them. */
function replicator(...ids: string[]): { replicator: Replicator; sent: Sent[] } {
  const sent: Sent[] = []
  const made = new Replicator(
    (id, cgrId, state) =>
      new Promise((resolve) => sent.push({ id, cgrId, state: state?.updatedAtMs ?? 'gone', done: resolve })),
    () => undefined,
  )
  made.configure(ids)
  return { replicator: made, sent }
}

const shown = (sent: readonly Sent[]) => sent.map(({ id, cgrId, state }) => `${id} ${cgrId} ${state}`)

t.test('what is sent, and what not', async (t) => {
  const { replicator: made, sent } = replicator('x', 'y')
  const live = session('a', 1)
  made.changed('a', undefined, live)
  t.same(shown(sent), ['x a 1', 'y a 1'], 'to every connection')
  for (const { done } of sent.splice(0)) done()
  await Promise.resolve()
  made.changed('b', session('b', 1), session('b', 2, { isPassive: true }))
  t.same(shown(sent), [], 'another engine charges it: that one sends it')
  made.changed('c', undefined, session('c', 1, { closedAtMs: 1 }))
  t.same(shown(sent), [], 'a message is over before anybody knows of it')
  made.changed('d', session('d', 1), session('d', 2, { closedAtMs: 2 }))
  t.same(shown(sent.splice(0)), ['x d gone', 'y d gone'])
  made.changed('d', session('d', 2, { closedAtMs: 2 }), undefined)
  t.same(shown(sent), [], 'its CDR is made: the copies are gone already')
})

t.test('property: of each session the last state arrives, and none while another is on its way', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ cgrId: fc.constantFrom('a', 'b', 'c'), isEnd: fc.boolean(), settles: fc.nat(3) })),
      async (changes) => {
        const { replicator: made, sent } = replicator('x')
        const last = new Map<string, number | 'gone'>()
        const arrived = new Map<string, number | 'gone'>()
        const settle = async () => {
          const first = sent.shift()
          if (first === undefined) return
          arrived.set(first.cgrId, first.state)
          first.done()
          await new Promise((next) => setImmediate(next))
        }
        for (const [at, { cgrId, isEnd, settles }] of changes.entries()) {
          made.changed(cgrId, session(cgrId, at), isEnd ? undefined : session(cgrId, at))
          last.set(cgrId, isEnd ? 'gone' : at)
          t.equal(new Set(sent.map((each) => each.cgrId)).size, sent.length, 'one state of a session at a time')
          for (let i = 0; i < settles; i++) await settle()
        }
        while (sent.length > 0) await settle()
        t.same(arrived, last)
      },
    ),
    { numRuns: 50 },
  )
})
