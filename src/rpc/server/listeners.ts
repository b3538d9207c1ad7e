import type { BasicAuth } from './basic-auth.ts'
import { guardPage, guardUpgrade } from './basic-auth.ts'
import type { BiConnections } from './bidirectional.ts'
import { type CdrPageOptions, formCdrPage, freeSwitchCdrPage } from './cdr-pages.ts'
import type { Dispatcher } from './dispatcher.ts'
import { listenBiGob, listenGob } from './gob-listeners.ts'
import { GobMethods } from './gob-rpc.ts'
import { listenHttp, type Page, Pages, sendText } from './http-listener.ts'
import { listenBiJson, listenJson, type RpcListenerOptions } from './json-listeners.ts'
import { jsonPage, peerOfRequest } from './json-page.ts'
import { profilePage } from './profile-pages.ts'
import type { ConnectionLimits } from './rpc-connection.ts'
import type { Listener, TlsSettings } from './tcp-listener.ts'
import { WebSockets } from './web-socket.ts'

/** Keys of section `listen`. */
export type ListenerKey =
  | 'rpc_json'
  | 'rpc_json_tls'
  | 'rpc_gob'
  | 'rpc_gob_tls'
  | 'http'
  | 'http_tls'
  | 'birpc_json'
  | 'birpc_gob'

export type ListenersSettings = {
  /** `host:port` of each; '' or absent: not opened. Those of TLS need `tls`. */
  readonly listen: Readonly<Partial<Record<ListenerKey, string>>>
  readonly tls: TlsSettings | undefined
  readonly http: {
    readonly jsonRpcUrl: string
    readonly webSocketUrl: string
    readonly profileUrl: string
    readonly users: BasicAuth
    /** Take CDRs; '' for none. */
    readonly formCdrsUrl: string
    readonly freeSwitchCdrsUrl: string
    readonly extraCdrFields: CdrPageOptions['extraFields']
    readonly refusedCdr: CdrPageOptions['refused']
    /** More pages by path, with what an identity needs the right for; '' for pages that anybody may see. */
    readonly pages: readonly { readonly path: string; readonly right: string; readonly page: Page }[]
  }
  readonly limits: ConnectionLimits & { readonly maxConnections: number }
  /** Is told of every client that can be called back. */
  readonly clients: BiConnections
  /** How long calls under way may take when the listeners close. */
  readonly graceMs: number
}

/** Every listener of RPC, open together. Reference 01, 7. */
export class RpcListeners {
  readonly #dispatcher: Dispatcher
  readonly #settings: ListenersSettings
  readonly #open = new Map<ListenerKey, Listener>()
  readonly #webSockets: WebSockets[] = []
  readonly #gobMethods: GobMethods

  constructor(dispatcher: Dispatcher, settings: ListenersSettings) {
    this.#dispatcher = dispatcher
    this.#gobMethods = new GobMethods(dispatcher)
    this.#settings = settings
  }

  /** Opens every listener that is configured. Throws when one cannot be opened; then none stays open. */
  async open(): Promise<void> {
    try {
      await this.#openTcp('rpc_json', undefined, listenJson)
      await this.#openTcp('rpc_gob', undefined, listenGob)
      await this.#openHttp('http', undefined)
      await this.#openTcp('birpc_json', undefined, listenBiJson)
      await this.#openTcp('birpc_gob', undefined, listenBiGob)
      if (this.#settings.tls === undefined) return
      await this.#openTcp('rpc_json_tls', this.#settings.tls, listenJson)
      await this.#openTcp('rpc_gob_tls', this.#settings.tls, listenGob)
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

  async #openTcp(
    listener: ListenerKey,
    tls: TlsSettings | undefined,
    open: (address: string, options: RpcListenerOptions) => Promise<Listener>,
  ): Promise<void> {
    const { listen, limits, clients: connections } = this.#settings
    const address = listen[listener]
    if (!address) return
    const { maxConnections } = limits
    const options = {
      dispatcher: this.#dispatcher,
      limits,
      listener,
      tls,
      maxConnections,
      connections,
      gobMethods: this.#gobMethods,
    }
    this.#open.set(listener, await open(address, options))
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
    const cdrs = {
      dispatcher: this.#dispatcher,
      listener,
      maxRequest: limits.maxRequest,
      extraFields: http.extraCdrFields,
      refused: http.refusedCdr,
    }
    pages.set(http.formCdrsUrl, guardPage(http.users, formCdrPage(cdrs)))
    pages.set(http.freeSwitchCdrsUrl, guardPage(http.users, freeSwitchCdrPage(cdrs)))
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
