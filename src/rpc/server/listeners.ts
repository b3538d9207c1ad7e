import type { BasicAuth } from './basic-auth.ts'
import { guardPage, guardUpgrade } from './basic-auth.ts'
import type { BiConnections } from './bidirectional.ts'
import type { Dispatcher } from './dispatcher.ts'
import { listenHttp, type Page, Pages, sendText } from './http-listener.ts'
import type { ConnectionLimits } from './json-connection.ts'
import { listenBiJson, listenJson } from './json-listeners.ts'
import { jsonPage, peerOfRequest } from './json-page.ts'
import { profilePage } from './profile-pages.ts'
import type { Listener, TlsSettings } from './tcp-listener.ts'
import { WebSockets } from './web-socket.ts'

/** Keys of section `listen` that carry JSON. */
export type ListenerKey = 'rpc_json' | 'rpc_json_tls' | 'http' | 'http_tls' | 'birpc_json'

export type ListenersSettings = {
  /** `host:port` of each; '' or absent: not opened. Those of TLS need `tls`. */
  readonly listen: Readonly<Partial<Record<ListenerKey, string>>>
  readonly tls: TlsSettings | undefined
  readonly http: {
    readonly jsonRpcUrl: string
    readonly webSocketUrl: string
    readonly profileUrl: string
    readonly users: BasicAuth
    /** More pages by path, with what an identity needs the right for; '' for pages that anybody may see. */
    readonly pages: readonly { readonly path: string; readonly right: string; readonly page: Page }[]
  }
  readonly limits: ConnectionLimits & { readonly maxConnections: number }
  /** Is told of every client that can be called back. */
  readonly clients: BiConnections
  /** How long calls under way may take when the listeners close. */
  readonly graceMs: number
}

/** Every listener of JSON-RPC, open together. Reference 01, 7. */
export class RpcListeners {
  readonly #dispatcher: Dispatcher
  readonly #settings: ListenersSettings
  readonly #open = new Map<ListenerKey, Listener>()
  readonly #webSockets: WebSockets[] = []

  constructor(dispatcher: Dispatcher, settings: ListenersSettings) {
    this.#dispatcher = dispatcher
    this.#settings = settings
  }

  /** Opens every listener that is configured. Throws when one cannot be opened; then none stays open. */
  async open(): Promise<void> {
    try {
      await this.#openJson('rpc_json', undefined)
      await this.#openHttp('http', undefined)
      await this.#openBiJson()
      if (this.#settings.tls === undefined) return
      await this.#openJson('rpc_json_tls', this.#settings.tls)
      await this.#openHttp('http_tls', this.#settings.tls)
    } catch (cause) {
      await this.close()
      throw cause
    }
  }

  /** Where a listener is reached, undefined when it is not open. */
  address(key: ListenerKey): string | undefined {
    return this.#open.get(key)?.address
  }

  /** Connections that are open, by listener. */
  connectionCounts(): ReadonlyMap<ListenerKey, number> {
    return new Map([...this.#open].map(([key, listener]) => [key, listener.connections()]))
  }

  /** Takes nothing more, answers what is under way, closes. */
  async close(): Promise<void> {
    for (const each of this.#webSockets) each.drain()
    await Promise.all([...this.#open.values()].map((listener) => listener.close(this.#settings.graceMs)))
    this.#open.clear()
  }

  async #openJson(listener: ListenerKey, tls: TlsSettings | undefined): Promise<void> {
    const { listen, limits } = this.#settings
    const address = listen[listener]
    if (!address) return
    const options = { dispatcher: this.#dispatcher, limits, listener, tls, maxConnections: limits.maxConnections }
    this.#open.set(listener, await listenJson(address, options))
  }

  async #openBiJson(): Promise<void> {
    const { listen, limits, clients } = this.#settings
    const listener = 'birpc_json'
    const address = listen[listener]
    if (!address) return
    const { maxConnections } = limits
    const options = { dispatcher: this.#dispatcher, limits, listener, tls: undefined, maxConnections }
    this.#open.set(listener, await listenBiJson(address, options, clients))
  }

  async #openHttp(listener: ListenerKey, tls: TlsSettings | undefined): Promise<void> {
    const { listen, limits } = this.#settings
    const address = listen[listener]
    if (!address) return
    this.#open.set(listener, await listenHttp(address, { ...limits, listener, tls }, this.#pages(listener)))
  }

  #pages(listener: ListenerKey): Pages {
    const { http, limits } = this.#settings
    const webSockets = new WebSockets(this.#dispatcher, limits, listener)
    this.#webSockets.push(webSockets)
    const pages = new Pages()
    const profiles = this.#guarded(listener, 'HTTP.pprof', profilePage(http.profileUrl))
    pages.set(http.jsonRpcUrl, guardPage(http.users, jsonPage(this.#dispatcher, limits, listener)))
    pages.set(http.webSocketUrl, guardPage(http.users, webSockets.page))
    pages.setUpgrade(http.webSocketUrl, guardUpgrade(http.users, webSockets.upgrade))
    pages.set(http.profileUrl, guardPage(http.users, profiles))
    for (const { path, right, page } of http.pages)
      pages.set(path, right === '' ? page : this.#guarded(listener, right, page))
    return pages
  }

  /** A page for those who have the right, where callers must be known. */
  #guarded(listener: ListenerKey, right: string, page: Page): Page {
    return (request, response, visit) => {
      if (this.#dispatcher.allows(peerOfRequest(request, visit, listener), right)) page(request, response, visit)
      else {
        request.resume()
        sendText(response, 403, 'UNAUTHORIZED_API\n')
      }
    }
  }
}
