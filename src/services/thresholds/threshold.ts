import type { MatchedProfile } from '../../filters/profile-set.ts'

/** What counts events, and what is done about them. Reference 06, 6.1. */
export type ThresholdProfile = MatchedProfile & {
  /** Most events that count; -1: all do. 0: none does. */
  readonly maxHits: number
  /** Fewer hits than these do nothing. */
  readonly minHits: number
  /** ns after a run in which there is no other one. */
  readonly minSleep: bigint
  readonly isBlocker: boolean
  /** Action sets, in the order in which they run. */
  readonly actionIds: readonly string[]
  /** Nobody waits for what it does. */
  readonly isAsync: boolean
  /** Exporters that are told; empty: those of the configuration. */
  readonly exporterIds: readonly string[]
}

/** What a threshold has counted. snoozeUntilNs: it runs from then on again; null: it has not run. */
export type ThresholdState = { readonly hits: number; readonly snoozeUntilNs: bigint | null }

/** What an event did to a threshold: nothing any more, a hit, or a hit for which it has to run. */
export type Hit = 'exhausted' | 'counted' | 'run'

const UNLIMITED = -1

/** One threshold: its profile, and what it has counted. Reference 06, 6.3. */
export class Threshold {
  #profile: ThresholdProfile
  #state: ThresholdState = NEW

  constructor(profile: ThresholdProfile) {
    this.#profile = profile
  }

  get profile(): ThresholdProfile {
    return this.#profile
  }

  get state(): ThresholdState {
    return this.#state
  }

  /** Counts an event. mayRun: it is not what its own run has caused. */
  hit(nowNs: bigint, mayRun: boolean): Hit {
    const { maxHits, minHits, minSleep } = this.#profile
    const { hits: before, snoozeUntilNs } = this.#state
    if (maxHits !== UNLIMITED && before >= maxHits) return 'exhausted'
    const hits = before + 1
    const isAwake = snoozeUntilNs === null || nowNs >= snoozeUntilNs
    const runs = mayRun && isAwake && hits >= minHits
    this.#state = { hits, snoozeUntilNs: runs ? nowNs + minSleep : snoozeUntilNs }
    return runs ? 'run' : 'counted'
  }

  /** Begins anew; whether that changes anything. */
  reset(): boolean {
    if (this.#state.hits === 0 && this.#state.snoozeUntilNs === null) return false
    this.#state = NEW
    return true
  }

  /** Has counted what another one has, from now on. */
  become(state: ThresholdState): void {
    this.#state = state
  }

  /** Goes on by another profile, or begins anew when its limits are others; whether what it has counted is lost. Reference 06, 6.3. */
  follow(profile: ThresholdProfile): boolean {
    const isContinued = hasSameLimits(this.#profile, profile)
    this.#profile = profile
    return !isContinued && this.reset()
  }
}

const NEW: ThresholdState = { hits: 0, snoozeUntilNs: null }

type Limits = Pick<ThresholdProfile, 'maxHits' | 'minHits' | 'minSleep'>

/** Whether a threshold keeps what it has counted under another profile. */
export function hasSameLimits(before: Limits, after: Limits): boolean {
  return before.maxHits === after.maxHits && before.minHits === after.minHits && before.minSleep === after.minSleep
}
