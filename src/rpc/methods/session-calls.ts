import type { Cdr } from '../../cdrs/cdr.ts'
import { Decimal } from '../../core/decimal.ts'
import { InvalidText } from '../../core/errors.ts'
import type { ChargingEvent } from '../../core/event.ts'
import { cgrIdOf, valueText } from '../../core/event-values.ts'
import { formatTime } from '../../core/time.ts'
import { eventCostTotal } from '../../rating/event-cost.ts'
import { eventCostWire } from '../../rating/event-cost-wire.ts'
import type { Attributed } from '../../services/attributes/caller.ts'
import { questionText, refusalText, SessionRefused } from '../../services/errors.ts'
import { KeyReused, type OutcomeKeys, once } from '../../sessions/once.ts'
import type { CallOptions, SessionCall, Sessions } from '../../sessions/sessions.ts'
import type { Unit } from '../../store/unit-of-work.ts'
import { type Caller, type Method, method, OK } from '../method.ts'
import { IDEMPOTENCY_KEY, RpcError } from '../rpc-error.ts'
import { boolean, decimal, duration, integer, list, map, omitEmpty, pointer, struct, text } from '../shape.ts'
import { attributedShape, attributedWire, attributesDigest } from '../shapes/attributed.ts'
import { chargingEvent, embeddedEvent, eventShape } from '../shapes/event.ts'
import { eventCostShape } from '../shapes/event-cost.ts'
import type { RpcDefaults } from './defaults.ts'
import { authenticateEvent, identityOfEvent, type StirServices } from './stir.ts'

/** What session calls ask of the engine. */
export interface SessionCallServices extends StirServices {
  /** Runs a call as one unit of work; resolves when all it did is durable. */
  charge<R>(call: SessionCall<R>): Promise<R>
  readonly sessions: Sessions
  /** Where the outcome of a call with an idempotency key is kept. */
  outcomeKeys(key: string): OutcomeKeys
}

const IDS = { AttributeIDs: list(text), ThresholdIDs: list(text), StatIDs: list(text) }
const PAGE = { Limit: pointer(integer), Offset: pointer(integer) }

const authorizeShape = struct('sessions.V1AuthorizeArgs', {
  GetAttributes: boolean,
  AuthorizeIP: boolean,
  AuthorizeResources: boolean,
  GetMaxUsage: boolean,
  ForceDuration: boolean,
  ProcessThresholds: boolean,
  ProcessStats: boolean,
  GetRoutes: boolean,
  RoutesMaxCost: text,
  RoutesIgnoreErrors: boolean,
  ...IDS,
  CGREvent: embeddedEvent,
  ...PAGE,
})

const initiateShape = struct('sessions.V1InitSessionArgs', {
  GetAttributes: boolean,
  AllocateIP: boolean,
  AllocateResources: boolean,
  InitSession: boolean,
  ForceDuration: boolean,
  ProcessThresholds: boolean,
  ProcessStats: boolean,
  ...IDS,
  CGREvent: embeddedEvent,
})

const updateShape = struct('sessions.V1UpdateSessionArgs', {
  GetAttributes: boolean,
  UpdateSession: boolean,
  ForceDuration: boolean,
  ProcessThresholds: boolean,
  ProcessStats: boolean,
  ...IDS,
  CGREvent: embeddedEvent,
})

const terminateShape = struct('sessions.V1TerminateSessionArgs', {
  TerminateSession: boolean,
  ForceDuration: boolean,
  ReleaseIP: boolean,
  ReleaseResources: boolean,
  ProcessThresholds: boolean,
  ProcessStats: boolean,
  ThresholdIDs: list(text),
  StatIDs: list(text),
  CGREvent: embeddedEvent,
})

const messageShape = struct('sessions.V1ProcessMessageArgs', {
  GetAttributes: boolean,
  AllocateIP: boolean,
  AllocateResources: boolean,
  Debit: boolean,
  ForceDuration: boolean,
  ProcessThresholds: boolean,
  ProcessStats: boolean,
  GetRoutes: boolean,
  RoutesMaxCost: text,
  RoutesIgnoreErrors: boolean,
  ...IDS,
  CGREvent: embeddedEvent,
  ...PAGE,
})

