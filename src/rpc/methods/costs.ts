import { type CostOwner, dataCostWire } from '../../accounting/call-cost-wire.ts'
import type { Cdr } from '../../cdrs/cdr.ts'
import { Decimal } from '../../core/decimal.ts'
import { parseDuration } from '../../core/duration.ts'
import { NotFound } from '../../core/errors.ts'
import type { EventFields } from '../../core/event.ts'
import { fieldText } from '../../core/event-values.ts'
import { isZeroTime, parseTime, type ZonedTime } from '../../core/time.ts'
import type { CallCost } from '../../rating/call-cost.ts'
import { eventCostOf } from '../../rating/event-cost.ts'
import { eventCostWire } from '../../rating/event-cost-wire.ts'
import type { Descriptor } from '../../services/charging.ts'
import { SessionRefused } from '../../services/errors.ts'
import type { CdrQuery } from '../../store/cdr-store.ts'
import { type Method, method, requireFields } from '../method.ts'
import { plainly } from '../plainly.ts'
import { RpcError } from '../rpc-error.ts'
import { any, duration, list, map, pointer, struct, text, type ValueOf } from '../shape.ts'
import { dataCostShape } from '../shapes/call-cost.ts'
import { eventShape } from '../shapes/event.ts'
import { eventCostShape } from '../shapes/event-cost.ts'
import type { RpcDefaults } from './defaults.ts'
import type { ResponderServices } from './responder.ts'

