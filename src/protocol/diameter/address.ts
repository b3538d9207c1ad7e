import { decodeIpv4, decodeIpv6, encodeIpv4, encodeIpv6 } from '../ip-address.ts'

/** Address families of the Address type. RFC 6733, 4.3.1; IANA address family numbers. */
const FAMILY_IPV4 = 1
const FAMILY_IPV6 = 2
const FAMILY_E164 = 8

/** Text of an Address: IPv4, IPv6 (RFC 5952) or the digits of an E.164 number; undefined for another family or length. */
export function decodeAddress(data: Buffer): string | undefined {
  const family = data.length < 2 ? 0 : data.readUInt16BE(0)
  const address = data.subarray(2)
  if (family === FAMILY_IPV4) return decodeIpv4(address)
  if (family === FAMILY_IPV6) return decodeIpv6(address)
  return family === FAMILY_E164 && isE164(address.toString('latin1')) ? address.toString('latin1') : undefined
}

/** An Address from an IP address, or from 1 to 15 digits: an E.164 number. Undefined for any other text. */
export function encodeAddress(text: string): Buffer | undefined {
  if (isE164(text)) return Buffer.concat([Buffer.from([0, FAMILY_E164]), Buffer.from(text, 'latin1')])
  const ipv4 = encodeIpv4(text)
  if (ipv4 !== undefined) return Buffer.concat([Buffer.from([0, FAMILY_IPV4]), ipv4])
  const ipv6 = encodeIpv6(text)
  return ipv6 && Buffer.concat([Buffer.from([0, FAMILY_IPV6]), ipv6])
}

function isE164(text: string): boolean {
  return /^\d{1,15}$/.test(text)
}