/** What a call answers; only what was asked for and made is there. Reference 05, 7.1. */
const replyShape = struct('sessions.V1AuthorizeReply', {
  Attributes: omitEmpty(pointer(attributedShape)),
  ResourceAllocation: omitEmpty(pointer(text)),
  MaxUsage: omitEmpty(pointer(duration)),
})

const updateReplyShape = struct('sessions.V1UpdateSessionReply', {
  Attributes: omitEmpty(pointer(attributedShape)),
  MaxUsage: omitEmpty(pointer(duration)),
})

const digestShape = struct('sessions.V1AuthorizeReplyWithDigest', {
  AttributesDigest: pointer(text),
  AllocatedIP: pointer(text),
  ResourceAllocation: pointer(text),
  MaxUsage: decimal,
  RoutesDigest: pointer(text),
  Thresholds: pointer(text),
  StatQueues: pointer(text),
})

const initiateDigestShape = struct('sessions.V1InitReplyWithDigest', {
  AttributesDigest: pointer(text),
  AllocatedIP: pointer(text),
  ResourceAllocation: pointer(text),
  MaxUsage: decimal,
  Thresholds: pointer(text),
  StatQueues: pointer(text),
})

const processEventShape = struct('sessions.V1ProcessEventArgs', { Flags: list(text), CGREvent: embeddedEvent, ...PAGE })

/** By run id; `*raw` is the event itself. Reference 05, 7.7. */
const processEventReplyShape = struct('sessions.V1ProcessEventReply', {
  MaxUsage: omitEmpty(map(duration)),
  Cost: omitEmpty(map(decimal)),
  ResourceAllocation: omitEmpty(map(text)),
  Attributes: omitEmpty(map(attributedShape)),
  STIRIdentity: omitEmpty(map(text)),
})

/** Parts of a call that other subsystems do. */
type Wanted = {
  GetAttributes?: boolean
  AuthorizeResources?: boolean
  AllocateResources?: boolean
  ReleaseResources?: boolean
  AuthorizeIP?: boolean
  AllocateIP?: boolean
  ReleaseIP?: boolean
  GetRoutes?: boolean
  ProcessThresholds?: boolean
  ProcessStats?: boolean
}

/** Refuses what a subsystem that is not connected would have to do before the session. Reference 05, 7. */
function refuseBefore(wanted: Wanted, sessions: Sessions): void {
  if (wanted.GetAttributes) sessions.checkConnected({ attributes: true })
  if (wanted.AuthorizeResources || wanted.AllocateResources || wanted.ReleaseResources) sessions.resources.check()
  if (wanted.AuthorizeIP || wanted.AllocateIP || wanted.ReleaseIP) throw new RpcError('NOT_CONNECTED: IPs')
  if (wanted.GetRoutes) throw new RpcError('NOT_CONNECTED: RouteS')
}

/** Refuses what would be told of the event afterwards: here nothing has moved then, where the reference has charged. */
function refuseAfter({ ProcessThresholds: thresholds, ProcessStats: stats }: Wanted): void {
  if (thresholds || stats) throw new RpcError('PARTIALLY_EXECUTED')
}

/** What must hold before a call does its work. isAsked: whether its own part was asked for. */
function check(wanted: Wanted, isAsked: boolean, sessions: Sessions): void {
  const others: readonly (boolean | undefined)[] = [
    wanted.GetAttributes,
    wanted.AuthorizeResources,
    wanted.AllocateResources,
    wanted.ReleaseResources,
    wanted.AuthorizeIP,
    wanted.AllocateIP,
    wanted.ReleaseIP,
    wanted.GetRoutes,
  ]
  if (!isAsked && !others.includes(true)) throw new RpcError('MANDATORY_IE_MISSING: [Subsystems]')
  told(() => refuseBefore(wanted, sessions))
  refuseAfter(wanted)
}

