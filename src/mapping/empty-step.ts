import { TemplateError } from './value.ts'
import { splitRules } from './value-parser.ts'

/** Checks the paths of a value in a configuration. Throws TemplateError `Empty field path ` with the place. Reference 02, 5.1. */
export function checkSteps(value: string, separator: string): void {
  for (const { text, at } of splitRules(value, separator))
    if (hasEmptyStep(text)) throw new TemplateError('Empty field path ', at)
}

/** A path with nothing between two dots, or behind the last; what stands in brackets, and behind the path, does not count. */
export function hasEmptyStep(side: string): boolean {
  if (!side.startsWith('~') || side === '~') return false
  let isEmpty = true
  for (let i = 1; i < side.length; i++) {
    const char = side.charAt(i)
    if (char === '.') {
      if (isEmpty) return true
      isEmpty = true
      continue
    }
    if (char === '#' || side.startsWith(':s/', i) || side.startsWith('{*', i)) break
    isEmpty = false
    const close = char === '[' ? ']' : char === '<' ? '>' : ''
    if (close !== '') i = closeOf(side, close, i)
  }
  return isEmpty
}

function closeOf(text: string, close: string, from: number): number {
  const at = text.indexOf(close, from)
  return at < 0 ? text.length : at
}
