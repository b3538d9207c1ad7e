import type { XmlElement } from '../../mapping/xml/xml-document.ts'
import { compileXmlElements, xmlSteps } from '../../mapping/xml/xml-path.ts'

/** Steps of `xmlRootPath`, which are apart by `/` when it has one, else by dots. Reference 09, A8. */
export function rootSteps(path: string): string[] {
  return path.includes('/') ? path.split('/').filter((step) => step !== '') : xmlSteps(path)
}

/** The records of a document: the elements at that path, the document itself without one. Throws TemplateError. */
export function xmlRecords(document: XmlElement, root: readonly string[]): readonly XmlElement[] {
  return compileXmlElements(root)(document)
}
