import { Decimal } from '../core/decimal.ts'
import { parseDuration } from '../core/duration.ts'
import { type addNs, formatTimeSeconds, parseTime } from '../core/time.ts'
import { type MappingContext, type MessageReader, textOf, treeSteps, writeTree } from './context.ts'
import { Duration, MappingError, TemplateError, type Value } from './value.ts'
import { compileRules, compileValue, type ParserOptions, type Source } from './value-parser.ts'

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
  /** Where it stands, for errors: `file:line`. */
  place: string
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
}

type Step<M, G> = {
  passes: Predicate<M, G> | undefined
  run: (context: MappingContext<M, G>) => boolean
  blocker: boolean
}

/** Compiles a field list. Throws TemplateError naming file, line, tag and what is wrong. Reference 02, 5.4. */
export function compileFieldList<M, G>(
  fields: readonly FieldTemplate[],
  environment: PlanEnvironment<M, G>,
): FieldPlan<M, G> {
  const steps = inlineTemplates(fields, environment.templates).map((field) =>
    located(field, () => compileStep(field, environment)),
  )
  return (context) => {
    for (const { passes, run, blocker } of steps) {
      if (passes !== undefined && !passes(context)) continue
      if (run(context) && blocker) return
    }
  }
}

function located<R>({ place, tag }: FieldTemplate, compile: () => R): R {
  try {
    return compile()
  } catch (cause) {
    if (cause instanceof TemplateError) throw new TemplateError(`${place}: field ${tag}: ${cause.message}`)
    throw cause
  }
}

function inlineTemplates(
  fields: readonly FieldTemplate[],
  templates: ReadonlyMap<string, readonly FieldTemplate[]>,
  depth = 0,
): FieldTemplate[] {
  return fields.flatMap((field) => {
    if (field.type !== '*template') return [field]
    const inlined = templates.get(field.value)
    if (inlined === undefined || depth > 10)
      throw new TemplateError(`${field.place}: no template with id: <${field.value}>`)
    if (inlined.length === 0) throw new TemplateError(`${field.place}: empty template with id: <${field.value}>`)
    return inlineTemplates(inlined, templates, depth + 1)
  })
}

function compileStep<M, G>(field: FieldTemplate, environment: PlanEnvironment<M, G>): Step<M, G> {
  const passes = field.filters.length === 0 ? undefined : environment.compileFilters(field.filters)
  return { passes, run: compileRun(field, environment), blocker: field.blocker }
}

/** What a field does; false when its source was not found, so that its blocker does not count. */
function compileRun<M, G>(
  field: FieldTemplate,
  environment: PlanEnvironment<M, G>,
): (context: MappingContext<M, G>) => boolean {
  if (field.type === '*none') return () => true
  if (field.path === '') throw new TemplateError('MANDATORY_IE_MISSING: [Path]')
  if (field.type === '*removeall' && field.path === '*rep') {
    return ({ rep }) => {
      rep.clear()
      return true
    }
  }
  if (field.type === '*remove' && field.path.startsWith('*rep.')) {
    const path = field.path.slice('*rep.'.length)
    return ({ rep, instance }) => {
      rep.remove(path, instance)
      return true
    }
  }
  const source = compileSource(field, environment)
  const write = compileWrite(field, environment)
  return (context) => {
    const value = source(context)
    if (value === undefined) {
      if (field.mandatory) throw new MappingError(`NOT_FOUND:${field.tag}`)
      return false
    }
    if (field.mandatory && value === '') throw new MappingError(`Empty source value for fieldID: <${field.tag}>`)
    write(context, value)
    return true
  }
}

function compileSource<M, G>(field: FieldTemplate, environment: PlanEnvironment<M, G>): Source<M, G> {
  const { type, value } = field
  switch (type) {
    case '*constant':
      return value.startsWith('~') ? () => '' : compileValue(value, environment.reader, environment.options)
    case '*variable':
    case '*composed':
    case '*group':
      return compileValue(value, environment.reader, environment.options)
    case '*datetime': {
      const source = compileValue(value, environment.reader, environment.options)
      return (context) => timeOf(context, source(context), (time) => formatTimeSeconds(time))
    }
    case '*unix_timestamp': {
      const source = compileValue(value, environment.reader, environment.options)
      return (context) => timeOf(context, source(context), ({ ns }) => String(ns / 1_000_000_000n))
    }
    default: {
      const combine = COMBINE[type]
      if (combine === undefined) throw new TemplateError(`unsupported type: <${type}>`)
      const rules = compileRules(value, environment.reader, environment.options)
      return (context) => {
        const args: Exclude<Value, undefined>[] = []
        for (const rule of rules) {
          const arg = rule(context)
          if (arg === undefined) return undefined
          args.push(arg)
        }
        return combine(args, context)
      }
    }
  }
}

function timeOf<M, G>(
  { now }: MappingContext<M, G>,
  value: Value,
  format: (time: ReturnType<typeof parseTime>) => string,
): Value {
  return value === undefined ? undefined : format(parseTime(textOf(value), now.zone, now))
}

