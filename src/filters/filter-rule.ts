import { TemplateError } from '../mapping/value.ts'

/** One rule as it is stored: `*string`, `~*req.Account`, `1001`, `1002`. Passes when any value fits. Reference 02, 6.1. */
export type FilterRule = { readonly type: string; readonly element: string; readonly values: readonly string[] }

/** Whether an id is a filter written out, not the name of a stored one. */
export function isInline(id: string): boolean {
  return id.startsWith('*')
}

/**
 * Reads `*type:element:value|value`. Colons inside of `[..]` and of `{..}` do not count, bars inside of `<..>` neither; colons of the
 * values stand for themselves. Throws TemplateError: inline parse error. Reference 02, 6.1.
 */
export function parseInlineFilter(text: string): FilterRule {
  const typeEnd = endOfPart(text, 0)
  const elementEnd = typeEnd < 0 ? -1 : endOfPart(text, typeEnd + 1)
  if (elementEnd < 0) throw new TemplateError(`inline parse error for string: <${text}>`)
  return {
    type: text.slice(0, typeEnd),
    element: text.slice(typeEnd + 1, elementEnd),
    values: splitOutside(text.slice(elementEnd + 1), '|'),
  }
}

function endOfPart(text: string, start: number): number {
  let close = ''
  for (let i = start; i < text.length; i++) {
    const char = text.charAt(i)
    if (close !== '') {
      if (char === close) close = ''
    } else if (char === ':') return i
    else if (char === '[') close = ']'
    else if (char === '{') close = '}'
  }
  return -1
}

/** Splits at a separator that stands outside of `<..>`; nothing gives no parts. */
export function splitOutside(text: string, separator: '|' | ';'): string[] {
  if (text === '') return []
  if (!text.includes('<')) return text.split(separator)
  const parts = ['']
  const lastClose = text.lastIndexOf('>')
  let isInside = false
  for (let i = 0; i < text.length; i++) {
    const char = text.charAt(i)
    if (char === '<') isInside = i < lastClose
    else if (char === '>') isInside = false
    if (char === separator && !isInside) parts.push('')
    else parts[parts.length - 1] += char
  }
  return parts
}

/** Whether a side of a rule is read from the event: a path, or a text with a value in it. */
export function isDynamic(side: string): boolean {
  if (side.startsWith('~') && side !== '~') return true
  const opened = side.indexOf('<')
  return opened >= 0 && side.indexOf('>', opened) > opened
}

/** A filter as reference 02, 6.1 has it. `id` is the text itself for an inline one. Immutable. */
export type FilterProfile = {
  readonly tenant: string
  readonly id: string
  readonly rules: readonly FilterRule[]
  readonly activation: ActivationInterval | null
}

/** When a profile counts: strictly between both, ns since the epoch; null is open. zone: as given, for showing it. */
export type ActivationInterval = {
  readonly from: { readonly ns: bigint; readonly zone: string } | null
  readonly until: { readonly ns: bigint; readonly zone: string } | null
}

export function isActive(activation: ActivationInterval | null, atNs: bigint): boolean {
  if (activation === null) return true
  const { from, until } = activation
  return (from === null || from.ns < atNs) && (until === null || atNs < until.ns)
}
