import type { MessageReader } from '../../mapping/context.ts'
import { TemplateError } from '../../mapping/value.ts'
import { textBelow, type XmlElement } from '../../mapping/xml/xml-document.ts'
import { compileXmlText, xmlSteps } from '../../mapping/xml/xml-path.ts'

/**
 * Selectors of records of XML files: paths from the root of the document, of which as many steps are left out as the path of the records
 * has; a path of no more steps is the text of the record. Reference 02, 2.4; 09, A8.
 */
export function xmlReader(rootDepth: number): MessageReader<XmlElement, never> {
  return {
    compileRequestPath(path) {
      const steps = xmlSteps(path)
      if (steps.length < rootDepth) throw new TemplateError('xml_root_path length exceeds value rule elements')
      return steps.length === rootDepth ? textBelow : compileXmlText(steps.slice(rootDepth))
    },
    compileItemPath() {
      throw new TemplateError('a record of XML has no groups: "for_each" is not for it')
    },
    compileGroupPath() {
      throw new TemplateError('a record of XML has no groups: "for_each" is not for it')
    },
  }
}
