import { type KeyObject, sign, verify } from 'node:crypto'
import { TollgateError } from '../core/errors.ts'

/** Who calls whom, as the operator of the caller vouches for it. RFC 8225, 5; RFC 8588, 4. */
export type PassportPayload = {
  /** A: the number is the caller's own, B: the caller is known, C: neither. */
  attest: string
  dest: { tn: readonly string[]; uri: readonly string[] }
  /** Seconds since the epoch. */
  iat: number
  /** A number or a URI; the other is ''. */
  orig: { tn: string; uri: string }
  origid: string
}

/** A call that an identity must be about. */
export type ExpectedCall = {
  /** Accepted levels; none or `*any`: every. */
  attest: readonly string[]
  originatorTn: string
  /** Takes the place of the number when it is given; so does destinationUri. */
  originatorUri: string
  destinationTn: string
  destinationUri: string
  /** How old the payload may be, ns; negative: any age. */
  maxAge: bigint
}

/** A SIP Identity, taken apart; it is not verified yet. */
export type Identity = {
  /** Path or URL of the key that it is signed with. */
  x5u: string
  payload: PassportPayload
  /** What is signed. */
  signed: string
  signature: Buffer
}

/** Why an identity is not what it should be. Its text is what clients see. Reference 05, 7.10. */
export class StirRefused extends TollgateError {
  constructor(text: string) {
    super('STIR_REFUSED', `*stir_authenticate: ${text}`)
  }
}

const TYPE = 'passport'
const ALGORITHM = 'ES256'
const EXTENSION = 'shaken'
const NS_PER_SECOND = 1_000_000_000n

/** The Identity of a payload, signed. x5u: where the public key is found. RFC 8224, 4. Throws StirRefused for another key than P-256. */
export function identityText(payload: PassportPayload, x5u: string, privateKey: KeyObject): string {
  requireP256(privateKey)
  const header = { typ: TYPE, alg: ALGORITHM, ppt: EXTENSION, x5u }
  const signed = `${encode(header)}.${encode(wireOf(payload))}`
  const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' })
  return `${signed}.${signature.toString('base64url')};info=<${x5u}>;alg=${ALGORITHM};ppt=${EXTENSION}`
}

/** Takes an Identity apart. Throws StirRefused when it is none, or its parameters are not those of its token. RFC 8224, 4. */
export function parseIdentity(text: string): Identity {
  const [token = '', ...parameters] = text.split(';')
  if (parameters.length === 0) throw new StirRefused('missing parts of the message header')
  const parts = token.split('.')
  const [head = '', body = '', tail = ''] = parts
  if (parts.length !== 3) throw new StirRefused('wrong header format')
  const header = decode(head)
  const own = ['typ', 'alg', 'ppt', 'x5u'].map((name) => textOf(header[name]))
  const [type, algorithm, extension, x5u = ''] = own
  if (type !== TYPE || algorithm !== ALGORITHM || extension !== EXTENSION) throw new StirRefused('wrong header')
  const wanted: Readonly<Record<string, string>> = { info: x5u, alg: ALGORITHM, ppt: EXTENSION }
  for (const parameter of parameters) {
    const [, name = '', value = ''] = /^\s*([^=\s]+)\s*=\s*(.*?)\s*$/.exec(parameter) ?? []
    const held = wanted[name]
    if (held !== undefined && value.replace(/^<(.*)>$|^"(.*)"$/, '$1$2') !== held) throw new StirRefused('wrong header')
  }
  return { x5u, payload: payloadOf(decode(body)), signed: `${head}.${body}`, signature: octetsOf(tail) }
}

/** Throws StirRefused unless the identity was signed with this key, and vouches for this call. nowNs: of the clock. */
export function checkIdentity(
  { signed, signature, payload }: Identity,
  publicKey: KeyObject,
  call: ExpectedCall,
  nowNs: bigint,
): void {
  requireP256(publicKey)
  if (!verify('sha256', Buffer.from(signed), { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature))
    throw new StirRefused('crypto/ecdsa: verification error')
  const { attest, maxAge } = call
  if (attest.length > 0 && !attest.includes('*any') && !attest.includes(payload.attest))
    throw new StirRefused('wrong attest level')
  if (maxAge >= 0n && BigInt(Math.trunc(payload.iat)) * NS_PER_SECOND + maxAge < nowNs)
    throw new StirRefused('expired payload')
  const { orig, dest } = payload
  if (call.originatorUri !== '') {
    if (orig.uri !== call.originatorUri) throw new StirRefused('wrong originatorURI')
  } else if (orig.tn !== call.originatorTn) throw new StirRefused('wrong originatorTn')
  if (call.destinationUri !== '') {
    if (!dest.uri.includes(call.destinationUri)) throw new StirRefused('wrong destinationURI')
  } else if (!dest.tn.includes(call.destinationTn)) throw new StirRefused('wrong destinationTn')
}

function requireP256({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): void {
  if (asymmetricKeyType !== 'ec' || asymmetricKeyDetails?.namedCurve !== 'prime256v1')
    throw new StirRefused('key is invalid')
}

/** Claims in the order of RFC 8588; empty ones are left out. */
function wireOf({ attest, dest, iat, orig, origid }: PassportPayload): object {
  return {
    attest,
    dest: { ...(dest.tn.length > 0 && { tn: dest.tn }), ...(dest.uri.length > 0 && { uri: dest.uri }) },
    iat,
    orig: { ...(orig.tn !== '' && { tn: orig.tn }), ...(orig.uri !== '' && { uri: orig.uri }) },
    origid,
  }
}

type Claims = Readonly<Record<string, unknown>>

function payloadOf(claims: Claims): PassportPayload {
  const dest = objectOf(claims['dest'])
  const orig = objectOf(claims['orig'])
  return {
    attest: textOf(claims['attest']),
    dest: { tn: textsOf(dest['tn']), uri: textsOf(dest['uri']) },
    iat: typeof claims['iat'] === 'number' ? claims['iat'] : 0,
    orig: { tn: textOf(orig['tn']), uri: textOf(orig['uri']) },
    origid: textOf(claims['origid']),
  }
}

function objectOf(value: unknown): Claims {
  return typeof value === 'object' && value !== null ? (value as Claims) : {}
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function octetsOf(text: string): Buffer {
  const illegal = /[^A-Za-z0-9_-]/.exec(text)
  if (illegal !== null) throw new StirRefused(`illegal base64 data at input byte ${illegal.index}`)
  return Buffer.from(text, 'base64url')
}

function decode(text: string): Claims {
  const json = octetsOf(text).toString()
  try {
    return objectOf(JSON.parse(json))
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause
    throw new StirRefused(json === '' ? 'unexpected end of JSON input' : 'wrong header format')
  }
}
