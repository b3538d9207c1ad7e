import { type Network, parseNetwork } from '../../filters/ip-network.ts'

/** What is kept by client address: one address, a network (`10.0.0.0/8`), or `*default` for all others. Reference 07, 3.1. */
export class ByClient<V> {
  readonly #values: Readonly<Record<string, V>>
  /** Networks, the longest prefix first. */
  readonly #networks: readonly { contains: Network; prefix: number; value: V }[]

  constructor(values: Readonly<Record<string, V>>) {
    this.#values = values
    this.#networks = Object.entries(values)
      .flatMap(([key, value]) => {
        const contains = key.includes('/') ? parseNetwork(key) : undefined
        return contains === undefined ? [] : [{ contains, prefix: Number(key.slice(key.indexOf('/') + 1)), value }]
      })
      .sort((a, b) => b.prefix - a.prefix)
  }

  /** The value of a client, by its address without port; undefined: there is none, nor a default. */
  of(address: string): V | undefined {
    if (Object.hasOwn(this.#values, address)) return this.#values[address]
    return this.#networks.find(({ contains }) => contains(address))?.value ?? this.#values['*default']
  }
}
