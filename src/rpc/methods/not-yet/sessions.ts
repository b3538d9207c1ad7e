import { type Method, notYet } from '../../method.ts'
import { any, boolean, duration, integer, list, map, pointer, struct, text } from '../../shape.ts'
import { tenantShape } from '../../shapes/event.ts'

const options = { Tenant: text, APIOpts: map(any) }

/** Sessions that change under way or move between engines, and STIR. Reference 01, 9.2. */
export function absentSessionMethods(): Method[] {
  const ids = struct('utils.SessionIDsWithArgsDispatcher', { IDs: list(text), ...options })
  return [
    notYet(
      'SessionSv1.AlterSessions',
      struct('utils.SessionFilterWithEvent', {
        Limit: pointer(integer),
        Filters: list(text),
        ...options,
        Event: map(any),
      }),
    ),
    notYet('SessionSv1.ActivateSessions', ids),
    notYet('SessionSv1.DeactivateSessions', ids),
    notYet(
      'SessionSv1.ReplicateSessions',
      struct('dispatchers.ArgsReplicateSessionsWithAPIOpts', {
        ...options,
        CGRID: text,
        Passive: boolean,
        ConnIDs: list(text),
      }),
    ),
    notYet(
      'SessionSv1.SetPassiveSession',
      struct('sessions.Session', {
        CGRID: text,
        Tenant: text,
        ResourceID: text,
        ClientConnID: text,
        EventStart: map(any),
        DebitInterval: duration,
        Chargeable: boolean,
        SRuns: list(any),
        OptsStart: map(any),
      }),
    ),
    notYet('SessionSv1.SyncSessions', tenantShape),
    notYet(
      'SessionSv1.DisconnectPeer',
      struct('utils.DPRArgs', { OriginHost: text, OriginRealm: text, RemoteAddr: text, DisconnectCause: integer }),
    ),
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
    notYet('SessionSv1.BackupActiveSessions', text, integer),
    notYet('SessionSv1.RegisterInternalBiJSONConn', text),
  ]
}
