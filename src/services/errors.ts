import { InvalidText, TollgateError } from '../core/errors.ts'

/** A refusal by sessions or charging: its text is what CGRateS clients see. Reference 05, 7 and 11. */
export class SessionRefused extends TollgateError {
  constructor(text: string) {
    super(text, text)
  }
}

/** A refusal that clients see as it is, wherever it comes from. */
export class PlainRefusal extends SessionRefused {}

/** An account that is made when it is first charged could not be. */
export class AccountNotMade extends SessionRefused {}
/** A refusal by another engine that rates and debits, or a call of it that failed: sessions prefix its text, whatever it says. */
export class ChargingRefused extends SessionRefused {}

/** Refusals that come from rating and accounting: sessions prefix them for their clients. Reference 05, 7. */
const CHARGING_REFUSALS = new Set([
  'ACCOUNT_NOT_FOUND',
  'ACCOUNT_DISABLED',
  'RATING_PLAN_NOT_FOUND',
  'UNAUTHORIZED_DESTINATION',
  'INSUFFICIENT_CREDIT',
  'INSUFFICIENT_CREDIT_BALANCE_BLOCKER',
  'MAX_USAGE_EXCEEDED',
])

/** The text of a refusal of a call that only asks: events that cannot be read are told as they are. */
export function questionText(cause: unknown): string {
  return cause instanceof InvalidText || cause instanceof AccountNotMade ? cause.message : refusalText(cause)
}

/** The text of a refusal, or of an event that cannot be read, as session clients see it. Throws what is neither. */
export function refusalText(cause: unknown): string {
  if (cause instanceof PlainRefusal) return cause.message
  if (cause instanceof AccountNotMade || cause instanceof ChargingRefused) return `RALS_ERROR:${cause.message}`
  if (cause instanceof SessionRefused)
    return CHARGING_REFUSALS.has(cause.message) ? `RALS_ERROR:${cause.message}` : cause.message
  if (cause instanceof InvalidText) return `RALS_ERROR:${cause.message}`
  throw cause
}
