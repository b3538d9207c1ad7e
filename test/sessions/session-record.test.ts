import fc from 'fast-check'
import t from 'tap'
import { Decimal } from '../../src/core/decimal.ts'
import { JsonWriter } from '../../src/core/json-writer.ts'
import type { Run, Session } from '../../src/sessions/session.ts'
import { isDueLater, sessionKind } from '../../src/sessions/session-record.ts'

const writer = new JsonWriter()
const SESSION: Session = {
  cgrId: 'c',
  tenant: 't',
  originId: 'a "quoted", [strange]\\ id',
  originHost: '1,null,null,"","0",null',
  eventStart: { Note: [null, 1, 'x'] },
  optsStart: {},
  runs: [],
  updatedAtMs: 1_700_000_000_000,
  deadlineMs: undefined,
  atTimeout: undefined,
  isChargeable: true,
  clientId: 'a1b2c3d',
  debitInterval: 0n,
  loop: undefined,
  isPassive: false,
  closedAtMs: undefined,
}

const RUN: Run = {
  runId: 'r',
  requestType: '*prepaid',
  event: {},
  descriptor: {
    tenant: 't',
    category: 'c',
    account: 'a',
    subject: 's',
    destination: 'd',
    toR: '*data',
    balanceFactorId: '',
    timeStart: { ns: 5n, zone: 'UTC' },
    loopIndex: 1,
    durationIndex: 2n,
    maxCostSoFar: Decimal.ZERO,
    forceDuration: false,
  },
  quota: { reserve: 1n, lastGrant: 2n, total: 3n, paused: 0n },
  cost: { cgrId: 'c', runId: 'other', startTime: { ns: 5n, zone: 'UTC' }, charges: [], accountSummary: null },
}

const rows: readonly { name: string; changed: Partial<Session>; isDue: boolean }[] = [
  { name: 'no deadline', changed: {}, isDue: false },
  { name: 'a timeout', changed: { deadlineMs: 5 }, isDue: true },
  { name: 'a debit', changed: { debitInterval: 10n, loop: { atMs: 5.25, cause: '' } }, isDue: true },
  { name: 'its end', changed: { loop: { atMs: 5, cause: 'SERVER_ERROR' } }, isDue: true },
  { name: 'closed', changed: { deadlineMs: 5, closedAtMs: 6 }, isDue: false },
  {
    name: 'a timeout that charges',
    changed: { deadlineMs: 5, atTimeout: { extra: 7n, lastUsed: 0n, total: undefined }, isChargeable: true },
    isDue: true,
  },
  {
    name: 'a pause',
    changed: { isChargeable: false, runs: [{ ...RUN, quota: { ...RUN.quota, paused: 4n } }] },
    isDue: false,
  },
  { name: 'another engine has it', changed: { isPassive: true }, isDue: false },
]
for (const { name, changed, isDue } of rows)
  t.test(`a session as it is stored: ${name}`, async (t) => {
    const session = { ...SESSION, ...changed }
    sessionKind.write(session, writer.begin())
    const text = writer.finish().toString()
    t.strictSame(sessionKind.decode(text, 'c'), session)
    t.equal(isDueLater(text), isDue)
  })

const event = fc.dictionary(fc.constantFrom('ToR', 'Usage', 'RunID', 'Über "x"'), fc.oneof(fc.string(), fc.boolean()), {
  noNullPrototype: true,
})

t.test('start events are read back, however little they share with the event of the first run', async (t) => {
  fc.assert(
    fc.property(event, fc.array(event, { maxLength: 2 }), (eventStart, events) => {
      const runs = events.map((each, i): Run => ({ ...RUN, runId: `run${i}`, event: each }))
      const session = { ...SESSION, eventStart, runs }
      sessionKind.write(session, writer.begin())
      t.strictSame(sessionKind.decode(writer.finish().toString(), 'c'), session)
    }),
  )
})

t.test('a record of an earlier version has no client and debits when it is asked', async (t) => {
  const text = '[["c","t","o","h",1,5,null],{},{}]'
  t.match(sessionKind.decode(text, 'c'), { clientId: '', debitInterval: 0n, loop: undefined, isPassive: false })
  t.equal(isDueLater(text), true)
})
