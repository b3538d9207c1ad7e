import { InvalidText } from '../../core/errors.ts'
import type { EventFields, EventValue } from '../../core/event.ts'
import { FILTERED_EVENT_READER } from '../../filters/event-reader.ts'
import { failingLater } from '../../filters/filter-compiler.ts'
import { filterContainer } from '../../filters/filter-containers.ts'
import type { EventContext } from '../../filters/profile-index.ts'
import type { FilterLookups, Predicate } from '../../filters/sides.ts'
import { textOf } from '../../mapping/context.ts'
import { EMPTY_FIELD } from '../../mapping/field-plan.ts'
import { compileFieldValue, type ValueEnvironment } from '../../mapping/field-types.ts'
import { compileSelector, type ParserOptions, type SharedCache, type Source } from '../../mapping/selector.ts'
import { MappingError, TemplateError } from '../../mapping/value.ts'
import type { Attribute } from './profile.ts'

type Message = EventContext['message']

/** What attributes are compiled with. */
export type AttributeEnvironment = {
  readonly compileFilters: (ids: readonly string[]) => Predicate<Message, never>
  /** What values read of other services, and `*http`. */
  readonly lookups: Pick<FilterLookups, 'accounts' | 'service' | 'phoneNames' | 'http'>
  readonly cache: SharedCache
  /** `general.rounding_decimals` */
  readonly roundingDecimals: number
}

/**
 * Changes an event by the attributes of one profile, in order, each seeing what those before it did; altered: paths are added to it.
 * False: a value reads what is not there, and the rest is not done. Throws MappingError, InvalidText, Later.
 */
export type AttributePlan = (context: EventContext, altered: Set<string>) => boolean

type Step = AttributePlan

/** Compiles the attributes of a profile; what is wrong with one of them is an error when it is reached. Reference 06, 2.3 and 2.4. */
export function compileAttributePlan(
  attributes: readonly Attribute[],
  environment: AttributeEnvironment,
): AttributePlan {
  const steps = attributes.map((attribute) => compileStep(attribute, environment))
  return (context, altered) => {
    for (const step of steps) if (!step(context, altered)) return false
    return true
  }
}

/** Types of field templates that attributes do not have. Reference 02, 5.7. */
const TEMPLATES_ONLY = new Set(['*group', '*filler'])
/** A value that takes the field away. */
const REMOVE = '*remove'

function compileStep({ filterIds, path, type, rules }: Attribute, environment: AttributeEnvironment): Step {
  const passes = filterIds.length === 0 ? undefined : failingLater(() => environment.compileFilters(filterIds))
  const value = valueLater(() => compileAttributeValue(path, type || '*variable', rules, environment))
  const write = compileWrite(path, type === '*composed')
  return (context, altered) => {
    if (passes !== undefined && !passes(context)) return true
    const found = value(context)
    if (found === undefined) return false
    altered.add(path)
    write(context, textOf(found))
    return true
  }
}

function compileAttributeValue(
  path: string,
  type: string,
  value: readonly string[],
  { lookups, cache, roundingDecimals }: AttributeEnvironment,
): Source<Message, never> {
  if (type === '*none') return () => ''
  if (TEMPLATES_ONLY.has(type)) throw new TemplateError(`unsupported type: <${type}>`)
  const options: ParserOptions = { separator: ';', group: undefined, cache, otherContainer: filterContainer(lookups) }
  const environment: ValueEnvironment<Message, never> = {
    reader: FILTERED_EVENT_READER,
    options,
    roundingDecimals,
    http: lookups.http,
  }
  const source = compileFieldValue({ ...EMPTY_FIELD, type, value }, environment)
  if (type !== '*prefix' && type !== '*suffix') return source
  const current = compileSelector(path, FILTERED_EVENT_READER, options)
  return (context) => {
    const [found, held] = [source(context), current(context)]
    if (found === undefined || held === undefined) return undefined
    return type === '*prefix' ? textOf(found) + textOf(held) : textOf(held) + textOf(found)
  }
}

/** Clients may store values that cannot be compiled: they fail when they are used. */
function valueLater(compile: () => Source<Message, never>): Source<Message, never> {
  try {
    return compile()
  } catch (cause) {
    if (!(cause instanceof TemplateError || cause instanceof InvalidText)) throw cause
    const { message } = cause
    return () => {
      throw new MappingError(message)
    }
  }
}

type Write = (context: EventContext, text: string) => void

/** Compiles where an attribute writes: paths are taken as they stand. Others than of the event and the tenant write nothing. */
function compileWrite(path: string, isComposed: boolean): Write {
  if (path === '*tenant') {
    return (context, text) => {
      context.tenant = isComposed ? context.tenant + text : text
    }
  }
  const [container = '', ...steps] = path.split('.')
  if (steps.length === 0) return () => undefined
  if (container === '*req') return (context, text) => change(context.message, steps, text, isComposed)
  if (container === '*opts') return (context, text) => change(context.opts, steps, text, isComposed)
  return () => undefined
}

/** Writes, appends to or removes what stands at the steps below `owner`; objects on the way are copied first. Throws MappingError `WRONG_PATH`. */
function change(owner: EventFields, steps: readonly string[], text: string, isComposed: boolean): void {
  const last = steps.length - 1
  let node = owner
  for (let i = 0; i < last; i++) {
    const step = steps[i] ?? ''
    const inner = own(node, step)
    if (inner === undefined && text === REMOVE) return
    if (inner !== undefined && !isMap(inner)) throw new MappingError('WRONG_PATH')
    const copy: EventFields = { ...inner }
    node[step] = copy
    node = copy
  }
  const step = steps[last] ?? ''
  if (text === REMOVE) delete node[step]
  else {
    const held = isComposed ? own(node, step) : undefined
    node[step] = held === undefined ? text : textOf(held) + text
  }
}

function own(node: EventFields, step: string): EventValue | undefined {
  return Object.hasOwn(node, step) ? node[step] : undefined
}

function isMap(value: EventValue): value is EventFields {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}