/** What sessions refuse before they do anything. */
function told<R>(work: () => R): R {
  try {
    return work()
  } catch (cause) {
    throw cause instanceof SessionRefused ? new RpcError(cause.message) : cause
  }
}

/** An event, and what its call is known by when it comes again, '' for nothing. time: its own, as it is shown. */
type Called = { event: ChargingEvent; key: string; time: string | null }

function called(event: ChargingEvent, { Time: time }: Pick<EventArgument, 'Time'>): Called {
  const { [IDEMPOTENCY_KEY]: key, ...apiOpts } = event.apiOpts
  const shown = time && formatTime(time)
  return key === undefined
    ? { event, key: '', time: shown }
    : { event: { ...event, apiOpts }, key: valueText(key), time: shown }
}

type EventArgument = Parameters<typeof chargingEvent>[0]

/** What a call grants, and what attributes have made of its event. */
type Answer = { maxUsage?: bigint; attributes?: Attributed | undefined; allocation?: string | null }

/** What a call asks of attributes and resources besides its charge. */
type Asked = {
  readonly GetAttributes: boolean
  readonly AttributeIDs: readonly string[]
  readonly AuthorizeResources?: boolean
  readonly AllocateResources?: boolean
}

/**
 * A call on the event as attributes make it, when they are asked for, and with its resources. charge: undefined when nothing else is asked for. The
 * event that is shown has the id of the session then. Throws SessionRefused.
 */
function changedFirst(
  unit: Unit,
  sessions: Sessions,
  {
    GetAttributes: isWanted,
    AttributeIDs: ids,
    AuthorizeResources: isAuthorized,
    AllocateResources: isAllocated,
  }: Asked,
  event: ChargingEvent,
  charge: ((event: ChargingEvent) => bigint) | undefined,
): { result: Answer } {
  const attributes = isWanted ? sessions.attributed(event, ids) : undefined
  const changed = attributes?.event ?? event
  const isKnown = () => sessions.isKnown(unit, event)
  const charged = (told: ChargingEvent) => charge?.(told)
  const answerOf = (maxUsage: bigint | undefined, told = changed): Answer => {
    const shown = attributes && { ...attributes, event: told }
    return {
      ...(maxUsage === undefined ? {} : { maxUsage }),
      attributes: shown && charge ? withCgrId(shown) : shown,
    }
  }
  if (isAllocated) {
    const { message, event: told, charged: maxUsage } = sessions.resources.allocate(changed, event, charged, isKnown)
    return { result: { ...answerOf(maxUsage, told), allocation: message } }
  }
  const maxUsage = charged(changed)
  if (!isAuthorized) return { result: answerOf(maxUsage) }
  const { message, event: told } = sessions.resources.authorize(changed, event)
  return { result: { ...answerOf(maxUsage, told), allocation: message } }
}

function withCgrId({ event, ...rest }: Attributed): Attributed {
  return { ...rest, event: { ...event, event: { ...event.event, CGRID: cgrIdOf(event.event) } } }
}

/** How a caller charges: one that can be called back is the client of what it opens. */
function callOptions(forceDuration: boolean, { connectionId }: Caller): CallOptions {
  return { forceDuration, clientId: connectionId }
}

