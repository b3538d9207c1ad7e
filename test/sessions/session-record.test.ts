import t from 'tap'
import { JsonWriter } from '../../src/core/json-writer.ts'
import type { Session } from '../../src/sessions/session.ts'
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
  clientId: 'a1b2c3d',
  debitInterval: 0n,
  loop: undefined,
  isPassive: false,
  closedAtMs: undefined,
}

const rows: readonly { name: string; changed: Partial<Session>; isDue: boolean }[] = [
  { name: 'no deadline', changed: {}, isDue: false },
  { name: 'a timeout', changed: { deadlineMs: 5 }, isDue: true },
  { name: 'a debit', changed: { debitInterval: 10n, loop: { atMs: 5.25, cause: '' } }, isDue: true },
  { name: 'its end', changed: { loop: { atMs: 5, cause: 'SERVER_ERROR' } }, isDue: true },
  { name: 'closed', changed: { deadlineMs: 5, closedAtMs: 6 }, isDue: false },
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

t.test('a record of an earlier version has no client and debits when it is asked', async (t) => {
  const text = '[["c","t","o","h",1,5,null],{},{}]'
  t.match(sessionKind.decode(text, 'c'), { clientId: '', debitInterval: 0n, loop: undefined, isPassive: false })
  t.equal(isDueLater(text), true)
})
