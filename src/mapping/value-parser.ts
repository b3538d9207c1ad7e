import { compileReplacement as compileExpansion, GoRegexp, RegexpSyntaxError } from '../core/go-regexp.ts'
import { autoType } from './auto-type.ts'
import { type MappingContext, type MessageReader, textOf } from './context.ts'
import { type Converter, compileConverter } from './converters.ts'
import { compileSelector, type ParserOptions, type Source } from './selector.ts'
import type { TraceStep } from './trace.ts'
import { type Found, MappingError, TemplateError } from './value.ts'

export { compileSelector, type ParserOptions, type Source } from './selector.ts'

/** A value as it is written, or its rules when they come one by one. */
export type ValueText = string | readonly string[]

/** A rule of a value, and where it begins in it. text: without backquotes. */
type Rule = { text: string; at: number }

/** Texts that a rule with `<..>` has become, compiled; more of them are forgotten. */
const MOST_DYNAMIC = 1_000

/** Compiles every rule of a value on its own: what multi-argument types read. Throws TemplateError. Reference 02, 3. */
export function compileRules<M, G>(
  value: ValueText,
  reader: MessageReader<M, G>,
  options: ParserOptions,
): Source<M, G>[] {
  return splitRules(value, options.separator).map(({ text, at }) => compileRule(text, reader, options, at))
}

/** Compiles a value: the outputs of its rules joined. A rule that is not found makes the whole not found. */
export function compileValue<M, G>(
  value: ValueText,
  reader: MessageReader<M, G>,
  options: ParserOptions,
): Source<M, G> {
  return joined(compileRules(value, reader, options))
}

/** Compiles a value in constant mode: no container is read, a rule that would is empty text. Reference 02, 3.3. */
export function compileConstant<M, G>(
  value: ValueText,
  reader: MessageReader<M, G>,
  options: ParserOptions,
): Source<M, G> {
  return joined(
    splitRules(value, options.separator).map(({ text, at }) =>
      isPath(text) || dynamicParts(text).length > 1 ? () => '' : compileRule(text, reader, options, at),
    ),
  )
}

/** The rules of a value as they are written. Throws TemplateError. */
export function ruleTexts(value: ValueText, separator: string): string[] {
  return splitRules(value, separator).map(({ text }) => text)
}