/** Session calls: authorise, reserve, debit and settle. Reference 05, 7; 01, 9.2. */
export function sessionCallMethods(services: SessionCallServices, defaults: RpcDefaults): Method[] {
  /** What a refusal is to clients. Throws what is none. */
  const textOf = (cause: unknown) => (cause instanceof RpcError ? cause.message : refusalText(cause))
  const charge = async <R>(call: string, { event, key }: Called, work: SessionCall<R>): Promise<R> => {
    try {
      if (key === '') return await services.charge(work)
      const keys = services.outcomeKeys(key)
      const outcome = await services.charge(once(work, `${call} ${cgrIdOf(event.event)}`, keys, textOf))
      if ('error' in outcome) throw new RpcError(outcome.error)
      return outcome.result
    } catch (cause) {
      if (cause instanceof RpcError) throw cause
      throw new RpcError(cause instanceof KeyReused ? cause.message : textOf(cause))
    }
  }
  const calledOf = (argument: { CGREvent: EventArgument }): Called =>
    called(chargingEvent(argument.CGREvent, defaults.tenant), argument.CGREvent)

  const authorize = async (argument: ReturnType<typeof authorizeShape.zero>): Promise<Answered> => {
    const asked = calledOf(argument)
    check(argument, argument.GetMaxUsage, services.sessions)
    try {
      const answer = await services.charge((unit, sessions) =>
        changedFirst(
          unit,
          sessions,
          argument,
          asked.event,
          argument.GetMaxUsage ? (event) => sessions.authorize(unit, event) : undefined,
        ),
      )
      return { ...answer, asked }
    } catch (cause) {
      throw cause instanceof RpcError ? cause : new RpcError(questionText(cause))
    }
  }
  const initiate = async (argument: ReturnType<typeof initiateShape.zero>, caller: Caller): Promise<Answered> => {
    const asked = calledOf(argument)
    check(argument, argument.InitSession, services.sessions)
    const options = callOptions(argument.ForceDuration, caller)
    const answer = await charge('InitiateSession', asked, (unit, sessions) =>
      changedFirst(
        unit,
        sessions,
        argument,
        asked.event,
        argument.InitSession ? (event) => sessions.initiate(unit, event, options).maxUsage : undefined,
      ),
    )
    return { ...answer, asked }
  }
  return [
    method('SessionSv1.AuthorizeEvent', {
      summary: 'Longest usage that every run of an event can pay for; nothing is debited.',
      params: authorizeShape,
      reply: replyShape,
      run: async (argument) => replyOf(await authorize(argument)),
    }),
    method('SessionSv1.AuthorizeEventWithDigest', {
      summary: 'As AuthorizeEvent; MaxUsage in seconds.',
      params: authorizeShape,
      reply: digestShape,
      run: async (argument) => ({
        ...digest(await authorize(argument)),
        RoutesDigest: null,
        Thresholds: null,
        StatQueues: null,
      }),
    }),
    method('SessionSv1.InitiateSession', {
      summary: 'Opens a session and reserves its first usage.',
      params: initiateShape,
      reply: replyShape,
      run: async (argument, caller) => replyOf(await initiate(argument, caller)),
    }),
    method('SessionSv1.InitiateSessionWithDigest', {
      summary: 'As InitiateSession; MaxUsage in seconds.',
      params: initiateShape,
      reply: initiateDigestShape,
      run: async (argument, caller) => ({
        ...digest(await initiate(argument, caller)),
        Thresholds: null,
        StatQueues: null,
      }),
    }),
    method('SessionSv1.UpdateSession', {
      summary: 'Settles the last usage and reserves the next.',
      params: updateShape,
      reply: updateReplyShape,
      async run(argument, caller) {
        const asked = calledOf(argument)
        check(argument, argument.UpdateSession, services.sessions)
        const options = callOptions(argument.ForceDuration, caller)
        const answer = await charge('UpdateSession', asked, (unit, sessions) =>
          changedFirst(
            unit,
            sessions,
            argument,
            asked.event,
            argument.UpdateSession ? (event) => sessions.update(unit, event, options).maxUsage : undefined,
          ),
        )
        return replyOf({ ...answer, asked })
      },
    }),
    method('SessionSv1.TerminateSession', {
      summary: 'Ends a session and settles what was used; its CDR comes with ProcessCDR.',
      params: terminateShape,
      reply: OK,
      async run(argument) {
        const ended = calledOf(argument)
        check(argument, argument.TerminateSession, services.sessions)
        const { isRefused, text } = await charge('TerminateSession', ended, (unit, sessions) => {
          if (argument.TerminateSession)
            sessions.terminate(unit, ended.event, { forceDuration: argument.ForceDuration })
          const refusal = argument.ReleaseResources ? unreleased(sessions, ended.event) : undefined
          return { result: { isRefused: refusal !== undefined, text: refusal ?? 'OK' } }
        })
        if (isRefused) throw new RpcError(text)
        return text
      },
    }),
    method('SessionSv1.ProcessMessage', {
      summary: 'Charges one event at once.',
      params: messageShape,
      reply: replyShape,
      async run(argument) {
        const asked = calledOf(argument)
        told(() => refuseBefore(argument, services.sessions))
        refuseAfter(argument)
        if (!argument.Debit && !argument.GetAttributes && !argument.AllocateResources) return {}
        const options = { forceDuration: argument.ForceDuration }
        const answer = await charge('ProcessMessage', asked, (unit, sessions) =>
          changedFirst(
            unit,
            sessions,
            argument,
            asked.event,
            argument.Debit ? (event) => sessions.message(unit, event, options).maxUsage : undefined,
          ),
        )
        const { Attributes, ...others } = replyOf({ ...answer, asked })
        const { MaxUsage, ...rest } = others
        return {
          ...(MaxUsage === undefined ? {} : { MaxUsage }),
          ...rest,
          ...(Attributes === undefined ? {} : { Attributes }),
        }
      },
    }),
    method('SessionSv1.ProcessCDR', {
      summary: 'Makes the CDRs of an ended session, or of an event that no session has seen.',
      params: eventShape,
      reply: OK,
      run(argument) {
        const ended = called(chargingEvent(argument, defaults.tenant, 'Event'), argument)
        return charge('ProcessCDR', ended, (unit, sessions) => {
          const cdrs: readonly Cdr[] = sessions.processCdr(unit, ended.event)
          return { result: 'OK', cdrs }
        })
      },
    }),
    method('SessionSv1.GetCost', {
      summary: 'What an event costs by its tariff; nothing is debited.',
      params: processEventShape,
      reply: struct('sessions.V1GetCostReply', {
        Attributes: pointer(attributedShape),
        EventCost: eventCostShape,
      }),
      run({ Flags: flags, ...argument }) {
        const { event, time } = calledOf(argument)
        const wanted = parseFlags(flags).get('*attributes')
        const attributes = wanted && told(() => services.sessions.attributed(event, wanted.get('*ids') ?? []))
        return {
          Attributes: attributes === undefined ? null : attributedWire(attributes, event.id, time),
          EventCost: eventCostWire(
            plainly(() => services.sessions.price(attributes?.event ?? event)),
            defaults.roundingDecimals,
          ),
        }
      },
    }),
    method('SessionSv1.ProcessEvent', {
      summary: 'Does to an event what its flags say, as one unit of work.',
      params: processEventShape,
      reply: processEventReplyShape,
      async run({ Flags: flags, ...argument }, caller) {
        const processed = calledOf(argument)
        const parsed = parseFlags(flags)
        told(() => refuseFlags(parsed, services.sessions))
        const identity = await stirOf(services, parsed, processed.event)
        const { reply, isPartly } = await charge('ProcessEvent', processed, (unit, sessions) =>
          processEvent(unit, sessions, processed, parsed, defaults, caller),
        )
        if (isPartly) throw new RpcError('PARTIALLY_EXECUTED')
        return identity === undefined ? reply : { ...reply, STIRIdentity: { [RAW]: identity } }
      },
    }),
  ]
}

