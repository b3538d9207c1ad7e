import type { ChargingEvent } from '../core/event.ts'
import type { ChargerSource } from '../services/chargers.ts'
import type { Unit } from '../store/unit-of-work.ts'
import type { Cdr } from './cdr.ts'
import type { CdrRun } from './made-cdrs.ts'
import type { SettledRun } from './pipeline.ts'
import type { SessionCost } from './session-cost.ts'

/** Who makes the CDRs of sessions, here or in another engine. Parts of units of work; all throw SessionRefused. Reference 05, 7.6. */
export interface SessionCdrs {
  /** Whether the CDR of a run was made, as far back as duplicates are refused. */
  isMade(unit: Unit, run: CdrRun): boolean
  /** The CDR of one run of an ended session. */
  ofRun(unit: Unit, run: SettledRun): Cdr
  /** The CDRs of an event that no session has seen. chargers: those of sessions. */
  ofEvent(unit: Unit, event: ChargingEvent, chargers: ChargerSource | undefined): Cdr[]
  /** Keeps what a run has paid, for a CDR that comes over another way. Reference 05, 6.17. */
  keepCost(unit: Unit, cost: SessionCost, session: Pick<ChargingEvent, 'tenant' | 'apiOpts'>): void
}
