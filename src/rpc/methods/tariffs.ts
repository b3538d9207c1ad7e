import { type Method, method, OK } from '../method.ts'
import { RpcError } from '../rpc-error.ts'
import { any, boolean, map, pointer, struct, text } from '../shape.ts'

/** What the methods of tariffs ask of the engine. */
export interface TariffServices {
  tariff: { load(folder: string): Promise<unknown> }
}

/** Tariff plans. Reference 01, 9.6; 03. */
export function tariffMethods(services: TariffServices): Method[] {
  return [
    method('APIerSv1.LoadTariffPlanFromFolder', {
      summary: 'Loads a folder of tariff CSVs: all of it, or nothing. Errors: MANDATORY_IE_MISSING: [FolderPath].',
      params: struct('utils.AttrLoadTpFromFolder', {
        FolderPath: text,
        DryRun: boolean,
        Validate: boolean,
        Caching: pointer(text),
        APIOpts: map(any),
      }),
      reply: OK,
      async run({ FolderPath: folder }) {
        if (folder === '') throw new RpcError('MANDATORY_IE_MISSING: [FolderPath]')
        await services.tariff.load(folder)
        return 'OK'
      },
    }),
  ]
}
