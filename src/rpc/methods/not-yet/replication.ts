import { type Method, notYet } from '../../method.ts'
import { any, embedded, integer64, list, map, type Shape, struct, text } from '../../shape.ts'
import { tenantIdWithOptionsShape } from '../../shapes/event.ts'
import { chargerShape, filterShape } from '../../shapes/profile.ts'
import { PROFILE_KINDS } from '../../shapes/profile-kinds.ts'

const more = { Tenant: text, APIOpts: map(any) }
const keyShape = struct('utils.StringWithAPIOpts', { Arg: text, ...more })
const objects = { Tenant: text, ID: text }

const sharedGroup = struct('engine.SharedGroup', { Id: text, AccountParameters: map(any), MemberIds: map(any) })

function withOptions(goType: string, name: string, shape: Shape): Shape {
  return struct(goType, { [name]: embedded(shape), ...more })
}

/** By name: what is replicated and the argument that sets it. Those of this table are found by one text. Reference 01, 9.5. */
const BY_KEY: Readonly<Record<string, { readonly object: Shape; readonly set: Shape }>> = {
  ActionTriggers: {
    object: list(any),
    set: struct('engine.SetActionTriggersArgWithAPIOpts', { Key: text, Attrs: list(any), ...more }),
  },
  SharedGroup: {
    object: sharedGroup,
    set: withOptions('engine.SharedGroupWithAPIOpts', 'SharedGroup', sharedGroup),
  },
}

/** Those of this table are found by tenant and id. */
const BY_TENANT: Readonly<Record<string, Shape>> = {
  ...Object.fromEntries(Object.entries(PROFILE_KINDS).map(([name, { shape }]) => [name, shape])),
  ChargerProfile: chargerShape,
  Filter: filterShape,
  StatQueue: struct('engine.StatQueue', { ...objects, SQItems: list(any), SQMetrics: map(any) }),
  Threshold: struct('engine.Threshold', { ...objects, Hits: integer64, Snooze: text }),
  Trend: struct('engine.Trend', { ...objects, RunTimes: list(text), Metrics: map(any), CompressedMetrics: any }),
  Ranking: struct('engine.Ranking', {
    ...objects,
    LastUpdate: text,
    Metrics: map(any),
    Sorting: text,
    SortingParameters: list(text),
    SortedStatIDs: list(text),
  }),
  Resource: struct('engine.Resource', { ...objects, Usages: map(any), TTLIdx: list(text) }),
  IPAllocations: struct('engine.IPAllocations', { ...objects, Allocations: map(any), TTLIndex: list(text) }),
}

/** What keeps another engine's data the same: this version keeps its own. Reference 01, 9.5. */
export function absentReplicationMethods(): Method[] {
  const methods: Method[] = []
  for (const [name, { object, set }] of Object.entries(BY_KEY))
    methods.push(
      notYet(`ReplicatorSv1.Get${name}`, keyShape, object),
      notYet(`ReplicatorSv1.Set${name}`, set),
      notYet(`ReplicatorSv1.Remove${name}`, keyShape),
    )
  for (const [name, object] of Object.entries(BY_TENANT))
    methods.push(
      notYet(`ReplicatorSv1.Get${name}`, tenantIdWithOptionsShape, object),
      notYet(`ReplicatorSv1.Set${name}`, withOptions(`engine.${name}WithAPIOpts`, name, object)),
      notYet(`ReplicatorSv1.Remove${name}`, tenantIdWithOptionsShape),
    )
  const index = { IdxItmType: text, TntCtx: text }
  const keys = struct('utils.GetIndexesArg', { ...index, IdxKeys: list(text), ...more })
  const indexes = map(map(any))
  const backup = { NodeID: text, ...more }
  return [
    ...methods,
    notYet('ReplicatorSv1.GetIndexes', keys, indexes),
    notYet('ReplicatorSv1.SetIndexes', struct('utils.SetIndexesArg', { ...index, Indexes: indexes, ...more })),
    notYet('ReplicatorSv1.RemoveIndexes', keys),
    notYet(
      'ReplicatorSv1.SetBackupSessions',
      struct('engine.SetBackupSessionsArgs', { ...backup, StoredSessions: list(any) }),
    ),
    notYet('ReplicatorSv1.RemoveSessionBackup', struct('engine.RemoveSessionBackupArgs', { ...backup, CGRID: text })),
  ]
}
