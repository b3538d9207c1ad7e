import { InvalidText } from '../core/errors.ts'
import type { EventFields } from '../core/event.ts'
import { fieldUsage } from '../core/event-values.ts'
import type { Session, TimeoutCharge } from './session.ts'

/** When sessions without requests end, and what they are charged then. ns, or plain units of usage. Reference 05, 6.11. */
export type TimeoutSettings = {
  /** After the last request, ns; 0n: never. */
  ttl: bigint
  /** At random up to this long later, ns. */
  maxDelay: bigint
  /** Charged on top; undefined: nothing. */
  lastUsage: bigint | undefined
  /** What was used of the last grant; undefined: all. */
  lastUsed: bigint | undefined
  /** What was used in all; undefined: the sum of the grants. */
  usage: bigint | undefined
}

export type Timeout = Pick<Session, 'deadlineMs' | 'atTimeout'>

const NEVER: Timeout = { deadlineMs: undefined, atTimeout: undefined }
const NS_PER_MS = 1_000_000n

/**
 * When a session ends unless a request comes, by the options of its last request, else those of its first, else the settings.
 * random: a number in [0, 1). Throws InvalidText for an option that cannot be read.
 */
export function timeoutOf(
  request: EventFields,
  start: EventFields,
  settings: TimeoutSettings,
  nowMs: number,
  random: () => number,
): Timeout {
  const option = (name: string) => fieldUsage(request, name) ?? fieldUsage(start, name)
  const ttl = option('*sessionsTTL') ?? settings.ttl
  if (ttl <= 0n) return NEVER
  const maxDelayMs = Number((option('*sessionsTTLMaxDelay') ?? settings.maxDelay) / NS_PER_MS)
  const delayMs = maxDelayMs > 0 ? Math.floor(random() * maxDelayMs) : 0
  const extra = option('*sessionsTTLLastUsage') ?? settings.lastUsage ?? 0n
  const lastUsed = option('*sessionsTTLLastUsed') ?? settings.lastUsed
  const total = option('*sessionsTTLUsage') ?? settings.usage
  const isCharged = extra > 0n || lastUsed !== undefined || total !== undefined
  const atTimeout: TimeoutCharge | undefined = isCharged ? { extra, lastUsed, total } : undefined
  return { deadlineMs: nowMs + Number(ttl / NS_PER_MS) + delayMs, atTimeout }
}

/** The same; an option that cannot be read leaves everything as it is, and is told. */
export function nextTimeout(
  session: Session,
  request: EventFields,
  settings: TimeoutSettings,
  nowMs: number,
  tools: { random: () => number; warn: (message: string, fields: Record<string, unknown>) => void },
): Timeout {
  try {
    return timeoutOf(request, session.optsStart, settings, nowMs, tools.random)
  } catch (cause) {
    if (!(cause instanceof InvalidText)) throw cause
    tools.warn('an option of the timeout of a session cannot be read', { cgrId: session.cgrId, cause: cause.message })
    return session
  }
}
