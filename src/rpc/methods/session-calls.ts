import type { Cdr } from '../../cdrs/cdr.ts'
import { Decimal } from '../../core/decimal.ts'
import { InvalidText } from '../../core/errors.ts'
import type { ChargingEvent } from '../../core/event.ts'
import { cgrIdOf, valueText } from '../../core/event-values.ts'
import { eventCostTotal } from '../../rating/event-cost.ts'
import { eventCostWire } from '../../rating/event-cost-wire.ts'
import { questionText, refusalText, SessionRefused } from '../../services/errors.ts'
import { KeyReused, type OutcomeKeys, once } from '../../sessions/once.ts'
import type { CallOptions, SessionCall, Sessions } from '../../sessions/sessions.ts'
import type { Unit } from '../../store/unit-of-work.ts'
import { type Caller, type Method, method, OK } from '../method.ts'
import { IDEMPOTENCY_KEY, RpcError } from '../rpc-error.ts'
import { boolean, decimal, duration, integer, list, map, omitEmpty, pointer, struct, text } from '../shape.ts'
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
const replyShape = struct('sessions.V1AuthorizeReply', { MaxUsage: omitEmpty(pointer(duration)) })

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

/** What attributes have made of an event (AttrRep). Reference 01, 9.2. */
const attributesReplyShape = struct('engine.AttrSProcessEventReply', {
  MatchedProfiles: list(text),
  AlteredFields: list(text),
  CGREvent: embeddedEvent,
})

const processEventShape = struct('sessions.V1ProcessEventArgs', { Flags: list(text), CGREvent: embeddedEvent, ...PAGE })

