import { randomUUID } from 'node:crypto'
import type { NamedLocks } from '../../services/named-locks.ts'
import { type Method, method } from '../method.ts'
import { any, duration, list, map, struct, text } from '../shape.ts'

/** What the methods of named locks ask of the engine. */
export interface GuardianServices {
  readonly locks: NamedLocks
}

/** Named locks for outside programs. Reference 01, 9.4; 06. */
export function guardianMethods(services: GuardianServices): Method[] {
  return [
    method('GuardianSv1.RemoteLock', {
      summary: 'Waits until all ids are held; the reference of the lock, "" when it is in use.',
      params: struct('dispatchers.AttrRemoteLockWithAPIOpts', {
        ReferenceID: text,
        LockIDs: list(text),
        Timeout: duration,
        APIOpts: map(any),
        Tenant: text,
      }),
      reply: text,
      run: ({ ReferenceID: reference, LockIDs: ids, Timeout: ns }) =>
        services.locks.lock(reference || randomUUID(), ids, Number(ns / 1_000_000n)),
    }),
    method('GuardianSv1.RemoteUnlock', {
      summary: 'Gives a lock back; the ids that it held, null for none.',
      params: struct('dispatchers.AttrRemoteUnlockWithAPIOpts', { RefID: text, APIOpts: map(any), Tenant: text }),
      reply: list(text),
      run: ({ RefID: reference }) => services.locks.unlock(reference),
    }),
  ]
}
