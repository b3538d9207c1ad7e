import { type Cdr, type CdrSwitches, cdrKey, inOrder, wholeEventOfCdr } from '../../cdrs/cdr.ts'
import type { CdrExports } from '../../cdrs/exports.ts'
import type { ProcessedCdr } from '../../cdrs/pipeline.ts'
import { Decimal } from '../../core/decimal.ts'
import { InvalidText, NotFound } from '../../core/errors.ts'
import type { EventFields, EventValue } from '../../core/event.ts'
import { fieldUsage, valueText } from '../../core/event-values.ts'
import { formatTime, isZeroTime, parseTime, ZERO_TIME } from '../../core/time.ts'
import type { EventCost } from '../../rating/event-cost.ts'
import { eventCostOfWire } from '../../rating/event-cost-reader.ts'
import { eventCostWire } from '../../rating/event-cost-wire.ts'
import { SessionRefused } from '../../services/errors.ts'
import { KeyReused, type OutcomeKeys } from '../../sessions/once.ts'
import type { PaidEvent } from '../../sessions/sessions.ts'
import type { CdrQuery } from '../../store/cdr-store.ts'
import { type Method, method, OK } from '../method.ts'
import { IDEMPOTENCY_KEY, RpcError } from '../rpc-error.ts'
import { any, boolean, embedded, integer, list, map, parseJson, struct, text, type ValueOf } from '../shape.ts'
import { cdrShape, cdrWire, externalCdrShape, externalCdrWire } from '../shapes/cdr.ts'
import {
  cdrFilterShape,
  cdrFilterWithOptionsShape,
  cdrQuery,
  oldCdrFilterShape,
  oldCdrQuery,
} from '../shapes/cdr-filter.ts'
import { chargingEvent, embeddedEvent, eventShape } from '../shapes/event.ts'
import { eventCostShape } from '../shapes/event-cost.ts'
import type { RpcDefaults } from './defaults.ts'

/** What the methods of CDRs ask of the engine. */
export interface CdrServices {
  findCdrs(query: CdrQuery): Promise<{ orderId: number; cdr: Cdr }[]>
  removeCdrs(query: CdrQuery): Promise<number>
  readonly cdrProcessing: {
    process(events: readonly PaidEvent[], switches: CdrSwitches): Promise<ProcessedCdr[]>
    processOnce(events: readonly PaidEvent[], switches: CdrSwitches, key: OutcomeKeys): Promise<void>
    again(query: CdrQuery, switches: CdrSwitches, isRating: boolean): Promise<ProcessedCdr[] | undefined>
  }
  /** undefined: no CDR is found. */
  exportCdrs(query: CdrQuery, exporterIds: readonly string[]): Promise<CdrExports | undefined>
  /** What is done to events that do not say it themselves. */
  readonly cdrSwitches: CdrSwitches
  /** Where the outcome of a call with an idempotency key is kept. */
  chargeKeys(key: string): OutcomeKeys
}

const processEventShape = struct('engine.ArgV1ProcessEvent', { Flags: list(text), CGREvent: embeddedEvent })
const rateShape = struct('engine.ArgRateCDRs', {
  Flags: list(text),
  RPCCDRsFilter: embedded(cdrFilterShape),
  Tenant: text,
  APIOpts: map(any),
})

