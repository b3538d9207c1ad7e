import type { EventFields, EventValue } from '../core/event.ts'
import { BUILT_AREAS, type BuiltArea, type MappingContext, type MessageReader, SOURCE_AREAS } from './context.ts'
import type { OrderedEntries } from './ordered-entries.ts'
import type { Trace } from './trace.ts'
import { compileTreePath, leafOf, plainName, treeSteps } from './tree.ts'
import { TemplateError, type Value } from './value.ts'

/** A compiled value, rule or selector. Undefined: NOT_FOUND. */
export type Source<M, G> = (context: MappingContext<M, G>) => Value

/** The cache that all messages share: `*uch`. Keys are the rest of the path. Reference 02, 2.2. */
export interface SharedCache {
  get(key: string): EventValue | undefined
  set(key: string, value: EventValue): void
  remove(key: string): void
  clear(): void
}

/** What values are compiled with. */
export type ParserOptions = {
  /** `general.rsr_separator`. */
  separator: string
  /** The path of `for_each`, which `*item` is relative to; undefined outside of one. */
  group: string | undefined
  /** The configuration, for `~*cfg`; read when a value is compiled. */
  config?: object
  /** `*uch`. */
  cache?: SharedCache
  /** Containers that there are besides those of every message; undefined: none of that name. Filters read more than templates. */
  otherContainer?: (area: string, rest: string) => Source<unknown, unknown> | undefined
  /** Interface mode: a constant that converters change is typed and printed again before. Reference 02, 3.3. */
  typesConstants?: boolean
  /** Told what is read and made; values compiled without one run at full speed. */
  trace?: Trace
}

/** Containers that are trees in the context, and their names there. */
export const TREES = {
  '*vars': 'vars',
  '*cgreq': 'request',
  '*opts': 'opts',
  '*cgrep': 'reply',
  '*tmp': 'tmp',
} as const

/**
 * Compiles a path with its container (`*req.Session-Id`). at: where it stands in the text that is compiled, for errors.
 * Throws TemplateError `unsupported field prefix: <*x>`. Reference 02, 2.
 */
export function compileSelector<M, G>(
  path: string,
  reader: MessageReader<M, G>,
  options: ParserOptions,
  at = 0,
): Source<M, G> {
  const dot = path.indexOf('.')
  const area = dot < 0 ? path : path.slice(0, dot)
  const rest = dot < 0 ? '' : path.slice(dot + 1)
  switch (area) {
    case '*req': {
      const read = located(at, () => reader.compileRequestPath(rest))
      return ({ message }) => read(message)
    }
    case '*item': {
      const { group } = options
      if (group === undefined) throw new TemplateError(`${path}: *item needs a processor with "for_each"`, at)
      const read = located(at, () => reader.compileItemPath(rest, group))
      return ({ message, item }) => (item === undefined ? undefined : read(message, item))
    }
    case '*tenant':
      return ({ tenant }) => tenant
    case '*now':
      return () => '*now'
    case '*rep':
      return compileEntryPath(rest, ({ rep }) => rep)
    case '*vars':
    case '*cgreq':
    case '*opts':
    case '*cgrep':
    case '*tmp': {
      const name = TREES[area]
      const plain = plainName(treeSteps(rest))
      if (plain !== undefined) {
        return (context) => {
          const value = context[name][plain]
          return typeof value === 'object' || typeof value === 'bigint' ? leafOf(value) : value
        }
      }
      const read = compileTreePath(rest)
      return (context) => read(context[name])
    }
    case '*cfg': {
      const value = compileTreePath(rest)((options.config ?? {}) as EventFields)
      return () => value
    }
    case '*uch': {
      const { cache } = options
      return cache === undefined ? compileOtherArea(area, rest, reader, options, at) : () => cache.get(rest)
    }
    default:
      return compileOtherArea(area, rest, reader, options, at)
  }
}

function compileOtherArea<M, G>(
  area: string,
  rest: string,
  reader: MessageReader<M, G>,
  options: ParserOptions,
  at: number,
): Source<M, G> {
  const own = reader.compileOwnPath?.(area, rest)
  if (own !== undefined) return ({ message }) => own(message)
  const built = BUILT_AREAS.find((each) => each === area)
  if (built !== undefined) return compileEntryPath(rest, (context) => context.built?.[built])
  const source = SOURCE_AREAS.find((each) => each === area)
  if (source === undefined) {
    const other = options.otherContainer?.(area, rest)
    if (other !== undefined) return other
    throw new TemplateError(`unsupported field prefix: <${area}>`, at)
  }
  const read = compileTreePath(rest)
  return ({ sources }) => {
    const tree = sources?.[source]
    return tree === undefined ? undefined : read(tree)
  }
}

/** Where a path of an ordered container points: its name, and the index behind it when there is one. */
export function entryPath(path: string): { name: string; index: number | undefined } {
  const steps = treeSteps(path)
  const last = steps.at(-1) ?? ''
  if (steps.length < 2 || !/^-?\d+$/.test(last)) return { name: steps.join('.'), index: undefined }
  return { name: steps.slice(0, -1).join('.'), index: Number(last) }
}

function compileEntryPath<M, G>(
  rest: string,
  of: (context: MappingContext<M, G>) => OrderedEntries | undefined,
): Source<M, G> {
  const { name, index = -1 } = entryPath(rest)
  const isLength = name.endsWith('.Length')
  const owner = isLength ? name.slice(0, -'.Length'.length) : name
  return (context) => {
    const entries = of(context)
    if (entries === undefined) return undefined
    const { instance } = context
    if (isLength && entries.count(owner, instance) > 0) return entries.count(owner, instance)
    return entries.at(name, index, instance) ?? (instance < 0 ? undefined : entries.at(name, index, -1))
  }
}

function located<R>(at: number, compile: () => R): R {
  try {
    return compile()
  } catch (cause) {
    if (cause instanceof TemplateError && cause.offset === undefined) throw new TemplateError(cause.message, at)
    throw cause
  }
}

/** A built container of a context. */
export function builtArea<M, G>(context: MappingContext<M, G>, area: '*rep' | BuiltArea): OrderedEntries | undefined {
  return area === '*rep' ? context.rep : context.built?.[area]
}
