import { isIP } from 'node:net'

/** An address as its family (4 or 6) and bits; an IPv4 address written as IPv6 is IPv4. */
type Address = { family: 4 | 6; bits: bigint }

/** Tells whether an address lies in the network. Anything that is no address lies in none. */
export type Network = (address: string) => boolean

/** Reads `192.0.2.1/24`; undefined when it is no CIDR. The bits behind the prefix do not count. */
export function parseNetwork(cidr: string): Network | undefined {
  const slash = cidr.indexOf('/')
  const length = cidr.slice(slash + 1)
  const base = slash < 0 ? undefined : parseAddress(cidr.slice(0, slash))
  if (base === undefined || !/^\d{1,3}$/.test(length)) return undefined
  const isMapped = base.family === 4 && cidr.includes(':')
  const size = base.family === 4 ? 32 : 128
  const prefix = Number(length) - (isMapped ? 96 : 0)
  if (prefix < 0 || prefix > size) return undefined
  const shift = BigInt(size - prefix)
  const network = base.bits >> shift
  return (text) => {
    const address = parseAddress(text)
    return address !== undefined && address.family === base.family && address.bits >> shift === network
  }
}

const MAPPED = 0xffffn << 32n

function parseAddress(text: string): Address | undefined {
  const family = text.includes('%') ? 0 : isIP(text)
  if (family === 4) return { family, bits: dottedBits(text) }
  if (family !== 6) return undefined
  const bits = colonBits(text)
  return (bits & ~0xffffffffn) === MAPPED ? { family: 4, bits: bits & 0xffffffffn } : { family, bits }
}

function dottedBits(text: string): bigint {
  return text.split('.').reduce((bits, part) => (bits << 8n) | BigInt(part), 0n)
}

function colonBits(text: string): bigint {
  const dotted = /[\d.]*\.[\d.]*$/.exec(text)?.[0]
  const tail = dotted === undefined ? 0n : dottedBits(dotted)
  const hex =
    dotted === undefined
      ? text
      : `${text.slice(0, -dotted.length)}${(tail >> 16n).toString(16)}:${(tail & 0xffffn).toString(16)}`
  const [head = '', rest] = hex.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = rest === undefined || rest === '' ? [] : rest.split(':')
  const groups = [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right]
  return groups.reduce((bits, group) => (bits << 16n) | BigInt(`0x${group}`), 0n)
}
