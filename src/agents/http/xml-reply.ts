import type { ReplyEntry } from '../../mapping/context.ts'

type Node = { name: string; attributes: Map<string, string>; text: string; children: Node[] }

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'

/**
 * Entries as elements, each below the last one of its path; `new_branch` starts at the top again, away from all before it;
 * `attribute_id` is an attribute of the element. Two blanks for each level, no newline at the end. Reference 07, 4.
 */
export function xmlReply(entries: readonly ReplyEntry[]): string {
  const roots: Node[] = []
  // Elements that the next entry may go on in: those since the last branch.
  let open: Node[] = []
  for (const { path, newBranch, value, attributeId } of entries) {
    // An attribute belongs to the element that is there, whatever branch it names.
    if (newBranch && attributeId === '') open = []
    let siblings = open
    let node: Node | undefined
    for (const name of path.split('.')) {
      node = siblings.findLast((each) => each.name === name)
      if (node === undefined) {
        node = { name, attributes: new Map(), text: '', children: [] }
        siblings.push(node)
        if (siblings === open) roots.push(node)
      }
      siblings = node.children
    }
    if (node === undefined) continue
    if (attributeId === '') node.text = value
    else node.attributes.set(attributeId, value)
  }
  return [DECLARATION, ...roots.map((node) => written(node, ''))].join('\n')
}

function written({ name, attributes, text, children }: Node, indent: string): string {
  const opening = `${indent}<${name}${[...attributes].map(([key, value]) => ` ${key}="${escaped(value)}"`).join('')}>`
  if (children.length === 0) return `${opening}${escaped(text)}</${name}>`
  const inner = children.map((child) => written(child, `${indent}  `))
  return [`${opening}${escaped(text)}`, ...inner, `${indent}</${name}>`].join('\n')
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&#34;',
  "'": '&#39;',
  '\n': '&#xA;',
  '\t': '&#x9;',
  '\r': '&#xD;',
}

/** As Go escapes; what XML cannot hold becomes U+FFFD. */
function escaped(text: string): string {
  return [...text.toWellFormed()].map((char) => ESCAPES[char] ?? (char < ' ' ? '\ufffd' : char)).join('')
}
