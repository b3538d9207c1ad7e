import { type Method, notYet } from '../../method.ts'
import { any, boolean, integer, list, map, pointer, struct, text } from '../../shape.ts'

/** STIR. Reference 01, 9.2. */
export function absentSessionMethods(): Method[] {
  return [
    notYet(
      'SessionSv1.STIRAuthenticate',
      struct('sessions.V1STIRAuthenticateArgs', {
        Attest: list(text),
        DestinationTn: text,
        DestinationURI: text,
        Identity: text,
        OriginatorTn: text,
        OriginatorURI: text,
        PayloadMaxDuration: text,
        APIOpts: map(any),
      }),
    ),
    notYet(
      'SessionSv1.STIRIdentity',
      struct('sessions.V1STIRIdentityArgs', {
        Payload: pointer(
          struct('utils.PASSporTPayload', { attest: text, dest: any, iat: integer, orig: any, origid: text }),
        ),
        PublicKeyPath: text,
        PrivateKeyPath: text,
        OverwriteIAT: boolean,
        APIOpts: map(any),
      }),
      text,
    ),
  ]
}
