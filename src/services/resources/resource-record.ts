import { Decimal } from '../../core/decimal.ts'
import { originHash } from '../../core/event-values.ts'
import type { RecordKind, Unit } from '../../store/unit-of-work.ts'
import { isContinued, type Resource, type Usage } from './resource.ts'

/** What the usages of a resource were counted by. */
type StoredHead = { readonly limit: string; readonly usageTtl: string }

/** id, units, and when it expires in ns since 1970; null: it does not. */
type StoredUsage = readonly [id: string, units: string, expiresAtNs: string | null]

const HEADS = 'resource/'
const USAGES = 'resource-usage/'

const headKind: RecordKind<StoredHead> = {
  table: 'state',
  isTransient: true,
  write: (head, writer) => void writer.json(JSON.stringify(head)),
  decode: (text) => JSON.parse(text) as StoredHead,
}

const usageKind: RecordKind<StoredUsage> = {
  table: 'state',
  isTransient: true,
  write: (usage, writer) => void writer.json(JSON.stringify(usage)),
  decode: (text) => JSON.parse(text) as StoredUsage,
}

/** Where the records of resources begin. */
export const RESOURCE_PREFIXES = { heads: HEADS, parts: USAGES } as const

/** A resource and what the store lacks of it: a write is as long as what has changed. */
export class KeptResource {
  readonly resource: Resource
  readonly #key: string
  /** Usages that the store has otherwise, or not at all, and by which change they are so. */
  readonly #dirty = new Map<string, number>()
  #changes = 0

  constructor(resource: Resource) {
    this.resource = resource
    this.#key = resourceKey(resource.profile)
    resource.watch((id) => this.#dirty.set(id, ++this.#changes))
  }

  /** Whether the store lacks something. */
  get isBehind(): boolean {
    return this.#dirty.size > 0
  }

  /** Puts all that the store does not have yet into a unit. To be called when the unit has run: what this gives. */
  put(unit: Unit): () => void {
    const written = [...this.#dirty]
    for (const [id] of written) {
      const usage = this.resource.usage(id)
      if (usage === undefined) unit.delete(usageKind, this.#usageKey(id))
      else unit.put(usageKind, this.#usageKey(id), storedUsage(usage))
    }
    const { limit, usageTtl } = this.resource.profile
    unit.put(headKind, HEADS + this.#key, { limit: limit.toString(), usageTtl: String(usageTtl) })
    return () => {
      for (const [id, change] of written) if (this.#dirty.get(id) === change) this.#dirty.delete(id)
    }
  }

  /** Every record of the resource goes. */
  delete(unit: Unit): void {
    const ids = new Set(this.#dirty.keys())
    for (const { id } of this.resource.usages) ids.add(id)
    for (const id of ids) unit.delete(usageKind, this.#usageKey(id))
    unit.delete(headKind, HEADS + this.#key)
  }

  /** Takes up what the store has; nothing when the resource is counted in another way since. */
  load(headText: string, usages: readonly string[]): void {
    const { resource } = this
    const { profile } = resource
    const head = JSON.parse(headText) as StoredHead
    const counted = { limit: Decimal.parse(head.limit), usageTtl: BigInt(head.usageTtl) }
    const isTaken = profile.isStored && isContinued(counted, profile)
    const held = usages.map(usageOf)
    for (const { id } of held) this.#dirty.set(id, ++this.#changes)
    if (!isTaken) return
    fill(resource, held)
    for (const { id } of held) this.#dirty.delete(id)
  }

  #usageKey(id: string): string {
    // Ids of clients may be longer than keys.
    return `${USAGES}${this.#key}/${originHash(id, '')}`
  }
}

/** Deletes records of resources whose profiles have gone. heads: keys without their prefix. */
export function deleteOthers(unit: Unit, heads: Iterable<string>, usages: Iterable<string>): void {
  for (const key of heads) unit.delete(headKind, HEADS + key)
  for (const key of usages) unit.delete(usageKind, key)
}

/** The key of the head of a profile's resource, without its prefix. */
export function resourceKey({ tenant, id }: { readonly tenant: string; readonly id: string }): string {
  return `${encodeURIComponent(tenant)}:${encodeURIComponent(id)}`
}

/** Records usages of another time, those that expire first before the others. */
export function fill(resource: Resource, usages: readonly Usage[]): void {
  const expiring = ({ expiresAtNs }: Usage) => expiresAtNs ?? -1n
  for (const usage of usages.toSorted((a, b) => (expiring(a) < expiring(b) ? -1 : expiring(a) > expiring(b) ? 1 : 0)))
    resource.record(usage, resource.profile.usageTtl)
}

function storedUsage({ id, units, expiresAtNs }: Usage): StoredUsage {
  return [id, units.toString(), expiresAtNs === null ? null : String(expiresAtNs)]
}

function usageOf(text: string): Usage {
  const [id, units, expiresAtNs] = JSON.parse(text) as StoredUsage
  return { id, units: Decimal.parse(units), expiresAtNs: expiresAtNs === null ? null : BigInt(expiresAtNs) }
}
