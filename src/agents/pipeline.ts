import { InvalidText } from '../core/errors.ts'
import type { ChargingEvent, EventFields } from '../core/event.ts'
import type { ZonedTime } from '../core/time.ts'
import { type MappingContext, OrderedEntries, textOf } from '../mapping/context.ts'
import type { RequestProcessor } from '../mapping/request-processor.ts'
import { MappingError } from '../mapping/value.ts'

/** What the calls of one message are done by. */
export interface Calls<M, G> {
  /** Calls what the flags say; `*cgrep` afterwards, undefined when it stays as it was. An event without fields is none. */
  call(processor: RequestProcessor<M, G>, event: ChargingEvent): EventFields | undefined
  /** Asks the filters of a processor; without it they are asked anew on each run of the message. */
  matches?(processor: RequestProcessor<M, G>, context: MappingContext<M, G>): boolean
}

/** Without a field there is no event. Reference 07, 1.3.3.4. */
export function hasNoFields({ event }: ChargingEvent): boolean {
  for (const _ in event) return false
  return true
}

/** What the messages of one agent have in common. */
export interface PipelineHost<M, G> {
  /** Ids of events. */
  newId: () => string
  /** Told the event and the reply of processors with `*log` or `*dryrun`. */
  log: (level: 'info', message: string, fields: Record<string, unknown>) => void
  /** Told what a message passes through. Only a dry run has it. */
  watch?: PipelineWatch<M, G>
}

export interface PipelineWatch<M, G> {
  /** The group that a `for_each` processor runs for is not in the message. */
  absent(processor: RequestProcessor<M, G>): void
  /** A processor has matched; its request fields come next. */
  matched(processor: RequestProcessor<M, G>, context: MappingContext<M, G>): void
  /** The reply fields come next; false: they are not run. */
  replies(): boolean
}

/** The containers of one message before its first processor. vars: they may be changed. Reference 07, 1.2. */
export function messageContext<M, G>(
  message: M,
  { vars, tenant, now }: { vars: EventFields; tenant: string; now: ZonedTime },
): MappingContext<M, G> {
  return {
    message,
    item: undefined,
    instance: -1,
    tenant,
    now,
    vars,
    request: {},
    opts: {},
    reply: {},
    rep: new OrderedEntries(),
    tmp: {},
  }
}

/**
 * Runs the processors that match, in order, until one that does not go on; `*rep` of the context is the reply then. False when
 * none has matched. Throws MappingError: nothing of the message may be answered by its templates. Reference 07, 1.3.
 */
export function runProcessors<M, G>(
  processors: readonly RequestProcessor<M, G>[],
  context: MappingContext<M, G>,
  calls: Calls<M, G>,
  host: PipelineHost<M, G>,
): boolean {
  const defaultTenant = context.tenant
  let matched = false
  for (const processor of processors) {
    const instances = processor.instances?.(context.message) ?? ONCE
    if (instances.length === 0) host.watch?.absent(processor)
    let ran = false
    for (let i = 0; i < instances.length; i++) {
      context.item = instances[i]
      context.instance = processor.instances === undefined ? -1 : i
      if (matched) {
        context.request = {}
        context.tmp = {}
      }
      context.tenant =
        processor.tenant === undefined ? defaultTenant : tenantOf(processor.tenant, context, defaultTenant)
      if (!(calls.matches === undefined ? processor.matches(context) : calls.matches(processor, context))) continue
      ran = matched = true
      runProcessor(processor, context, calls, host)
    }
    if (ran && !processor.flags.continue) break
  }
  context.tenant = defaultTenant
  return matched
}

/** The one run of a processor without `for_each`. */
const ONCE: readonly undefined[] = [undefined]

function runProcessor<M, G>(
  processor: RequestProcessor<M, G>,
  context: MappingContext<M, G>,
  calls: Calls<M, G>,
  { newId, log, watch }: PipelineHost<M, G>,
): void {
  watch?.matched(processor, context)
  processor.fillRequest(context)
  const { flags, id } = processor
  const event: ChargingEvent = {
    tenant: context.tenant,
    id: newId(),
    time: context.now.ns,
    event: context.request,
    apiOpts: context.opts,
  }
  const title = flags.main === '*dryrun' ? 'DRY_RUN' : 'LOG'
  if (flags.log) log('info', title, { processor: id, event: event.event })
  const reply = calls.call(processor, event)
  if (reply !== undefined) context.reply = reply
  if (watch?.replies() === false) return
  context.tmp = {}
  processor.fillReply(context)
  if (flags.log) log('info', title, { processor: id, reply: context.rep.entries })
}

/** A tenant that is empty or cannot be made is the default one. Reference 07, 1.1. */
function tenantOf<M, G>(
  tenant: NonNullable<RequestProcessor<M, G>['tenant']>,
  context: MappingContext<M, G>,
  defaultTenant: string,
): string {
  try {
    return textOf(tenant(context) ?? '') || defaultTenant
  } catch (cause) {
    if (cause instanceof MappingError || cause instanceof InvalidText) return defaultTenant
    throw cause
  }
}
