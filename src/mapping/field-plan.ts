import { InvalidText } from '../core/errors.ts'
import { type BuiltArea, type MappingContext, type MessageReader, textOf } from './context.ts'
import { checkSteps } from './empty-step.ts'
import { compileFieldValue } from './field-types.ts'
import type { HttpLookup } from './http-value.ts'
import type { ParserOptions } from './selector.ts'
import { compileRemove, compileRemoveAll, compileWrite, type Write } from './target.ts'
import type { FieldOutcome, Trace } from './trace.ts'
import { type Found, MappingError, TemplateError } from './value.ts'
import { compileSelector } from './value-parser.ts'
import { compileWidth, hasWidth } from './width.ts'

/** A field template as the configuration holds it. Reference 02, 5.1. */
export type FieldTemplate = {
  tag: string
  type: string
  path: string
  filters: readonly string[]
  value: string
  mandatory: boolean
  blocker: boolean
  newBranch: boolean
  attributeId: string
  /** Octets; 0: any. */
  width: number
  strip: string
  padding: string
  /** Of `*datetime`; empty: RFC 3339. */
  layout: string
  /** Of times that name none; empty: the default. */
  timezone: string
  maskDestinationId: string
  /** Characters that are masked at the end; -1: no mask. */
  maskLength: number
  /** Where it stands, for errors: `file:line`. */
  place: string
}

/** A field that only says what and where. */
export const EMPTY_FIELD: FieldTemplate = {
  tag: '',
  type: '*variable',
  path: '',
  filters: [],
  value: '',
  mandatory: false,
  blocker: false,
  newBranch: false,
  attributeId: '',
  width: 0,
  strip: '',
  padding: '',
  layout: '',
  timezone: '',
  maskDestinationId: '',
  maskLength: 0,
  place: '',
}

/** A compiled field list. Throws MappingError when a mandatory field is not found or a value cannot be made. */
export type FieldPlan<M, G> = (context: MappingContext<M, G>) => void

type Predicate<M, G> = (context: MappingContext<M, G>) => boolean

/** What compiling needs besides the fields. */
export type PlanEnvironment<M, G> = {
  reader: MessageReader<M, G>
  options: ParserOptions
  /** Templates by id, for `*template`. */
  templates: ReadonlyMap<string, readonly FieldTemplate[]>
  compileFilters: (filters: readonly string[]) => Predicate<M, G>
  /** Checks a path of the protocol reply; throws TemplateError when it cannot be built. */
  checkReplyPath: (path: string) => void
  /** Ordered containers that its fields may write; without it only the reply. */
  builds?: readonly ('*rep' | BuiltArea)[]
  /** `general.rounding_decimals`, of `*value_exponent`; 5 without it. */
  roundingDecimals?: number
  /** Whether a destination set holds exactly that prefix, for `*masked_destination`; without it the type is unknown. */
  isDestination?: (id: string, prefix: string) => boolean
  /** Asks a web server, for `*http`; without it the type is refused. */
  http?: HttpLookup | undefined
}

type Step<M, G> = {
  passes: Predicate<M, G> | undefined
  /** False when the source was not found, so that its blocker does not count. */
  run: (context: MappingContext<M, G>) => boolean
  blocker: boolean
}

/** Compiles a field list. Throws TemplateError naming file, line, tag and what is wrong, with its place in the value. Reference 02, 5.4. */
export function compileFieldList<M, G>(
  fields: readonly FieldTemplate[],
  environment: PlanEnvironment<M, G>,
): FieldPlan<M, G> {
  const steps = inlineTemplates(fields, environment.templates).map((field) =>
    located(field, () => compileStep(field, environment)),
  )
  return (context) => {
    try {
      for (let i = 0; i < steps.length; i++) {
        const step = steps[i]
        if (step === undefined) return
        if (step.passes !== undefined && !step.passes(context)) continue
        if (step.run(context) && step.blocker) return
      }
    } catch (cause) {
      throw cause instanceof InvalidText ? new MappingError(cause.message) : cause
    }
  }
}

function located<R>({ place, tag, path, value }: FieldTemplate, compile: () => R): R {
  try {
    return compile()
  } catch (cause) {
    if (!(cause instanceof TemplateError) && !(cause instanceof InvalidText)) throw cause
    const at = cause instanceof TemplateError ? cause.offset : undefined
    const where =
      at === undefined
        ? ''
        : ` (at character ${at + 1} of ${JSON.stringify(cause.message === 'WRONG_PATH' ? path : value)})`
    throw new TemplateError(`${place}: field ${tag || path}: ${cause.message}${where}`)
  }
}

/** Fields with those of type `*template` replaced by what they name. Throws TemplateError. Reference 02, 5.5. */
export function inlineTemplates(
  fields: readonly FieldTemplate[],
  templates: ReadonlyMap<string, readonly FieldTemplate[]>,
  above: readonly string[] = [],
): FieldTemplate[] {
  return fields.flatMap((field) => {
    if (field.type !== '*template') return [field]
    const id = field.value
    const inlined = templates.get(id)
    if (inlined === undefined) throw new TemplateError(`${field.place}: no template with id: <${id}>`)
    if (inlined.length === 0) throw new TemplateError(`${field.place}: empty template with id: <${id}>`)
    if (above.includes(id))
      throw new TemplateError(`${field.place}: template <${id}> includes itself: ${[...above, id].join(' > ')}`)
    return inlineTemplates(inlined, templates, [...above, id])
  })
}