/** CDRs: made, made again, listed and removed. Reference 01, 9.3 and 9.6; 05, 9. */
export function cdrMethods(services: CdrServices, defaults: RpcDefaults): Method[] {
  const refusing = async <R>(work: Promise<R>): Promise<R> => {
    try {
      return await work
    } catch (cause) {
      if (cause instanceof InvalidText) throw new RpcError('PARTIALLY_EXECUTED')
      if (cause instanceof SessionRefused || cause instanceof KeyReused) throw new RpcError(cause.message)
      throw cause
    }
  }
  const process = (events: readonly PaidEvent[], switches: CdrSwitches) =>
    refusing(services.cdrProcessing.process(events, switches))
  const processed = async (events: readonly PaidEvent[], switches: CdrSwitches, options: EventFields = {}) => {
    const { [IDEMPOTENCY_KEY]: key } = options
    if (key === undefined) await process(events, switches)
    else await refusing(services.cdrProcessing.processOnce(events, switches, services.chargeKeys(valueText(key))))
    return 'OK'
  }
  const eventOf = (event: ValueOf<typeof eventShape>): PaidEvent => {
    if (event.Event === null) throw new RpcError('PARTIALLY_EXECUTED')
    return { event: chargingEvent(event, defaults.tenant), details: detailsOfEvent(event.Event) }
  }
  const ofCdr = (fields: EventFields, tenant: string, isPreRated: boolean, details: EventCost | undefined) => {
    const isEmpty = fields['OriginID'] === '' && fields['CGRID'] === '' && fields['Account'] === ''
    if (isEmpty) throw new RpcError('MANDATORY_IE_MISSING: [CGRID OriginID Account]')
    // Attributes that change the account leave the subject as it was.
    const whole = { ...fields, Subject: fields['Subject'] || (fields['Account'] ?? '') }
    const event = { tenant: tenant || defaults.tenant, id: '', time: null, event: whole, apiOpts: {} }
    const switches = services.cdrSwitches
    const isForked = switches.isForked && !isPreRated
    return processed([{ event, details }], { ...switches, isForked, isRated: !isPreRated })
  }
  const again = async (
    { Flags: flags, RPCCDRsFilter: filter, APIOpts: options }: ValueOf<typeof rateShape>,
    switches: CdrSwitches,
    isRating: boolean,
  ) => {
    const query = cdrQuery(filter, defaults.timeZone, '')
    const found = await services.cdrProcessing.again(query, switchesOf(flags, options, switches), isRating)
    if (found === undefined) throw new NotFound()
    return 'OK'
  }
  const external = (found: { orderId: number; cdr: Cdr }[]) =>
    found.map(({ orderId, cdr }) => externalCdrWire(orderId, cdr, defaults.roundingDecimals))
  const count = async (filter: ValueOf<typeof cdrFilterShape>) =>
    (await services.findCdrs(cdrQuery(filter, defaults.timeZone))).length
  return [
    method('CDRsV1.ProcessEvent', {
      summary: 'Makes the CDRs of an event. Errors: EXISTS, PARTIALLY_EXECUTED.',
      params: processEventShape,
      reply: OK,
      run: ({ Flags: flags, CGREvent: event }) => {
        const charged = eventOf(event)
        const { apiOpts } = charged.event
        return processed([charged], switchesOf(flags, apiOpts, services.cdrSwitches), apiOpts)
      },
    }),
    method('CDRsV2.ProcessEvent', {
      summary: 'As CDRsV1.ProcessEvent; answers what became of the event, by run.',
      params: processEventShape,
      reply: list(struct('utils.EventWithFlags', { Flags: list(text), Event: map(any) })),
      async run({ Flags: flags, CGREvent: event }) {
        const charged = eventOf(event)
        const done = await process([charged], switchesOf(flags, charged.event.apiOpts, services.cdrSwitches))
        return done.map(({ event: fields, cdr, isRated, isRefunded }) => ({
          Flags: isRefunded ? ['*refund'] : [],
          Event: isRated ? wholeEventOfCdr(cdr, detailsWire(cdr, defaults.roundingDecimals)) : inOrder(fields),
        }))
      },
    }),
    method('CDRsV1.ProcessEvents', {
      summary: 'Makes the CDRs of several events: all of them, or none.',
      params: struct('engine.ArgV1ProcessEvents', {
        Flags: list(text),
        CGREvents: list(eventShape),
        APIOpts: map(any),
      }),
      reply: OK,
      run: ({ Flags: flags, CGREvents: events, APIOpts: options }) =>
        processed(events.map(eventOf), switchesOf(flags, options, services.cdrSwitches), options),
    }),
    method('CDRsV1.ProcessCDR', {
      summary: 'Takes a CDR in the form that programs read; rates it unless it is PreRated.',
      params: struct('engine.CDRWithAPIOpts', { CDR: embedded(cdrShape), APIOpts: map(any) }),
      reply: OK,
      run({ CDR: cdr }) {
        const time = (value: typeof cdr.SetupTime) => (isZeroTime(value) ? '' : formatTime(value))
        const {
          PreRated: isPreRated,
          CostDetails: details,
          OrderID: _,
          Partial: __,
          ExtraFields: extra,
          ...fields
        } = cdr
        const times = { SetupTime: time(cdr.SetupTime), AnswerTime: time(cdr.AnswerTime) }
        const paid = details === null ? undefined : eventCostOfWire(details)
        return ofCdr({ ...extra, ...fields, ...times, PreRated: isPreRated }, cdr.Tenant, isPreRated, paid)
      },
    }),
    method('CDRsV1.ProcessExternalCDR', {
      summary: 'Takes a CDR in the form that people read; rates it unless it is PreRated.',
      params: struct('engine.ExternalCDRWithAPIOpts', { ExternalCDR: embedded(externalCdrShape), APIOpts: map(any) }),
      reply: OK,
      run({ ExternalCDR: cdr }) {
        const { PreRated: isPreRated, CostDetails: details, OrderID: _, ExtraFields: extra, ...fields } = cdr
        refuseUnreadable(cdr, defaults.timeZone)
        const paid = detailsOfEvent({ CostDetails: details })
        return ofCdr({ ...extra, ...fields, PreRated: isPreRated }, cdr.Tenant, isPreRated, paid)
      },
    }),
    method('CDRsV1.RateCDRs', {
      summary:
        'Gives back what CDRs have cost and rates them anew, with the flag *rerate. Errors: NOT_FOUND, SERVER_ERROR: EXISTS.',
      params: rateShape,
      reply: OK,
      run: (argument) => again(argument, { ...services.cdrSwitches, isRated: true }, true),
    }),
    method('CDRsV1.ReprocessCDRs', {
      summary: 'Does to CDRs again what the flags say, and nothing else. Errors: NOT_FOUND, SERVER_ERROR: EXISTS.',
      params: rateShape,
      reply: OK,
      run: (argument) => again(argument, NOTHING_BUT_AGAIN, false),
    }),
    method('CDRsV1.GetCDRs', {
      summary: 'CDRs by filter. Errors: SERVER_ERROR: NOT_FOUND.',
      params: cdrFilterWithOptionsShape,
      reply: list(cdrShape),
      async run({ RPCCDRsFilter: filter }) {
        const found = await services.findCdrs(cdrQuery(filter, defaults.timeZone))
        if (found.length === 0 && filter.Limit !== 0) throw new RpcError('SERVER_ERROR: NOT_FOUND')
        return found.map(({ orderId, cdr }) => cdrWire(orderId, cdr, defaults.roundingDecimals))
      },
    }),
    method('CDRsV1.GetCDRsCount', {
      summary: 'How many CDRs a filter finds.',
      params: cdrFilterWithOptionsShape,
      reply: integer,
      run: ({ RPCCDRsFilter: filter }) => count(filter),
    }),
    method('APIerSv2.GetCDRs', {
      summary: 'CDRs by filter, in the form that people read. Errors: NOT_FOUND.',
      params: cdrFilterShape,
      reply: list(externalCdrShape),
      async run(filter) {
        const found = await services.findCdrs(cdrQuery(filter, defaults.timeZone))
        if (found.length === 0) throw new NotFound()
        return external(found)
      },
    }),
    method('APIerSv1.GetCDRs', {
      summary: 'CDRs by the filter of earlier versions. Errors: NOT_FOUND.',
      params: oldCdrFilterShape,
      reply: list(externalCdrShape),
      async run(filter) {
        const found = await services.findCdrs(oldCdrQuery(filter, defaults.timeZone))
        if (found.length === 0) throw new NotFound()
        return external(found)
      },
    }),
    method('APIerSv2.CountCDRs', {
      summary: 'How many CDRs a filter finds.',
      params: cdrFilterShape,
      reply: integer,
      run: count,
    }),
    method('APIerSv1.ExportCDRs', {
      summary:
        'Writes CDRs by exporters that are named, or by all. Errors: NOT_CONNECTED: EEs, NOT_FOUND, PARTIALLY_EXECUTED.',
      params: struct('utils.ArgExportCDRs', {
        ExporterIDs: list(text),
        Verbose: boolean,
        RPCCDRsFilter: embedded(cdrFilterShape),
      }),
      reply: map(map(any)),
      async run({ ExporterIDs: ids, Verbose: isVerbose, RPCCDRsFilter: filter }) {
        const exports = await services.exportCdrs(cdrQuery(filter, defaults.timeZone), ids)
        if (exports === undefined) throw new NotFound()
        if (exports.refusal !== undefined) throw new RpcError(exports.refusal)
        if (exports.told !== undefined)
          return Object.fromEntries(Object.entries(exports.told).map(([id, told]) => [id, isVerbose ? told : {}]))
        return Object.fromEntries(exports.done.map((each) => [each.exporterId, isVerbose ? exportWire(each) : {}]))
      },
    }),
    method('APIerSv1.RemoveCDRs', {
      summary: 'Deletes CDRs for good; an empty filter deletes all. Errors: SERVER_ERROR: NOT_FOUND.',
      params: cdrFilterShape,
      reply: OK,
      async run(filter) {
        if ((await services.removeCdrs(cdrQuery(filter, defaults.timeZone))) === 0)
          throw new RpcError('SERVER_ERROR: NOT_FOUND')
        return 'OK'
      },
    }),
  ]
}