/** What cost queries ask of the engine. */
export interface CostServices extends ResponderServices {
  price(descriptor: Descriptor, usage: bigint): CallCost
  now(): ZonedTime
  findCdrs(query: CdrQuery): Promise<{ orderId: number; cdr: Cdr }[]>
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

const getDataCostShape = struct('v1.AttrGetDataCost', {
  Tenant: text,
  Category: text,
  Subject: text,
  AnswerTime: text,
  Usage: duration,
  Opts: map(any),
})

const plansCostShape = struct('utils.RatingPlanCostArg', {
  RatingPlanIDs: list(text),
  Destination: text,
  SetupTime: text,
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
    method('APIerSv1.GetDataCost', {
      summary: 'What units of data would cost. Errors: SERVER_ERROR: with the reason, the text of a time that is none.',
      params: getDataCostShape,
      reply: dataCostShape,
      run: (argument) => getDataCost(services, defaults, argument),
    }),
    method('APIerSv1.GetAccountCost', {
      summary:
        'What an event would cost its account, balances and all. Errors: NOT_FOUND without SetupTime or Usage, ' +
        'SERVER_ERROR: ACCOUNT_NOT_FOUND and others.',
      params: eventShape,
      reply: eventCostShape,
      run: ({ Tenant: tenant, Event: event }) =>
        getAccountCost(services, defaults, tenant || defaults.tenant, event ?? {}),
    }),
    method('APIerSv1.GetEventCost', {
      summary: 'What the CDR of a run has cost. Errors: MANDATORY_IE_MISSING: [CgrId], NOT_FOUND.',
      params: struct('utils.AttrGetCallCost', { CgrId: text, RunId: text }),
      reply: eventCostShape,
      async run(argument) {
        requireFields(argument, 'CgrId')
        const is = { cgrId: [argument.CgrId], runId: [argument.RunId || '*default'] }
        const [found] = await services.findCdrs({ is, limit: 1 })
        if (found?.cdr.costDetails === undefined) throw new NotFound()
        return eventCostWire(found.cdr.costDetails, defaults.roundingDecimals)
      },
    }),
    method('RALsV1.GetRatingPlansCost', {
      summary:
        'What a call would cost by the first of the plans that can price it; null when none can. Errors: MANDATORY_IE_MISSING, ' +
        'the text of a time or usage that is none.',
      params: plansCostShape,
      reply: struct('engine.RatingPlanCost', { EventCost: pointer(eventCostShape), RatingPlanID: text }),
      run: (argument) => getRatingPlansCost(services, defaults, argument),
    }),
  ]
}

/** What would be charged at a moment, from the start of an event. */
function wholeEvent(owner: CostOwner, timeStart: ZonedTime, usage: bigint): Descriptor {
  return {
    ...owner,
    timeStart,
    durationIndex: usage,
    balanceFactorId: '',
    loopIndex: 0,
    maxCostSoFar: Decimal.ZERO,
    forceDuration: false,
  }
}

/** Refusals of rating are errors of the server here. */
function prefixed<R>(work: () => R): R {
  try {
    return work()
  } catch (cause) {
    if (cause instanceof SessionRefused) throw new RpcError(`SERVER_ERROR: ${cause.message}`)
    throw cause
  }
}

function getDataCost(
  services: CostServices,
  defaults: RpcDefaults,
  {
    Tenant: tenant,
    Category: category,
    Subject: subject,
    AnswerTime: answered,
    Usage: usage,
  }: ValueOf<typeof getDataCostShape>,
): unknown {
  if (usage < 0n) throw new RpcError(`negative usage: ${usage}`)
  const owner = {
    tenant: tenant || defaults.tenant,
    category: category || defaults.category,
    account: '',
    subject,
    destination: usage > 0n ? '*any' : '',
    toR: '*data',
  }
  const timeStart = plainly(() => parseTime(answered, defaults.timeZone, services.now()))
  return prefixed(() => dataCostWire(services.price(wholeEvent(owner, timeStart, usage), usage), owner))
}

async function getAccountCost(
  services: CostServices,
  defaults: RpcDefaults,
  tenant: string,
  event: EventFields,
): Promise<unknown> {
  const field = (name: string) => fieldText(event, name)
  if (field('SetupTime') === '' || field('Usage') === '') throw new NotFound()
  const timeOf = (name: string) => plainly(() => parseTime(field(name), defaults.timeZone, services.now()))
  const usage = plainly(() => parseDuration(field('Usage')))
  const setUp = timeOf('SetupTime')
  const answered = timeOf('AnswerTime')
  const owner = {
    tenant,
    category: field('Category'),
    account: field('Account'),
    subject: field('Subject') || field('Account'),
    destination: field('Destination'),
    toR: field('ToR') || '*voice',
  }
  const descriptor = {
    ...wholeEvent(owner, isZeroTime(answered) ? setUp : answered, usage),
    balanceFactorId: field('BalanceFactorID'),
  }
  const callCost = await services.records.run((unit) =>
    prefixed(() => services.responder.debit(unit, descriptor, usage, false, { isDry: true })),
  )
  return eventCostWire(eventCostOf(callCost, '', ''), defaults.roundingDecimals)
}

function getRatingPlansCost(
  services: CostServices,
  defaults: RpcDefaults,
  argument: ValueOf<typeof plansCostShape>,
): unknown {
  requireFields(argument, 'RatingPlanIDs', 'Destination', 'SetupTime', 'Usage')
  const { RatingPlanIDs: planIds, Destination: destination, SetupTime: setUp, Usage: usageText } = argument
  const timeStart = plainly(() => parseTime(setUp, defaults.timeZone, services.now()))
  const usage = plainly(() => parseDuration(usageText))
  const owner = { tenant: defaults.tenant, category: '', account: '', subject: '', destination, toR: '*voice' }
  const descriptor = wholeEvent(owner, timeStart, usage)
  for (const planId of planIds) {
    try {
      const callCost = services.responder.pricePlan(planId, descriptor, usage)
      return {
        EventCost: eventCostWire(eventCostOf(callCost, '', ''), defaults.roundingDecimals),
        RatingPlanID: planId,
      }
    } catch (cause) {
      if (!(cause instanceof SessionRefused)) throw cause
    }
  }
  return { EventCost: null, RatingPlanID: '' }
}

function getCost(services: CostServices, defaults: RpcDefaults, argument: ValueOf<typeof getCostShape>): unknown {
  const { Subject: subject, Destination: destination } = argument
  const owner = {
    tenant: argument.Tenant || defaults.tenant,
    category: argument.Category || defaults.category,
    account: subject,
    subject,
    destination,
    toR: '*voice',
  }
  const timeStart = plainly(() => parseTime(argument.AnswerTime, defaults.timeZone, services.now()))
  const usage = plainly(() => parseDuration(argument.Usage))
  if (usage < 0n) throw new RpcError(`negative usage: ${argument.Usage}`)
  const callCost = prefixed(() => services.price(wholeEvent(owner, timeStart, usage), usage))
  return eventCostWire(eventCostOf(callCost, '', ''), defaults.roundingDecimals)
}
