import { BUILT_AREAS, type MappingContext, textOf } from './context.ts'
import type { FieldTemplate, PlanEnvironment } from './field-plan.ts'
import { builtArea, entryPath, TREES } from './selector.ts'
import { leafValue, plainName, removeFromTree, treeSteps, writeTree } from './tree.ts'
import { type Found, MappingError, TemplateError } from './value.ts'
import { compileAssembly, pathParts } from './value-parser.ts'

/** Writes a value where a field points. Throws MappingError `WRONG_PATH`, `NOT_FOUND`. */
export type Write<M, G> = (context: MappingContext<M, G>, value: Found) => void
export type Remove<M, G> = (context: MappingContext<M, G>) => void

/** Resolved paths that a dynamic path keeps compiled; more of them are forgotten. */
const MOST_PATHS = 1_000

/** Compiles where and how a field writes. Throws TemplateError `unsupported field prefix: <*x> when set field`. Reference 02, 5.4. */
export function compileWrite<M, G>(field: FieldTemplate, environment: PlanEnvironment<M, G>): Write<M, G> {
  return perPath(field.path, environment, (path) => writerOf(path, field, environment))
}

/** Compiles what `*remove` takes away. */
export function compileRemove<M, G>(field: FieldTemplate, environment: PlanEnvironment<M, G>): Remove<M, G> {
  const remove = perPath(field.path, environment, (path) => removerOf(path, environment))
  return (context) => remove(context, '')
}

/** Compiles `*removeall`: the container that the first step names is emptied. */
export function compileRemoveAll<M, G>({ path }: FieldTemplate, environment: PlanEnvironment<M, G>): Remove<M, G> {
  const { area } = splitArea(path)
  if (isTree(area)) {
    const name = TREES[area]
    return (context) => {
      context[name] = {}
    }
  }
  const { cache } = environment.options
  if (area === '*uch' && cache !== undefined) return () => cache.clear()
  const ordered = orderedArea(area)
  if (ordered === undefined) throw new TemplateError(`unsupported field prefix: <${area}> when set fields`)
  return (context) => builtArea(context, ordered)?.clear()
}

/** A path with `<..>` is resolved for each message, and what it became is compiled once. */
function perPath<M, G>(
  path: string,
  { reader, options }: PlanEnvironment<M, G>,
  compile: (path: string) => Write<M, G>,
): Write<M, G> {
  const parts = pathParts(path)
  if (parts.length === 1) return compile(path)
  const assemble = compileAssembly(parts, reader, options, 0)
  const known = new Map<string, Write<M, G>>()
  return (context, value) => {
    const resolved = assemble(context)
    if (resolved === undefined) throw new MappingError('NOT_FOUND')
    let compiled = known.get(resolved)
    if (compiled === undefined) {
      compiled = atRunTime(() => compile(resolved))
      if (known.size >= MOST_PATHS) known.clear()
      known.set(resolved, compiled)
    }
    compiled(context, value)
  }
}

function atRunTime<R>(compile: () => R): R {
  try {
    return compile()
  } catch (cause) {
    if (cause instanceof TemplateError) throw new MappingError(cause.message)
    throw cause
  }
}

function splitArea(path: string): { area: string; rest: string } {
  const dot = path.indexOf('.')
  return dot < 0 ? { area: path, rest: '' } : { area: path.slice(0, dot), rest: path.slice(dot + 1) }
}

function isTree(area: string): area is keyof typeof TREES {
  return Object.hasOwn(TREES, area)
}

function orderedArea(area: string) {
  return area === '*rep' ? area : BUILT_AREAS.find((each) => each === area)
}

function writerOf<M, G>(path: string, field: FieldTemplate, environment: PlanEnvironment<M, G>): Write<M, G> {
  const { area, rest } = splitArea(path)
  const mode = field.type === '*composed' ? 'compose' : field.type === '*group' ? 'group' : 'set'
  if (rest === '') throw new TemplateError(`unsupported field prefix: <${area}> when set field`)
  if (isTree(area)) {
    const name = TREES[area]
    const steps = treeSteps(rest)
    const plain = plainName(steps)
    if (plain !== undefined && mode === 'set') {
      return (context, value) => {
        context[name][plain] = typeof value === 'string' ? value : leafValue(value)
      }
    }
    return (context, value) => writeTree(context[name], steps, mode, leafValue(value))
  }
  const { cache } = environment.options
  if (area === '*uch' && cache !== undefined) {
    return (_, value) =>
      cache.set(rest, mode === 'compose' ? textOf(cache.get(rest) ?? '') + textOf(value) : leafValue(value))
  }
  return writeEntry(area, rest, mode, field, environment)
}

function writeEntry<M, G>(
  area: string,
  rest: string,
  mode: 'set' | 'compose' | 'group',
  { newBranch, attributeId }: FieldTemplate,
  environment: PlanEnvironment<M, G>,
): Write<M, G> {
  const ordered = orderedArea(area)
  if (ordered === undefined || !(environment.builds ?? REPLY).includes(ordered))
    throw new TemplateError(`unsupported field prefix: <${area}> when set field`)
  const { name, index } = entryPath(rest)
  if (ordered === '*rep') environment.checkReplyPath(name)
  const { group } = environment.options
  const inGroup = group !== undefined && name.startsWith(`${group}.`)
  return (context, value) => {
    const entries = builtArea(context, ordered)
    if (entries === undefined) throw new MappingError(`unsupported field prefix: <${area}> when set field`)
    const instance = inGroup ? context.instance : -1
    const text = textOf(value)
    if (index !== undefined) entries.setAt(name, index, text, instance, { newBranch, attributeId })
    else if (mode === 'set') entries.set(name, newBranch, text, instance, attributeId)
    else if (mode === 'compose') entries.compose(name, newBranch, text, instance, attributeId)
    else entries.push(name, newBranch, text, instance, attributeId)
  }
}

const REPLY: readonly string[] = ['*rep']

function removerOf<M, G>(path: string, environment: PlanEnvironment<M, G>): Remove<M, G> {
  const { area, rest } = splitArea(path)
  if (isTree(area)) {
    const name = TREES[area]
    const steps = treeSteps(rest)
    return (context) => removeFromTree(context[name], steps)
  }
  const { cache, group } = environment.options
  if (area === '*uch' && cache !== undefined) return () => cache.remove(rest)
  const ordered = orderedArea(area)
  if (ordered === undefined) throw new TemplateError(`unsupported field prefix: <${area}> when set fields`)
  const { name, index } = entryPath(rest)
  const inGroup = group !== undefined && name.startsWith(`${group}.`)
  return (context) => builtArea(context, ordered)?.remove(name, inGroup ? context.instance : -1, index)
}
