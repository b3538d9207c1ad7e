import type { MessageReader } from '../../mapping/context.ts'
import { TemplateError, type Value } from '../../mapping/value.ts'
import type { AttributeDefinition, RadiusDictionary } from '../../protocol/radius/dictionary.ts'
import type { RadiusMessage } from '../../protocol/radius/message.ts'

/**
 * Selectors of attributes: `Attr` or `Vendor.Attr`, the first that there is; `[n]` behind it is another, from the end when negative. What no
 * dictionary has is not found, and so is a deeper path. Reference 07, 3.2.
 */
export class RadiusReader implements MessageReader<RadiusMessage, never> {
  readonly #dictionary: RadiusDictionary

  constructor(dictionary: RadiusDictionary) {
    this.#dictionary = dictionary
  }

  compileRequestPath(path: string): (message: RadiusMessage) => Value {
    const { names, index } = namesOf(path)
    const definition = attributeAt(this.#dictionary, names)
    if (definition === undefined) return () => undefined
    return (message) => message.read(definition, index)
  }

  knows(path: string): boolean {
    return attributeAt(this.#dictionary, namesOf(path).names) !== undefined
  }

  compileItemPath(): never {
    throw new TemplateError('a RADIUS packet has no groups: "for_each" is not for it')
  }

  compileGroupPath(): never {
    throw new TemplateError('a RADIUS packet has no groups: "for_each" is not for it')
  }
}

function namesOf(path: string): { names: string; index: number } {
  const [, names = path, index = '0'] = /^(.*)\[([+-]?\d{1,9})\]$/.exec(path) ?? []
  return { names, index: Number(index) }
}

/** The attribute of a path `Attr` or `Vendor.Attr`; names may have dots of their own. */
export function attributeAt(dictionary: RadiusDictionary, path: string): AttributeDefinition | undefined {
  const dot = path.indexOf('.')
  const ofVendor = dot < 0 ? undefined : dictionary.byVendorName(path.slice(0, dot), path.slice(dot + 1))
  return ofVendor ?? dictionary.byName(path)
}
