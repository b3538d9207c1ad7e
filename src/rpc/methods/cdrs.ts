import type { Cdr, CdrSwitches } from '../../cdrs/cdr.ts'
import { InvalidText, NotFound } from '../../core/errors.ts'
import type { ChargingEvent, EventFields } from '../../core/event.ts'
import { fieldUsage } from '../../core/event-values.ts'
import { formatTime, isZeroTime, parseTime, ZERO_TIME } from '../../core/time.ts'
import { SessionRefused } from '../../services/errors.ts'
import type { SessionCall } from '../../sessions/sessions.ts'
import type { CdrQuery } from '../../store/cdr-store.ts'
import { type Method, method, OK } from '../method.ts'
import { RpcError } from '../rpc-error.ts'
import { any, embedded, integer, list, map, struct, text, type ValueOf } from '../shape.ts'
import { cdrShape, cdrWire, externalCdrShape, externalCdrWire } from '../shapes/cdr.ts'
import { cdrFilterShape, cdrFilterWithOptionsShape, cdrQuery } from '../shapes/cdr-filter.ts'
import { chargingEvent, embeddedEvent, eventShape } from '../shapes/event.ts'
import type { RpcDefaults } from './defaults.ts'

/** What the methods of CDRs ask of the engine. */
export interface CdrServices {
  findCdrs(query: CdrQuery): Promise<{ orderId: number; cdr: Cdr }[]>
  removeCdrs(query: CdrQuery): Promise<number>
  charge<R>(call: SessionCall<R>): Promise<R>
  /** What is done to events that do not say it themselves. */
  readonly cdrSwitches: CdrSwitches
}

const processEventShape = struct('engine.ArgV1ProcessEvent', { Flags: list(text), CGREvent: embeddedEvent })

