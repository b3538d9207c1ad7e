import type { EventFields } from '../core/event.ts'
import { fieldText, originHash } from '../core/event-values.ts'

/** Hashes kept of either generation. */
const GENERATION = 100_000

/** CGRIDs of events, remembered: every request of a session asks for the same one. Reference 05, 1.3. */
export class OriginHashes {
  #young = new Map<string, string>()
  #old = new Map<string, string>()

  /** The event's own CGRID, else the SHA-1 of OriginID and OriginHost. */
  cgrIdOf(fields: EventFields): string {
    const own = fieldText(fields, 'CGRID')
    if (own !== '') return own
    const originId = fieldText(fields, 'OriginID')
    const originHost = fieldText(fields, 'OriginHost')
    const key = originId + originHost
    const known = this.#young.get(key)
    if (known !== undefined) return known
    const hash = this.#old.get(key) ?? originHash(originId, originHost)
    if (this.#young.size >= GENERATION) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(key, hash)
    return hash
  }
}
