import { creditsOfEventCost } from '../accounting/refund.ts'
import { Decimal } from '../core/decimal.ts'
import type { Evaluations } from '../core/evaluations.ts'
import type { EventValue } from '../core/event.ts'
import { eventJson } from '../core/event-values.ts'
import { formatTime, ZERO_TIME } from '../core/time.ts'
import type { Turns } from '../core/turns.ts'
import type { AccountSummary, CallCost } from '../rating/call-cost.ts'
import { type EventCost, eventCostTotal } from '../rating/event-cost.ts'
import { duration } from '../rpc/shape.ts'
import { callCostShape, descriptorWire } from '../rpc/shapes/call-cost.ts'
import { callCostOfWire } from '../rpc/shapes/call-cost-reader.ts'
import { incrementsWire } from '../rpc/shapes/increments.ts'
import type { ChargedAccount, Charging, Descriptor } from '../services/charging.ts'
import { roundedCost } from '../services/cost-rounding.ts'
import { ChargingRefused } from '../services/errors.ts'
import type { Unit } from '../store/unit-of-work.ts'
import type { Argument, OutgoingCalls } from './outgoing-calls.ts'
import type { Charged, RemoteCharges } from './remote-charges.ts'
import type { Callee } from './remote-services.ts'

export type RemoteChargingParts = {
  callee: Callee
  charges: RemoteCharges
  calls: OutgoingCalls
  evaluations: Evaluations
  /** Of the sessions that are charged. */
  turns: Turns
  /** Whether a unit has had accounts made. */
  hasMadeAccounts: (unit: Unit) => boolean
  /** How long one waits for another that charges the same session, ms. */
  patienceMs: number
  /** general.rounding_decimals */
  decimals: number
}

/**
 * Money on the accounts of another engine (`rals_conns`), as parts of units of work here: a unit that wants to know what something
 * costs is run again when it is known. What is given back, and corrections, are sent when the unit is durable. Reference 05, 5;
 * 04, 5.
 */
export class RemoteCharging implements Charging {
  readonly #use: string
  readonly #parts: RemoteChargingParts

  /** use: the key of the configuration that names the connections. */
  constructor(use: string, parts: RemoteChargingParts) {
    this.#use = use
    this.#parts = parts
  }

