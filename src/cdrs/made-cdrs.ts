import { type Cdr, cdrKey } from './cdr.ts'

/** What a unit of work asks of the CDR store and of scans, which can only answer later. */
export type Wanted =
  | { readonly kind: 'cdrs'; readonly cgrId: string }
  | { readonly kind: 'costs'; readonly prefix: string }

/** Something that is not loaded yet: the work is run again when it is. */
export class NotLoaded {
  readonly wanted: Wanted
  constructor(wanted: Wanted) {
    this.wanted = wanted
  }
}

/** A run of a session. */
export type CdrRun = { cgrId: string; runId: string }

/**
 * CDRs that were made before, and session costs by the beginning of an OriginID, for one call: a unit of work asks, and is run
 * again when what it asked for is loaded.
 */
export class MadeCdrs {
  readonly #cdrs = new Map<string, ReadonlyMap<string, Cdr>>()
  readonly #costs = new Map<string, readonly CdrRun[]>()

  /** The CDR of a run as the CDR store has it. Throws NotLoaded. */
  of(run: CdrRun): Cdr | undefined {
    const cdrs = this.#cdrs.get(run.cgrId)
    if (cdrs === undefined) throw new NotLoaded({ kind: 'cdrs', cgrId: run.cgrId })
    return cdrs.get(cdrKey(run))
  }

  /** Runs whose session costs lie under a prefix of origins. Throws NotLoaded. */
  costRuns(prefix: string): readonly CdrRun[] {
    const runs = this.#costs.get(prefix)
    if (runs === undefined) throw new NotLoaded({ kind: 'costs', prefix })
    return runs
  }

  /** cdrs: all of that session, oldest first. */
  addCdrs(cgrId: string, cdrs: readonly Cdr[]): void {
    this.#cdrs.set(cgrId, new Map(cdrs.map((cdr) => [cdrKey(cdr), cdr])))
  }

  addCosts(prefix: string, runs: readonly CdrRun[]): void {
    this.#costs.set(prefix, runs)
  }
}
