import t from 'tap'
import { Decimal } from '../../src/core/decimal.ts'
import { ZERO_TIME } from '../../src/core/time.ts'
import { SessionRefused } from '../../src/services/errors.ts'
import { debitsItself, debitTurn, lastGranted } from '../../src/sessions/debit-loop.ts'
import type { Run, Session } from '../../src/sessions/session.ts'

const SECOND = 1_000_000_000n

function run(requestType: string): Run {
  return {
    runId: requestType,
    requestType,
    event: {},
    descriptor: {
      tenant: 't',
      category: 'call',
      account: 'a',
      subject: 'a',
      destination: '49',
      toR: '*voice',
      balanceFactorId: '',
      timeStart: ZERO_TIME,
      loopIndex: 0,
      durationIndex: 0n,
      maxCostSoFar: Decimal.ZERO,
      forceDuration: false,
    },
    quota: { reserve: 0n, lastGrant: 0n, total: 0n, paused: 0n },
    cost: undefined,
  }
}

function session(...requestTypes: string[]): Session {
  return {
    cgrId: 'c',
    tenant: 't',
    originId: 'o',
    originHost: 'h',
    eventStart: {},
    optsStart: {},
    runs: requestTypes.map(run),
    updatedAtMs: 0,
    deadlineMs: undefined,
    atTimeout: undefined,
    isChargeable: true,
    clientId: '',
    debitInterval: 10n * SECOND,
    loop: undefined,
    isPassive: false,
    closedAtMs: undefined,
  }
}

/** Grants what was asked, as long as the credit lasts. */
function account(credit: bigint): (run: Run, requested: bigint) => Run {
  let left = credit
  return (run, requested) => {
    const granted = requested < left ? requested : left
    left -= granted
    return { ...run, quota: { reserve: 0n, lastGrant: granted, total: run.quota.total + granted, paused: 0n } }
  }
}

const totals = ({ runs }: Session) => runs.map(({ quota }) => quota.total / SECOND)

t.test('05 W14: 25 s in intervals of 10 s', async (t) => {
  const debit = account(25n * SECOND)
  const first = debitTurn(session('*prepaid'), 1_000, debit)
  t.same([totals(first), first.loop], [[10n], { atMs: 11_000, cause: '' }])
  const second = debitTurn(first, 11_004, debit)
  t.same([totals(second), second.loop], [[20n], { atMs: 21_000, cause: '' }], 'late by a moment, paid by the plan')
  const third = debitTurn(second, 21_000, debit)
  t.same([totals(third), third.loop], [[25n], { atMs: 26_000, cause: 'INSUFFICIENT_CREDIT' }])
  t.equal(lastGranted(third), 5n * SECOND)
})

t.test('what was missed is made up in one debit', async (t) => {
  const debit = account(100n * SECOND)
  const first = debitTurn(session('*prepaid'), 0, debit)
  const late = debitTurn(first, 45_000, debit)
  t.same([totals(late), late.loop], [[50n], { atMs: 50_000, cause: '' }], 'four intervals, until beyond now')
  const over = debitTurn(late, 500_000, debit)
  t.same([totals(over), over.loop], [[100n], { atMs: 100_000, cause: 'INSUFFICIENT_CREDIT' }], 'its end has passed')
  const short = debitTurn(first, 25_000, account(15n * SECOND))
  t.same([totals(short), lastGranted(short)], [[25n], 5n * SECOND], 'the last of two intervals has got half')
})

t.test('the poorest run ends the session, runs that are paid later take no part', async (t) => {
  const debit = account(14n * SECOND)
  const { loop, ...rest } = debitTurn(session('*postpaid', '*prepaid', '*dynaprepaid'), 0, debit)
  t.same(
    rest.runs.map(({ quota }) => quota.total / SECOND),
    [0n, 10n, 4n],
  )
  t.same(loop, { atMs: 4_000, cause: 'INSUFFICIENT_CREDIT' })
})

t.test('05 6.7 step 2: a debit that is refused ends the session at once', async (t) => {
  for (const [refusal, cause] of [
    ['UNAUTHORIZED_DESTINATION', 'UNAUTHORIZED_DESTINATION'],
    ['ACCOUNT_NOT_FOUND', 'SERVER_ERROR'],
  ] as const) {
    const refuse = () => {
      throw new SessionRefused(refusal)
    }
    t.same(debitTurn(session('*prepaid'), 7_000, refuse).loop, { atMs: 7_000, cause })
  }
  const fail = () => {
    throw new RangeError('ours')
  }
  t.throws(() => debitTurn(session('*prepaid'), 0, fail), RangeError, 'what is no refusal is not swallowed')
})

t.test('which sessions debit by themselves', async (t) => {
  t.ok(debitsItself(session('*none', '*prepaid')))
  t.notOk(debitsItself(session('*postpaid')))
  t.notOk(debitsItself({ ...session('*prepaid'), debitInterval: 0n }))
})
