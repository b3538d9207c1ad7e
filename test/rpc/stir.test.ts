import { generateKeyPairSync, sign } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { rpcText, startGateway, stopGateway } from '../support/gateway.ts'
import { accountFolder } from '../support/rpc-steps.ts'

const folder = mkdtempSync(join(tmpdir(), 'tollgate-stir-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))

/** The paths of a new pair of keys. */
function keyPair(name: string, namedCurve: string, type: 'sec1' | 'pkcs8' = 'sec1') {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve })
  const paths = { privateKey: join(folder, `${name}.key`), publicKey: join(folder, `${name}.pub`) }
  writeFileSync(paths.privateKey, privateKey.export({ type, format: 'pem' }))
  writeFileSync(paths.publicKey, publicKey.export({ type: 'spki', format: 'pem' }))
  return { ...paths, key: privateKey, pem: publicKey.export({ type: 'spki', format: 'pem' }) }
}

const OWN = keyPair('own', 'prime256v1')
const OTHER = keyPair('other', 'prime256v1', 'pkcs8')
const LONG = keyPair('long', 'secp384r1')
const PAYLOAD = { attest: 'A', dest: { tn: ['1002'] }, iat: 1587019822, orig: { tn: '1001' }, origid: '123456' }
const CALL = { DestinationTn: '1002', OriginatorTn: '1001' }

const gateway = await startGateway(
  accountFolder(t, {
    diameter_agent: { enabled: false },
    sessions: {
      stir: {
        allowed_attest: ['A', 'B'],
        default_attest: 'B',
        payload_maxduration: '-1',
        publickey_path: OWN.publicKey,
        privatekey_path: OWN.privateKey,
      },
    },
  }),
)
t.teardown(() => stopGateway(gateway))

async function call(method: string, argument: object): Promise<unknown> {
  const text = await rpcText(gateway.httpPort, `SessionSv1.${method}`, argument)
  const { result, error } = JSON.parse(text) as { result: unknown; error: unknown }
  return error ?? result
}

function parts(identity: unknown): { header: unknown; payload: unknown; parameters: string; signature: Buffer } {
  const [token = '', ...parameters] = String(identity).split(';')
  const [header = '', payload = '', signature = ''] = token.split('.')
  const json = (text: string) => JSON.parse(Buffer.from(text, 'base64url').toString()) as unknown
  return {
    header: json(header),
    payload: json(payload),
    parameters: parameters.join(';'),
    signature: Buffer.from(signature, 'base64url'),
  }
}

const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const failed = (text: string) => `*stir_authenticate: ${text}`

const identity = String(await call('STIRIdentity', { Payload: PAYLOAD }))

t.test('05 7.10: an identity in the form of RFC 8224 and 8588', async (t) => {
  const { header, payload, parameters, signature } = parts(identity)
  t.equal(
    JSON.stringify([header, payload]),
    JSON.stringify([{ typ: 'passport', alg: 'ES256', ppt: 'shaken', x5u: OWN.publicKey }, PAYLOAD]),
    'claims in order',
  )
  t.equal(parameters, `info=<${OWN.publicKey}>;alg=ES256;ppt=shaken`)
  t.equal(signature.length, 64)
})

t.test('05 7.10: what is left out of a payload', async (t) => {
  const now = Math.floor(Date.now() / 1_000)
  const made = await call('STIRIdentity', {
    Payload: { dest: { tn: [], uri: ['sip:b'] }, orig: { uri: 'sip:a' } },
    OverwriteIAT: true,
    PublicKeyPath: OTHER.publicKey,
    PrivateKeyPath: OTHER.privateKey,
  })
  const { header, payload } = parts(made)
  t.match(header, { x5u: OTHER.publicKey })
  t.match(payload, { attest: 'B', dest: { uri: ['sip:b'] }, orig: { uri: 'sip:a' }, origid: '' })
  t.ok((payload as { iat: number }).iat >= now, 'its time is now')
  t.notOk('tn' in (payload as { dest: object }).dest)
  t.equal(await call('STIRAuthenticate', { Identity: made, OriginatorURI: 'sip:a', DestinationURI: 'sip:b' }), 'OK')
})