function joined<M, G>(rules: readonly Source<M, G>[]): Source<M, G> {
  const [first, second, third] = rules
  if (first === undefined) return () => ''
  if (second === undefined) return first
  if (third === undefined) {
    return (context) => {
      const left = first(context)
      const right = left === undefined ? undefined : second(context)
      return left === undefined || right === undefined ? undefined : textOf(left) + textOf(right)
    }
  }
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

/** Cuts a value into its rules. Throws TemplateError for an empty rule and an odd backquote. */
export function splitRules(value: ValueText, separator: string): Rule[] {
  if (typeof value !== 'string') return value.map((text) => ({ text, at: 0 }))
  if (value === '') return []
  if (value.includes('`')) return splitQuoted(value)
  const rules: Rule[] = []
  let at = 0
  for (const text of value.split(separator)) {
    if (text === '') throw new TemplateError('emtpy RSRParser in rule: <>', at)
    rules.push({ text, at })
    at += text.length + separator.length
  }
  return rules
}

/** Backquoted text is taken whole, and the separator is always `;`. */
function splitQuoted(value: string): Rule[] {
  const parts = value.split('`')
  if (parts.length % 2 === 0) throw new TemplateError('Unclosed unspilit syntax', value.lastIndexOf('`'))
  const rules: Rule[] = [{ text: '', at: 0 }]
  let at = 0
  for (const [i, part] of parts.entries()) {
    const pieces = i % 2 === 1 ? [part] : part.split(';')
    for (const [j, piece] of pieces.entries()) {
      if (j > 0) rules.push({ text: '', at: ++at })
      const rule = rules.at(-1)
      if (rule !== undefined) {
        if (rule.text === '') rule.at = at
        rule.text += piece
      }
      at += piece.length
    }
    at++
  }
  if (rules.at(-1)?.text === '') rules.pop()
  const empty = rules.find(({ text }) => text === '')
  if (empty !== undefined) throw new TemplateError('emtpy RSRParser in rule: <>', empty.at)
  return rules
}

function isPath(rule: string): boolean {
  return rule.length > 1 && rule.startsWith('~')
}

/**
 * Compiles one rule: `~path:s/search/replace/{*converter&*converter}`, or a constant with converters, each with values inside
 * as `<..>`. at: where it stands in the value, for errors. Throws TemplateError. Reference 02, 3.1.
 */
export function compileRule<M, G>(
  rule: string,
  reader: MessageReader<M, G>,
  options: ParserOptions,
  at = 0,
): Source<M, G> {
  const parts = dynamicParts(rule)
  if (parts.length > 1) return compileDynamicRule(rule, parts, reader, options, at)
  const brace = rule.indexOf('{*')
  if (brace >= 0 && !rule.endsWith('}'))
    throw new TemplateError(`invalid converter terminator in rule: <${rule}>`, at + brace)
  const body = brace < 0 ? rule : rule.slice(0, brace)
  const converters = brace < 0 ? [] : compileConverters(rule.slice(brace + 1, -1), at + brace + 1)
  const [path = '', ...replacements] = isPath(body) ? splitReplacements(body) : [body]
  const source = isPath(body)
    ? compileSelector(path.slice(1), reader, options, at + 1)
    : constantOf<M, G>(body, options)
  let searchAt = at + path.length + ':s/'.length
  const steps = replacements.map((text) => {
    const step = { what: `:s/${text}`, apply: compileReplacement(text, searchAt) }
    searchAt += text.length + ':s/'.length
    return step
  })
  if (options.trace !== undefined)
    return tracedRule(rule, shownPath(path, reader), source, steps, converters, options.trace)
  if (steps.length === 0 && converters.length === 0) return source
  return chained(source, steps, converters)
}

function constantOf<M, G>(text: string, { typesConstants }: ParserOptions): Source<M, G> {
  if (typesConstants !== true) return () => text
  return ({ now }) => textOf(autoType(text, now))
}

type Replacement = { what: string; apply: (text: string) => string }
type NamedConverter = { what: string; convert: Converter }

/** The rule as a chain: selector, search-and-replace, converters. */
function chained<M, G>(
  source: Source<M, G>,
  replacements: readonly Replacement[],
  converters: readonly NamedConverter[],
): Source<M, G> {
  const [first] = converters
  if (replacements.length === 0 && converters.length === 1 && first !== undefined) {
    const { convert } = first
    return (context) => {
      const value = source(context)
      return value === undefined ? undefined : convert(value)
    }
  }
  return (context) => {
    let value = source(context)
    if (value === undefined) return undefined
    if (replacements.length > 0) {
      let text = textOf(value)
      for (const { apply } of replacements) text = apply(text)
      value = text
    }
    for (const { convert } of converters) value = convert(value)
    return value
  }
}

/** The path as a report shows it: one of the message with a name that no dictionary has says so. */
function shownPath<M, G>(path: string, reader: MessageReader<M, G>): string {
  const [, names] = /^~\*(?:req|item)\.(.+)$/s.exec(path) ?? []
  return names === undefined || reader.knows?.(names) !== false ? path : `${path} (in no dictionary)`
}

function tracedRule<M, G>(
  rule: string,
  path: string,
  source: Source<M, G>,
  replacements: readonly Replacement[],
  converters: readonly NamedConverter[],
  trace: NonNullable<ParserOptions['trace']>,
): Source<M, G> {
  return (context) => {
    let value = source(context)
    const steps: TraceStep[] = [{ what: path, value }]
    try {
      for (const { what, apply } of value === undefined ? [] : replacements) {
        value = apply(textOf(value ?? ''))
        steps.push({ what, value })
      }
      for (const { what, convert } of value === undefined ? [] : converters) {
        value = convert(value as Found)
        steps.push({ what, value })
      }
      return value
    } finally {
      trace.rule(rule, steps)
    }
  }
}

function compileConverters(text: string, at: number): NamedConverter[] {
  const converters: NamedConverter[] = []
  let start = at
  for (const definition of text.split('&')) {
    try {
      converters.push({ what: definition, convert: compileConverter(definition, converters.length === 0) })
    } catch (cause) {
      if (!(cause instanceof TemplateError)) throw cause
      throw new TemplateError(`invalid converter value in string: <${definition}>, err: ${cause.message}`, start)
    }
    start += definition.length + 1
  }
  return converters
}

/** The path, and what follows each `:s/`; one inside of the brackets of a selector is the selector's. */
function splitReplacements(body: string): string[] {
  let depth = 0
  for (let i = 0; i < body.length; i++) {
    const char = body[i]
    if (char === '[') depth++
    else if (char === ']') depth--
    else if (depth <= 0 && body.startsWith(':s/', i)) return [body.slice(0, i), ...body.slice(i + 3).split(':s/')]
  }
  return [body]
}

/** `search/replace/`, of a value or a selector; at: where it stands, for errors. Throws TemplateError. A match anywhere turns the whole value into the replacement. Reference 02, 3.2. */
export function compileReplacement(text: string, at: number): (value: string) => string {
  const slashes: number[] = []
  for (let i = 0; i < text.length; i++) if (text[i] === '/' && text[i - 1] !== '\\') slashes.push(i)
  const last = slashes.at(-1)
  const middle = slashes.at(-2)
  if (last === undefined || middle === undefined || middle === 0)
    throw new TemplateError(`not enough members in Search&Replace, ruleStr: <${text}>, matches: [], `, at)
  const search = text.slice(0, middle)
  const pattern = compilePattern(search, search, at)
  const replacement = compileExpansion(text.slice(middle + 1, last))
  return (value) => pattern.expand(value, replacement) ?? value
}

/** An expression of a value or a selector. Throws TemplateError naming `rule`. */
export function compilePattern(source: string, rule: string, at?: number): GoRegexp {
  try {
    return new GoRegexp(source)
  } catch (cause) {
    if (!(cause instanceof RegexpSyntaxError)) throw cause
    const place = at === undefined ? undefined : at + cause.offset
    throw new TemplateError(`invalid Search&Replace subfield rule: <${rule}>`, place)
  }
}

/** A rule cut at its `<..>`: texts at even places, inner values at odd ones. The name of a group of an expression is none. */
function dynamicParts(rule: string): string[] {
  const parts: string[] = []
  let end = 0
  for (let open = rule.indexOf('<'); open >= 0; open = rule.indexOf('<', Math.max(open + 1, end))) {
    const close = rule.indexOf('>', open)
    if (close < 0) break
    if (/\(\?P?$/.test(rule.slice(end, open))) continue
    parts.push(rule.slice(end, open), rule.slice(open + 1, close))
    end = close + 1
  }
  parts.push(rule.slice(end))
  return parts
}

/** What the inner values give stands in their place, and the text that comes out is the rule. */
function compileDynamicRule<M, G>(
  rule: string,
  parts: readonly string[],
  reader: MessageReader<M, G>,
  options: ParserOptions,
  at: number,
): Source<M, G> {
  const assemble = compileAssembly(parts, reader, options, at)
  const [start = ''] = parts
  const isRule = start === '' || start.startsWith('~') || parts.some((part, i) => i % 2 === 0 && part.includes('{*'))
  const compiled = new Map<string, Source<M, G>>()
  const source: Source<M, G> = (context) => {
    const text = assemble(context)
    if (text === undefined || !isRule || !(text.startsWith('~') || text.includes('{*'))) return text
    let source = compiled.get(text)
    if (source === undefined) {
      source = compileResolved(text, reader, options)
      if (compiled.size >= MOST_DYNAMIC) compiled.clear()
      compiled.set(text, source)
    }
    return source(context)
  }
  const { trace } = options
  if (trace === undefined) return source
  return (context) => {
    const value = source(context)
    trace.rule(rule, [{ what: rule, value }])
    return value
  }
}

/** Compiles texts with values between them, as `dynamicParts` cuts them; one that is not found makes the whole not found. */
export function compileAssembly<M, G>(
  parts: readonly string[],
  reader: MessageReader<M, G>,
  options: ParserOptions,
  at: number,
): (context: MappingContext<M, G>) => string | undefined {
  let start = at
  const sources = parts.map((part, i): string | Source<M, G> => {
    const place = start
    start += part.length + 1
    return i % 2 === 0 ? part : shifted(place, () => compileValue(part, reader, options))
  })
  return (context) => {
    let text = ''
    for (const part of sources) {
      if (typeof part === 'string') text += part
      else {
        const value = part(context)
        if (value === undefined) return undefined
        text += textOf(value)
      }
    }
    return text
  }
}

/** Cuts a template's path at its `<..>`. Throws TemplateError `WRONG_PATH` when one is not closed. Reference 02, 5.4. */
export function pathParts(path: string): string[] {
  const parts = dynamicParts(path)
  const open = (parts.at(-1) ?? '').indexOf('<')
  if (open >= 0) throw new TemplateError('WRONG_PATH', path.length - (parts.at(-1) ?? '').length + open)
  return parts
}

function shifted<R>(by: number, compile: () => R): R {
  try {
    return compile()
  } catch (cause) {
    if (cause instanceof TemplateError && cause.offset !== undefined)
      throw new TemplateError(cause.message, cause.offset + by)
    throw cause
  }
}

/** A rule whose inner values are in place: what they gave is data, and no value inside a value again. */
function compileResolved<M, G>(text: string, reader: MessageReader<M, G>, options: ParserOptions): Source<M, G> {
  try {
    return dynamicParts(text).length > 1 ? () => text : compileRule(text, reader, options)
  } catch (cause) {
    if (cause instanceof TemplateError) throw new MappingError(cause.message)
    throw cause
  }
}
