import { join } from 'node:path'
import type { Test } from 'tap'
import type { Cdr } from '../../src/cdrs/cdr.ts'
import type { OutboxCdr } from '../../src/cdrs/outbox.ts'
import { loadConfig } from '../../src/config/load-config.ts'
import { Decimal } from '../../src/core/decimal.ts'
import { parseTime, ZERO_TIME } from '../../src/core/time.ts'
import { buildStorDb, type StorDb } from '../../src/engine/stor-db.ts'
import { eventCostOfWire } from '../../src/rating/event-cost-reader.ts'
import { parseJson } from '../../src/rpc/shape.ts'
import { eventCostShape } from '../../src/rpc/shapes/event-cost.ts'
import { ROOT, sampleFolder } from './gateway.ts'

export type Told = { level: string; message: string; fields: Record<string, unknown> }

/** The stores of a configuration, built and not opened; they close with the test. told: what they have logged. */
export async function storDbOf(
  t: Test,
  { opts, ...keys }: { opts?: object; [key: string]: unknown },
  { setsVersions = false, timeZone = 'UTC' } = {},
): Promise<StorDb & { told: Told[] }> {
  // A machine that is busy makes slow statements.
  const folder = sampleFolder(t, { stor_db: { ...keys, opts: { sqlLogLevel: 2, ...opts } } })
  const told: Told[] = []
  const built = buildStorDb({
    loaded: await loadConfig(join(folder, 'config'), {}, join(ROOT, 'config/tollgate.json')),
    setsVersions,
    timeZone: () => timeZone,
    decimals: () => 5,
    log: (level, message, fields) => told.push({ level, message, fields }),
  })
  t.teardown(() => built.close())
  return { ...built, told }
}

/** A cost as clients see it: `total` in one increment. */
export function costText(cgrId: string, total: string): string {
  return `{"CGRID":"${cgrId}","RunID":"*default","StartTime":"2026-01-07T17:00:00Z","Usage":60000000000,"Cost":${total},
    "Charges":[{"RatingID":"r1","Increments":[{"Usage":60000000000,"Cost":${total},"AccountingID":"a1","CompressFactor":1}],"CompressFactor":1}],
    "AccountSummary":{"Tenant":"cgrates.org","AccountID":"1001","BalanceSummaries":[{"UUID":"u1","ID":"MONEY","Type":"*monetary","Initial":10,"Value":9.4,"Disabled":false}],"AllowNegative":false,"Disabled":false},
    "Rating":{"r1":{"ConnectFee":0,"RoundingMethod":"*up","RoundingDecimals":5,"MaxCost":0,"MaxCostStrategy":"","TimingID":"t1","RatesID":"p1","RatingFiltersID":"f1"}},
    "Accounting":{"a1":{"AccountID":"cgrates.org:1001","BalanceUUID":"u1","RatingID":"r1","Units":${total},"ExtraChargeID":""}},
    "RatingFilters":{"f1":{"DestinationID":"DST","DestinationPrefix":"1002","RatingPlanID":"RP","Subject":"*out:cgrates.org:call:1001"}},
    "Rates":{"p1":[{"GroupIntervalStart":0,"Value":${total},"RateIncrement":60000000000,"RateUnit":60000000000}]},
    "Timings":{"t1":{"Years":[],"Months":[],"MonthDays":[],"WeekDays":[],"StartTime":"00:00:00"}}}`
}

export type CdrText = Partial<
  Omit<Cdr, 'setupTime' | 'answerTime' | 'cost' | 'costDetails'> & {
    setup: string
    answer: string
    cost: string
    details: string
  }
>

/** A CDR on its way out, made in that microsecond. */
export function outboxCdr(madeUs: number, { setup, answer, cost = '-1', details, ...fields }: CdrText): OutboxCdr {
  const time = (text: string | undefined) => (text === undefined ? ZERO_TIME : parseTime(text, 'UTC', ZERO_TIME))
  const cdr: Cdr = {
    cgrId: 'c',
    runId: '*default',
    originHost: '',
    source: '',
    originId: 'o',
    toR: '*voice',
    requestType: '*postpaid',
    tenant: 'cgrates.org',
    category: 'call',
    account: '1001',
    subject: '1001',
    destination: '1002',
    usage: 0n,
    extraFields: {},
    extraInfo: '',
    costSource: '',
    setupTime: time(setup),
    answerTime: time(answer),
    cost: Decimal.parse(cost),
    costDetails: details === undefined ? undefined : eventCostOfWire(eventCostShape.decode(parseJson(details))),
    ...fields,
  }
  return { id: `${String(1_790_000_000_000_000 + madeUs).padStart(16, '0')}/${cdr.cgrId}:${cdr.runId}`, cdr }
}