const [token = ''] = identity.split(';')
const [head = '', body = '', tail = ''] = token.split('.')
const info = `info=<${OWN.publicKey}>`
const parameters = `${info};alg=ES256;ppt=shaken`
const withHeader = (changed: object) =>
  `${encoded({ typ: 'passport', alg: 'ES256', ppt: 'shaken', x5u: OWN.publicKey, ...changed })}.${body}.${tail}`

/** As the reference engine answers, but for what `differs` says. */
const rows: readonly { name: string; argument: object; reply: string }[] = [
  { name: 'the call that it is about', argument: {}, reply: 'OK' },
  { name: 'any level', argument: { Attest: ['*any'] }, reply: 'OK' },
  { name: 'another level', argument: { Attest: ['B'] }, reply: failed('wrong attest level') },
  { name: 'any age', argument: { PayloadMaxDuration: '-1' }, reply: 'OK' },
  { name: 'young enough', argument: { PayloadMaxDuration: '1000000h' }, reply: 'OK' },
  { name: 'too old', argument: { PayloadMaxDuration: '0s' }, reply: failed('expired payload') },
  { name: 'an age that is none', argument: { PayloadMaxDuration: 'zz' }, reply: 'time: invalid duration "zz"' },
  { name: 'another callee', argument: { DestinationTn: '1' }, reply: failed('wrong destinationTn') },
  { name: 'another URI of the callee', argument: { DestinationURI: 'u' }, reply: failed('wrong destinationURI') },
  { name: 'another caller', argument: { OriginatorTn: '1' }, reply: failed('wrong originatorTn') },
  { name: 'another URI of the caller', argument: { OriginatorURI: 'u' }, reply: failed('wrong originatorURI') },
  { name: 'no identity', argument: { Identity: '' }, reply: failed('missing parts of the message header') },
  { name: 'no parameters', argument: { Identity: token }, reply: failed('missing parts of the message header') },
  { name: 'two parts', argument: { Identity: `${head}.${body};${parameters}` }, reply: failed('wrong header format') },
  { name: 'another info', argument: { Identity: `${token};info=<x>;alg=ES256` }, reply: failed('wrong header') },
  { name: 'another alg', argument: { Identity: `${token};${info};alg=ES384` }, reply: failed('wrong header') },
  { name: 'another ppt', argument: { Identity: `${token};${info};ppt=x` }, reply: failed('wrong header') },
  { name: 'without ppt', argument: { Identity: `${token};${info};alg=ES256` }, reply: 'OK' },
  { name: 'in another order', argument: { Identity: `${token};ppt=shaken; alg=ES256; ${info};foo=1` }, reply: 'OK' },
  { name: 'with quotes', argument: { Identity: `${token};${info};alg="ES256";ppt="shaken"` }, reply: 'OK' },
  {
    name: 'a header that is no base64',
    argument: { Identity: `!!.${body}.${tail};${parameters}` },
    reply: failed('illegal base64 data at input byte 0'),
  },
  {
    name: 'an empty header',
    argument: { Identity: `e30.${body}.${tail};${parameters}` },
    reply: failed('wrong header'),
  },
  {
    name: 'another typ',
    argument: { Identity: `${withHeader({ typ: 'x' })};${parameters}` },
    reply: failed('wrong header'),
  },
  {
    name: 'a payload that was not signed',
    argument: { Identity: `${head}.e30.${tail};${parameters}` },
    reply: failed('crypto/ecdsa: verification error'),
  },
  {
    name: 'a signature that is none',
    argument: { Identity: `${head}.${body}.AAAA;${parameters}` },
    reply: failed('crypto/ecdsa: verification error'),
  },
  {
    name: 'a key that is not there',
    argument: { Identity: `${withHeader({ x5u: '/nope' })};info=</nope>` },
    reply: failed('open /nope: no such file or directory'),
  },
  {
    name: 'a key of another curve',
    argument: { Identity: `${withHeader({ x5u: LONG.publicKey })};info=<${LONG.publicKey}>` },
    reply: failed('key is invalid'),
  },
]
for (const { name, argument, reply } of rows)
  t.test(`05 7.10: ${name}`, async (t) => {
    t.equal(await call('STIRAuthenticate', { Identity: identity, ...CALL, ...argument }), reply)
  })

