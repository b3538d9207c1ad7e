/**
 * Usage accounting of one run, apart from money: what was reserved, granted and really used.
 * Reference 05, 6.3 to 6.6. All values are ns (`*voice`) or plain units.
 */
export type Quota = {
  /** E: paid for but not granted; negative after the peer used more than it was granted. */
  reserve: bigint
  /** L: the last grant. */
  lastGrant: bigint
  /** T: sum of the grants, corrected by what was really used. */
  total: bigint
  /** The last grant while the session is paused: it costs nothing, and is in no cost yet. Else 0n. Reference 05, 6.14. */
  paused: bigint
}

export const EMPTY_QUOTA: Quota = { reserve: 0n, lastGrant: 0n, total: 0n, paused: 0n }

/** Takes in what was really used of the last grant (undefined: not told). Reference 05, 6.3 step 2. */
export function reportUsed(quota: Quota, used: bigint | undefined): Quota {
  if (used === undefined || used === quota.lastGrant) return quota
  const unused = quota.lastGrant - used
  return {
    // What is left of a pause was never paid for.
    reserve: quota.reserve + (quota.paused > 0n && unused > 0n ? 0n : unused),
    lastGrant: used,
    total: quota.total - unused,
    paused: min(quota.paused, used),
  }
}

/** Grants a pause: all that was asked, beside what is reserved. The pause before it has been taken into the cost. */
export function grantPaused(quota: Quota, requested: bigint): Quota {
  return { ...quota, lastGrant: requested, total: quota.total + requested, paused: requested }
}

/** A grant that the reserve covers: nothing has to be charged. Undefined when it does not. Reference 05, 6.3 step 3. */
export function grantFromReserve(quota: Quota, requested: bigint): Quota | undefined {
  if (quota.reserve < requested) return undefined
  return { ...quota, reserve: quota.reserve - requested, lastGrant: requested, total: quota.total + requested }
}

/**
 * The quota after `charged` usage was paid for a request of `requested`. Reference 05, 6.3 steps 4 to 9.
 * The price covers whole increments, so more may be paid than was missing: the rest is the new reserve.
 */
export function grantCharged(quota: Quota, requested: bigint, charged: bigint): Quota {
  const missing = requested - quota.reserve
  const lastGrant = charged >= missing ? requested : max(0n, charged + quota.reserve)
  return {
    ...quota,
    // When less was paid than the peer has already used, the debt stays in the reserve.
    reserve: charged >= missing ? charged - missing : min(0n, charged + quota.reserve),
    lastGrant,
    total: quota.total + lastGrant,
  }
}

/** A grant of a run that is not charged while it lives (`*postpaid`, `*rated`...): all that was asked. */
export function grantUncharged(quota: Quota, requested: bigint): Quota {
  return { ...quota, reserve: 0n, lastGrant: requested, total: quota.total + requested }
}

/**
 * Final usage F of a run, and its quota. `total` (the event's Usage) overrides everything, `lastUsed` corrects the last
 * grant. Reference 05, 6.6 step 2a.
 */
export function finalUsage(quota: Quota, total: bigint | undefined, lastUsed: bigint | undefined): Quota {
  if (total !== undefined) return { ...quota, total }
  return reportUsed(quota, lastUsed)
}

/**
 * Requested and used units of an update that tells the usage since the start instead. Reference 05, 6.5.
 * When it is below what was granted so far, the surplus stays reserved (reference 05, 12 row 2).
 */
export function fromTotalUsage(quota: Quota, totalUsage: bigint): { requested: bigint; used: bigint | undefined } {
  if (totalUsage >= quota.total) return { requested: totalUsage - quota.total, used: undefined }
  return { requested: 0n, used: quota.lastGrant - (quota.total - totalUsage) }
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}
