import { Decimal } from '../core/decimal.ts'
import { parseDuration } from '../core/duration.ts'
import { parseTime, type ZonedTime } from '../core/time.ts'
import type { CallCost } from '../rating/call-cost.ts'
import { eventCostOf } from '../rating/event-cost.ts'
import { eventCostWire } from '../rating/event-cost-wire.ts'
import type { Descriptor } from '../services/charging.ts'
import { SessionRefused } from '../services/errors.ts'
import { textArgument } from './arguments.ts'
import { RpcError } from './rpc-error.ts'

/** What cost queries ask of the engine. */
export interface CostServices {
  price(descriptor: Descriptor, usage: bigint): CallCost
  now(): ZonedTime
}

export type CostDefaults = { tenant: string; category: string; timeZone: string; roundingDecimals: number }

/** `APIerSv1.GetCost`: what a voice call would cost; nothing is debited. Reference 03, 6. */
export function getCost(services: CostServices, defaults: CostDefaults, params: Record<string, unknown>): unknown {
  const argument = (field: string) => textArgument(params, 'AttrGetCost', field)
  const answerTime = argument('AnswerTime')
  const usageText = argument('Usage')
  const subject = argument('Subject')
  const descriptor: Descriptor = {
    tenant: argument('Tenant') || defaults.tenant,
    category: argument('Category') || defaults.category,
    account: subject,
    subject,
    destination: argument('Destination'),
    toR: '*voice',
    balanceFactorId: '',
    timeStart: plainly(() => parseTime(answerTime, defaults.timeZone, services.now())),
    loopIndex: 0,
    durationIndex: 0n,
    maxCostSoFar: Decimal.ZERO,
    forceDuration: false,
  }
  const usage = plainly(() => parseDuration(usageText))
  if (usage < 0n) throw new RpcError(`negative usage: ${usageText}`)
  try {
    const callCost = services.price({ ...descriptor, durationIndex: usage }, usage)
    return eventCostWire(eventCostOf(callCost, '', ''), defaults.roundingDecimals)
  } catch (cause) {
    if (cause instanceof SessionRefused) throw new RpcError(`SERVER_ERROR: ${cause.message}`)
    throw cause
  }
}

/** Texts of arguments that cannot be read come to the client as they are. */
function plainly<T>(read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (cause instanceof Error) throw new RpcError(cause.message)
    throw cause
  }
}