/** CDRs: made, listed and removed. Reference 01, 9.3 and 9.6; 05, 9. */
export function cdrMethods(services: CdrServices, defaults: RpcDefaults): Method[] {
  const { timeZone, roundingDecimals: decimals } = defaults
  const process = async (events: readonly ChargingEvent[], switches: CdrSwitches) => {
    try {
      return await services.charge((unit, sessions) => ({
        result: 'OK',
        cdrs: events.flatMap((event) => sessions.processEvent(unit, event, switches)),
      }))
    } catch (cause) {
      if (cause instanceof InvalidText) throw new RpcError('PARTIALLY_EXECUTED')
      if (cause instanceof SessionRefused) throw new RpcError(cause.message)
      throw cause
    }
  }
  const eventOf = (event: ValueOf<typeof eventShape>): ChargingEvent => {
    if (event.Event === null) throw new RpcError('PARTIALLY_EXECUTED')
    return chargingEvent(event, defaults.tenant)
  }
  const ofCdr = (fields: EventFields, tenant: string, isPreRated: boolean) => {
    const isEmpty = fields['OriginID'] === '' && fields['CGRID'] === '' && fields['Account'] === ''
    if (isEmpty) throw new RpcError('MANDATORY_IE_MISSING: [CGRID OriginID Account]')
    const event = { tenant: tenant || defaults.tenant, id: '', time: null, event: fields, apiOpts: {} }
    const { isForked, isStored } = services.cdrSwitches
    return process([event], { isForked: isForked && !isPreRated, isRated: !isPreRated, isStored })
  }
  const external = (found: { orderId: number; cdr: Cdr }[]) =>
    found.map(({ orderId, cdr }) => externalCdrWire(orderId, cdr, decimals))
  const count = async (filter: ValueOf<typeof cdrFilterShape>) =>
    (await services.findCdrs(cdrQuery(filter, timeZone))).length
  return [
    method('CDRsV1.ProcessEvent', {
      summary: 'Makes the CDRs of an event. Errors: EXISTS, PARTIALLY_EXECUTED.',
      params: processEventShape,
      reply: OK,
      run: ({ Flags: flags, CGREvent: event }) => {
        const charged = eventOf(event)
        return process([charged], switchesOf(flags, charged.apiOpts, services.cdrSwitches))
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
        process(events.map(eventOf), switchesOf(flags, options, services.cdrSwitches)),
    }),
    method('CDRsV1.ProcessCDR', {
      summary: 'Takes a CDR in the form that programs read; rates it unless it is PreRated.',
      params: struct('engine.CDRWithAPIOpts', { CDR: embedded(cdrShape), APIOpts: map(any) }),
      reply: OK,
      run({ CDR: cdr }) {
        const time = (value: typeof cdr.SetupTime) => (isZeroTime(value) ? '' : formatTime(value))
        const { PreRated: isPreRated, CostDetails: _, OrderID: __, Partial: ___, ExtraFields: extra, ...fields } = cdr
        const times = { SetupTime: time(cdr.SetupTime), AnswerTime: time(cdr.AnswerTime) }
        return ofCdr({ ...extra, ...fields, ...times, PreRated: isPreRated }, cdr.Tenant, isPreRated)
      },
    }),
    method('CDRsV1.ProcessExternalCDR', {
      summary: 'Takes a CDR in the form that people read; rates it unless it is PreRated.',
      params: struct('engine.ExternalCDRWithAPIOpts', { ExternalCDR: embedded(externalCdrShape), APIOpts: map(any) }),
      reply: OK,
      run({ ExternalCDR: cdr }) {
        const { PreRated: isPreRated, CostDetails: _, OrderID: __, ExtraFields: extra, ...fields } = cdr
        refuseUnreadable(cdr, timeZone)
        return ofCdr({ ...extra, ...fields, PreRated: isPreRated }, cdr.Tenant, isPreRated)
      },
    }),
    method('CDRsV1.GetCDRs', {
      summary: 'CDRs by filter. Errors: SERVER_ERROR: NOT_FOUND.',
      params: cdrFilterWithOptionsShape,
      reply: list(cdrShape),
      async run({ RPCCDRsFilter: filter }) {
        const found = await services.findCdrs(cdrQuery(filter, timeZone))
        if (found.length === 0 && filter.Limit !== 0) throw new RpcError('SERVER_ERROR: NOT_FOUND')
        return found.map(({ orderId, cdr }) => cdrWire(orderId, cdr, decimals))
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
        const found = await services.findCdrs(cdrQuery(filter, timeZone))
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
    method('APIerSv1.RemoveCDRs', {
      summary: 'Deletes CDRs for good; an empty filter deletes all. Errors: SERVER_ERROR: NOT_FOUND.',
      params: cdrFilterShape,
      reply: OK,
      async run(filter) {
        if ((await services.removeCdrs(cdrQuery(filter, timeZone))) === 0) throw new RpcError('SERVER_ERROR: NOT_FOUND')
        return 'OK'
      },
    }),
  ]
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

/** Switches of an event: its flags before its options before the configuration. Reference 05, 9.3. */
function switchesOf(
  flags: readonly string[],
  options: EventFields,
  { isForked, isRated, isStored }: CdrSwitches,
): CdrSwitches {
  const given = new Map(flags.map((flag) => [flag.split(':')[0] ?? '', !flag.endsWith(':false')]))
  const option = (name: string): boolean | undefined => {
    const value = options[name]
    if (value === undefined || typeof value === 'boolean') return value
    if (/^(1|t|T|true|TRUE|True)$/.test(String(value))) return true
    if (/^(0|f|F|false|FALSE|False)$/.test(String(value))) return false
    const problem = `strconv.ParseBool: parsing ${JSON.stringify(String(value))}: invalid syntax`
    throw new RpcError(`failed to configure processing args: ${problem}`)
  }
  for (const name of ['*rerate', '*refund', '*reprocess'])
    if (given.get(name) ?? option(name)) throw new RpcError('NOT_IMPLEMENTED')
  return {
    isForked: given.get('*chargers') ?? option('*chargerS') ?? isForked,
    isRated: given.get('*rals') ?? option('*ralS') ?? isRated,
    isStored: given.get('*store') ?? isStored,
  }
}
