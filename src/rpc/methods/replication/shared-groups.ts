import { sharingRow } from '../../../accounting/shared-groups.ts'
import type { TariffRow } from '../../../tariffs/tariff-rows.ts'
import type { Method } from '../../method.ts'
import type { TariffEditor } from '../actions.ts'
import { type SharedGroupServices, sharedGroupShape, sharedGroupWire } from '../shared-groups.ts'
import { replicated, requireKey, withOptions } from './replicated.ts'

/** What the methods of replicated shared groups ask of the engine. */
export interface ReplicatedGroupServices extends SharedGroupServices {
  tariff: TariffEditor
  /** Sets a shared group; the accounts become members beside those that there are. */
  setSharedGroup(id: string, rows: readonly TariffRow[], memberIds: readonly string[]): Promise<void>
}

/** Shared groups as another engine has them. Reference 01, 9.5; 04, 8. */
export function replicatedGroupMethods(services: ReplicatedGroupServices): Method[] {
  return replicated({
    name: 'SharedGroup',
    object: sharedGroupShape,
    set: withOptions('engine.SharedGroupWithAPIOpts', 'SharedGroup', sharedGroupShape),
    find: (id) => sharedGroupWire(services, id),
    async put({ SharedGroup: { Id: id, AccountParameters: parameters, MemberIds: members } }) {
      requireKey(id, 'Id')
      const rows = Object.entries(parameters).map(([accountId, said]) => {
        const sharing = { strategy: said?.Strategy ?? '', ratingSubject: said?.RatingSubject ?? '' }
        return sharingRow(id, accountId, sharing, 'ReplicatorSv1.SetSharedGroup')
      })
      const memberIds = Object.entries(members).flatMap(([accountId, isMember]) => (isMember ? [accountId] : []))
      await services.setSharedGroup(id, rows, memberIds)
    },
    remove: (id) =>
      services.tariff.change((rows) => {
        const isHeld = rows.get('SharedGroups')?.has(id) === true
        return new Map([['SharedGroups', new Map(isHeld ? [[id, undefined]] : [])]])
      }),
  })
}
