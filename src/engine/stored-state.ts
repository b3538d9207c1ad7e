import type { DataStore } from '../store/data-store.ts'

/** Prefixes of the keys of heads, and of parts: `<prefix><key of the head>/<number>`. */
export type StatePrefixes = { readonly heads: string; readonly parts: string }

/** What a store has of a service's items: for each a head, and its parts. Reference 10, A12. */
export class StoredState {
  readonly #heads = new Map<string, string>()
  /** By the key of the head: key and text of each. */
  readonly #parts = new Map<string, [key: string, text: string][]>()

  static async read(store: DataStore, prefixes: StatePrefixes): Promise<StoredState> {
    const state = new StoredState()
    for await (const [key, { value }] of store.scan('state', { prefix: prefixes.heads }))
      state.#heads.set(key.slice(prefixes.heads.length), value)
    for await (const [key, { value }] of store.scan('state', { prefix: prefixes.parts })) {
      const owner = key.slice(prefixes.parts.length, key.lastIndexOf('/'))
      const held = state.#parts.get(owner)
      if (held === undefined) state.#parts.set(owner, [[key, value]])
      else held.push([key, value])
    }
    return state
  }

  /** Takes out what belongs to an item; undefined: it has no head. key: that of its head, without its prefix. */
  take(key: string): { head: string; parts: string[] } | undefined {
    const head = this.#heads.get(key)
    const parts = (this.#parts.get(key) ?? []).map(([, text]) => text)
    this.#heads.delete(key)
    this.#parts.delete(key)
    return head === undefined ? undefined : { head, parts }
  }

  /** Keys of what nobody has taken: heads without their prefix, parts whole. */
  get left(): { heads: Iterable<string>; parts: string[] } {
    return { heads: this.#heads.keys(), parts: [...this.#parts.values()].flat().map(([key]) => key) }
  }
}
