import type { SharedGroup } from '../../accounting/shared-groups.ts'
import { type Method, method } from '../method.ts'
import { boolean, map, pointer, struct, text } from '../shape.ts'

/** What the methods of shared groups ask of the engine. */
export interface SharedGroupServices {
  /** A shared group and its members, undefined when there is none. */
  sharedGroup(id: string): { group: SharedGroup; memberIds: Iterable<string> } | undefined
}

export const sharedGroupShape = struct('engine.SharedGroup', {
  Id: text,
  AccountParameters: map(pointer(struct('engine.SharingParameters', { Strategy: text, RatingSubject: text }))),
  MemberIds: map(boolean),
})

/** Shared groups as clients see them. Reference 04, 8 and 13.2. */
export function sharedGroupMethods(services: SharedGroupServices): Method[] {
  return [
    method('APIerSv1.GetSharedGroup', {
      summary: 'A shared group and its members; an empty one when there is none of that id.',
      params: text,
      reply: sharedGroupShape,
      run: (id) => sharedGroupWire(services, id) ?? { Id: '', AccountParameters: null, MemberIds: null },
    }),
  ]
}

/** A shared group in the shape of clients, undefined when there is none. */
export function sharedGroupWire(services: SharedGroupServices, id: string): Record<string, unknown> | undefined {
  const found = services.sharedGroup(id)
  if (found === undefined) return undefined
  const parameters = [...found.group].sort(([a], [b]) => (a < b ? -1 : 1))
  const members = [...found.memberIds].sort()
  return {
    Id: id,
    AccountParameters: orNull(
      parameters.map(([accountId, { strategy, ratingSubject }]) => [
        accountId,
        { Strategy: strategy, RatingSubject: ratingSubject },
      ]),
    ),
    MemberIds: orNull(members.map((accountId) => [accountId, true])),
  }
}

function orNull(entries: [string, unknown][]): Record<string, unknown> | null {
  return entries.length === 0 ? null : Object.fromEntries(entries)
}
