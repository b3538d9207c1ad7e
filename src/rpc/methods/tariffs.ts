import { statSync } from 'node:fs'
import { NotFound } from '../../core/errors.ts'
import { compileLayout } from '../../core/go-layout.ts'
import { formatTime, ZERO_TIME, zoneOf } from '../../core/time.ts'
import { type Method, method, OK } from '../method.ts'
import { plainly } from '../plainly.ts'
import { RpcError } from '../rpc-error.ts'
import { any, boolean, integer, integer64, list, map, pointer, struct, text, time } from '../shape.ts'

/** What the methods of tariffs ask of the engine. */
export interface TariffServices {
  tariff: {
    load(folder: string, isValidated: boolean): Promise<unknown>
    check(folder: string): unknown
    remove(folder: string): Promise<unknown>
    /** When each kind of object was last loaded, ns since the epoch, by partition. */
    readonly loadIds: ReadonlyMap<string, bigint>
  }
}

const folderShape = struct('utils.AttrLoadTpFromFolder', {
  FolderPath: text,
  DryRun: boolean,
  Validate: boolean,
  Caching: pointer(text),
  APIOpts: map(any),
})

/** How Go prints a time. */
const GO_TIME = compileLayout('2006-01-02 15:04:05.999999999 -0700 MST')

const loadShape = struct('utils.LoadInstance', {
  LoadID: text,
  RatingLoadID: text,
  AccountingLoadID: text,
  LoadTime: time,
})

/** Tariff plans. Reference 01, 9.6; 03, 3.1 and 3.2. */
export function tariffMethods(services: TariffServices): Method[] {
  const loadIds = (item: string) => loadIdsOf(services.tariff, item)
  const load = async (folder: string, isDryRun: boolean, isValidated: boolean) => {
    checkFolder(folder)
    if (isDryRun) services.tariff.check(folder)
    else await services.tariff.load(folder, isValidated)
  }
  return [
    method('APIerSv1.LoadTariffPlanFromFolder', {
      summary:
        'Loads a folder of tariff CSVs: all of it, or nothing; with DryRun only checks it, with Validate refuses rating plans that are not well-formed. Errors: MANDATORY_IE_MISSING:FolderPath, INVALID_PATH, invalid data.',
      params: folderShape,
      reply: OK,
      async run({ FolderPath: folder, DryRun: isDryRun, Validate: isValidated }) {
        await load(folder, isDryRun, isValidated)
        return 'OK'
      },
    }),
    method('APIerSv2.LoadTariffPlanFromFolder', {
      summary: 'As that of APIerSv1; loads have no ids. Errors: MANDATORY_IE_MISSING:FolderPath, INVALID_PATH.',
      params: folderShape,
      reply: loadShape,
      async run({ FolderPath: folder, DryRun: isDryRun, Validate: isValidated }) {
        await load(folder, isDryRun, isValidated)
        const id = isDryRun ? 'dry_run' : ''
        return { LoadID: '', RatingLoadID: id, AccountingLoadID: id, LoadTime: formatTime(ZERO_TIME) }
      },
    }),
    method('APIerSv1.RemoveTPFromFolder', {
      summary:
        'Removes what a folder of tariff CSVs names, accounts too: all of it, or nothing. Errors: MANDATORY_IE_MISSING:FolderPath, INVALID_PATH.',
      params: folderShape,
      reply: OK,
      async run({ FolderPath: folder, DryRun: isDryRun }) {
        checkFolder(folder)
        if (!isDryRun) await services.tariff.remove(folder)
        return 'OK'
      },
    }),
    method('APIerSv1.GetLoadHistory', {
      summary: 'Loads are not listed: NOT_FOUND, as in the reference engine.',
      params: struct('utils.Paginator', { Limit: pointer(integer), Offset: pointer(integer) }),
      reply: list(loadShape),
      run() {
        throw new NotFound()
      },
    }),
    method('APIerSv1.GetLoadIDs', {
      summary:
        'When the kinds of objects that changed last did so, in ns since 1970, by partition; of one kind, when it is named. Errors: NOT_FOUND.',
      params: text,
      reply: map(integer64),
      run: (item) => Object.fromEntries(loadIds(item)),
    }),
    method('APIerSv1.GetLoadTimes', {
      summary: 'As GetLoadIDs, as times of a zone. Errors: NOT_FOUND, unknown time zone.',
      params: struct('v1.LoadTimeArgs', { Timezone: text, Item: text }),
      reply: map(text),
      run({ Timezone: name, Item: item }) {
        const zone = name === '' ? 'UTC' : plainly(() => zoneOf(name))
        const timeOf = (ns: bigint) => (ns === 0n ? ZERO_TIME : { ns, zone })
        return Object.fromEntries(loadIds(item).map(([partition, ns]) => [partition, GO_TIME.format(timeOf(ns))]))
      },
    }),
  ]
}

/** When a kind of objects, or with '' each, was last loaded. Throws NotFound when nothing ever was. */
export function loadIdsOf(
  { loadIds: held }: Pick<TariffServices['tariff'], 'loadIds'>,
  item: string,
): [string, bigint][] {
  if (held.size === 0) throw new NotFound()
  return item === '' ? [...held] : [[item, held.get(item) ?? 0n]]
}

function checkFolder(folder: string): void {
  if (folder === '') throw new RpcError('MANDATORY_IE_MISSING:FolderPath')
  checkIsFolder(folder)
}

/** Throws RpcError. */
export function checkIsFolder(folder: string): void {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) throw new RpcError('INVALID_PATH')
}