/** What an exporter says of what it has written. Reference 09, B4. */
function exportWire({ path, at, cdrs }: CdrExports['done'][number]): Record<string, unknown> {
  const orders = cdrs.map(({ orderId }) => orderId)
  const answers = cdrs.map(({ cdr }) => cdr.answerTime).sort((a, b) => (a.ns < b.ns ? -1 : a.ns > b.ns ? 1 : 0))
  const usages = Map.groupBy(cdrs, ({ cdr }) => cdr.toR)
  const totals = Object.entries(USAGE_TOTALS).flatMap(([toR, name]) => {
    const ofType = usages.get(toR)
    return ofType === undefined ? [] : [[name, ofType.reduce((sum, { cdr }) => sum + cdr.usage, 0n)]]
  })
  return {
    NumberOfEvents: cdrs.length,
    PositiveExports: cdrs.map(({ cdr }) => cdrKey(cdr)),
    NegativeExports: [],
    TotalCost: cdrs.reduce((sum, { cdr }) => sum.plus(cdr.cost), Decimal.ZERO),
    ...Object.fromEntries(totals),
    FirstExpOrderID: Math.min(...orders),
    LastExpOrderID: Math.max(...orders),
    FirstEventATime: formatTime(answers[0] ?? ZERO_TIME),
    LastEventATime: formatTime(answers.at(-1) ?? ZERO_TIME),
    TimeNow: formatTime(at),
    ExportPath: path,
  }
}