/** By run id; `*raw` is the event itself. Reference 05, 7.7. */
const processEventReplyShape = struct('sessions.V1ProcessEventReply', {
  MaxUsage: omitEmpty(map(duration)),
  Cost: omitEmpty(map(decimal)),
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
function refuseBefore(wanted: Wanted): void {
  if (wanted.GetAttributes) throw new RpcError('ATTRIBUTES_ERROR:NOT_CONNECTED: AttributeS')
  if (wanted.AuthorizeResources || wanted.AllocateResources || wanted.ReleaseResources)
    throw new RpcError('NOT_CONNECTED: ResourceS')
  if (wanted.AuthorizeIP || wanted.AllocateIP || wanted.ReleaseIP) throw new RpcError('NOT_CONNECTED: IPs')
  if (wanted.GetRoutes) throw new RpcError('NOT_CONNECTED: RouteS')
}

/** Refuses what would be told of the event afterwards: here nothing has moved then, where the reference has charged. */
function refuseAfter({ ProcessThresholds: thresholds, ProcessStats: stats }: Wanted): void {
  if (thresholds || stats) throw new RpcError('PARTIALLY_EXECUTED')
}

/** What must hold before a call does its work. isAsked: whether its own part was asked for. */
function check(wanted: Wanted, isAsked: boolean): void {
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
  refuseBefore(wanted)
  refuseAfter(wanted)
}

/** An event, and what its call is known by when it comes again, '' for nothing. */
type Called = { event: ChargingEvent; key: string }

function called(event: ChargingEvent): Called {
  const { [IDEMPOTENCY_KEY]: key, ...apiOpts } = event.apiOpts
  return key === undefined ? { event, key: '' } : { event: { ...event, apiOpts }, key: valueText(key) }
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
  const calledOf = (argument: { CGREvent: Parameters<typeof chargingEvent>[0] }): Called =>
    called(chargingEvent(argument.CGREvent, defaults.tenant))

  const authorize = async (argument: ReturnType<typeof authorizeShape.zero>): Promise<bigint> => {
    const { event } = calledOf(argument)
    check(argument, argument.GetMaxUsage)
    try {
      return await services.charge((unit, sessions) => ({ result: sessions.authorize(unit, event) }))
    } catch (cause) {
      throw cause instanceof RpcError ? cause : new RpcError(questionText(cause))
    }
  }
  const initiate = async (argument: ReturnType<typeof initiateShape.zero>, caller: Caller): Promise<bigint> => {
    const started = calledOf(argument)
    check(argument, argument.InitSession)
    return charge('InitiateSession', started, (unit, sessions) => ({
      result: sessions.initiate(unit, started.event, callOptions(argument.ForceDuration, caller)).maxUsage,
    }))
  }
  const digest = (maxUsage: bigint) => ({
    AttributesDigest: null,
    AllocatedIP: null,
    ResourceAllocation: null,
    MaxUsage: new Decimal(maxUsage, 9),
  })
  return [
    method('SessionSv1.AuthorizeEvent', {
      summary: 'Longest usage that every run of an event can pay for; nothing is debited.',
      params: authorizeShape,
      reply: replyShape,
      run: async (argument) => ({ MaxUsage: await authorize(argument) }),
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
      run: async (argument, caller) => ({ MaxUsage: await initiate(argument, caller) }),
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
      reply: replyShape,
      async run(argument, caller) {
        const update = calledOf(argument)
        check(argument, argument.UpdateSession)
        const maxUsage = await charge('UpdateSession', update, (unit, sessions) => ({
          result: sessions.update(unit, update.event, callOptions(argument.ForceDuration, caller)).maxUsage,
        }))
        return { MaxUsage: maxUsage }
      },
    }),
    method('SessionSv1.TerminateSession', {
      summary: 'Ends a session and settles what was used; its CDR comes with ProcessCDR.',
      params: terminateShape,
      reply: OK,
      async run(argument) {
        const ended = calledOf(argument)
        check(argument, argument.TerminateSession)
        return charge('TerminateSession', ended, (unit, sessions) => {
          sessions.terminate(unit, ended.event, { forceDuration: argument.ForceDuration })
          return { result: 'OK' }
        })
      },
    }),
    method('SessionSv1.ProcessMessage', {
      summary: 'Charges one event at once.',
      params: messageShape,
      reply: replyShape,
      async run(argument) {
        const message = calledOf(argument)
        refuseBefore(argument)
        refuseAfter(argument)
        if (!argument.Debit) return {}
        const maxUsage = await charge('ProcessMessage', message, (unit, sessions) => ({
          result: sessions.message(unit, message.event, { forceDuration: argument.ForceDuration }).maxUsage,
        }))
        return { MaxUsage: maxUsage }
      },
    }),
    method('SessionSv1.ProcessCDR', {
      summary: 'Makes the CDRs of an ended session, or of an event that no session has seen.',
      params: eventShape,
      reply: OK,
      run(argument) {
        const ended = called(chargingEvent(argument, defaults.tenant, 'Event'))
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
        Attributes: pointer(attributesReplyShape),
        EventCost: eventCostShape,
      }),
      run({ Flags: flags, ...argument }) {
        const { event: priced } = calledOf(argument)
        if (parseFlags(flags).has('*attributes')) refuseBefore({ GetAttributes: true })
        return {
          Attributes: null,
          EventCost: eventCostWire(
            plainly(() => services.sessions.price(priced)),
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
        refuseFlags(parsed)
        const identity = await stirOf(services, parsed, processed.event)
        const reply = await charge('ProcessEvent', processed, (unit, sessions) =>
          processEvent(unit, sessions, processed.event, parsed, defaults, caller),
        )
        return identity === undefined ? reply : { ...reply, STIRIdentity: { [RAW]: identity } }
      },
    }),
  ]
}

/** Sub flags by main flag; `*main:false` switches one off. Reference 05, 7.7. */
function parseFlags(flags: readonly string[]): ReadonlyMap<string, ReadonlySet<string>> {
  const parsed = new Map<string, Set<string>>()
  for (const flag of flags) {
    const [main = '', sub = ''] = flag.split(':')
    if (sub === 'false') parsed.delete(main)
    else parsed.set(main, (parsed.get(main) ?? new Set()).add(sub))
  }
  return parsed
}

function refuseFlags(flags: ReadonlyMap<string, ReadonlySet<string>>): void {
  const resources = flags.get('*resources')
  const ips = flags.get('*ips')
  refuseBefore({
    GetAttributes: flags.has('*attributes'),
    GetRoutes: flags.has('*routes'),
    AllocateResources: resources !== undefined,
    AllocateIP: ips !== undefined,
  })
  refuseAfter({ ProcessThresholds: flags.has('*thresholds'), ProcessStats: flags.has('*stats') })
}

/** The key of the event itself in replies by run. */
const RAW = '*raw'

function processEvent(
  unit: Unit,
  sessions: Sessions,
  event: ChargingEvent,
  flags: ReadonlyMap<string, ReadonlySet<string>>,
  { roundingDecimals: decimals }: RpcDefaults,
  caller: Caller,
): ReturnType<SessionCall<Record<string, unknown>>> {
  sessions.checkConnected({ chargers: flags.has('*chargers'), cdrs: flags.has('*cdrs') })
  const reply: Record<string, unknown> = {}
  const rals = flags.get('*rals') ?? new Set()
  const options = callOptions(rals.has('*fd'), caller)
  if (rals.has('*cost'))
    reply['Cost'] = {
      [RAW]: eventCostTotal(
        plainly(() => sessions.price(event)),
        decimals,
      ),
    }
  if (rals.has('*authorize')) reply['MaxUsage'] = { [RAW]: asked(() => sessions.authorize(unit, event)) }
  else if (rals.has('*initiate') || rals.has('*update')) {
    const { maxUsage } = rals.has('*initiate')
      ? sessions.initiate(unit, event, options)
      : sessions.update(unit, event, options)
    // A session that debits by itself is told here what one is granted that names no usage.
    reply['MaxUsage'] = { [RAW]: maxUsage < 0n ? sessions.defaultUsage(event.event) : maxUsage }
  } else if (rals.has('*terminate')) sessions.terminate(unit, event, options)
  const cdrs = flags.has('*cdrs') ? sessions.processCdr(unit, event) : []
  return { result: reply, cdrs }
}

/** Verifies the identity of an event, or makes one, as its flags say. Throws RpcError: nothing is charged then. */
async function stirOf(
  services: StirServices,
  flags: ReadonlyMap<string, ReadonlySet<string>>,
  event: ChargingEvent,
): Promise<string | undefined> {
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
