import { createHash, timingSafeEqual } from 'node:crypto'

const BLOCK = 16

/**
 * A hidden User-Password in clear, with the zero octets that fill its last block. hidden: a multiple of 16 octets; authenticator:
 * of the request. RFC 2865, 5.2.
 */
export function revealPassword(hidden: Buffer, secret: Buffer, authenticator: Buffer): Buffer {
  return unchained(hidden, secret, authenticator)
}

/** Hides a password, filled to a multiple of 16 octets. RFC 2865, 5.2. */
export function hidePassword(clear: Buffer, secret: Buffer, authenticator: Buffer): Buffer {
  return chained(filled(clear), secret, authenticator)
}

/** A value hidden with a salt: two octets of salt, then octets whose first is a length. Undefined when it cannot be. RFC 2868, 3.5. */
export function revealSalted(hidden: Buffer, secret: Buffer, authenticator: Buffer): Buffer | undefined {
  const blocks = hidden.subarray(2)
  if (hidden.length < 2 + BLOCK || blocks.length % BLOCK !== 0) return undefined
  const clear = unchained(blocks, secret, Buffer.concat([authenticator, hidden.subarray(0, 2)]))
  const length = clear[0] ?? 0
  return length < clear.length ? clear.subarray(1, 1 + length) : undefined
}

/** Hides a value of at most 239 octets. salt: 15 bits that no other value of the packet has; the first bit is set here. */
export function hideSalted(clear: Buffer, secret: Buffer, authenticator: Buffer, salt: number): Buffer {
  const head = Buffer.from([0x80 | ((salt >> 8) & 0x7f), salt & 0xff])
  const plain = filled(Buffer.concat([Buffer.from([clear.length]), clear]))
  return Buffer.concat([head, chained(plain, secret, Buffer.concat([authenticator, head]))])
}

/** Hides or reveals 16 octets as Ascend-Send-Secret does: the same operation both ways. */
export function ascendSecret(value: Buffer, secret: Buffer, authenticator: Buffer): Buffer {
  return xor(filled(value).subarray(0, BLOCK), md5(authenticator, secret))
}

/** Compares without telling by its time where two values differ. */
export function equalOctets(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}

/** MD5 of the octets in order: what RFC 2865 is built on. */
export function md5(...parts: readonly Buffer[]): Buffer {
  const hash = createHash('md5')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

function chained(plain: Buffer, secret: Buffer, first: Buffer): Buffer {
  const hidden: Buffer[] = []
  let before = first
  for (let at = 0; at < plain.length; at += BLOCK) {
    before = xor(plain.subarray(at, at + BLOCK), md5(secret, before))
    hidden.push(before)
  }
  return Buffer.concat(hidden)
}

function unchained(hidden: Buffer, secret: Buffer, first: Buffer): Buffer {
  const plain: Buffer[] = []
  let before = first
  for (let at = 0; at < hidden.length; at += BLOCK) {
    const block = hidden.subarray(at, at + BLOCK)
    plain.push(xor(block, md5(secret, before)))
    before = block
  }
  return Buffer.concat(plain)
}

function xor(a: Buffer, b: Buffer): Buffer {
  return Buffer.from(a.map((octet, i) => octet ^ (b[i] ?? 0)))
}

/** Zero octets up to the next multiple of 16, one block at least. */
function filled(clear: Buffer): Buffer {
  return Buffer.concat([clear, Buffer.alloc(clear.length === 0 ? BLOCK : -clear.length & (BLOCK - 1))])
}
