import { Decimal } from '../core/decimal.ts'
import type { EventFields } from '../core/event.ts'
import { valueText } from '../core/event-values.ts'
import { addNs } from '../core/time.ts'
import { type EventCost, eventCostUsage, mergeEventCost } from '../rating/event-cost.ts'
import { isPause, PAUSE, PAUSE_INTERVAL } from '../rating/pause.ts'
import type { Run } from './session.ts'

const PAUSE_MATCH = { matchedSubject: '', matchedPrefix: '', matchedDestinationId: '', ratingPlanId: PAUSE }
const ONE = Decimal.of(1n)

/** The cost of `usage` that is for nothing: one increment. Reference 05, 6.14. */
function pauseCost({ runId, descriptor }: Run, cgrId: string, usage: bigint): EventCost {
  const accounting = {
    accountId: descriptor.account,
    balanceUuid: '',
    kind: 'monetary',
    units: Decimal.ZERO,
    factor: ONE,
    interval: PAUSE_INTERVAL,
    extraCharge: null,
  } as const
  const increments = [{ usage, cost: Decimal.ZERO, accounting, count: 1n }]
  return {
    cgrId,
    runId,
    startTime: descriptor.timeStart,
    charges: [{ interval: PAUSE_INTERVAL, match: PAUSE_MATCH, increments, count: 1n }],
    accountSummary: null,
  }
}

/** The run with a pause of `usage` in its cost; its clock goes on as in a debit, so the connect fee of what follows is not due. */
export function withPause(run: Run, cgrId: string, usage: bigint): Run {
  const { descriptor } = run
  const cost = pauseCost(run, cgrId, usage)
  return {
    ...run,
    cost: run.cost === undefined ? cost : mergeEventCost(run.cost, cost),
    descriptor: {
      ...descriptor,
      timeStart: addNs(descriptor.timeStart, usage),
      durationIndex: descriptor.durationIndex + usage,
      loopIndex: descriptor.loopIndex + 1,
    },
  }
}

/** Takes the pause that was granted last into the cost, as far as it was used. */
export function takePause(run: Run, cgrId: string): Run {
  const { quota } = run
  if (quota.paused === 0n) return run
  const taken = quota.paused > 0n ? withPause(run, cgrId, quota.paused) : run
  return { ...taken, quota: { ...quota, paused: 0n } }
}

/** The same at the end: no more than was used beyond what was paid. */
export function takeLastPause(run: Run, cgrId: string): Run {
  const { quota, cost } = run
  if (quota.paused === 0n) return run
  const open = quota.total - (cost === undefined ? 0n : eventCostUsage(cost))
  const paused = open < quota.paused ? (open > 0n ? open : 0n) : quota.paused
  return takePause({ ...run, quota: { ...quota, paused } }, cgrId)
}

/** Whether the last thing a run was charged is a pause. */
export function endsPaused({ cost }: Run): boolean {
  return isPause(cost?.charges.at(-1)?.interval ?? null)
}

/** Texts and numbers that say no. */
const NO = new Set(['false', 'FALSE', 'False', 'f', 'F', '0'])

/** Whether the time of a session costs anything, by the options of a request; what cannot be read says yes. Reference 05, 6.14. */
export function isChargeable(options: EventFields): boolean {
  const option = options['*sessionsChargeable']
  return option === undefined || !NO.has(valueText(option))
}
