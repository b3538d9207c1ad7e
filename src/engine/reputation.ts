import type { Config } from '../config/schema.ts'
import type { Evaluations } from '../core/evaluations.ts'
import type { ReputationLookup } from '../filters/reputation-rules.ts'
import type { BoundedCache } from '../mapping/bounded-cache.ts'
import { MappingError } from '../mapping/value.ts'
import type { HttpClient } from '../rpc/client/http-client.ts'
import { APIBAN_URL, Apiban } from './apiban.ts'
import { boundedCache } from './mapping-sources.ts'
import { SentryPeer } from './sentry-peer.ts'

export type ReputationOptions = {
  evaluations: Evaluations
  client: HttpClient
  /** Read at each question. */
  config: () => Config
  apibanUrl?: string
  now?: () => number
}

/** How long the list of APIBAN is good when the configuration does not say, ns. */
const LIST_TTL = 120_000_000_000n

/** What APIBAN and SentryPeer say, kept as long as the partitions `*apiban` and `*sentrypeer` of the cache say. Reference 02, 6.3. */
export class Reputation implements ReputationLookup {
  readonly #evaluations: Evaluations
  readonly #apiban: Apiban
  readonly #sentryPeer: SentryPeer
  readonly #listLifeMs: () => number
  readonly #partition: (name: '*apiban' | '*sentrypeer') => BoundedCache

  constructor({ evaluations, client, config, apibanUrl = APIBAN_URL, now = Date.now }: ReputationOptions) {
    const timeoutMs = () => Number(config().general.reply_timeout / 1_000_000n)
    this.#evaluations = evaluations
    this.#apiban = new Apiban({ client, url: apibanUrl, keys: () => config().apiban.keys, timeoutMs, now })
    this.#sentryPeer = new SentryPeer({ client, settings: () => config().sentrypeer, timeoutMs })
    this.#listLifeMs = () => Number((config().caches.partitions['*apiban']?.ttl ?? LIST_TTL) / 1_000_000n)
    const caches = new Map<string, BoundedCache>()
    this.#partition = (name) => {
      const held = caches.get(name) ?? boundedCache(config().caches.partitions[name], now)
      caches.set(name, held)
      return held
    }
  }

  isBanned(address: string, by: 'list' | 'address'): boolean {
    if (by === 'address') return this.#told('*apiban', `check ${address}`, () => this.#apiban.isBanned(address))
    const fresh = this.#apiban.fresh(this.#listLifeMs())
    if (fresh !== undefined) return fresh.has(address)
    const answer = this.#evaluations.ask('*apiban list', async () => ({ list: await this.#apiban.banned() }))
    if (answer === undefined) throw nobodyWaits('*apiban')
    return answer.list.has(address)
  }

  isKnown(what: string, kind: 'address' | 'number'): boolean {
    return this.#told('*sentrypeer', `${kind} ${what}`, () => this.#sentryPeer.isKnown(what, kind))
  }

  #told(partition: '*apiban' | '*sentrypeer', question: string, start: () => Promise<boolean>): boolean {
    const cache = this.#partition(partition)
    const held = cache.get(question)
    if (typeof held === 'boolean') return held
    const answer = this.#evaluations.ask(`${partition} ${question}`, async () => {
      const isSo = await start()
      cache.set(question, isSo)
      return { isSo }
    })
    if (answer === undefined) throw nobodyWaits(partition)
    return answer.isSo
  }
}

function nobodyWaits(type: string): MappingError {
  return new MappingError(`${type} cannot be asked here: nothing waits for it`)
}
