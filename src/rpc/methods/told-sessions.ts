import type { ChargingEvent, EventFields } from '../../core/event.ts'
import { type NoticeArguments, noticeOf, type SessionNotice } from '../../sessions/notices.ts'
import type { Method } from '../method.ts'
import { RpcError } from '../rpc-error.ts'
import { list, map, omitEmpty, pointer, type Shape, struct, text } from '../shape.ts'
import { chargingEvent } from '../shapes/event.ts'
import type { RpcDefaults } from './defaults.ts'

/** Who took an event; null: nobody did, and an error's text: why not. undefined: nobody was asked. */
export type SessionNoticed = {
  readonly thresholds: readonly string[] | null | { readonly error: string } | undefined
  readonly stats: readonly string[] | null | { readonly error: string } | undefined
}

export interface ToldSessionServices {
  /** Whether those who are to be told are connected. */
  canTell(wanted: SessionNotice): boolean
  /** Tells thresholds and statistics of an event. */
  sessionEvent(event: ChargingEvent, wanted: SessionNotice): Promise<SessionNoticed>
}

type CallArgument = NoticeArguments & {
  readonly Flags?: readonly string[]
  readonly CGREvent: Parameters<typeof chargingEvent>[0]
}

/** Calls whose events thresholds and statistics may be told of, and how their answer shows it. */
const CALLS: Readonly<Record<string, 'fields' | 'digest' | 'nothing' | 'runs'>> = {
  AuthorizeEvent: 'fields',
  AuthorizeEventWithDigest: 'digest',
  InitiateSession: 'fields',
  InitiateSessionWithDigest: 'digest',
  UpdateSession: 'fields',
  TerminateSession: 'nothing',
  ProcessMessage: 'fields',
  ProcessEvent: 'runs',
}

const RAW = '*raw'
const OF_CALLS = { ThresholdIDs: omitEmpty(pointer(list(text))), StatQueueIDs: omitEmpty(pointer(list(text))) }
const OF_RUNS = { ThresholdIDs: omitEmpty(map(pointer(list(text)))), StatQueueIDs: omitEmpty(map(pointer(list(text)))) }

/**
 * The methods, of which those of sessions tell thresholds and statistics of their event when that is asked for, after all else is done and
 * durable. Reference 05, 7.
 */
export function whenTold(methods: readonly Method[], services: ToldSessionServices, defaults: RpcDefaults): Method[] {
  return methods.map((each) => {
    const called = each.name.replace(/^SessionSv1\./, '')
    const shown = Object.hasOwn(CALLS, called) ? CALLS[called] : undefined
    return shown === undefined ? each : told(each, called, shown, services, defaults)
  })
}

function told(
  inner: Method,
  called: string,
  shown: 'fields' | 'digest' | 'nothing' | 'runs',
  services: ToldSessionServices,
  defaults: RpcDefaults,
): Method {
  const { goType, form } = inner.reply
  const more = shown === 'fields' ? OF_CALLS : shown === 'runs' ? OF_RUNS : {}
  const reply: Shape = form.kind === 'struct' ? struct(goType, { ...form.fields, ...more }) : inner.reply
  return {
    ...inner,
    reply,
    run(argument, caller) {
      const given = argument as CallArgument
      const wanted = shown === 'runs' ? noticeOfFlags(given.Flags ?? []) : noticeOf(given)
      // What nobody is connected for is refused before anything is charged.
      if (wanted === undefined || !services.canTell(wanted)) return inner.run(argument, caller)
      return tell(inner, called, shown, given, wanted, services, defaults, caller)
    },
  }
}

async function tell(
  inner: Method,
  called: string,
  shown: 'fields' | 'digest' | 'nothing' | 'runs',
  given: CallArgument,
  wanted: SessionNotice,
  services: ToldSessionServices,
  defaults: RpcDefaults,
  caller: Parameters<Method['run']>[1],
): Promise<unknown> {
  const rest =
    shown === 'runs'
      ? { ...given, Flags: given.Flags?.filter((flag) => !/^\*(thresholds|stats)(:|$)/.test(flag)) }
      : { ...given, ProcessThresholds: false, ProcessStats: false }
  const reply = (await inner.run(rest, caller)) as Record<string, unknown> | string
  const noticed = await services.sessionEvent(eventOf(given, reply, defaults.tenant), wanted)
  const failed = [noticed.thresholds, noticed.stats].find(isError)
  if (called === 'UpdateSession') {
    if (isError(noticed.thresholds)) throw new RpcError(`THRESHOLDS_ERROR:${noticed.thresholds.error}`)
  } else if (failed !== undefined) throw new RpcError('PARTIALLY_EXECUTED')
  if (typeof reply === 'string' || shown === 'nothing') return reply
  const { thresholds, stats } = noticed
  const names = shown === 'digest' ? ['Thresholds', 'StatQueues'] : ['ThresholdIDs', 'StatQueueIDs']
  const answer: Record<string, unknown> = { ...reply }
  for (const [i, ids] of [thresholds, stats].entries()) {
    if (ids === undefined || isError(ids)) continue
    const text = ids === null ? null : ids.join(',')
    answer[names[i] ?? ''] = shown === 'digest' ? text : shown === 'runs' ? { [RAW]: ids } : ids
  }
  return answer
}

/** The event of a call, as attributes have made it. */
function eventOf(
  { CGREvent: event }: CallArgument,
  reply: Record<string, unknown> | string,
  tenant: string,
): ChargingEvent {
  const own = chargingEvent(event, tenant)
  const made =
    typeof reply === 'object' ? (reply['Attributes'] as Record<string, unknown> | undefined | null) : undefined
  const changed = (made?.['CGREvent'] ?? made?.[RAW] ?? made) as
    | { Event?: EventFields; APIOpts?: EventFields }
    | undefined
  return changed?.Event === undefined ? own : { ...own, event: changed.Event, apiOpts: changed.APIOpts ?? own.apiOpts }
}

/** `*stats`, `*stats:*ids:A&B`, `*stats:false`. Reference 05, 7.7. */
function noticeOfFlags(flags: readonly string[]): SessionNotice | undefined {
  const read = (name: string) => {
    const own = flags.filter((flag) => flag === name || flag.startsWith(`${name}:`))
    const ids = own.flatMap((flag) => {
      const [, sub, values = ''] = flag.split(':')
      return sub === '*ids' ? values.split('&').filter((id) => id !== '') : []
    })
    return { isOn: own.length > 0 && !own.includes(`${name}:false`), ids }
  }
  const thresholds = read('*thresholds')
  const stats = read('*stats')
  return noticeOf({
    ProcessThresholds: thresholds.isOn,
    ProcessStats: stats.isOn,
    ThresholdIDs: thresholds.ids,
    StatIDs: stats.ids,
  })
}

function isError(noticed: SessionNoticed['stats']): noticed is { readonly error: string } {
  return typeof noticed === 'object' && noticed !== null && 'error' in noticed
}
