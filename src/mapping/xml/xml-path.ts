import { TemplateError } from '../value.ts'
import { textBelow, type XmlElement } from './xml-document.ts'

/** One step: the elements of a name among the children, of those one by number or those with an attribute. */
type Step = {
  name: string
  index: number | undefined
  attribute: { name: string; value: string | undefined } | undefined
}

/**
 * Reads below an element by steps: `a`, `b[1]` (from 0), `b[@id='7']`, `*`, at the end `@id`. The first match counts; its text is that of
 * everything below it. Undefined: not there. Throws TemplateError for a selector that cannot be. Reference 02, 2.4; 07, 4.
 */
export function compileXmlText(steps: readonly string[]): (from: XmlElement) => string | undefined {
  const last = steps.at(-1) ?? ''
  const attribute = last.startsWith('@') ? last.slice(1) : undefined
  const select = compileXmlElements(attribute === undefined ? steps : steps.slice(0, -1))
  return (from) => {
    const matches = select(from)
    if (attribute === undefined) return matches[0] && textBelow(matches[0])
    return matches.map(({ attributes }) => attributes.get(attribute)).find((value) => value !== undefined)
  }
}

/** All elements that steps lead to, in the order of the document. Throws TemplateError. */
export function compileXmlElements(steps: readonly string[]): (from: XmlElement) => readonly XmlElement[] {
  const compiled = steps.map(stepOf)
  return (from) =>
    compiled.reduce<readonly XmlElement[]>(
      (elements, step) => elements.flatMap((element) => childrenOf(element, step)),
      [from],
    )
}

function childrenOf({ children }: XmlElement, { name, index, attribute }: Step): readonly XmlElement[] {
  const named = children.filter(
    (child): child is XmlElement =>
      typeof child !== 'string' &&
      (name === '*' || child.name === name) &&
      (attribute === undefined || hasAttribute(child, attribute)),
  )
  return index === undefined ? named : named.slice(index, index + 1)
}

function hasAttribute(
  { attributes }: XmlElement,
  { name, value }: { name: string; value: string | undefined },
): boolean {
  const held = attributes.get(name)
  return held !== undefined && (value === undefined || held === value)
}

function stepOf(text: string): Step {
  const [, name = '', selector] = /^([^[\]]+)(?:\[(.*)\])?$/.exec(text) ?? []
  if (name === '') throw new TemplateError(`${JSON.stringify(text)}, expected an element`)
  if (selector === undefined) return { name, index: undefined, attribute: undefined }
  if (/^\d{1,9}$/.test(selector)) return { name, index: Number(selector), attribute: undefined }
  const [, attribute, single, double] = /^@([^\s='"]+)(?:\s*=\s*(?:'([^']*)'|"([^"]*)"))?$/.exec(selector) ?? []
  if (attribute === undefined)
    throw new TemplateError(`[${selector}] of ${JSON.stringify(text)}, expected a number or @attribute='value'`)
  return { name, index: undefined, attribute: { name: attribute, value: single ?? double } }
}

/** Steps of a path; dots inside of brackets do not end one. */
export function xmlSteps(path: string): string[] {
  return path === '' ? [] : path.split(/\.(?![^[]*\])/)
}
