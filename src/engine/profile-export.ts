import { randomUUID } from 'node:crypto'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { TollgateError } from '../core/errors.ts'
import { activationWire, chargerWire } from '../rpc/shapes/profile.ts'
import { PROFILE_KINDS, type Profile, type ProfileKind } from '../rpc/shapes/profile-kinds.ts'
import type { DataStore } from '../store/data-store.ts'
import type { RecordKind } from '../store/unit-of-work.ts'
import { csvLine } from '../tariffs/csv-rows.ts'
import { kindOfFile } from '../tariffs/plan-kinds.ts'
import { rowsOf } from '../tariffs/plan-objects.ts'
import { TARIFF_FILES, type TariffFile } from '../tariffs/tariff-rows.ts'
import { objectOfProfile } from './profile-objects.ts'
import { chargerKind, filterKind, profileRecord } from './profile-records.ts'

/** What one item of an export is: its file, and its rows in the order of tenants and ids. */
type Exported = {
  readonly file: TariffFile
  rows(store: DataStore, separator: string): AsyncIterable<readonly string[]>
}

const KINDS = Object.entries(PROFILE_KINDS as Readonly<Record<string, ProfileKind>>)

/** By item, as clients name them. Reference 10, C9. */
const ITEMS: Readonly<Record<string, Exported>> = {
  '*filters': {
    file: 'Filters',
    async *rows(store) {
      for await (const { tenant, id, rules, activation } of records(store, 'filter', filterKind)) {
        const interval = activationWire(activation)
        const times = interval === null ? '' : `${interval['ActivationTime']};${interval['ExpiryTime']}`
        const said = rules.length > 0 ? rules : [{ type: '', element: '', values: [] }]
        for (const { type, element, values } of said) yield [tenant, id, type, element, values.join(';'), times]
      }
    },
  },
  '*chargers': {
    file: 'Chargers',
    async *rows(store) {
      for await (const charger of records(store, 'charger', chargerKind))
        yield* rowsOf(kindOfFile('Chargers'), chargerWire(charger))
    },
  },
  ...Object.fromEntries(KINDS.map(([name, kind]) => [itemOf(kind), exportedKind(name, kind)])),
}

function exportedKind(name: string, kind: ProfileKind): Exported {
  return {
    file: kind.file,
    async *rows(store, separator) {
      for await (const profile of records<Profile>(store, name, profileRecord(kind)))
        yield* rowsOf(kindOfFile(kind.file), objectOfProfile(kind.file, profile, separator))
    },
  }
}

function itemOf({ file, index }: ProfileKind): string {
  if (index !== undefined) return index.itemType
  return file === 'DispatcherHosts' ? '*dispatcher_hosts' : `*${file.toLowerCase()}`
}

/**
 * Writes filters and profiles as files of a tariff folder: those of the items, all when none is named. A file of the same name is
 * replaced, whole or not at all; items without objects have no file. separator: `general.rsr_separator`. Throws TollgateError.
 */
export async function exportProfiles(
  store: DataStore,
  separator: string,
  folder: string,
  items: readonly string[],
): Promise<void> {
  const unknown = items.find((item) => !Object.hasOwn(ITEMS, item))
  if (unknown !== undefined)
    throw new TollgateError(
      'UNKNOWN_ITEM',
      `unsupported item <${unknown}>, expected some of ${Object.keys(ITEMS).sort().join(' ')}`,
    )
  for (const item of items.length > 0 ? items : Object.keys(ITEMS)) {
    const exported = ITEMS[item]
    if (exported === undefined) continue
    const { file } = exported
    let text = ''
    for await (const row of exported.rows(store, separator)) text += csvLine(row)
    if (text === '') continue
    await mkdir(folder, { recursive: true })
    const gathered = join(folder, `.${file}.csv.${randomUUID()}`)
    await writeFile(gathered, `#${TARIFF_FILES[file].columns.join(',')}\n${text}`, { flush: true })
    await rename(gathered, join(folder, `${file}.csv`))
  }
}

async function* records<T>(store: DataStore, kind: string, record: RecordKind<T>): AsyncIterable<T> {
  for await (const [key, { value }] of store.scan('profile', { prefix: `${kind}/` })) yield record.decode(value, key)
}
