import type { EventCost } from '../rating/event-cost.ts'
import { parseEventCost, writeEventCost } from '../rating/event-cost-record.ts'
import type { RecordKind, Unit } from '../store/unit-of-work.ts'

/** What a session has paid, for a CDR that comes over another way. usage: ns or plain units. Reference 05, 6.17. */
export type SessionCost = {
  cgrId: string
  runId: string
  originHost: string
  originId: string
  costSource: string
  usage: bigint
  details: EventCost
}

/** Costs by their run; costs by their origin lie in the same table. */
export const sessionCostKind: RecordKind<SessionCost> = {
  table: 'cost',
  isTransient: true,
  write({ details, usage, ...rest }, writer) {
    const text = JSON.stringify({ ...rest, usage: String(usage) })
    writer.json(text.slice(0, -1)).raw(',"details":')
    writeEventCost(writer, details, rest)
    writer.raw('}')
  },
  decode(text) {
    const stored = JSON.parse(text) as Omit<SessionCost, 'usage'> & { usage: string }
    return { ...stored, usage: BigInt(stored.usage), details: parseEventCost(stored.details, stored) }
  },
}

/** Finds the costs of a run by the beginning of their OriginID: to the key of each. */
const originKind: RecordKind<string> = {
  table: 'cost',
  isTransient: true,
  write: (key, writer) => writer.json(key),
  decode: (text) => text,
}

type CostRun = { cgrId: string; runId: string }

/** What the keys of costs begin with; `runOfOrigin` reads such a key, too. */
export const COST_RUNS = 'run/'

function keyOf({ cgrId, runId }: CostRun): string {
  return `${COST_RUNS}${JSON.stringify([cgrId, runId])}`
}

/** What keys of origins begin with; originId: all of it, or its beginning. */
export function originPrefix(runId: string, originHost: string, originId: string): string {
  return `origin/${JSON.stringify([runId, originHost, originId]).slice(0, -2)}`
}

/** Reads what a scan of `originPrefix` has found: the run whose cost it is. */
export function runOfOrigin(record: string): CostRun {
  const [cgrId = '', runId = ''] = JSON.parse(record.slice(COST_RUNS.length)) as string[]
  return { cgrId, runId }
}

function originKey(cost: SessionCost): string {
  return `${originPrefix(cost.runId, cost.originHost, cost.originId)}"/${cost.cgrId}`
}

/** The cost that a session has left for this run. */
export function sessionCostOf(unit: Unit, run: CostRun): SessionCost | undefined {
  return unit.get(sessionCostKind, keyOf(run))
}

/** Keeps the cost of a session's run, as `made` gives it, and returns it. Undefined: there is one already, which stays. */
export function keepSessionCost(unit: Unit, cost: SessionCost, made: () => SessionCost): SessionCost | undefined {
  if (sessionCostOf(unit, cost) !== undefined) return undefined
  const kept = made()
  unit.put(sessionCostKind, keyOf(cost), kept)
  unit.put(originKind, originKey(cost), keyOf(cost))
  return kept
}

/** Forgets a cost that was given back. */
export function dropSessionCost(unit: Unit, cost: SessionCost): void {
  unit.delete(sessionCostKind, keyOf(cost))
  unit.delete(originKind, originKey(cost))
}
