/** AVP flags. RFC 6733, 4.1. */
export const AvpFlag = { VENDOR: 0x80, MANDATORY: 0x40, PROTECTED: 0x20, RESERVED: 0x1f } as const

/** One AVP as it lies in its message. Offsets are octets into the message's buffer; nothing is copied. */
export type RawAvp = {
  code: number
  vendorId: number
  flags: number
  /** Where its header begins. */
  start: number
  /** Where its data begins and ends (padding excluded). */
  dataStart: number
  dataEnd: number
  /** Where the next AVP begins (padding included). */
  end: number
  /** The AVPs of a grouped one, once they have been asked for. */
  members: readonly RawAvp[] | undefined
}

/** What is wrong with an AVP: its Result-Code, and where it begins. */
export type AvpFault = { resultCode: number; start: number }

/**
 * Splits one AVP off `bytes` at `offset`; the AVP must lie before `limit`. RFC 6733, 4.1. Copies nothing, never throws.
 * Fault 5014: length below the header or past the limit.
 */
export function splitAvp(bytes: Buffer, offset: number, limit: number): RawAvp | AvpFault {
  const room = limit - offset
  if (room < 8) return { resultCode: 5014, start: offset }
  const flags = bytes[offset + 4] ?? 0
  const length = bytes.readUIntBE(offset + 5, 3)
  const hasVendor = (flags & AvpFlag.VENDOR) !== 0
  const headerSize = hasVendor ? 12 : 8
  if (length < headerSize || length > room) return { resultCode: 5014, start: offset }
  return {
    code: bytes.readUInt32BE(offset),
    vendorId: hasVendor ? bytes.readUInt32BE(offset + 8) : 0,
    flags,
    start: offset,
    dataStart: offset + headerSize,
    dataEnd: offset + length,
    end: Math.min(offset + length + (-length & 3), limit),
    members: undefined,
  }
}

export function isAvpFault(avp: RawAvp | AvpFault): avp is AvpFault {
  return 'resultCode' in avp
}

/** All AVPs between two offsets, in order; they end at the first fault. */
export function scanAvps(bytes: Buffer, start: number, end: number): { avps: RawAvp[]; fault: AvpFault | undefined } {
  const avps: RawAvp[] = []
  for (let offset = start; offset < end; ) {
    const avp = splitAvp(bytes, offset, end)
    if (isAvpFault(avp)) return { avps, fault: avp }
    avps.push(avp)
    offset = avp.end
  }
  return { avps, fault: undefined }
}
