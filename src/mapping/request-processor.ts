import { Later } from '../core/later.ts'
import type { MappingContext } from './context.ts'
import { checkSteps } from './empty-step.ts'
import { compileFieldList, type FieldPlan, type FieldTemplate, type PlanEnvironment } from './field-plan.ts'
import { type SessionCall, sessionCalls } from './session-call.ts'
import { TemplateError } from './value.ts'
import { compileValue, type Source } from './value-parser.ts'

/** A request processor as the configuration holds it. Reference 07, 1.1. */
export type RequestProcessorTemplate = {
  id: string
  filters: readonly string[]
  tenant: string
  flags: readonly string[]
  /** Path of a repeated group (`*req.Multiple-Services-Credit-Control`): the processor runs once per instance. */
  forEach: string
  requestFields: readonly FieldTemplate[]
  replyFields: readonly FieldTemplate[]
  place: string
}

/** The session call of a processor, in the order of precedence. Reference 07, 1.4. */
export const MAIN_FLAGS = [
  '*dryrun',
  '*authorize',
  '*initiate',
  '*update',
  '*terminate',
  '*message',
  '*cdrs',
  '*event',
  '*none',
] as const
export type MainFlag = (typeof MAIN_FLAGS)[number]

export type ProcessorFlags = {
  main: MainFlag
  /** Usage is asked for, reserved or settled. */
  accounts: boolean
  /** Units are allocated, or asked for. */
  resources: boolean
  cdrs: boolean
  forceDuration: boolean
  log: boolean
  continue: boolean
  /** Every flag as it is written, by its name: options after the first colon. */
  given: ReadonlyMap<string, string>
}

export type RequestProcessor<M, G> = {
  id: string
  flags: ProcessorFlags
  /** What is called for its event, in this order. */
  calls: readonly SessionCall[]
  matches: (context: MappingContext<M, G>) => boolean
  /** Undefined: the default tenant. */
  tenant: Source<M, G> | undefined
  /** Reads the instances of the repeated group; undefined when the processor runs once. */
  instances: ((message: M) => readonly G[]) | undefined
  fillRequest: FieldPlan<M, G>
  fillReply: FieldPlan<M, G>
}

/** Services that a flag asks for and that this version does not have. */
const UNAVAILABLE = ['*ips', '*routes', '*radauth', '*event']

/** What no other process does for an agent. */
const UNAVAILABLE_ANYWHERE = ['*radauth']

/**
 * Compiles a processor. environment: made for its `for_each` group. services.areRemote: another process does what the flags ask
 * for, also what this version has no service for. Throws TemplateError naming file and line.
 */
export function compileProcessor<M, G>(
  template: RequestProcessorTemplate,
  environmentFor: (group: string | undefined) => PlanEnvironment<M, G>,
  services: { areRemote: boolean } = { areRemote: false },
): RequestProcessor<M, G> {
  const group = groupOf(template)
  const environment = environmentFor(group)
  try {
    checkSteps(template.tenant, environment.options.separator)
    const flags = compileFlags(template.flags, services.areRemote ? UNAVAILABLE_ANYWHERE : UNAVAILABLE)
    return {
      id: template.id,
      flags,
      calls: sessionCalls(flags),
      matches: compileMatch(template, environment),
      tenant:
        template.tenant === '' ? undefined : compileValue(template.tenant, environment.reader, environment.options),
      instances: group === undefined ? undefined : environment.reader.compileGroupPath(group),
      fillRequest: compileFieldList(template.requestFields, environment),
      fillReply: compileFieldList(template.replyFields, environment),
    }
  } catch (cause) {
    if (!(cause instanceof TemplateError)) throw cause
    throw new TemplateError(`${template.place}: request processor ${template.id}: ${cause.message}`)
  }
}

/** With a trace each filter is asked by itself, so that the one that fails can be named. */
function compileMatch<M, G>(
  { id, filters }: RequestProcessorTemplate,
  { compileFilters, options: { trace } }: PlanEnvironment<M, G>,
): RequestProcessor<M, G>['matches'] {
  if (trace === undefined) return compileFilters(filters)
  const each = filters.map((filter) => ({ filter, passes: compileFilters([filter]) }))
  return (context) => {
    for (const { filter, passes } of each) {
      let why = ''
      try {
        if (passes(context)) continue
      } catch (cause) {
        if (cause instanceof Later) throw cause
        why = ` (${cause instanceof Error ? cause.message : cause})`
      }
      trace.processor(id, filter + why)
      return false
    }
    trace.processor(id, undefined)
    return true
  }
}

function groupOf({ forEach, place, id }: RequestProcessorTemplate): string | undefined {
  if (forEach === '') return undefined
  if (forEach.startsWith('*req.')) return forEach.slice('*req.'.length)
  throw new TemplateError(
    `${place}: request processor ${id}: for_each ${JSON.stringify(forEach)}, expected *req.<group>`,
  )
}

function compileFlags(flags: readonly string[], unavailable: readonly string[]): ProcessorFlags {
  const given = new Map(flags.map((flag) => [flag.split(':')[0] ?? flag, flag]))
  const isOn = (flag: string) => given.has(flag) && given.get(flag) !== `${flag}:false`
  const missing = unavailable.find(isOn)
  if (missing !== undefined) throw new TemplateError(`flag ${missing} is not available in this version`)
  const main = MAIN_FLAGS.find((flag) => given.has(flag))
  if (main === undefined)
    throw new TemplateError(`unknown request type: <>; expected one of the flags ${MAIN_FLAGS.join(' ')}`)
  return {
    main,
    accounts: given.has('*accounts'),
    resources: given.has('*resources') && given.get('*resources') !== 'false',
    cdrs: isOn('*cdrs'),
    forceDuration: given.has('*fd'),
    log: given.has('*log') || main === '*dryrun',
    continue: isOn('*continue'),
    given: new Map(
      flags.map((flag) => [flag.split(':')[0] ?? flag, flag.slice((flag.split(':')[0] ?? flag).length + 1)]),
    ),
  }
}
