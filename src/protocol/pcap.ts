import { TollgateError } from '../core/errors.ts'
import { decodeIpv6 } from './ip-address.ts'

/** A capture that cannot be read. */
export class PcapError extends TollgateError {
  constructor(message: string) {
    super('PCAP_ERROR', message)
  }
}

/** The payload of one TCP segment or UDP datagram of a capture. */
export type Segment = {
  protocol: 'tcp' | 'udp'
  /** `address:port`. */
  source: string
  destination: string
  /** Of its first octet; 0 for UDP. */
  sequence: number
  payload: Buffer
}

/** Whether octets begin as a capture: pcap with either byte order and resolution, or pcapng. */
export function isCapture(bytes: Buffer): boolean {
  return bytes.length >= 24 && (magicOf(bytes) !== undefined || bytes.readUInt32BE(0) === SECTION_HEADER)
}

/** The segments of a capture in the order of capture; other packets and fragments are left out. Throws PcapError. */
export function readCapture(bytes: Buffer): Segment[] {
  const frames = bytes.readUInt32BE(0) === SECTION_HEADER ? framesOfPcapng(bytes) : framesOfPcap(bytes)
  return frames.flatMap(({ data, link }) => segmentOf(data, link) ?? [])
}

/**
 * The octets of each direction of each TCP connection, in order: segments are sorted by sequence number, what was sent twice
 * counts once, and a gap ends the stream.
 */
export function tcpStreams(segments: readonly Segment[]): { source: string; destination: string; bytes: Buffer }[] {
  const flows = new Map<string, Segment[]>()
  for (const segment of segments) {
    if (segment.protocol !== 'tcp' || segment.payload.length === 0) continue
    const key = `${segment.source}>${segment.destination}`
    const flow = flows.get(key)
    if (flow === undefined) flows.set(key, [segment])
    else flow.push(segment)
  }
  return [...flows.values()].map((flow) => {
    const [first] = flow
    const { source = '', destination = '', sequence: start = 0 } = first ?? {}
    const from = flow.reduce((least, each) => Math.min(least, relative(each.sequence, start)), 0)
    const sorted = flow.toSorted((a, b) => relative(a.sequence, start) - relative(b.sequence, start))
    const parts: Buffer[] = []
    let at = from
    for (const { sequence, payload } of sorted) {
      const begins = relative(sequence, start)
      if (begins > at) break
      if (begins + payload.length <= at) continue
      parts.push(payload.subarray(at - begins))
      at = begins + payload.length
    }
    return { source, destination, bytes: Buffer.concat(parts) }
  })
}

/** Sequence numbers are 32 bits and wrap. */
function relative(sequence: number, start: number): number {
  return (sequence - start) | 0
}

const SECTION_HEADER = 0x0a0d0d0a
type Frame = { data: Buffer; link: number }

function magicOf(bytes: Buffer): 'little' | 'big' | undefined {
  const magic = bytes.readUInt32BE(0)
  if (magic === 0xa1b2c3d4 || magic === 0xa1b23c4d) return 'big'
  return magic === 0xd4c3b2a1 || magic === 0x4d3cb2a1 ? 'little' : undefined
}

function framesOfPcap(bytes: Buffer): Frame[] {
  const order = magicOf(bytes)
  if (order === undefined || bytes.length < 24) throw new PcapError('not a pcap file')
  const word = (at: number) => (order === 'big' ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at))
  const link = word(20) & 0xffff
  const frames: Frame[] = []
  for (let at = 24; at + 16 <= bytes.length; ) {
    const size = word(at + 8)
    if (at + 16 + size > bytes.length) throw new PcapError(`the packet at octet ${at} is cut short`)
    frames.push({ data: bytes.subarray(at + 16, at + 16 + size), link })
    at += 16 + size
  }
  return frames
}

/** Blocks: section header, interface description (1), simple packet (3), enhanced packet (6). */
function framesOfPcapng(bytes: Buffer): Frame[] {
  const frames: Frame[] = []
  let links: number[] = []
  let isBig = false
  const word = (at: number) => (isBig ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at))
  for (let at = 0; at + 12 <= bytes.length; ) {
    if (bytes.readUInt32BE(at) === SECTION_HEADER) {
      isBig = bytes.readUInt32BE(at + 8) === 0x1a2b3c4d
      links = []
    }
    const type = word(at)
    const size = word(at + 4)
    if (size < 12 || size % 4 !== 0 || at + size > bytes.length)
      throw new PcapError(`the block at octet ${at} has no possible length`)
    if (type === 1) links.push(isBig ? bytes.readUInt16BE(at + 8) : bytes.readUInt16LE(at + 8))
    if (type === 6 && size >= 32) {
      const length = Math.min(word(at + 20), size - 32)
      frames.push({ data: bytes.subarray(at + 28, at + 28 + length), link: links[word(at + 8)] ?? -1 })
    }
    if (type === 3 && size >= 16)
      frames.push({ data: bytes.subarray(at + 12, at + 12 + Math.min(word(at + 8), size - 16)), link: links[0] ?? -1 })
    at += size
  }
  return frames
}

/** Octets before the network layer, by link type. Null and loopback 0, Ethernet 1, raw IP 12 and 101, Linux cooked 113 and 276. */
function networkStart(data: Buffer, link: number): number | undefined {
  if (link === 12 || link === 101) return 0
  if (link === 0) return 4
  const [typeAt, size] = link === 1 ? [12, 14] : link === 113 ? [14, 16] : link === 276 ? [0, 20] : [-1, -1]
  if (size < 0 || data.length < size) return undefined
  let start = size
  let type = data.readUInt16BE(typeAt)
  while ((type === 0x8100 || type === 0x88a8) && data.length >= start + 4) {
    type = data.readUInt16BE(start + 2)
    start += 4
  }
  return type === 0x0800 || type === 0x86dd ? start : undefined
}

function segmentOf(data: Buffer, link: number): Segment | undefined {
  const start = networkStart(data, link)
  if (start === undefined || data.length < start + 20) return undefined
  const ip = data.subarray(start)
  const version = ip.readUInt8(0) >> 4
  if (version === 4) {
    const header = (ip.readUInt8(0) & 0x0f) * 4
    const isFragment = (ip.readUInt16BE(6) & 0x3fff) !== 0
    const total = Math.min(ip.readUInt16BE(2) || ip.length, ip.length)
    if (isFragment || total < header) return undefined
    const address = (at: number) => [...ip.subarray(at, at + 4)].join('.')
    return transportOf(ip.readUInt8(9), ip.subarray(header, total), address(12), address(16))
  }
  if (version !== 6 || ip.length < 40) return undefined
  const address = (at: number) => `[${decodeIpv6(ip.subarray(at, at + 16))}]`
  const end = Math.min(40 + ip.readUInt16BE(4), ip.length)
  return transportOf(ip.readUInt8(6), ip.subarray(40, end), address(8), address(24))
}

function transportOf(protocol: number, data: Buffer, from: string, to: string): Segment | undefined {
  const isTcp = protocol === 6
  if ((!isTcp && protocol !== 17) || data.length < (isTcp ? 20 : 8)) return undefined
  const source = `${from}:${data.readUInt16BE(0)}`
  const destination = `${to}:${data.readUInt16BE(2)}`
  if (!isTcp) return { protocol: 'udp', source, destination, sequence: 0, payload: data.subarray(8) }
  const header = (data.readUInt8(12) >> 4) * 4
  return { protocol: 'tcp', source, destination, sequence: data.readUInt32BE(4), payload: data.subarray(header) }
}
