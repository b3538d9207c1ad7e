import type { ReplyEntry } from '../../mapping/context.ts'
import { MappingError } from '../../mapping/value.ts'

type Branch = { [name: string]: Node }
type Node = string | Branch | Node[]

/**
 * Entries as nested objects by their path: a path that is written twice is a list, `new_branch` a new object in a list at its first
 * step. Values are texts. Reference 07, 4.
 */
export function jsonReply(entries: readonly ReplyEntry[]): string {
  const root: Branch = Object.create(null) as Branch
  for (const { path, newBranch, value } of entries) {
    const steps = path.split('.')
    const leaf = steps.pop() ?? ''
    let branch = root
    for (const [depth, name] of steps.entries()) branch = below(branch, name, newBranch && depth === 0, path)
    const held = branch[leaf]
    if (held === undefined) branch[leaf] = value
    else if (typeof held === 'string') branch[leaf] = [held, value]
    else if (Array.isArray(held)) held.push(value)
    else throw new MappingError('WRONG_PATH')
  }
  return JSON.stringify(root)
}

/** The object that a step goes on in; isNew: another one beside those that are there. */
function below(branch: Branch, name: string, isNew: boolean, path: string): Branch {
  const held = branch[name]
  const last = Array.isArray(held) ? held.at(-1) : held
  if (typeof last === 'string') throw new MappingError(`WRONG_PATH: *rep.${path}`)
  if (last !== undefined && !Array.isArray(last) && !isNew) return last
  const made = Object.create(null) as Branch
  if (held === undefined) branch[name] = isNew ? [made] : made
  else if (Array.isArray(held)) held.push(made)
  else branch[name] = [held, made]
  return made
}
