import { ZERO_TIME } from '../../core/time.ts'
import { compileRsrRule } from '../../filters/rsr-rule.ts'
import type { MessageReader } from '../../mapping/context.ts'
import { MappingError, TemplateError, type Value } from '../../mapping/value.ts'
import { compileReplacement } from '../../mapping/value-parser.ts'
import type { RawAvp } from '../../protocol/diameter/avp.ts'
import type { AvpDefinition, Dictionary } from '../../protocol/diameter/dictionary.ts'
import type { DiameterMessage } from '../../protocol/diameter/message.ts'
import { decodeAvp } from '../../protocol/diameter/types.ts'

type Condition = {
  definition: AvpDefinition
  replace: (text: string) => string
  accepts: (text: string) => boolean
  equals: (text: string) => boolean
}

type CompiledPath = { steps: readonly AvpDefinition[]; index: number | undefined; conditions: readonly Condition[] }

/**
 * Selectors of AVPs, compiled against the dictionary. `A.B` is the first B in any A, `A.B[1]` the second, `A.B[-1]` the last,
 * `A.B[~C(rule)]` the one whose own group (or the nearest around it) holds a C that the rule accepts. Reference 07, 2.4.
 */
export class DiameterReader implements MessageReader<DiameterMessage, RawAvp> {
  readonly #dictionary: Dictionary
  readonly #applicationId: number
  readonly #refusesUnknown: boolean

  /** refusesUnknown: names that the dictionary does not have are refused; else they read as empty text. */
  constructor(dictionary: Dictionary, applicationId: number, refusesUnknown = false) {
    this.#dictionary = dictionary
    this.#applicationId = applicationId
    this.#refusesUnknown = refusesUnknown
  }

  /** A name that the dictionary does not have is an error in a filter. Reference 02, 2.4. */
  get forFilters(): DiameterReader {
    return new DiameterReader(this.#dictionary, this.#applicationId, true)
  }

  knows(path: string): boolean {
    return this.#unknownName(path) === undefined
  }

  compileRequestPath(path: string): (message: DiameterMessage) => Value {
    const compiled = this.#compileRead(path)
    if (compiled === undefined) return () => ''
    const [only] = compiled.steps
    if (only !== undefined && isPlain(compiled, 1)) {
      return (message) => {
        const avp = message.find(only.code, only.vendorId)
        return avp && readAvp(message, avp, only)
      }
    }
    return (message) => select(message, message.avps, compiled)
  }

  compileItemPath(path: string): (message: DiameterMessage, item: RawAvp) => Value {
    const compiled = this.#compileRead(path)
    if (compiled === undefined) return () => ''
    return (message, item) => select(message, message.group(item), compiled)
  }

  compileGroupPath(path: string): (message: DiameterMessage) => readonly RawAvp[] {
    const compiled = this.#compile(path)
    const last = compiled?.steps.at(-1)
    if (compiled === undefined || last?.type !== 'Grouped')
      throw new TemplateError(`${path} is no grouped AVP of the dictionary`)
    return (message) => {
      const found: RawAvp[] = []
      visit(message, message.avps, compiled.steps, [], (avp) => {
        found.push(avp)
        return false
      })
      return found
    }
  }

  #compileRead(path: string): CompiledPath | undefined {
    const compiled = this.#compile(path)
    if (compiled === undefined && this.#refusesUnknown)
      throw new TemplateError(`Could not find AVP ${JSON.stringify(this.#unknownName(path))} in the dictionary`)
    return compiled
  }

  #unknownName(path: string): string | undefined {
    const names = namesOf(path)
    return names.find((name) => this.#dictionary.byName(this.#applicationId, name) === undefined)
  }

  /** Undefined when a name is in no dictionary: such a path reads as empty text. Reference 07, 1.6. */
  #compile(path: string): CompiledPath | undefined {
    const open = path.indexOf('[')
    if (open >= 0 && !path.endsWith(']'))
      throw new TemplateError(`filter rule <${path.slice(open + 1)}> needs to end in ]`)
    const steps: AvpDefinition[] = []
    for (const name of namesOf(path)) {
      const definition = this.#dictionary.byName(this.#applicationId, name)
      if (definition === undefined) return undefined
      steps.push(definition)
    }
    const selector = open < 0 ? '' : path.slice(open + 1, -1)
    if (/^-?\d+$/.test(selector)) return { steps, index: Number(selector), conditions: [] }
    const conditions =
      selector === '' ? [] : selector.split(BETWEEN_CONDITIONS).map((text) => this.#compileCondition(text))
    return { steps, index: undefined, conditions }
  }

  #compileCondition(text: string): Condition {
    const { name, replacements, rule } = conditionParts(text)
    if (name === '') throw new TemplateError(`selector [${text}]: expected a number or [~Name(rule)]`)
    const definition = this.#dictionary.byName(this.#applicationId, name)
    if (definition === undefined)
      throw new TemplateError(`Could not find ${JSON.stringify(name)} of the selector [${text}] in the dictionary`)
    const rules = rule.split('&').map(compileRule)
    return {
      definition,
      replace: (value) => replacements.reduce((changed, replace) => replace(changed), value),
      accepts: (value) => rules.every((accepts) => accepts(value)),
      equals: (value) => value === rule,
    }
  }
}

