import type { ReplyEntry } from '../../mapping/context.ts'
import { MappingError, TemplateError } from '../../mapping/value.ts'
import type { AvpDefinition, Dictionary } from '../../protocol/diameter/dictionary.ts'
import { encodeAvp } from '../../protocol/diameter/types.ts'
import type { MessageWriter } from '../../protocol/diameter/writer.ts'

type Node = { definition: AvpDefinition; instance: number; text: string; children: Node[] }

/** Writes reply entries as AVPs, level by level: the last A, in it the last B, what is missing is made. Reference 07, 2.5. */
export class ReplyEncoder {
  readonly #dictionary: Dictionary
  readonly #applicationId: number
  readonly #paths = new Map<string, readonly AvpDefinition[]>()

  constructor(dictionary: Dictionary, applicationId: number) {
    this.#dictionary = dictionary
    this.#applicationId = applicationId
  }

  /** Compiles a path ahead of use. Throws TemplateError when an AVP of it is in no dictionary or cannot hold the next. */
  compile(path: string): void {
    this.#paths.set(path, this.#resolve(path))
  }

  /** Appends the entries to the message that the writer has begun. Throws MappingError when a value is none of its type. */
  encode(entries: readonly ReplyEntry[], writer: MessageWriter): void {
    const roots: Node[] = []
    for (const entry of entries) this.#place(roots, entry)
    for (const node of roots) writeNode(node, writer)
  }

  #place(roots: Node[], { path, newBranch, value, instance }: ReplyEntry): void {
    const definitions = this.#paths.get(path) ?? this.#resolve(path)
    const leaf = definitions.length - 1
    let siblings = roots
    for (let depth = 0; depth < leaf; depth++) {
      const definition = definitions[depth]
      if (definition === undefined) return
      let node = newBranch ? undefined : lastOf(siblings, definition, depth === 0 ? instance : undefined)
      if (node === undefined) {
        node = { definition, instance, text: '', children: [] }
        siblings.push(node)
      }
      siblings = node.children
    }
    const definition = definitions[leaf]
    if (definition === undefined) return
    const held = leaf === 0 && !newBranch ? lastOf(siblings, definition, undefined) : undefined
    if (held !== undefined) {
      held.text = value
      held.instance = instance
    } else siblings.push({ definition, instance, text: value, children: NO_CHILDREN })
  }

  #resolve(path: string): AvpDefinition[] {
    const names = path.split('.')
    return names.map((name, i) => {
      const definition = this.#dictionary.byName(this.#applicationId, name)
      if (definition === undefined)
        throw new TemplateError(`*rep.${path}: AVP ${JSON.stringify(name)} is in no dictionary`)
      if ((definition.type === 'Grouped') !== i < names.length - 1) {
        throw new TemplateError(`*rep.${path}: AVP ${name} is of type ${definition.type}, which cannot stand there`)
      }
      return definition
    })
  }
}

const NO_CHILDREN: Node[] = []

/** The last sibling of that AVP, undefined when there is none; instance: only one that answers that group. */
function lastOf(siblings: readonly Node[], definition: AvpDefinition, instance: number | undefined): Node | undefined {
  for (let i = siblings.length - 1; i >= 0; i--) {
    const node = siblings[i]
    if (node?.definition === definition && (instance === undefined || node.instance === instance)) return node
  }
  return undefined
}

function writeNode({ definition, text, children }: Node, writer: MessageWriter): void {
  const { type, code, vendorId, name } = definition
  if (type === 'Grouped') {
    writer.openGroup(code, vendorId)
    for (const child of children) writeNode(child, writer)
    writer.closeGroup()
  } else if (!encodeAvp(writer, type, code, vendorId, text)) {
    throw new MappingError(`AVP ${name} of type ${type} cannot hold ${JSON.stringify(text)}`)
  }
}