type Combine = (args: readonly Exclude<Value, undefined>[], context: { now: ReturnType<typeof addNs> }) => Value

/** Types whose value has several arguments. Reference 02, 5.3. */
const COMBINE: Readonly<Record<string, Combine>> = {
  '*sum': (args) => arithmetic('*sum', args, (a, b) => a.plus(b)),
  '*difference': (args) => arithmetic('*difference', args, (a, b) => a.minus(b)),
  '*multiply': (args) => arithmetic('*multiply', args, (a, b) => a.times(b)),
  '*divide': (args) => arithmetic('*divide', args, (a, b) => a.divide(b, 15, '*middle')),
  '*usage_difference': (args, { now }) => {
    const [end, start] = exactly('*usage_difference', args, 2)
    const instant = (value: Exclude<Value, undefined>) => parseTime(textOf(value), 'UTC', now).ns
    return new Duration(instant(end ?? '') - instant(start ?? ''))
  },
  '*cc_usage': (args) => {
    const [number, used, interval] = exactly('*cc_usage', args, 3).map((value) => usage(value))
    const before = (number ?? 0n) > 1n ? (number ?? 0n) - 1n : 0n
    return new Duration((used ?? 0n) + (interval ?? 0n) * before)
  },
  '*value_exponent': (args) => {
    const [value, exponent] = exactly('*value_exponent', args, 2)
    return Decimal.parse(`${textOf(value ?? '')}e${textOf(exponent ?? '')}`)
  },
}

function exactly(
  type: string,
  args: readonly Exclude<Value, undefined>[],
  count: number,
): readonly Exclude<Value, undefined>[] {
  if (args.length !== count) throw new MappingError(`invalid arguments <${args.map(textOf).join(';')}> to ${type}`)
  return args
}

function usage(value: Exclude<Value, undefined>): bigint {
  if (typeof value === 'bigint') return value
  return value instanceof Duration ? value.ns : parseDuration(textOf(value))
}

function arithmetic(
  type: string,
  args: readonly Exclude<Value, undefined>[],
  apply: (a: Decimal, b: Decimal) => Decimal,
): Value {
  const [first, ...others] = args
  if (first === undefined || others.length === 0) throw new MappingError(`NotEnoughParameters to ${type}`)
  const isDuration = first instanceof Duration || (typeof first === 'string' && /[a-zµ]$/.test(first))
  const number = (value: Exclude<Value, undefined>) => {
    if (value instanceof Decimal) return value
    if (typeof value === 'bigint') return Decimal.of(value)
    const text = textOf(value)
    if (value instanceof Duration || /[a-zµ]$/.test(text)) return Decimal.of(usage(value))
    return Decimal.parse(text)
  }
  const result = others.reduce<Decimal>((total, value) => apply(total, number(value)), number(first))
  if (isDuration) return new Duration(result.truncate())
  return result.scale === 0 ? result.coefficient : result
}

function compileWrite<M, G>(
  { path, type, newBranch }: FieldTemplate,
  environment: PlanEnvironment<M, G>,
): (context: MappingContext<M, G>, value: Exclude<Value, undefined>) => void {
  const dot = path.indexOf('.')
  const area = dot < 0 ? path : path.slice(0, dot)
  const rest = dot < 0 ? '' : path.slice(dot + 1)
  const mode = type === '*composed' ? 'compose' : type === '*group' ? 'group' : 'set'
  if (area === '*rep') {
    environment.checkReplyPath(rest)
    const { group } = environment.options
    const inGroup = group !== undefined && rest.startsWith(`${group}.`)
    return (context, value) => {
      const instance = inGroup ? context.instance : -1
      if (mode === 'set') context.rep.set(rest, newBranch, textOf(value), instance)
      else if (mode === 'compose') context.rep.compose(rest, newBranch, textOf(value), instance)
      else context.rep.push(rest, newBranch, textOf(value), instance)
    }
  }
  const name = WRITABLE[area]
  if (name === undefined || rest === '') throw new TemplateError(`unsupported field prefix: <${area}> when set field`)
  const steps = treeSteps(rest)
  const [only] = steps
  if (steps.length === 1 && only !== undefined && mode === 'set') {
    return (context, value) => {
      context[name][only] = eventValue(value)
    }
  }
  return (context, value) => writeTree(context[name], steps, mode, eventValue(value))
}

const WRITABLE: Readonly<Record<string, 'vars' | 'request' | 'opts' | 'reply' | 'tmp'>> = {
  '*vars': 'vars',
  '*cgreq': 'request',
  '*opts': 'opts',
  '*cgrep': 'reply',
  '*tmp': 'tmp',
}

/** Usage and amounts stay what they are, all else is text. */
function eventValue(value: Exclude<Value, undefined>): string | bigint | Decimal {
  if (typeof value === 'bigint' || value instanceof Decimal) return value
  return value instanceof Duration ? value.ns : textOf(value)
}
