import { hash } from 'node:crypto'
import type { Method } from '../method.ts'
import { RpcError } from '../rpc-error.ts'
import { tenantsOf } from './argument-tenants.ts'
import type { Peer } from './peer.ts'
import { RateLimit } from './rate-limit.ts'

/** One caller that is known, with its rights. Section `access`. */
export type IdentitySettings = {
  readonly id: string
  /** SHA-256 of its keys, hex. */
  readonly keySha256: readonly string[]
  /** Names of its certificates: `CN:x`, `DNS:x`, `URI:x`, `sha256:hex`. */
  readonly certificates: readonly string[]
  /** Keys of section `listen` that it may come in by; none: all. */
  readonly listeners: readonly string[]
  /** `*`, `Service.*`, `Service.Get*` or whole names. */
  readonly methods: readonly string[]
  /** Tenants that it may name; none: all. */
  readonly tenants: readonly string[]
  /** Calls a second, 0: no limit of its own. */
  readonly rateLimit: number
}

export type AccessSettings = {
  /** Keys of section `listen` whose callers must be known. On the others anybody may call everything. */
  readonly listeners: readonly string[]
  readonly identities: readonly IdentitySettings[]
  /** Calls a second of one identity, or of one address where callers are not known; 0: no limit. */
  readonly rateLimit: number
  /** Stands for a tenant that is left out. */
  readonly defaultTenant: string
}

type Identity = IdentitySettings & { readonly allows: (method: string) => boolean; readonly perSecond: number }

/** What a caller may do, once it is known who calls. undefined where nobody is asked. */
export type Grant = Identity | undefined

/** Nobody is asked, nothing is limited. */
export const NO_ACCESS_RULES: AccessSettings = { listeners: [], identities: [], rateLimit: 0, defaultTenant: '' }

/** Who may call what. Keys and certificates are never part of a message. */
export class Access {
  readonly #listeners: ReadonlySet<string>
  readonly #byName = new Map<string, Identity>()
  readonly #settings: AccessSettings
  readonly #rate = new RateLimit()

  constructor(settings: AccessSettings) {
    this.#settings = settings
    this.#listeners = new Set(settings.listeners)
    for (const each of settings.identities) {
      const perSecond = each.rateLimit || settings.rateLimit
      const identity: Identity = { ...each, allows: matcher(each.methods), perSecond }
      for (const key of each.keySha256) this.#byName.set(`key:${key.toLowerCase()}`, identity)
      for (const name of each.certificates) this.#byName.set(name, identity)
    }
  }

  /** Whether callers that come in by a listener must be known. */
  asks(listener: string): boolean {
    return this.#listeners.has(listener)
  }

  /** Who calls. apiKey: that of the call itself, '' for none. Throws RpcError: not known, not here, too often. */
  admit(peer: Peer, apiKey: string, nowMs: number): Grant {
    const grant = this.asks(peer.listener) ? this.#identify(peer, apiKey || peer.apiKey) : undefined
    const caller = grant === undefined ? peer.address : `identity ${grant.id}`
    const perSecond = grant === undefined ? this.#settings.rateLimit : grant.perSecond
    if (!this.#rate.allows(caller, perSecond, nowMs)) throw new RpcError('RATE_LIMIT_EXCEEDED')
    return grant
  }

  #identify({ listener, certificateNames }: Peer, apiKey: string): Identity {
    const names = apiKey === '' ? certificateNames : [`key:${hash('sha256', apiKey)}`]
    const identity = names.map((name) => this.#byName.get(name)).find((each) => each !== undefined)
    if (identity === undefined) throw new RpcError('UNKNOWN_API_KEY')
    if (identity.listeners.length > 0 && !identity.listeners.includes(listener)) throw new RpcError('UNAUTHORIZED_API')
    return identity
  }

  /** Throws RpcError unless the grant covers the tenants that an argument names. One that names none covers all of them. */
  checkTenants(grant: Grant, { params, name }: Method, argument: unknown): void {
    if (grant === undefined || grant.tenants.length === 0 || name.endsWith('.Ping')) return
    const named = tenantsOf(params, argument, this.#settings.defaultTenant)
    if (named.length === 0 || named.some((tenant) => !grant.tenants.includes(tenant)))
      throw new RpcError('UNAUTHORIZED_API')
  }
}

/** Whether a name is among patterns, which end in * where any ending will do. */
function matcher(patterns: readonly string[]): (name: string) => boolean {
  const exact = new Set(patterns.filter((pattern) => !pattern.endsWith('*')))
  const beginnings = patterns.filter((pattern) => pattern.endsWith('*')).map((pattern) => pattern.slice(0, -1))
  return (name) => exact.has(name) || beginnings.some((beginning) => name.startsWith(beginning))
}
