import { createServer, type Server, type Socket } from 'node:net'
import { type ListenAddress, ListenFailure } from '../../core/listen-address.ts'

/** The TCP addresses that an agent listens on, opened and closed while it runs. */
export class Listeners {
  readonly #accept: (socket: Socket) => void
  /** By the address as it is configured. */
  readonly #servers = new Map<string, Server>()

  constructor(accept: (socket: Socket) => void) {
    this.#accept = accept
  }

  /**
   * Opens those that are not open; resolves to the addresses that are listened on. Rejects with ListenFailure, and leaves open
   * what was open before.
   */
  async open(listeners: readonly ListenAddress[]): Promise<string[]> {
    const opened = await Promise.allSettled(
      listeners.map((listener, i) => this.#open(listener, `diameter_agent.listeners[${i}].address`)),
    )
    const failed = opened.find((each) => each.status === 'rejected')
    if (failed === undefined) return opened.flatMap((each) => (each.status === 'fulfilled' ? [each.value.bound] : []))
    for (const each of opened) {
      if (each.status === 'rejected' || !each.value.isNew) continue
      this.#servers.get(each.value.address)?.close()
      this.#servers.delete(each.value.address)
    }
    throw failed.reason
  }

  /** Closes those that are not among these. */
  keep(listeners: readonly ListenAddress[]): void {
    const named = new Set(listeners.map(addressOf))
    for (const [address, server] of this.#servers) {
      if (named.has(address)) continue
      server.close()
      this.#servers.delete(address)
    }
  }

  /** Stops accepting; resolves when every connection has ended. */
  async close(): Promise<void> {
    const servers = [...this.#servers.values()]
    this.#servers.clear()
    await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))))
  }

  #open({ host, port }: ListenAddress, key: string): Promise<{ address: string; bound: string; isNew: boolean }> {
    const address = addressOf({ host, port })
    const held = this.#servers.get(address)
    if (held !== undefined) return Promise.resolve({ address, bound: boundTo(held), isNew: false })
    return new Promise((resolve, reject) => {
      const server = createServer((socket) => this.#accept(socket))
      server.once('error', (cause) => reject(new ListenFailure(key, { host, port }, cause)))
      server.listen(port, host, () => {
        this.#servers.set(address, server)
        resolve({ address, bound: boundTo(server), isNew: true })
      })
    })
  }
}

function addressOf({ host, port }: ListenAddress): string {
  return `${host}:${port}`
}

function boundTo(server: Server): string {
  const address = server.address()
  return typeof address === 'object' && address !== null ? `${address.address}:${address.port}` : String(address)
}
