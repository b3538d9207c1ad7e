import { Decimal } from '../../core/decimal.ts'
import type { Descriptor } from '../../services/charging.ts'
import { SessionRefused } from '../../services/errors.ts'
import { type Method, method } from '../method.ts'
import { RpcError } from '../rpc-error.ts'
import { any, duration, list, map, struct, text, time, type ValueOf } from '../shape.ts'
import type { RpcDefaults } from './defaults.ts'
import type { ResponderServices } from './responder.ts'

const event = { Subject: text, Destination: text, Tenant: text, SetupTime: time, Usage: duration }

const plansShape = struct('utils.GetCostOnRatingPlansArgs', {
  Account: text,
  ...event,
  RatingPlanIDs: list(text),
  APIOpts: map(any),
})

const accountsShape = struct('utils.GetMaxSessionTimeOnAccountsArgs', {
  ...event,
  AccountIDs: list(text),
  APIOpts: map(any),
})

/** Category that accounts of routes are rated by. */
const ROUTES = '*routes'

/** The first of several plans or accounts that can serve a call, as routes ask for it. Reference 03, 6; 06, 5. */
export function routeCostMethods({ responder, records }: ResponderServices, defaults: RpcDefaults): Method[] {
  return [
    method('Responder.GetCostOnRatingPlans', {
      summary: 'What a call costs by the first of the plans that can price it. Errors: UNAUTHORIZED_DESTINATION.',
      params: plansShape,
      reply: map(any),
      run: (argument) =>
        firstOf(argument.RatingPlanIDs, (planId) => {
          const descriptor = descriptorOf(argument, argument.Account, '', defaults)
          const { cost } = responder.pricePlan(planId, descriptor, wholeUsage(argument.Usage))
          return { Cost: cost, RatingPlanID: planId }
        }),
    }),
    method('Responder.GetMaxSessionTimeOnAccounts', {
      summary:
        'The longest usage that the first of the accounts without an error can pay; rated by category *routes. ' +
        'Errors: that of the last account.',
      params: accountsShape,
      reply: map(any),
      run: (argument) =>
        records.run((unit) =>
          firstOf(argument.AccountIDs, (accountId) => {
            const descriptor = descriptorOf(argument, accountId, ROUTES, defaults)
            const usage = responder.maxUsage(unit, descriptor, wholeUsage(argument.Usage))
            return { Account: accountId, Cost: 0, MaxUsage: usage }
          }),
        ),
    }),
  ]
}

/** What the first id gives that is not refused; nothing when there is none. Throws RpcError, the last refusal. */
function firstOf(ids: readonly string[], ask: (id: string) => Record<string, unknown>): Record<string, unknown> {
  let refusal: SessionRefused | undefined
  for (const id of ids) {
    try {
      return ask(id)
    } catch (cause) {
      if (!(cause instanceof SessionRefused)) throw cause
      refusal = cause
    }
  }
  if (refusal !== undefined) throw new RpcError(refusal.message)
  return {}
}

/** Throws RpcError. */
function wholeUsage(usage: bigint): bigint {
  if (usage < 0n) throw new RpcError(`negative usage: ${usage}`)
  return usage
}

function descriptorOf(
  argument: Omit<ValueOf<typeof accountsShape>, 'AccountIDs' | 'APIOpts'>,
  account: string,
  category: string,
  defaults: RpcDefaults,
): Descriptor {
  return {
    tenant: argument.Tenant || defaults.tenant,
    category,
    account,
    subject: argument.Subject || account,
    destination: argument.Destination,
    toR: '*voice',
    balanceFactorId: '',
    timeStart: argument.SetupTime,
    loopIndex: 0,
    durationIndex: argument.Usage,
    maxCostSoFar: Decimal.ZERO,
    forceDuration: false,
  }
}
