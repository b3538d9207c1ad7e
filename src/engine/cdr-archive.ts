import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Cdr, decodeCdr, encodeCdr } from '../cdrs/cdr.ts'
import type { OutboxCdr } from '../cdrs/outbox.ts'
import type { CdrTarget } from '../cdrs/projector.ts'
import { Decimal } from '../core/decimal.ts'
import { StoreFailure } from '../core/errors.ts'
import type { EventValue } from '../core/event.ts'
import { eventJson } from '../core/event-values.ts'
import { isZeroTime, ZERO_TIME } from '../core/time.ts'
import { type EventCost, eventCostTotal } from '../rating/event-cost.ts'
import { eventCostOfWire } from '../rating/event-cost-reader.ts'
import { eventCostWire } from '../rating/event-cost-wire.ts'
import { parseJson } from '../rpc/shape.ts'
import { eventCostShape } from '../rpc/shapes/event-cost.ts'
import type { CdrQuery } from '../store/cdr-store.ts'
import type { CdrToStore, FoundColumns } from '../store/sql/cdr-columns.ts'
import type { SqlSessionCosts } from '../store/sql/session-cost-table.ts'
import type { SqlCdrStore } from '../store/sql/sql-cdr-store.ts'
import type { SqliteCdrStore } from '../store/sqlite/sqlite-cdr-store.ts'

export type FoundCdr = { orderId: number; cdr: Cdr }

/** Where CDRs lie for queries, whatever a store makes of them. All reject with StoreFailure. */
export interface CdrArchive {
  /** Stores a batch whole or not at all; what is there already stays as it is. */
  write(batch: readonly OutboxCdr[]): Promise<void>
  find(query: CdrQuery): Promise<FoundCdr[]>
  /** Deletes CDRs for good; how many. */
  remove(query: CdrQuery): Promise<number>
}

/** The archive as a target of CDRs: those that are not to be stored pass by. */
export function archiveTarget(id: string, archive: CdrArchive): CdrTarget {
  return { id, write: (batch) => archive.write(batch) }
}

/** CDRs in SQLite: their whole record, and columns to find them by. */
export function recordArchive(store: SqliteCdrStore): CdrArchive {
  return {
    write: (batch) =>
      store.write(
        batch.filter(isStored).map(({ id, cdr }) => ({
          id,
          cgrId: cdr.cgrId,
          runId: cdr.runId,
          tenant: cdr.tenant,
          account: cdr.account,
          originId: cdr.originId,
          requestType: cdr.requestType,
          toR: cdr.toR,
          answerNs: cdr.answerTime.ns < 0n ? 0n : cdr.answerTime.ns,
          cost: cdr.cost.toString(),
          record: encodeCdr(cdr),
          replaces: cdr.replaces === true,
        })),
      ),
    async find(query) {
      return (await store.find(query)).map(({ orderId, record }) => ({ orderId, cdr: decodeCdr(record) }))
    },
    remove: (query) => store.remove(query),
  }
}

export type ColumnArchiveOptions = {
  store: SqlCdrStore
  costs: SqlSessionCosts
  /** general.rounding_decimals. */
  decimals: () => number
  /** Of times, which a server keeps without theirs. */
  timeZone: () => string
}

/** CDRs that are made rows of at once, before others have their turn. */
const AT_ONCE = 32

/** CDRs by the columns that CGRateS has for them. */
export function columnArchive({ store, costs, decimals, timeZone }: ColumnArchiveOptions): CdrArchive {
  return {
    async write(batch) {
      const rows: CdrToStore[] = []
      for (const [at, each] of batch.entries()) {
        if (at % AT_ONCE === AT_ONCE - 1) await nextTurn()
        if (isStored(each)) rows.push(rowOf(each, decimals()))
      }
      const paid = batch.filter(({ cdr }) => cdr.isSessionCost === true)
      if (paid.length > 0) await costs.write(paid.map((each) => rowOf(each, decimals())))
      if (rows.length > 0) await store.write(rows)
    },
    async find(query) {
      const found: FoundCdr[] = []
      for (const [at, row] of (await store.find(query)).entries()) {
        if (at % AT_ONCE === AT_ONCE - 1) await nextTurn()
        found.push({ orderId: row.orderId, cdr: cdrOf(row, timeZone(), decimals(), store.costDecimals) })
      }
      return found
    },
    remove: (query) => store.remove(query),
  }
}

function isStored({ cdr }: OutboxCdr): boolean {
  return cdr.unstored !== true
}

function rowOf({ id, cdr }: OutboxCdr, decimals: number): CdrToStore {
  const { setupTime, answerTime, costDetails, extraFields, cost, replaces } = cdr
  return {
    cgrId: cdr.cgrId,
    runId: cdr.runId,
    originHost: cdr.originHost,
    source: cdr.source,
    originId: cdr.originId,
    toR: cdr.toR,
    requestType: cdr.requestType,
    tenant: cdr.tenant,
    category: cdr.category,
    account: cdr.account,
    subject: cdr.subject,
    destination: cdr.destination,
    setupNs: setupTime.ns,
    answerNs: isZeroTime(answerTime) ? undefined : answerTime.ns,
    usage: cdr.usage,
    extraFields: JSON.stringify(extraFields),
    extraInfo: cdr.extraInfo,
    costSource: cdr.costSource,
    cost: cost.toString(),
    costDetails:
      costDetails === undefined ? 'null' : eventJson(eventCostWire(costDetails, decimals) as unknown as EventValue),
    // Ids begin with the microsecond in which the CDR was made, or one after it that no other has.
    madeUs: BigInt(id.slice(0, 16)),
    replaces: replaces === true,
  }
}

function cdrOf(row: FoundColumns, timeZone: string, decimals: number, costDecimals: number): Cdr {
  const { orderId: _, setupNs, answerNs, extraFields, costDetails, cost, ...texts } = row
  const details = detailsOf(row, costDetails)
  const zone = details?.startTime.zone ?? timeZone
  const time = (ns: bigint) => (ns === ZERO_TIME.ns ? ZERO_TIME : { ns, zone })
  return {
    ...texts,
    setupTime: time(setupNs),
    answerTime: time(answerNs ?? ZERO_TIME.ns),
    extraFields: JSON.parse(extraFields) as Record<string, string>,
    cost: exactCost(Decimal.parse(cost), details, decimals, costDecimals),
    costDetails: details,
  }
}

/** A cost that nobody can read must not be taken for none: it would not be given back. Throws StoreFailure. */
function detailsOf({ cgrId, runId }: FoundColumns, text: string): EventCost | undefined {
  try {
    const details: unknown = parseJson(text)
    return details === null ? undefined : eventCostOfWire(eventCostShape.decode(details))
  } catch (cause) {
    throw new StoreFailure(`cost_details of the CDR ${cgrId} ${runId} cannot be read: ${(cause as Error).message}`)
  }
}

/** Columns of CGRateS's scripts round to 4 digits: the details have them all. */
function exactCost(cost: Decimal, details: EventCost | undefined, decimals: number, costDecimals: number): Decimal {
  if (details === undefined || costDecimals >= decimals) return cost
  const total = eventCostTotal(details, decimals)
  return total.round(costDecimals, '*middle').equals(cost) ? total : cost
}