/** What a call answers, and what was asked. */
type Answered = Answer & { asked: Called }

function replyOf({ maxUsage, attributes, allocation, asked: { event, time } }: Answered): Record<string, unknown> {
  return {
    ...(attributes === undefined ? {} : { Attributes: attributedWire(attributes, event.id, time) }),
    ...(allocation === undefined ? {} : { ResourceAllocation: allocation }),
    ...(maxUsage === undefined ? {} : { MaxUsage: maxUsage }),
  }
}

/** The same as texts; MaxUsage in seconds. */
function digest({ maxUsage = 0n, attributes, allocation = null }: Answered): Record<string, unknown> {
  return {
    AttributesDigest: attributes === undefined ? null : attributesDigest(attributes),
    AllocatedIP: null,
    ResourceAllocation: allocation,
    MaxUsage: new Decimal(maxUsage, 9),
  }
}

/** Sub flags by main flag, each with its values. */
type Flags = ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>

/** `*main:*sub:value&value`; `*main:false` switches one off. Reference 05, 7.7. */
function parseFlags(flags: readonly string[]): Flags {
  const parsed = new Map<string, Map<string, readonly string[]>>()
  for (const flag of flags) {
    const [main = '', sub = '', ...rest] = flag.split(':')
    if (sub === 'false') parsed.delete(main)
    else parsed.set(main, (parsed.get(main) ?? new Map()).set(sub, rest.length === 0 ? [] : rest.join(':').split('&')))
  }
  return parsed
}

