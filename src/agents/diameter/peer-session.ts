import { Avp, CommandFlag, type DiameterMessage } from '../../protocol/diameter/message.ts'
import type { RecordKind, Unit } from '../../store/unit-of-work.ts'

/**
 * What is known of one Diameter session (Session-Id): its last answer, for a request that comes again, and the charging
 * sessions that were opened under it.
 */
export type PeerSession = {
  requestType: number
  requestNumber: number
  endToEndId: number
  answer: Buffer
  cgrIds: readonly string[]
}

type Stored = [
  requestType: number,
  requestNumber: number,
  endToEndId: number,
  answer: string,
  cgrIds: readonly string[],
]

export const peerSessionKind: RecordKind<PeerSession> = {
  table: 'answer',
  write({ requestType, requestNumber, endToEndId, answer, cgrIds }, writer) {
    writer.raw('[').integer(requestType).raw(',').integer(requestNumber).raw(',').integer(endToEndId).raw(',"')
    writer.raw(answer.toString('base64')).raw('",[')
    for (let i = 0; i < cgrIds.length; i++) writer.raw(i === 0 ? '' : ',').text(cgrIds[i] ?? '')
    writer.raw(']]')
  },
  decode(text) {
    const [requestType, requestNumber, endToEndId, answer, cgrIds] = JSON.parse(text) as Stored
    return { requestType, requestNumber, endToEndId, answer: Buffer.from(answer, 'base64'), cgrIds }
  },
}

/** What is known of a session that has ended. */
export const endedPeerSessionKind: RecordKind<PeerSession> = { ...peerSessionKind, isTransient: true }

/**
 * Keys under which records that only serve retransmissions are kept: a bucket of time, so that old ones go by prefix. A record
 * lives for one to two lengths of a bucket.
 */
export class RetentionBuckets {
  readonly #lengthMs: number

  constructor(lengthMs: number) {
    this.#lengthMs = lengthMs
  }

  /** Where a record is written now, and everywhere it may lie. */
  keys(name: string, nowMs: number): { written: string; looked: readonly [string, string] } {
    const bucket = Math.floor(nowMs / this.#lengthMs)
    const written = bucketKey(bucket, name)
    return { written, looked: [written, bucketKey(bucket - 1, name)] }
  }

  /** As `keys`, for a record that lives for one to two times lifeMs, which is longer than a bucket: it lies where it is purged then. */
  longKeys(name: string, nowMs: number, lifeMs: number): { written: string; looked: readonly [string, string] } {
    const period = Math.floor(nowMs / lifeMs)
    const key = (of: number) => bucketKey(Math.floor(((of + 2) * lifeMs) / this.#lengthMs) + 1, name)
    return { written: key(period), looked: [key(period), key(period - 1)] }
  }

  /** Records with keys before this one are looked for by nobody any more. */
  bound(nowMs: number): string {
    return bucketKey(Math.floor(nowMs / this.#lengthMs) - 1, '')
  }
}

function bucketKey(bucket: number, name: string): string {
  return `${String(bucket).padStart(10, '0')}/${name}`
}

/** Key of a live session's record. */
export function liveKey(sessionId: string): string {
  return `live/${sessionId}`
}

/**
 * Whether a request is one that was answered before: the same type and number, sent again with its End-to-End id or marked
 * as a retransmission. RFC 6733, 3 (T); RFC 8506, 6.5; reference 07, 2.12.
 */
export function isAnswered(message: DiameterMessage, known: PeerSession): boolean {
  const same =
    known.requestType === message.unsigned32(Avp.CC_REQUEST_TYPE) &&
    known.requestNumber === message.unsigned32(Avp.CC_REQUEST_NUMBER)
  return same && (known.endToEndId === message.endToEndId || (message.flags & CommandFlag.RETRANSMITTED) !== 0)
}

/** The record of an ended session, wherever it may still lie. */
export function findEnded(unit: Unit, looked: readonly string[]): PeerSession | undefined {
  for (const key of looked) {
    const found = unit.get(endedPeerSessionKind, key)
    if (found !== undefined) return found
  }
  return undefined
}
