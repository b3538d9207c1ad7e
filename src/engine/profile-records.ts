import { eventJson } from '../core/event-values.ts'
import type { ActivationInterval, FilterProfile } from '../filters/filter-rule.ts'
import { flat, parseJson } from '../rpc/shape.ts'
import { type Profile, type ProfileKind, type ProfileName, profileWire } from '../rpc/shapes/profile-kinds.ts'
import type { ChargerProfile } from '../services/chargers.ts'
import type { RecordKind } from '../store/unit-of-work.ts'

type StoredInstant = [ns: string, zone: string] | null
type StoredActivation = [StoredInstant, StoredInstant] | null
type StoredFilter = [rules: [string, string, readonly string[]][], activation: StoredActivation]
type StoredCharger = [
  filterIds: readonly string[],
  activation: StoredActivation,
  runId: string,
  attributeIds: readonly string[],
  weight: number,
]

/** Key of a profile in the store: its tenant, then its id, which may hold colons. */
export function profileKey(kind: 'filter' | 'charger' | ProfileName, tenant: string, id: string): string {
  return `${kind}/${encodeURIComponent(tenant)}:${id}`
}

/** Tenant and id in a key. */
export function ownerOf(key: string): { tenant: string; id: string } {
  const start = key.indexOf('/') + 1
  const colon = key.indexOf(':', start)
  return { tenant: decodeURIComponent(key.slice(start, colon)), id: key.slice(colon + 1) }
}

export const filterKind: RecordKind<FilterProfile> = {
  table: 'profile',
  write({ rules, activation }, writer) {
    const stored: StoredFilter = [
      rules.map(({ type, element, values }) => [type, element, values]),
      storedActivation(activation),
    ]
    writer.json(JSON.stringify(stored))
  },
  decode(text, key) {
    const [rules, activation] = JSON.parse(text) as StoredFilter
    return {
      ...ownerOf(key),
      rules: rules.map(([type, element, values]) => ({ type, element, values })),
      activation: readActivation(activation),
    }
  },
}

export const chargerKind: RecordKind<ChargerProfile> = {
  table: 'profile',
  write({ filterIds, activation, runId, attributeIds, weight }, writer) {
    const stored: StoredCharger = [filterIds, storedActivation(activation), runId, attributeIds, weight]
    writer.json(JSON.stringify(stored))
  },
  decode(text, key) {
    const [filterIds, activation, runId, attributeIds, weight] = JSON.parse(text) as StoredCharger
    return { ...ownerOf(key), filterIds, activation: readActivation(activation), runId, attributeIds, weight }
  },
}

/** The records of a kind of profile: what clients read of one. */
export function profileRecord<P extends Profile>(kind: ProfileKind): RecordKind<P> {
  return {
    table: 'profile',
    write: (profile, writer) => writer.json(profileText(profile)),
    decode: (text) => profileOfText(kind, text),
  }
}

export function profileText(profile: Profile): string {
  return eventJson(profileWire(profile))
}

export function profileOfText<P extends Profile>({ shape }: ProfileKind, text: string): P {
  return flat(shape, shape.decode(parseJson(text))) as P
}

function storedActivation(activation: ActivationInterval | null): StoredActivation {
  const stored = (time: ActivationInterval['from']): StoredInstant => time && [String(time.ns), time.zone]
  return activation && [stored(activation.from), stored(activation.until)]
}

function readActivation(stored: StoredActivation): ActivationInterval | null {
  const read = (time: StoredInstant) => time && { ns: BigInt(time[0]), zone: time[1] }
  return stored && { from: read(stored[0]), until: read(stored[1]) }
}