function refuseFlags(flags: Flags, sessions: Sessions): void {
  const ips = flags.get('*ips')
  refuseBefore(
    {
      GetAttributes: flags.has('*attributes'),
      GetRoutes: flags.has('*routes'),
      AllocateResources: flags.has('*resources'),
      AllocateIP: ips !== undefined,
    },
    sessions,
  )
  refuseAfter({ ProcessThresholds: flags.has('*thresholds'), ProcessStats: flags.has('*stats') })
}

/** Forgets the usage of an event; the text of a refusal: what was charged stays. Throws what is none. */
function unreleased(sessions: Sessions, event: ChargingEvent): string | undefined {
  try {
    sessions.resources.release(event, event)
    return undefined
  } catch (cause) {
    return refusalText(cause)
  }
}

/** The key of the event itself in replies by run. */
const RAW = '*raw'

type Processed = { reply: Record<string, unknown>; isPartly: boolean }

function processEvent(
  unit: Unit,
  sessions: Sessions,
  called: Called,
  flags: Flags,
  defaults: RpcDefaults,
  caller: Caller,
): ReturnType<SessionCall<Processed>> {
  const { event: given, time } = called
  sessions.checkConnected({ chargers: flags.has('*chargers'), cdrs: flags.has('*cdrs') })
  const changed = attributesByRun(sessions, given, flags)
  const charge = (event: ChargingEvent) => chargeEvent(unit, sessions, event, flags, defaults, caller)
  const isKnown = () => sessions.isKnown(unit, given)
  const used = withResources(sessions, given, changed, flags, charge, isKnown)
  const { usage, reply, cdrs } = used.charged
  if (changed.size > 0) {
    const isCharged = usage['MaxUsage'] !== undefined
    reply['Attributes'] = Object.fromEntries(
      [...changed].map(([run, done]) => [
        run,
        attributedWire(isCharged && run === RAW ? withCgrId(done) : done, given.id, time),
      ]),
    )
  }
  const allocations = used.allocations.size === 0 ? {} : { ResourceAllocation: Object.fromEntries(used.allocations) }
  return { result: { reply: { ...usage, ...allocations, ...reply }, isPartly: used.isPartly }, cdrs }
}

/** Rating, accounting and CDRs of an event, as its flags say. */
function chargeEvent(
  unit: Unit,
  sessions: Sessions,
  event: ChargingEvent,
  flags: Flags,
  { roundingDecimals: decimals }: RpcDefaults,
  caller: Caller,
): { usage: Record<string, unknown>; reply: Record<string, unknown>; cdrs: readonly Cdr[] } {
  const usage: Record<string, unknown> = {}
  const reply: Record<string, unknown> = {}
  const rals = flags.get('*rals') ?? new Map()
  const options = callOptions(rals.has('*fd'), caller)
  if (rals.has('*cost'))
    reply['Cost'] = {
      [RAW]: eventCostTotal(
        plainly(() => sessions.price(event)),
        decimals,
      ),
    }
  if (rals.has('*authorize')) usage['MaxUsage'] = { [RAW]: asked(() => sessions.authorize(unit, event)) }
  else if (rals.has('*initiate') || rals.has('*update')) {
    const { maxUsage } = rals.has('*initiate')
      ? sessions.initiate(unit, event, options)
      : sessions.update(unit, event, options)
    // A session that debits by itself is told here what one is granted that names no usage.
    usage['MaxUsage'] = { [RAW]: maxUsage < 0n ? sessions.defaultUsage(event.event) : maxUsage }
  } else if (rals.has('*terminate')) sessions.terminate(unit, event, options)
  const cdrs = flags.has('*cdrs') ? sessions.processCdr(unit, event) : []
  return { usage, reply, cdrs }
}

