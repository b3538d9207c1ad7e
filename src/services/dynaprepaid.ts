import type { Unit } from '../store/unit-of-work.ts'
import { AccountNotMade, SessionRefused } from './errors.ts'

/** Makes an account by the action plans that are for it, as part of the unit. Throws TollgateError. */
export type MakeAccount = (unit: Unit, tenant: string, account: string) => void

/** What is charged, by its mode. */
export type Charged = { requestType: string; tenant: string; account: string }

/**
 * Charges; an account that is not there is made first when the mode is `*dynaprepaid`. make: undefined without a connection to
 * the scheduler. Throws what `charge` throws, and AccountNotMade. Reference 04, 5.4.
 */
export function withAccount<R>(unit: Unit, charged: Charged, make: MakeAccount | undefined, charge: () => R): R {
  if (charged.requestType !== '*dynaprepaid') return charge()
  try {
    return unit.attempt(charge)
  } catch (cause) {
    if (!(cause instanceof SessionRefused) || cause.message !== 'ACCOUNT_NOT_FOUND') throw cause
    if (make === undefined) throw new AccountNotMade('MANDATORY_IE_MISSING: [connIDs]')
    make(unit, charged.tenant, charged.account)
    return charge()
  }
}