/** A bar inside of a rule or an expression is its own. */
const BETWEEN_CONDITIONS = /(?<=\))\|(?=~)/

/** `~Name:s/search/replace/(rule)`: the name ends at the first of them, the rule begins behind the last slash. */
function conditionParts(text: string) {
  const [, name = '', rest = ''] = /^~([^(:]+)(.*)\)$/s.exec(text) ?? []
  const open = rest.startsWith(':s/') ? rest.lastIndexOf('/(') + 1 : rest.indexOf('(')
  const [, ...searches] = rest.slice(0, open).split(':s/')
  const replacements = searches.map((search) => compileReplacement(search, 0))
  return { name, replacements, rule: rest.slice(open + 1) }
}

/** Names of the AVPs on a path. */
function namesOf(path: string): string[] {
  const open = path.indexOf('[')
  return (open < 0 ? path : path.slice(0, open)).split('.')
}

function isPlain({ steps, index, conditions }: CompiledPath, length: number): boolean {
  return steps.length === length && index === undefined && conditions.length === 0
}

/**
 * Walks the matches of a path in order until `isEnough`. levels: the lists of AVPs that the match lies in, outermost first;
 * it is the walk's own and changes.
 */
function visit(
  message: DiameterMessage,
  avps: readonly RawAvp[],
  steps: readonly AvpDefinition[],
  levels: (readonly RawAvp[])[],
  isEnough: (avp: RawAvp, levels: readonly (readonly RawAvp[])[]) => boolean,
): boolean {
  const step = steps[levels.length]
  if (step === undefined) return false
  levels.push(avps)
  const isLast = levels.length === steps.length
  for (const avp of avps) {
    if (avp.code !== step.code || avp.vendorId !== step.vendorId) continue
    if (isLast ? isEnough(avp, levels) : visit(message, message.group(avp), steps, levels, isEnough)) return true
  }
  levels.pop()
  return false
}

function select(message: DiameterMessage, avps: readonly RawAvp[], { steps, index, conditions }: CompiledPath): Value {
  const last = steps.at(-1)
  if (last === undefined) return undefined
  if (index === undefined && conditions.length === 0) {
    const avp = first(message, avps, steps, 0)
    return avp && readAvp(message, avp, last)
  }
  if (index !== undefined) {
    const found: RawAvp[] = []
    visit(message, avps, steps, [], (avp) => found.push(avp) > index && index >= 0)
    const avp = found.at(index)
    if (avp === undefined && found.length > 0 && index >= 0)
      throw new MappingError('avp index higher than number of AVPs')
    return avp && readAvp(message, avp, last)
  }
  // "(1)" is a substring rule that also accepts 10: an equal value goes first.
  let best: RawAvp | undefined
  visit(message, avps, steps, [], (avp, levels) => {
    let isEqual = true
    for (const condition of conditions) {
      const text = conditionText(message, levels, condition)
      if (text === undefined || !condition.accepts(text)) return false
      if (!condition.equals(text)) isEqual = false
    }
    if (isEqual) best = avp
    else best ??= avp
    return isEqual
  })
  return best && readAvp(message, best, last)
}

/** The first match of a path, without collecting the others. */
function first(
  message: DiameterMessage,
  avps: readonly RawAvp[],
  steps: readonly AvpDefinition[],
  depth: number,
): RawAvp | undefined {
  const step = steps[depth]
  if (step === undefined) return undefined
  for (const avp of avps) {
    if (avp.code !== step.code || avp.vendorId !== step.vendorId) continue
    const found = depth === steps.length - 1 ? avp : first(message, message.group(avp), steps, depth + 1)
    if (found !== undefined) return found
  }
  return undefined
}

/** The text of a condition's AVP: beside the match, or one level further out, and so on; not at the top level. */
function conditionText(
  message: DiameterMessage,
  levels: readonly (readonly RawAvp[])[],
  { definition, replace }: Condition,
): string | undefined {
  for (let level = levels.length - 1; level > 0; level--) {
    for (const avp of levels[level] ?? []) {
      if (avp.code !== definition.code || avp.vendorId !== definition.vendorId) continue
      const value = readAvp(message, avp, definition)
      const text = value instanceof Buffer ? value.toString('latin1') : value === undefined ? undefined : String(value)
      return text && replace(text)
    }
  }
  return undefined
}

function readAvp(message: DiameterMessage, avp: RawAvp, { type }: AvpDefinition): Value {
  // A group is its octets: a filter may ask whether it is there.
  const value = type === 'Grouped' ? message.data(avp) : decodeAvp(type, message.bytes, avp.dataStart, avp.dataEnd)
  // Octets are a view of the message, which is gone when the event still lives.
  return value instanceof Buffer ? Buffer.from(value) : value
}

/** A rule of a selector; times around now mean nothing in it. Reference 07, 2.4. */
function compileRule(rule: string): (value: string) => boolean {
  const accepts = compileRsrRule(rule)
  return (value) => accepts(value, ZERO_TIME)
}
