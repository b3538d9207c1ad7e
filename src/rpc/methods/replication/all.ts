import { type Method, method, OK } from '../../method.ts'
import { map, struct, whole } from '../../shape.ts'
import type { RpcDefaults } from '../defaults.ts'
import { loadIdsOf, type TariffServices } from '../tariffs.ts'
import { type ReplicatedAccountServices, replicatedAccountMethods } from './accounts.ts'
import { type ReplicatedProfileServices, replicatedProfileMethods } from './profiles.ts'
import { type ReplicatedRatingServices, replicatedRatingMethods } from './rating.ts'
import { OPTIONS, reading } from './replicated.ts'
import { replicatedSessionMethods } from './sessions.ts'
import { type ReplicatedGroupServices, replicatedGroupMethods } from './shared-groups.ts'
import { type ReplicatedStateServices, replicatedStateMethods } from './states.ts'
import { type ReplicatedTriggerServices, replicatedTriggerMethods } from './triggers.ts'

/** What the methods that keep this engine's data as another one's ask of the engine. */
export type ReplicationServices = ReplicatedAccountServices &
  ReplicatedRatingServices &
  ReplicatedProfileServices &
  ReplicatedGroupServices &
  ReplicatedStateServices &
  ReplicatedTriggerServices & {
    tariff: Pick<TariffServices['tariff'], 'loadIds'> & { setLoadIds(ids: ReadonlyMap<string, bigint>): Promise<void> }
  }

/** What another engine calls to keep this one's data as its own, object by object. Each change is durable. Reference 01, 9.5; 10, B2. */
export function replicationMethods(services: ReplicationServices, defaults: RpcDefaults): Method[] {
  const loadIds = map(whole)
  return [
    ...replicatedAccountMethods(services),
    ...replicatedRatingMethods(services, defaults),
    ...replicatedProfileMethods(services, defaults),
    ...replicatedStateMethods(services, defaults),
    ...replicatedTriggerMethods(services),
    ...replicatedGroupMethods(services),
    ...replicatedSessionMethods(),
    reading('ItemLoadIDs', loadIds, (item) => Object.fromEntries(loadIdsOf(services.tariff, item))),
    method('ReplicatorSv1.SetLoadIDs', {
      summary: 'Sets when which kinds of objects were loaded last, in ns since 1970, instead of those held.',
      params: struct('utils.LoadIDsWithAPIOpts', { LoadIDs: loadIds, ...OPTIONS }),
      reply: OK,
      async run({ LoadIDs: ids }) {
        await services.tariff.setLoadIds(new Map(Object.entries(ids)))
        return 'OK'
      },
    }),
  ]
}
