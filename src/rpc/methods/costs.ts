import { Decimal } from '../../core/decimal.ts'
import { parseDuration } from '../../core/duration.ts'
import { parseTime, type ZonedTime } from '../../core/time.ts'
import type { CallCost } from '../../rating/call-cost.ts'
import { eventCostOf } from '../../rating/event-cost.ts'
import { eventCostWire } from '../../rating/event-cost-wire.ts'
import type { Descriptor } from '../../services/charging.ts'
import { SessionRefused } from '../../services/errors.ts'
import { type Method, method } from '../method.ts'
import { plainly } from '../plainly.ts'
import { RpcError } from '../rpc-error.ts'
import { any, map, struct, text, type ValueOf } from '../shape.ts'
import { eventCostShape } from '../shapes/event-cost.ts'
import type { RpcDefaults } from './defaults.ts'

/** What cost queries ask of the engine. */
export interface CostServices {
  price(descriptor: Descriptor, usage: bigint): CallCost
  now(): ZonedTime
}

const getCostShape = struct('v1.AttrGetCost', {
  Tenant: text,
  Category: text,
  Subject: text,
  AnswerTime: text,
  Destination: text,
  Usage: text,
  APIOpts: map(any),
})

/** What a usage would cost; nothing is debited. Reference 03, 6. */
export function costMethods(services: CostServices, defaults: RpcDefaults): Method[] {
  return [
    method('APIerSv1.GetCost', {
      summary:
        'What a voice call would cost. Errors: SERVER_ERROR: with the reason, the text of a time or usage that is none.',
      params: getCostShape,
      reply: eventCostShape,
      run: (argument) => getCost(services, defaults, argument),
    }),
  ]
}

function getCost(services: CostServices, defaults: RpcDefaults, argument: ValueOf<typeof getCostShape>): unknown {
  const subject = argument.Subject
  const descriptor: Descriptor = {
    tenant: argument.Tenant || defaults.tenant,
    category: argument.Category || defaults.category,
    account: subject,
    subject,
    destination: argument.Destination,
    toR: '*voice',
    balanceFactorId: '',
    timeStart: plainly(() => parseTime(argument.AnswerTime, defaults.timeZone, services.now())),
    loopIndex: 0,
    durationIndex: 0n,
    maxCostSoFar: Decimal.ZERO,
    forceDuration: false,
  }
  const usage = plainly(() => parseDuration(argument.Usage))
  if (usage < 0n) throw new RpcError(`negative usage: ${argument.Usage}`)
  try {
    const callCost = services.price({ ...descriptor, durationIndex: usage }, usage)
    return eventCostWire(eventCostOf(callCost, '', ''), defaults.roundingDecimals)
  } catch (cause) {
    if (cause instanceof SessionRefused) throw new RpcError(`SERVER_ERROR: ${cause.message}`)
    throw cause
  }
}
