import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { MappingError } from '../value.ts'

/** An element; the document is one without a name. Text stands among its children, in order. */
export type XmlElement = {
  name: string
  attributes: ReadonlyMap<string, string>
  children: readonly (XmlElement | string)[]
}

const CDATA = '#cdata'

const PARSER = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
  cdataPropName: CDATA,
})

/**
 * Reads a document. Text without markup is an empty document; attributes need no blank between them. Throws MappingError for what is no
 * XML. Reference 07, 4.
 */
export function parseXml(text: string): XmlElement {
  if (!text.includes('<')) return element('', new Map(), [])
  const checked = check(text)
  try {
    return element('', new Map(), childrenOf(PARSER.parse(checked) as readonly ParsedNode[]))
  } catch (cause) {
    throw cause instanceof MappingError
      ? cause
      : new MappingError(`XML: ${cause instanceof Error ? cause.message : cause}`)
  }
}

/** All text below an element, in order. */
export function textBelow({ children }: XmlElement): string {
  return children.map((child) => (typeof child === 'string' ? child : textBelow(child))).join('')
}

/** What fast-xml-parser gives with `preserveOrder`: `{name: children, ":@": attributes}`, `{"#text": text}`. */
type ParsedNode = Readonly<Record<string, unknown>>

function element(name: string, attributes: XmlElement['attributes'], children: XmlElement['children']): XmlElement {
  return { name, attributes, children }
}

function childrenOf(nodes: readonly ParsedNode[]): (XmlElement | string)[] {
  return nodes.flatMap((node): (XmlElement | string)[] => {
    const name = Object.keys(node).find((key) => key !== ':@') ?? ''
    const value = node[name]
    if (name === '#text') return [String(value)]
    const inner = Array.isArray(value) ? (value as readonly ParsedNode[]) : []
    if (name === CDATA) return inner.map((each) => String(each['#text'] ?? ''))
    const attributes = new Map(
      Object.entries((node[':@'] ?? {}) as Record<string, unknown>).map(([key, each]) => [key, String(each)]),
    )
    return [element(name, attributes, childrenOf(inner))]
  })
}

/** The text when it is XML, with blanks between attributes that have none. */
function check(text: string): string {
  const result = XMLValidator.validate(text)
  if (result === true) return text
  const spaced = text.replace(TAG, (tag) => tag.replace(/("[^"]*"|'[^']*')(?=[^\s/>?])/g, '$1 '))
  const again = spaced === text ? result : XMLValidator.validate(spaced)
  if (again === true) return spaced
  const { msg, line } = result.err
  throw new MappingError(`XML syntax error on line ${line}: ${msg}`)
}

const TAG = /<[A-Za-z_:](?:"[^"]*"|'[^']*'|[^'">])*>/g