/** What attributes make of an event, and with `*derived_reply` of those that chargers make of it, by run. Throws SessionRefused. */
function attributesByRun(sessions: Sessions, event: ChargingEvent, flags: Flags): Map<string, Attributed> {
  const wanted = flags.get('*attributes')
  const changed = new Map<string, Attributed>()
  if (wanted === undefined) return changed
  const derived = wanted.has('*derived_reply') && flags.has('*chargers') ? sessions.forked(event) : []
  for (const { runId, event: own } of [{ runId: RAW, event }, ...derived]) {
    const done = sessions.attributed(own, wanted.get('*ids') ?? [])
    if (done !== undefined) changed.set(runId, done)
  }
  return changed
}

/**
 * Charges an event after its resources were asked, allocated or released, as its flags say, for its runs, too, with `*derived_reply`. What resources
 * refuse is told at the end, with `*blocker_error` at once. Throws SessionRefused, RpcError. Reference 05, 7.7.
 */
function withResources<C>(
  sessions: Sessions,
  given: ChargingEvent,
  changed: Map<string, Attributed>,
  flags: Flags,
  charge: (event: ChargingEvent) => C,
  isKnown: () => boolean,
): { charged: C; allocations: Map<string, string>; isPartly: boolean } {
  const wanted = flags.get('*resources') ?? new Map<string, readonly string[]>()
  const event = changed.get(RAW)?.event ?? given
  const allocations = new Map<string, string>()
  const { resources } = sessions
  const call = ['*authorize', '*allocate', '*release'].find((name) => wanted.has(name))
  if (call === undefined) return { charged: charge(event), allocations, isPartly: false }
  const derived = wanted.has('*derived_reply') && flags.has('*chargers') ? sessions.forked(event) : []
  let isPartly = false
  const refused = (cause: unknown) => {
    if (!(cause instanceof SessionRefused) || flags.has('*blocker_error')) throw cause
    isPartly = true
  }
  let shown = event
  for (const { runId, event: own } of [{ runId: RAW, event }, ...derived]) {
    try {
      const done =
        call === '*authorize'
          ? resources.authorize(own, given)
          : call === '*release'
            ? resources.release(own, given)
            : resources.allocate(own, given, () => undefined, isKnown)
      allocations.set(runId, done.message)
      if (runId === RAW) shown = done.event
    } catch (cause) {
      refused(cause)
    }
  }
  const raw = changed.get(RAW)
  if (raw !== undefined) changed.set(RAW, { ...raw, event: shown })
  if (call !== '*allocate' || !allocations.has(RAW)) return { charged: charge(shown), allocations, isPartly }
  // The same call has the same answer: what the charge refuses gives the usage back.
  return { charged: resources.allocate(event, given, () => charge(shown), isKnown).charged, allocations, isPartly }
}

/** Verifies the identity of an event, or makes one, as its flags say. Throws RpcError: nothing is charged then. */
async function stirOf(services: StirServices, flags: Flags, event: ChargingEvent): Promise<string | undefined> {
  if (flags.has('*stir_authenticate')) await authenticateEvent(services, event)
  else if (flags.has('*stir_initiate')) return identityOfEvent(services, event)
  return undefined
}

/** Events that cannot be read are told as they are to one who only asks. */
function asked<R>(ask: () => R): R {
  try {
    return ask()
  } catch (cause) {
    if (cause instanceof InvalidText) throw new RpcError(cause.message)
    throw cause
  }
}

/** Cost queries have no prefix on what rating refuses. Reference 05, 7.8. */
function plainly<R>(price: () => R): R {
  try {
    return price()
  } catch (cause) {
    if (cause instanceof SessionRefused || cause instanceof InvalidText) throw new RpcError(cause.message)
    throw cause
  }
}