  maxUsage(unit: Unit, descriptor: Descriptor, usage: bigint): bigint {
    return duration.decode(this.#ask('Responder.GetMaxSessionTime', descriptorWire(descriptor, usage), unit))
  }

  rate(descriptor: Descriptor, usage: bigint): CallCost {
    return callCostOfWire(callCostShape.decode(this.#ask('Responder.GetCost', descriptorWire(descriptor, usage))))
  }

  maxDebit(unit: Unit, descriptor: Descriptor, usage: bigint): CallCost {
    return this.#charge(unit, 'Responder.MaxDebit', descriptor, descriptorWire(descriptor, usage))
  }

  debit(unit: Unit, descriptor: Descriptor, usage: bigint, rounding: boolean): CallCost {
    const argument = descriptorWire(descriptor, usage, { PerformRounding: rounding })
    return this.#charge(unit, 'Responder.Debit', descriptor, argument)
  }

  directDebit(unit: Unit, descriptor: Descriptor, usage: bigint, cost: Decimal): CallCost {
    return this.#charge(unit, 'Responder.DebitMonetary', descriptor, directDebitWire(descriptor, usage, cost))
  }

  /** The account as it will be then: nothing but what is given back is known to change. */
  refund(unit: Unit, owner: ChargedAccount, cost: EventCost): AccountSummary | null {
    const increments = incrementsWire(cost)
    if (increments.length === 0) return cost.accountSummary
    this.#after(unit, 'Responder.RefundIncrements', owner, cost, increments)
    return withCredits(cost)
  }

  round(unit: Unit, owner: ChargedAccount, cost: EventCost): EventCost {
    const rounded = roundedCost(cost, this.#parts.decimals, () => true)
    if (rounded.corrections.length === 0) return cost
    const booked = rounded.corrections.map((charge) => ({
      ...charge,
      increments: charge.increments.map((increment) => ({ ...increment, cost: increment.cost.negate() })),
    }))
    this.#after(unit, 'Responder.RefundRounding', owner, cost, incrementsWire({ ...cost, charges: booked }))
    return rounded.cost
  }

  total(cost: EventCost): Decimal {
    return eventCostTotal(cost, this.#parts.decimals)
  }

  /** Throws Later, ChargingRefused. */
  #ask(method: string, argument: Argument, unit?: Unit): unknown {
    const { evaluations, callee } = this.#parts
    const question = this.#question(method, argument, unit)
    const answer = evaluations.ask(question, () =>
      callee.ask(method, argument).then(
        (result) => ({ result }),
        (cause: unknown) => {
          throw new ChargingRefused(cause instanceof Error ? cause.message : String(cause))
        },
      ),
    )
    if (answer === undefined) throw new ChargingRefused(`${method} cannot be called here: nothing waits for it`)
    return answer.result
  }

  /** Throws Later, ChargingRefused. */
  #charge(unit: Unit, method: string, { run }: Descriptor, argument: Argument): CallCost {
    const { evaluations, charges } = this.#parts
    if (run !== undefined) this.#takeTurn(run.cgrId)
    const question = this.#question(method, argument, unit)
    for (let copy = 1; ; copy++) {
      const charged = evaluations.ask<Charged>(`${question} ${copy}`, () => charges.charge(this.#use, method, argument))
      if (charged === undefined) throw new ChargingRefused(`${method} cannot be called here: nothing waits for it`)
      if ('error' in charged) throw new ChargingRefused(charged.error)
      if (charges.takeUp(unit, charged.key)) return charged.cost
    }
  }

  /** What is asked again once an account was made has another answer. */
  #question(method: string, argument: Argument, unit: Unit | undefined): string {
    const isMade = unit !== undefined && this.#parts.hasMadeAccounts(unit)
    return `${this.#use} ${method} ${eventJson(argument as EventValue)}${isMade ? ' with its account' : ''}`
  }

  /** While a session is charged no other request charges it: what one asks must fit what the other has left. */
  #takeTurn(cgrId: string): void {
    const { evaluations, turns, patienceMs } = this.#parts
    evaluations.ask(`turn ${cgrId}`, () => {
      const { turn, leave } = turns.enter(cgrId, patienceMs)
      evaluations.whenOver(leave)
      return turn.then(() => true)
    })
  }

  #after(unit: Unit, method: string, owner: ChargedAccount, cost: EventCost, increments: readonly object[]): void {
    const { tenant, account, category, destination, toR } = owner
    this.#parts.calls.put(unit, this.#use, method, {
      Tenant: tenant,
      Account: account,
      Subject: account,
      Category: category,
      Destination: destination,
      ToR: toR,
      CgrID: cost.cgrId,
      RunID: cost.runId,
      TimeStart: formatTime(cost.startTime),
      TimeEnd: formatTime(cost.startTime),
      Increments: increments,
    })
  }
}

function directDebitWire(descriptor: Descriptor, usage: bigint, cost: Decimal): Argument {
  const { tenant, account, subject, category, destination, toR, timeStart, run } = descriptor
  return {
    CGRID: run?.cgrId ?? '',
    RunID: run?.runId ?? '',
    Tenant: tenant,
    Account: account,
    Subject: subject,
    Category: category,
    Destination: destination,
    ToR: toR,
    RequestType: '*directdebit',
    SetupTime: formatTime(ZERO_TIME),
    AnswerTime: formatTime(timeStart),
    Usage: usage,
    Cost: cost,
  }
}

/** The account of a cost once all of it is given back. */
function withCredits(cost: EventCost): AccountSummary | null {
  const { accountSummary: summary } = cost
  if (summary?.balances == null) return summary
  const given = new Map<string, Decimal>()
  for (const { balanceUuid, amount } of creditsOfEventCost(cost))
    given.set(balanceUuid, (given.get(balanceUuid) ?? Decimal.ZERO).plus(amount))
  return {
    ...summary,
    balances: summary.balances.map((balance) => {
      const amount = given.get(balance.uuid)
      return amount === undefined ? balance : { ...balance, value: balance.value.plus(amount) }
    }),
  }
}