const USAGE_TOTALS: Readonly<Record<string, string>> = {
  '*voice': 'TotalDuration',
  '*data': 'TotalDataUsage',
  '*sms': 'TotalSMSUsage',
  '*mms': 'TotalMMSUsage',
  '*generic': 'TotalGenericUsage',
}

/** Refuses times and a usage that are none. */
function refuseUnreadable(cdr: ValueOf<typeof externalCdrShape>, timeZone: string): void {
  try {
    for (const text of [cdr.SetupTime, cdr.AnswerTime]) parseTime(text, timeZone, ZERO_TIME)
    fieldUsage({ Usage: cdr.Usage }, 'Usage')
  } catch (cause) {
    if (cause instanceof InvalidText) throw new RpcError(cause.message)
    throw cause
  }
}

const NOTHING_BUT_AGAIN: CdrSwitches = {
  isAttributed: false,
  isForked: false,
  isRated: false,
  isStored: false,
  isExported: false,
  isRefunded: false,
  isRerated: false,
  isReprocessed: true,
  toThresholds: false,
  toStats: false,
}

/** Switches of an event: its flags before its options before the configuration. Reference 05, 9.3. */
function switchesOf(flags: readonly string[], options: EventFields, base: CdrSwitches): CdrSwitches {
  const given = new Map(flags.map((flag) => [flag.split(':')[0] ?? '', !flag.endsWith(':false')]))
  const option = (name: string): boolean | undefined => {
    const value = options[name]
    if (value === undefined || typeof value === 'boolean') return value
    if (/^(1|t|T|true|TRUE|True)$/.test(String(value))) return true
    if (/^(0|f|F|false|FALSE|False)$/.test(String(value))) return false
    const problem = `strconv.ParseBool: parsing ${JSON.stringify(String(value))}: invalid syntax`
    throw new RpcError(`failed to configure processing args: ${problem}`)
  }
  const isRerated = given.get('*rerate') ?? option('*rerate') ?? false
  const isRefunded = given.get('*refund') ?? option('*refund') ?? isRerated
  return {
    isAttributed: given.get('*attributes') ?? option('*attributeS') ?? base.isAttributed,
    isForked: given.get('*chargers') ?? option('*chargerS') ?? base.isForked,
    isRated: given.get('*rals') ?? option('*ralS') ?? (isRerated || (base.isRated && !isRefunded)),
    isStored: given.get('*store') ?? base.isStored,
    isExported: given.get('*export') ?? base.isExported,
    isRefunded,
    isRerated,
    toThresholds: given.get('*thresholds') ?? option('*thresholdS') ?? base.toThresholds,
    toStats: given.get('*stats') ?? option('*statS') ?? base.toStats,
    isReprocessed: given.get('*reprocess') ?? (isRefunded || base.isReprocessed),
  }
}

/** What an event says that was paid for it; a text is JSON. Throws RpcError. */
function detailsOfEvent({ CostDetails: given = null }: EventFields): EventCost | undefined {
  try {
    const details: unknown = typeof given === 'string' && given !== '' ? parseJson(given) : given
    return details === '' || details === null ? undefined : eventCostOfWire(eventCostShape.decode(details))
  } catch {
    throw new RpcError('PARTIALLY_EXECUTED')
  }
}

function detailsWire({ costDetails }: Cdr, decimals: number): EventValue {
  return costDetails === undefined ? null : (eventCostWire(costDetails, decimals) as EventValue)
}