t.test('05 7.10: what cannot be signed', async (t) => {
  t.equal(await call('STIRIdentity', {}), 'MANDATORY_IE_MISSING: [Payload]')
  const by = (path: string) => call('STIRIdentity', { Payload: PAYLOAD, PrivateKeyPath: path })
  t.equal(await by('/nope'), failed('open /nope: no such file or directory'))
  t.equal(await by(LONG.privateKey), failed('key is invalid'))
  t.equal(await by(OWN.publicKey), failed('key is invalid'))
  const text = join(folder, 'text')
  writeFileSync(text, 'no key')
  t.equal(await by(text), failed('Invalid Key: Key must be PEM encoded PKCS1 or PKCS8 private key'))
})

t.test('a key behind a URL, signed by others', async (t) => {
  let asked = 0
  const server = createServer((_request, response) => {
    asked++
    response.end(OTHER.pem)
  })
  await new Promise<void>((open) => server.listen(0, '127.0.0.1', open))
  t.teardown(() => new Promise((closed) => server.close(closed)))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/other.pem`
  const signed = `${encoded({ ppt: 'shaken', typ: 'passport', x5u: url, alg: 'ES256' })}.${encoded(PAYLOAD)}`
  const signature = sign('sha256', Buffer.from(signed), { key: OTHER.key, dsaEncoding: 'ieee-p1363' })
  const made = `${signed}.${signature.toString('base64url')};info=<${url}>;alg=ES256;ppt="shaken"`
  for (let i = 0; i < 2; i++) t.equal(await call('STIRAuthenticate', { Identity: made, ...CALL }), 'OK')
  t.equal(asked, 1, 'it is asked for once')
  const missing = url.replace('other.pem', 'x').replace(/:\d+/, ':1')
  const lost = `${encoded({ ppt: 'shaken', typ: 'passport', x5u: missing, alg: 'ES256' })}.${body}.${tail};info=<${missing}>`
  t.match(await call('STIRAuthenticate', { Identity: lost, ...CALL }), /^\*stir_authenticate: /)
})

t.test('05 7.7: identities of events', async (t) => {
  const event = (flags: string[], fields: object, options: object = {}) =>
    call('ProcessEvent', {
      Flags: flags,
      ID: 'ev1',
      Event: { Account: '1001', Destination: '1002', ...fields },
      APIOpts: options,
    })
  const made = (await event(['*stir_initiate'], {})) as { STIRIdentity: { '*raw': string } }
  t.match(parts(made.STIRIdentity['*raw']).payload, {
    attest: 'B',
    dest: { tn: ['1002'] },
    orig: { tn: '1001' },
    origid: 'ev1',
  })
  const options = {
    '*stirATest': 'C',
    '*stirOriginatorURI': 'sip:a',
    '*stirDestinationTn': '1;2',
    '*stirDestinationURI': 'sip:b',
  }
  const other = (await event(['*stir_initiate'], {}, options)) as typeof made
  t.strictSame(
    { ...(parts(other.STIRIdentity['*raw']).payload as object), iat: 0 },
    { attest: 'C', dest: { tn: ['1', '2'], uri: ['sip:b'] }, iat: 0, orig: { uri: 'sip:a' }, origid: 'ev1' },
  )
  t.strictSame(await event(['*stir_authenticate'], {}, { '*stirIdentity': identity }), {})
  t.equal(
    await event(['*stir_authenticate'], { Destination: '1003' }, { '*stirIdentity': identity }),
    failed('wrong destinationTn'),
  )
  const chosen = { '*stirIdentity': identity, '*stirDestinationTn': '1002', '*stirATest': 'B;A' }
  t.strictSame(await event(['*stir_authenticate'], { Destination: '1003' }, chosen), {})
  t.equal(
    await event(['*stir_authenticate'], {}, { '*stirIdentity': other.STIRIdentity['*raw'] }),
    failed('wrong attest level'),
    'the configuration says which are accepted',
  )
  t.equal(await event(['*stir_authenticate'], {}), failed('missing parts of the message header'))
})
