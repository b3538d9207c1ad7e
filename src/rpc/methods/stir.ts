import type { KeyObject } from 'node:crypto'
import { parseDuration } from '../../core/duration.ts'
import { InvalidText } from '../../core/errors.ts'
import type { ChargingEvent } from '../../core/event.ts'
import { fieldText } from '../../core/event-values.ts'
import {
  checkIdentity,
  type ExpectedCall,
  identityText,
  type PassportPayload,
  parseIdentity,
  StirRefused,
} from '../../services/passport.ts'
import { type Method, method, OK, requireFields } from '../method.ts'
import { RpcError } from '../rpc-error.ts'
import { any, boolean, integer64, list, map, pointer, struct, text } from '../shape.ts'

/** What identities ask of the engine. */
export interface StirServices {
  readonly stirKeys: { privateKey(path: string): Promise<KeyObject>; publicKey(path: string): Promise<KeyObject> }
  /** `sessions.stir`. */
  stirSettings(): {
    allowed_attest: readonly string[]
    default_attest: string
    payload_maxduration: string
    privatekey_path: string
    publickey_path: string
  }
}

type Signing = { payload: PassportPayload; publicKeyPath: string; privateKeyPath: string }

const payloadShape = struct('utils.PASSporTPayload', {
  attest: text,
  dest: struct('utils.PASSporTDestinationsIdentity', { tn: list(text), uri: list(text) }),
  iat: integer64,
  orig: struct('utils.PASSporTOriginsIdentity', { tn: text, uri: text }),
  origid: text,
})

/** Identities of callers, made and verified. Reference 05, 7.10; RFC 8224, 8225, 8588. */
export function stirMethods(services: StirServices): Method[] {
  return [
    method('SessionSv1.STIRAuthenticate', {
      summary: 'Whether an Identity is signed, fresh, and about this call. Errors: *stir_authenticate: ...',
      params: struct('sessions.V1STIRAuthenticateArgs', {
        Attest: list(text),
        DestinationTn: text,
        DestinationURI: text,
        Identity: text,
        OriginatorTn: text,
        OriginatorURI: text,
        PayloadMaxDuration: text,
        APIOpts: map(any),
      }),
      reply: OK,
      async run(call) {
        await authenticate(services, call.Identity, {
          attest: call.Attest,
          originatorTn: call.OriginatorTn,
          originatorUri: call.OriginatorURI,
          destinationTn: call.DestinationTn,
          destinationUri: call.DestinationURI,
          maxAge: ageOf(call.PayloadMaxDuration),
        })
        return 'OK'
      },
    }),
    method('SessionSv1.STIRIdentity', {
      summary: 'The signed Identity of a call. Errors: MANDATORY_IE_MISSING, *stir_authenticate: ...',
      params: struct('sessions.V1STIRIdentityArgs', {
        Payload: pointer(payloadShape),
        PublicKeyPath: text,
        PrivateKeyPath: text,
        OverwriteIAT: boolean,
        APIOpts: map(any),
      }),
      reply: text,
      async run(argument) {
        requireFields(argument, 'Payload')
        const { Payload: given, PublicKeyPath: publicKeyPath, PrivateKeyPath: privateKeyPath } = argument
        const payload = given ?? payloadShape.zero()
        const iat = argument.OverwriteIAT ? Math.floor(Date.now() / 1_000) : payload.iat
        return sign(services, { payload: { ...payload, iat }, publicKeyPath, privateKeyPath })
      },
    }),
  ]
}

/** `*stir_authenticate` of ProcessEvent: what the options do not say is said by the event and the configuration. Throws RpcError. */
export function authenticateEvent(services: StirServices, { event, apiOpts }: ChargingEvent): Promise<void> {
  const { allowed_attest: allowed, payload_maxduration: maxDuration } = services.stirSettings()
  const option = (name: string) => fieldText(apiOpts, name)
  const attest = option('*stirATest')
  return authenticate(services, option('*stirIdentity'), {
    attest: attest === '' ? allowed : attest.split(';'),
    originatorTn: option('*stirOriginatorTn') || fieldText(event, 'Account'),
    originatorUri: option('*stirOriginatorURI'),
    destinationTn: option('*stirDestinationTn') || fieldText(event, 'Destination'),
    destinationUri: option('*stirDestinationURI'),
    maxAge: ageOf(option('*stirPayloadMaxDuration') || maxDuration),
  })
}

/** `*stir_initiate` of ProcessEvent: the Identity of the event. Throws RpcError. */
export function identityOfEvent(services: StirServices, { id, event, apiOpts }: ChargingEvent): Promise<string> {
  const option = (name: string) => fieldText(apiOpts, name)
  const several = (texts: string) => texts.split(';').filter((each) => each !== '')
  const uri = option('*stirOriginatorURI')
  return sign(services, {
    payload: {
      attest: option('*stirATest'),
      dest: {
        tn: several(option('*stirDestinationTn') || fieldText(event, 'Destination')),
        uri: several(option('*stirDestinationURI')),
      },
      iat: Math.floor(Date.now() / 1_000),
      orig: { tn: uri === '' ? option('*stirOriginatorTn') || fieldText(event, 'Account') : '', uri },
      origid: id,
    },
    publicKeyPath: option('*stirPublicKeyPath'),
    privateKeyPath: option('*stirPrivateKeyPath'),
  })
}

/** '' and negative: any age. Throws RpcError. */
function ageOf(literal: string): bigint {
  if (literal === '') return -1n
  try {
    return parseDuration(literal)
  } catch (cause) {
    throw cause instanceof InvalidText ? new RpcError(cause.message) : cause
  }
}

async function authenticate({ stirKeys }: StirServices, text: string, call: ExpectedCall): Promise<void> {
  await toClient(async () => {
    const identity = parseIdentity(text)
    checkIdentity(identity, await stirKeys.publicKey(identity.x5u), call, BigInt(Date.now()) * 1_000_000n)
  })
}

function sign(services: StirServices, { payload, publicKeyPath, privateKeyPath }: Signing): Promise<string> {
  const settings = services.stirSettings()
  return toClient(async () =>
    identityText(
      { ...payload, attest: payload.attest || settings.default_attest },
      publicKeyPath || settings.publickey_path,
      await services.stirKeys.privateKey(privateKeyPath || settings.privatekey_path),
    ),
  )
}

async function toClient<R>(work: () => Promise<R>): Promise<R> {
  try {
    return await work()
  } catch (cause) {
    throw cause instanceof StirRefused ? new RpcError(cause.message) : cause
  }
}
