import { type Method, method, OK, requireFields } from '../method.ts'
import { list, struct, text } from '../shape.ts'

/** What the export of profiles asks of the engine. */
export interface ProfileExportServices {
  /** Writes the files of these items, of all when none is named, into a folder. */
  exportProfiles(folder: string, items: readonly string[]): Promise<void>
}

/** Filters and profiles as files that can be loaded. Reference 10, C9. */
export function profileExportMethods(services: ProfileExportServices): Method[] {
  return [
    method('APIerSv1.ExportToFolder', {
      summary:
        'Writes filters and profiles of all tenants as tariff CSVs; those of Items, all when none is named. Errors: ' +
        'MANDATORY_IE_MISSING: [Path], SERVER_ERROR: an unknown item, what the system says of the folder.',
      params: struct('utils.ArgExportToFolder', { Path: text, Items: list(text) }),
      reply: OK,
      async run(argument) {
        requireFields(argument, 'Path')
        await services.exportProfiles(argument.Path, argument.Items)
        return 'OK'
      },
    }),
  ]
}
