import { statSync } from 'node:fs'
import { type Method, method, OK } from '../method.ts'
import { RpcError } from '../rpc-error.ts'
import { any, boolean, map, pointer, struct, text } from '../shape.ts'

/** What the methods of tariffs ask of the engine. */
export interface TariffServices {
  tariff: {
    load(folder: string): Promise<unknown>
    check(folder: string): unknown
    remove(folder: string): Promise<unknown>
  }
}

const folderShape = struct('utils.AttrLoadTpFromFolder', {
  FolderPath: text,
  DryRun: boolean,
  Validate: boolean,
  Caching: pointer(text),
  APIOpts: map(any),
})

/** Tariff plans. Reference 01, 9.6; 03, 3.2. */
export function tariffMethods(services: TariffServices): Method[] {
  return [
    method('APIerSv1.LoadTariffPlanFromFolder', {
      summary:
        'Loads a folder of tariff CSVs: all of it, or nothing; with DryRun only checks it. Errors: MANDATORY_IE_MISSING:FolderPath, INVALID_PATH.',
      params: folderShape,
      reply: OK,
      async run({ FolderPath: folder, DryRun: isDryRun }) {
        checkFolder(folder)
        if (isDryRun) services.tariff.check(folder)
        else await services.tariff.load(folder)
        return 'OK'
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
  ]
}

function checkFolder(folder: string): void {
  if (folder === '') throw new RpcError('MANDATORY_IE_MISSING:FolderPath')
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) throw new RpcError('INVALID_PATH')
}
