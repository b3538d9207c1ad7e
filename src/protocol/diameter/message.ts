import { type AvpFault, type RawAvp, scanAvps } from './avp.ts'

/** Octets of a message header. RFC 6733, 3. */
export const HEADER_SIZE = 20

/** Command flags. RFC 6733, 3. */
export const CommandFlag = { REQUEST: 0x80, PROXIABLE: 0x40, ERROR: 0x20, RETRANSMITTED: 0x10, RESERVED: 0x0f } as const

/** A message over its bytes: the header is read on demand, AVPs are scanned once per level and never copied. */
export class DiameterMessage {
  readonly bytes: Buffer
  #avps: readonly RawAvp[] | undefined
  #fault: AvpFault | undefined
  #sessionId: string | undefined

  /** bytes: the whole message, at least 20 octets. */
  constructor(bytes: Buffer) {
    this.bytes = bytes
  }

  get version(): number {
    return this.bytes[0] ?? 0
  }

  get flags(): number {
    return this.bytes[4] ?? 0
  }

  get isRequest(): boolean {
    return (this.flags & CommandFlag.REQUEST) !== 0
  }

  get commandCode(): number {
    return this.bytes.readUIntBE(5, 3)
  }

  get applicationId(): number {
    return this.bytes.readUInt32BE(8)
  }

  get hopByHopId(): number {
    return this.bytes.readUInt32BE(12)
  }

  get endToEndId(): number {
    return this.bytes.readUInt32BE(16)
  }

  /** Top-level AVPs in order, up to the first that cannot be read. */
  get avps(): readonly RawAvp[] {
    if (this.#avps === undefined) {
      const { avps, fault } = scanAvps(this.bytes, HEADER_SIZE, this.bytes.length)
      this.#avps = avps
      this.#fault = fault
    }
    return this.#avps
  }

  /** The top-level AVP at which reading ended, if one is damaged. */
  get fault(): AvpFault | undefined {
    return this.avps && this.#fault
  }

  /** AVPs of a grouped AVP, up to the first that cannot be read. */
  group(avp: RawAvp): readonly RawAvp[] {
    avp.members ??= scanAvps(this.bytes, avp.dataStart, avp.dataEnd).avps
    return avp.members
  }

  /** The data of an AVP, as a view of the message. */
  data(avp: RawAvp): Buffer {
    return this.bytes.subarray(avp.dataStart, avp.dataEnd)
  }

  /** The first top-level AVP of that code, undefined when there is none. */
  find(code: number, vendorId = 0): RawAvp | undefined {
    for (const avp of this.avps) if (avp.code === code && avp.vendorId === vendorId) return avp
    return undefined
  }

  /** Text of the first top-level AVP of that code, '' when there is none. */
  text(code: number): string {
    const avp = this.find(code)
    return avp === undefined ? '' : this.bytes.toString('utf8', avp.dataStart, avp.dataEnd)
  }

  /** Text of Session-Id, '' when there is none. */
  get sessionId(): string {
    this.#sessionId ??= this.text(Avp.SESSION_ID)
    return this.#sessionId
  }

  /** Unsigned32 or Enumerated of the first top-level AVP of that code; undefined when absent or not of 4 octets. */
  unsigned32(code: number): number | undefined {
    const avp = this.find(code)
    return avp === undefined || avp.dataEnd - avp.dataStart !== 4 ? undefined : this.bytes.readUInt32BE(avp.dataStart)
  }
}

/** Codes of the base protocol that the peer itself needs. RFC 6733, 4.5. */
export const Avp = {
  PROXY_INFO: 284,
  HOST_IP_ADDRESS: 257,
  AUTH_APPLICATION_ID: 258,
  ACCT_APPLICATION_ID: 259,
  VENDOR_SPECIFIC_APPLICATION_ID: 260,
  SESSION_ID: 263,
  ORIGIN_HOST: 264,
  SUPPORTED_VENDOR_ID: 265,
  VENDOR_ID: 266,
  FIRMWARE_REVISION: 267,
  RESULT_CODE: 268,
  PRODUCT_NAME: 269,
  DISCONNECT_CAUSE: 273,
  ORIGIN_STATE_ID: 278,
  FAILED_AVP: 279,
  ERROR_MESSAGE: 281,
  ROUTE_RECORD: 282,
  DESTINATION_REALM: 283,
  DESTINATION_HOST: 293,
  ORIGIN_REALM: 296,
  INBAND_SECURITY_ID: 299,
  CC_REQUEST_NUMBER: 415,
  CC_REQUEST_TYPE: 416,
} as const

/** Command codes. RFC 6733, 3.1; RFC 8506, 3. */
export const Command = {
  CAPABILITIES_EXCHANGE: 257,
  RE_AUTH: 258,
  CREDIT_CONTROL: 272,
  ABORT_SESSION: 274,
  DEVICE_WATCHDOG: 280,
  DISCONNECT_PEER: 282,
} as const