function compileStep<M, G>(field: FieldTemplate, environment: PlanEnvironment<M, G>): Step<M, G> {
  const { trace } = environment.options
  if (trace !== undefined) return tracedStep(field, environment, trace)
  const passes = field.filters.length === 0 ? undefined : compileFieldFilters(field.filters, environment)
  return { passes, run: compileRun(field, environment), blocker: field.blocker }
}

function compileFieldFilters<M, G>(filters: readonly string[], environment: PlanEnvironment<M, G>): Predicate<M, G> {
  try {
    return environment.compileFilters(filters)
  } catch (cause) {
    if (!(cause instanceof TemplateError)) throw cause
    throw new TemplateError(`filters ${JSON.stringify(filters)}: ${cause.message}`)
  }
}

function compileRun<M, G>(
  field: FieldTemplate,
  environment: PlanEnvironment<M, G>,
  told?: (value: Found) => void,
): (context: MappingContext<M, G>) => boolean {
  if (field.type === '*none') return () => true
  if (field.path === '') throw new TemplateError('MANDATORY_IE_MISSING: [Path]')
  if (field.attributeId !== '' && !/^\*(?:rep|exp)\./.test(field.path))
    throw new TemplateError(`attribute_id is only supported on *rep and *exp paths, got ${field.path}`)
  if (field.type === '*remove' || field.type === '*removeall') {
    const remove = field.type === '*remove' ? compileRemove(field, environment) : compileRemoveAll(field, environment)
    return (context) => {
      remove(context)
      return true
    }
  }
  const write = told === undefined ? compileWrite(field, environment) : telling(compileWrite(field, environment), told)
  const { mandatory, tag } = field
  checkSteps(field.value, environment.options.separator)
  const source = compileFieldValue(field, environment)
  const isText = hasWidth(field.type)
  const shape = isText ? compileShape(field, environment) : undefined
  return (context) => {
    const found = source(context)
    if (found === undefined) {
      if (mandatory) throw new MappingError(`NOT_FOUND:${tag}`)
      return false
    }
    if (!isText) write(context, found)
    else {
      const text = typeof found === 'string' ? found : textOf(found)
      if (mandatory && text === '' && shape === undefined) throw emptySource(tag)
      write(context, shape === undefined ? text : shape(context, text))
    }
    return true
  }
}

function emptySource(tag: string): MappingError {
  return new MappingError(`Empty source value for fieldID: <${tag}>`)
}

/** Joins what stands at the path, for `*prefix` and `*suffix`, and brings the text to its width; undefined: it stays as it is. */
function compileShape<M, G>(
  field: FieldTemplate,
  environment: PlanEnvironment<M, G>,
): ((context: MappingContext<M, G>, text: string) => string) | undefined {
  const { type, path, tag, mandatory } = field
  const fit = compileWidth(field)
  const joins = type === '*prefix' || type === '*suffix'
  if (fit === undefined && !joins) return undefined
  const current = joins ? compileSelector(path, environment.reader, environment.options) : undefined
  return (context, text) => {
    const held = current === undefined ? '' : textOf(current(context) ?? '')
    const whole = type === '*prefix' ? text + held : held + text
    if (mandatory && whole === '') throw emptySource(tag)
    return fit === undefined ? whole : fit(whole)
  }
}

function telling<M, G>(write: Write<M, G>, told: (value: Found) => void): Write<M, G> {
  return (context, value) => {
    write(context, value)
    told(value)
  }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}

/** A step that tells what it does: filters are asked one by one, the first that fails is named. */
function tracedStep<M, G>(field: FieldTemplate, environment: PlanEnvironment<M, G>, trace: Trace): Step<M, G> {
  const filters = field.filters.map((filter) => ({ filter, passes: compileFieldFilters([filter], environment) }))
  const { type, path, tag, blocker } = field
  let outcome: FieldOutcome = { kind: 'notFound' }
  const run = compileRun(field, environment, (value) => {
    outcome = { kind: 'written', path, value: textOf(value) }
  })
  return {
    blocker,
    passes(context) {
      trace.field(tag, type, path)
      const failed = filters.find(({ filter, passes }) => {
        try {
          return !passes(context)
        } catch (cause) {
          trace.done({ kind: 'failed', message: `filter ${filter}: ${messageOf(cause)}` })
          throw cause
        }
      })
      if (failed === undefined) trace.passed()
      else trace.done({ kind: 'skipped', filter: failed.filter })
      return failed === undefined
    },
    run(context) {
      outcome = type.startsWith('*remove')
        ? { kind: 'removed', path }
        : { kind: type === '*none' ? 'nothing' : 'notFound' }
      try {
        return run(context)
      } catch (cause) {
        outcome = { kind: 'failed', message: messageOf(cause) }
        throw cause
      } finally {
        trace.done(outcome)
      }
    },
  }
}
