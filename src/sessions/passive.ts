import type { Unit } from '../store/unit-of-work.ts'
import { debitsItself } from './debit-loop.ts'
import { isCharged, type Session } from './session.ts'
import { sessionKind } from './session-record.ts'

/** A copy of another engine's session, charged here from now on: it goes on with what was due there. Reference 05, 6.16. */
export function activated(session: Session, nowMs: number): Session {
  const loop = debitsItself(session) ? (session.loop ?? { atMs: nowMs, cause: '' }) : undefined
  return { ...session, isPassive: false, loop }
}

/** Keeps the copy of a session that another engine charges, in place of its own. One that has ended here has no other. */
export function storeCopy(unit: Unit, copy: Session): void {
  if (unit.get(sessionKind, copy.cgrId)?.closedAtMs === undefined) unit.put(sessionKind, copy.cgrId, copy)
}

/** Drops the copy of a session; false: there is none. */
export function dropCopy(unit: Unit, cgrId: string): boolean {
  if (unit.get(sessionKind, cgrId)?.isPassive !== true) return false
  unit.delete(sessionKind, cgrId)
  return true
}

/** Charges a copy here from now on; false: there is none. Reference 05, 7.9. */
export function activate(unit: Unit, cgrId: string, nowMs: number): boolean {
  const session = unit.get(sessionKind, cgrId)
  if (session?.isPassive !== true) return false
  unit.put(sessionKind, cgrId, activated(session, nowMs))
  return true
}

/** Leaves a session to another engine; false: it is not charged here. Reference 05, 7.9. */
export function deactivate(unit: Unit, cgrId: string): boolean {
  const session = unit.get(sessionKind, cgrId)
  if (session === undefined || !isCharged(session)) return false
  unit.put(sessionKind, cgrId, { ...session, isPassive: true })
  return true
}
