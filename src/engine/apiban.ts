import { MappingError } from '../mapping/value.ts'
import type { HttpClient } from '../rpc/client/http-client.ts'
import { askServer, type TextAnswer } from './http-answers.ts'

/** Where APIBAN is: its key is the next step of the path. https://apiban.org/doc.html */
export const APIBAN_URL = 'https://apiban.org/api'

/** After so long the list is read anew, so that who is no longer banned is forgotten. */
const LIST_LIFE_MS = 86_400_000
/** Pages of 250 addresses that are read at once. */
const MOST_PAGES = 1_000

/** readMs: when it was last asked for more. */
type List = { addresses: Set<string>; next: string; startedMs: number; readMs: number }

export type ApibanOptions = {
  client: HttpClient
  url: string
  /** Keys, tried in order: each may ask only a few times in two minutes. */
  keys: () => readonly string[]
  timeoutMs: () => number
  now: () => number
}

/** Addresses that APIBAN has seen attacks from. */
export class Apiban {
  readonly #options: ApibanOptions
  #list: List | undefined
  #reading: Promise<ReadonlySet<string>> | undefined

  constructor(options: ApibanOptions) {
    this.#options = options
  }

  /** Whether one address is banned. Rejects with MappingError. */
  async isBanned(address: string): Promise<boolean> {
    const { status } = await this.#ask(`check/${encodeURIComponent(address)}`)
    return status < 300
  }

  /** All that are banned, when that was asked not longer ago than lifeMs. */
  fresh(lifeMs: number): ReadonlySet<string> | undefined {
    const list = this.#list
    return list !== undefined && this.#options.now() - list.readMs < lifeMs ? list.addresses : undefined
  }

  /**
   * All that are banned, with those that have come since it was asked last. What cannot be asked now leaves the list as it was; rejects with
   * MappingError when there is none.
   */
  banned(): Promise<ReadonlySet<string>> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined
    })
    return this.#reading
  }

  async #read(): Promise<ReadonlySet<string>> {
    const { now } = this.#options
    const held = this.#list
    const isOld = held !== undefined && now() - held.startedMs >= LIST_LIFE_MS
    const empty = { addresses: new Set<string>(), next: '', startedMs: now(), readMs: now() }
    const list = held === undefined || isOld ? empty : held
    try {
      for (let pages = 0; pages < MOST_PAGES; pages++) {
        const { status, text } = await this.#ask(
          list.next === '' ? 'banned' : `banned/${encodeURIComponent(list.next)}`,
        )
        if (status >= 300) break
        const { addresses, id } = pageOf(text)
        if (id === 'none' || id === list.next) break
        for (const address of addresses) list.addresses.add(address)
        list.next = id
      }
    } catch (cause) {
      if (held === undefined || !(cause instanceof MappingError)) throw cause
      held.readMs = now()
      return held.addresses
    }
    list.readMs = now()
    this.#list = list
    return list.addresses
  }

  /** The answer that says yes (2xx) or no (400, 404) to one of the keys. Rejects with MappingError. */
  async #ask(path: string): Promise<TextAnswer> {
    const { client, url, keys, timeoutMs } = this.#options
    const signal = AbortSignal.timeout(Math.max(1, timeoutMs()))
    let refused: TextAnswer | undefined
    for (const key of keys()) {
      const answer = await askServer(client, {
        url: new URL(`${url}/${encodeURIComponent(key)}/${path}`),
        signal,
      })
      if (answer.status < 300 || answer.status === 400 || answer.status === 404) return answer
      refused = answer
    }
    if (refused === undefined) throw new MappingError('API keys are required')
    throw new MappingError(`apiban got error <${refused.status} ${refused.reason}>`)
  }
}

/** A page of the list: `{"ipaddress":["1.2.3.4"],"ID":"987654321"}`. */
function pageOf(text: string): { addresses: readonly string[]; id: string } {
  let page: unknown
  try {
    page = JSON.parse(text)
  } catch {
    throw new MappingError('apiban: the answer is no JSON')
  }
  const { ipaddress, ID } = (page ?? {}) as { ipaddress?: unknown; ID?: unknown }
  return { addresses: Array.isArray(ipaddress) ? ipaddress.map(String) : [], id: typeof ID === 'string' ? ID : 'none' }
}
