import { randomBytes } from 'node:crypto'

/** Ids of seven hex digits that do not repeat soon: a random start, then one after the other. */
export function newRequestIds(): () => string {
  let next = randomBytes(4).readUInt32BE() >>> 4
  return () => {
    next = (next + 1) & 0xfffffff
    return next.toString(16).padStart(7, '0')
  }
}
