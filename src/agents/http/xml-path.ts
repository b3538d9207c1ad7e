import { TemplateError } from '../../mapping/value.ts'
import { textBelow, type XmlElement } from './xml-document.ts'

/** One step: the elements of a name among the children, of those one by number or those with an attribute. */
type Step = {
  name: string
  index: number | undefined
  attribute: { name: string; value: string | undefined } | undefined
}

/**
 * Reads below a document: `a.b`, `a.b[1]` (from 0), `a.b[@id='7']`, `a.*`, at the end `@id`. The first match counts; its text is that of
 * everything below it; what is not there is empty. Throws TemplateError for a selector that cannot be. Reference 07, 4.
 */
export function compileXmlPath(path: string): (document: XmlElement) => string {
  const texts = splitOutsideBrackets(path)
  const last = texts.at(-1) ?? ''
  const attribute = last.startsWith('@') ? last.slice(1) : undefined
  const steps = (attribute === undefined ? texts : texts.slice(0, -1)).map((text) => stepOf(text, path))
  return (document) => {
    const matches = steps.reduce<readonly XmlElement[]>(
      (elements, step) => elements.flatMap((element) => childrenOf(element, step)),
      [document],
    )
    if (attribute === undefined) return matches[0] === undefined ? '' : textBelow(matches[0])
    return matches.map(({ attributes }) => attributes.get(attribute)).find((value) => value !== undefined) ?? ''
  }
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

function stepOf(text: string, path: string): Step {
  const [, name = '', selector] = /^([^[\]]+)(?:\[(.*)\])?$/.exec(text) ?? []
  if (name === '') throw new TemplateError(`${JSON.stringify(text)} of ${JSON.stringify(path)}, expected an element`)
  if (selector === undefined) return { name, index: undefined, attribute: undefined }
  if (/^\d{1,9}$/.test(selector)) return { name, index: Number(selector), attribute: undefined }
  const [, attribute, single, double] = /^@([^\s='"]+)(?:\s*=\s*(?:'([^']*)'|"([^"]*)"))?$/.exec(selector) ?? []
  if (attribute === undefined)
    throw new TemplateError(`[${selector}] of ${JSON.stringify(path)}, expected a number or @attribute='value'`)
  return { name, index: undefined, attribute: { name: attribute, value: single ?? double } }
}

/** Steps of a path; dots inside of brackets do not end one. */
function splitOutsideBrackets(path: string): string[] {
  return path === '' ? [] : path.split(/\.(?![^[]*\])/)
}
