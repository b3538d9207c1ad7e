import { MappingError } from './value.ts'

/** One entry of what is built, in the order in which it goes out. Reference 07, 1.7. */
export type ReplyEntry = {
  path: string
  /** Starts a new group, element or record. */
  newBranch: boolean
  value: string
  /** Number of the repeated group that is being answered, -1 outside of one. */
  instance: number
  /** Name of the XML attribute that the value becomes; empty: it is the element's text. */
  attributeId: string
}

/** What goes with a value to its entry. */
export type EntryMarks = { newBranch: boolean; attributeId: string }

const NO_MARKS: EntryMarks = { newBranch: false, attributeId: '' }
const DOT = 0x2e

/**
 * A container that remembers the order of writing: a protocol reply, a CSV row. Overwriting or composing moves an entry to the
 * end, a group adds one. Reference 02, 2.3.
 */
export class OrderedEntries {
  readonly #entries: ReplyEntry[] = []

  get entries(): readonly ReplyEntry[] {
    return this.#entries
  }

  /** Replaces what stands at that path, or below it, by one entry. Throws MappingError `WRONG_PATH` below an entry. */
  set(path: string, newBranch: boolean, value: string, instance: number, attributeId = ''): void {
    const entries = this.#entries
    for (let i = entries.length - 1; i >= 0; i--) {
      const entry = entries[i]
      if (entry !== undefined && entry.instance === instance && covers(path, entry.path)) entries.splice(i, 1)
    }
    entries.push({ path, newBranch, value, instance, attributeId })
  }

  /** Appends to the text of the last entry at that path; it keeps its place when it is one of several. Throws as `set`. */
  compose(path: string, newBranch: boolean, value: string, instance: number, attributeId = ''): void {
    const entries = this.#entries
    let last: ReplyEntry | undefined
    let count = 0
    for (const entry of entries) {
      if (entry.instance !== instance) continue
      if (entry.path === path) {
        last = entry
        count++
      } else if (covers(path, entry.path)) throw new MappingError('WRONG_PATH')
    }
    if (last !== undefined && count > 1) last.value += value
    else this.set(path, newBranch, (last?.value ?? '') + value, instance, attributeId)
  }

  /** Adds an entry beside those at that path. Throws MappingError `WRONG_PATH` where there is a group, or below an entry. */
  push(path: string, newBranch: boolean, value: string, instance: number, attributeId = ''): void {
    for (const entry of this.#entries) {
      if (entry.instance !== instance || entry.path === path) continue
      if (covers(path, entry.path)) throw new MappingError('WRONG_PATH')
    }
    this.#entries.push({ path, newBranch, value, instance, attributeId })
  }

  /**
   * Writes one of the entries at that path by its index; the next free index adds one. Throws MappingError `NOT_FOUND` beyond it.
   */
  setAt(path: string, index: number, value: string, instance: number, marks = NO_MARKS): void {
    const held = this.#all(path, instance)
    if (index > held.length || index < 0) throw new MappingError('NOT_FOUND')
    const entry = held[index]
    if (entry !== undefined) this.#entries.splice(this.#entries.indexOf(entry), 1)
    this.push(path, marks.newBranch, value, instance, marks.attributeId)
  }

  /** The last value under that path, '' when there is none. */
  get(path: string, instance: number): string {
    return this.#entries.findLast((entry) => entry.path === path && entry.instance === instance)?.value ?? ''
  }

  /** One of the values at that path; a negative index counts from the end. Undefined: there is none. */
  at(path: string, index: number, instance: number): string | undefined {
    return this.#all(path, instance).at(index)?.value
  }

  /** How many values stand at that path. */
  count(path: string, instance: number): number {
    return this.#all(path, instance).length
  }

  has(path: string): boolean {
    return this.#entries.some((entry) => entry.path === path)
  }

  /** Removes what stands at that path and below it; with an index only one of several. */
  remove(path: string, instance: number, index?: number): void {
    const entry = index === undefined ? undefined : this.#all(path, instance).at(index)
    for (let i = this.#entries.length - 1; i >= 0; i--) {
      const each = this.#entries[i]
      if (each === undefined || each.instance !== instance) continue
      if (index === undefined ? each.path === path || each.path.startsWith(`${path}.`) : each === entry)
        this.#entries.splice(i, 1)
    }
  }

  clear(): void {
    this.#entries.length = 0
  }

  #all(path: string, instance: number): ReplyEntry[] {
    return this.#entries.filter((entry) => entry.path === path && entry.instance === instance)
  }
}

/** Whether `other` is the path or lies below it. Throws MappingError when the path lies below `other`, which holds a value. */
function covers(path: string, other: string): boolean {
  if (other.length === path.length) return other === path
  if (other.length > path.length) return other.charCodeAt(path.length) === DOT && other.startsWith(path)
  if (path.charCodeAt(other.length) === DOT && path.startsWith(other)) throw new MappingError('WRONG_PATH')
  return false
}
