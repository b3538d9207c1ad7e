import { isIP } from 'node:net'

/** Dotted text of 4 octets; undefined for another length. */
export function decodeIpv4(address: Buffer): string | undefined {
  return address.length === 4 ? address.join('.') : undefined
}

/** 4 octets of a dotted address; undefined for any other text. */
export function encodeIpv4(text: string): Buffer | undefined {
  return isIP(text) === 4 ? Buffer.from(text.split('.').map(Number)) : undefined
}

/** RFC 5952: lower case, the longest run of two or more zero groups as `::`, IPv4-mapped addresses with a dotted end. */
export function decodeIpv6(address: Buffer): string | undefined {
  if (address.length !== 16) return undefined
  if (address.subarray(0, 12).equals(IPV4_MAPPED)) return `::ffff:${address.subarray(12).join('.')}`
  const groups = Array.from({ length: 8 }, (_, i) => address.readUInt16BE(i * 2))
  const { start, length } = longestZeroRun(groups)
  const text = (part: number[]) => part.map((group) => group.toString(16)).join(':')
  return length < 2 ? text(groups) : `${text(groups.slice(0, start))}::${text(groups.slice(start + length))}`
}

/** 16 octets of an IPv6 address without a zone; undefined for any other text. */
export function encodeIpv6(text: string): Buffer | undefined {
  if (isIP(text) !== 6 || text.includes('%')) return undefined
  const [head = '', tail] = text.split('::')
  const left = groupsOf(head)
  const right = tail === undefined ? [] : groupsOf(tail)
  const bytes = Buffer.alloc(16)
  for (const [i, group] of left.entries()) bytes.writeUInt16BE(group, i * 2)
  for (const [i, group] of right.entries()) bytes.writeUInt16BE(group, 16 - (right.length - i) * 2)
  return bytes
}

const IPV4_MAPPED = Buffer.from('00000000000000000000ffff', 'hex')

/** The 16-bit groups of one side of `::`; an IPv4 end is two of them. */
function groupsOf(text: string): number[] {
  if (text === '') return []
  return text.split(':').flatMap((group) => {
    const ipv4 = encodeIpv4(group)
    return ipv4 === undefined ? [Number.parseInt(group, 16)] : [ipv4.readUInt16BE(0), ipv4.readUInt16BE(2)]
  })
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let longest = { start: 0, length: 0 }
  let start = 0
  for (const [i, group] of groups.entries()) {
    if (group !== 0) start = i + 1
    else if (i + 1 - start > longest.length) longest = { start, length: i + 1 - start }
  }
  return longest
}
