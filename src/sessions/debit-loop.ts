import { InvalidText } from '../core/errors.ts'
import { SessionRefused } from '../services/errors.ts'
import { isPrepaid, type Run, type Session } from './session.ts'

const NS_PER_MS = 1_000_000n

/** Whether a session debits by itself: it has an interval and a run that is paid while it lives. Reference 05, 6.7. */
export function debitsItself({ debitInterval, runs }: Session): boolean {
  return debitInterval > 0n && runs.some(({ requestType }) => isPrepaid(requestType))
}

/**
 * A session after its next debit: paid for as many whole intervals as reach beyond now, so that what was missed (a restart) is
 * made up in one. When a run gets less it ends with what was granted; when a debit is refused it ends at once. debit: gives
 * the run as it was charged; what it throws has changed nothing. Reference 05, 6.7.
 */
export function debitTurn(session: Session, nowMs: number, debit: (run: Run, requested: bigint) => Run): Session {
  const { debitInterval: interval, loop } = session
  const paidUntilMs = loop?.atMs ?? nowMs
  const behind = BigInt(Math.max(0, Math.floor(nowMs - paidUntilMs))) * NS_PER_MS
  const requested = (behind / interval + 1n) * interval
  let granted = requested
  let cause = ''
  const runs = session.runs.map((run) => {
    if (!isPrepaid(run.requestType)) return run
    try {
      const debited = debit(run, requested)
      if (debited.quota.lastGrant < granted) granted = debited.quota.lastGrant
      return debited
    } catch (refusal) {
      if (!(refusal instanceof SessionRefused || refusal instanceof InvalidText)) throw refusal
      cause = refusal.message === 'UNAUTHORIZED_DESTINATION' ? refusal.message : 'SERVER_ERROR'
      return run
    }
  })
  if (cause !== '') return { ...session, runs, updatedAtMs: nowMs, loop: { atMs: nowMs, cause } }
  const atMs = paidUntilMs + Number(granted) / Number(NS_PER_MS)
  return {
    ...session,
    runs,
    updatedAtMs: nowMs,
    loop: { atMs, cause: granted < requested ? 'INSUFFICIENT_CREDIT' : '' },
  }
}

/** What the last interval of a session was granted, by its poorest run: a debit may have made up for several. */
export function lastGranted({ runs, debitInterval }: Session): bigint {
  let least: bigint | undefined
  for (const { requestType, quota } of runs)
    if (isPrepaid(requestType) && (least === undefined || quota.lastGrant < least)) least = quota.lastGrant
  return (least ?? 0n) % debitInterval
}
