import { type MappingContext, type MessageReader, readTree, textOf, treeSteps } from './context.ts'
import { compileConverter } from './converters.ts'
import { Duration, TemplateError, type Value } from './value.ts'

/** A compiled rule: one source with its search-and-replace and converters. */
export type Source<M, G> = (context: MappingContext<M, G>) => Value

/** group: the path of `for_each`, which `*item` is relative to; undefined outside of one. */
export type ParserOptions = { separator: string; group: string | undefined }

/** Compiles every rule of a value on its own: what multi-argument types read. Throws TemplateError. Reference 02, 3. */
export function compileRules<M, G>(value: string, reader: MessageReader<M, G>, options: ParserOptions): Source<M, G>[] {
  if (value === '') return []
  return splitRules(value, options.separator).map((rule) => compileRule(rule, reader, options))
}

/** Compiles a value: the outputs of its rules joined. A rule that is not found makes the whole not found. */
export function compileValue<M, G>(value: string, reader: MessageReader<M, G>, options: ParserOptions): Source<M, G> {
  const rules = compileRules(value, reader, options)
  const [only] = rules
  if (only === undefined) return () => ''
  if (rules.length === 1) return only
  return (context) => {
    let text = ''
    for (const rule of rules) {
      const part = rule(context)
      if (part === undefined) return undefined
      text += textOf(part)
    }
    return text
  }
}

function splitRules(value: string, separator: string): string[] {
  if (!value.includes('`')) {
    const rules = value.split(separator)
    if (rules.includes('')) throw new TemplateError(`emtpy RSRParser in rule: <> (in ${JSON.stringify(value)})`)
    return rules
  }
  const parts = value.split('`')
  if (parts.length % 2 === 0) throw new TemplateError(`Unclosed unspilit syntax (in ${JSON.stringify(value)})`)
  const rules: string[] = ['']
  for (const [i, part] of parts.entries()) {
    const pieces = i % 2 === 1 ? [part] : part.split(';')
    rules[rules.length - 1] += pieces[0] ?? ''
    rules.push(...pieces.slice(1))
  }
  if (rules.at(-1) === '') rules.pop()
  return rules
}

/** Compiles one rule: `~path:s/search/replace/{*converter&*converter}` or a constant with converters. */
export function compileRule<M, G>(rule: string, reader: MessageReader<M, G>, options: ParserOptions): Source<M, G> {
  const opened = rule.indexOf('<')
  if (opened >= 0 && rule.indexOf('>', opened) > opened) {
    throw new TemplateError(`a value inside a value (<...>) is not available (in ${JSON.stringify(rule)})`)
  }
  const brace = rule.indexOf('{*')
  if (brace >= 0 && !rule.endsWith('}')) throw new TemplateError(`invalid converter terminator in rule: <${rule}>`)
  const body = brace < 0 ? rule : rule.slice(0, brace)
  const converters =
    brace < 0
      ? []
      : rule
          .slice(brace + 1, -1)
          .split('&')
          .map(compileConverter)
  const source = sourceOf(body, reader, options)
  if (converters.length === 0) return source
  return (context) => {
    let value = source(context)
    if (value === undefined) return undefined
    for (const convert of converters) value = convert(value)
    return value
  }
}

function sourceOf<M, G>(body: string, reader: MessageReader<M, G>, options: ParserOptions): Source<M, G> {
  if (!body.startsWith('~') || body === '~') return () => body
  const [path = '', ...replacements] = body.split(':s/')
  const source = compileSelector(path.slice(1), reader, options)
  if (replacements.length === 0) return source
  const replace = replacements.map((text) => compileReplacement(text, body))
  return (context) => {
    const value = source(context)
    if (value === undefined) return undefined
    return replace.reduce((text, apply) => apply(text), textOf(value))
  }
}

/** `search/replace/`: a match anywhere turns the whole value into the replacement. Reference 02, 3.2. */
function compileReplacement(text: string, rule: string): (value: string) => string {
  const slashes = [...text.matchAll(/(?<!\\)\//g)].map(({ index }) => index)
  const last = slashes.at(-1)
  const middle = slashes.at(-2)
  if (last === undefined || middle === undefined || middle === 0) {
    throw new TemplateError(`not enough members in Search&Replace, ruleStr: <${rule}>, matches: [${text}], `)
  }
  const search = text.slice(0, middle).replaceAll('\\/', '/')
  const replacement = text.slice(middle + 1, last)
  const pattern = compilePattern(search, rule)
  return (value) => {
    const match = pattern.exec(value)
    if (match === null) return value
    return replacement.replace(/\$(?:\$|\{(\w+)\}|(\w+))/g, (whole, braced?: string, bare?: string) => {
      if (whole === '$$') return '$'
      const name = braced ?? bare ?? ''
      return (/^\d+$/.test(name) ? match[Number(name)] : match.groups?.[name]) ?? ''
    })
  }
}

/** A Go regular expression as a JavaScript one. Throws TemplateError when it cannot be. */
export function compilePattern(source: string, rule: string): RegExp {
  const flags = /^\(\?([ims]+)\)/.exec(source)
  const body = (flags === null ? source : source.slice(flags[0].length))
    .replaceAll('(?P<', '(?<')
    .replaceAll('\\z', '$(?!\\n)')
    .replaceAll('\\A', '^')
  try {
    return new RegExp(body, flags?.[1] ?? '')
  } catch {
    throw new TemplateError(`invalid Search&Replace subfield rule: <${rule}>`)
  }
}

/** Compiles a path with its area (`*req.Session-Id`). */
export function compileSelector<M, G>(
  path: string,
  reader: MessageReader<M, G>,
  { group }: ParserOptions,
): Source<M, G> {
  const dot = path.indexOf('.')
  const area = dot < 0 ? path : path.slice(0, dot)
  const rest = dot < 0 ? '' : path.slice(dot + 1)
  switch (area) {
    case '*req': {
      const read = reader.compileRequestPath(rest)
      return ({ message }) => read(message)
    }
    case '*item': {
      if (group === undefined) throw new TemplateError(`${path}: *item needs a processor with "for_each"`)
      const read = reader.compileItemPath(rest, group)
      return ({ message, item }) => (item === undefined ? undefined : read(message, item))
    }
    case '*tenant':
      return ({ tenant }) => tenant
    case '*now':
      return () => '*now'
    case '*rep':
      return ({ rep, instance }) => (rep.has(rest) ? rep.get(rest, instance) : undefined)
    case '*vars':
    case '*cgreq':
    case '*opts':
    case '*cgrep':
    case '*tmp': {
      const name = TREES[area]
      const steps = treeSteps(rest)
      const [only] = steps
      if (area === '*cgrep' && rest.startsWith('MaxUsage')) {
        return ({ reply }) => {
          const usage = readTree(reply, steps)
          return typeof usage === 'bigint' ? new Duration(usage) : usage
        }
      }
      if (steps.length === 1 && only !== undefined) {
        return (context) => {
          const value = context[name][only]
          return typeof value === 'object' ? readTree(context[name], steps) : value
        }
      }
      return (context) => readTree(context[name], steps)
    }
    default:
      throw new TemplateError(`unsupported field prefix: <${area}>`)
  }
}

const TREES = { '*vars': 'vars', '*cgreq': 'request', '*opts': 'opts', '*cgrep': 'reply', '*tmp': 'tmp' } as const
