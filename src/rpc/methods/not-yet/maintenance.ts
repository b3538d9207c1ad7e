import { type Method, notYet } from '../../method.ts'
import { any, boolean, embedded, integer64, list, map, struct, text } from '../../shape.ts'
import { cdrFilterShape } from '../../shapes/cdr-filter.ts'

/** Upkeep of databases of the kinds that CGRateS uses. */
function databaseMethods(): Method[] {
  const versions = map(integer64)
  const set = struct('v1.SetVersionsArg', { Versions: versions, Overwrite: boolean })
  const backup = struct('v1.BackupParams', { BackupFolderPath: text, Zip: boolean })
  return ['DataDB', 'StorDB'].flatMap((database) => [
    notYet(`APIerSv1.Get${database}Versions`, text, versions),
    notYet(`APIerSv1.Set${database}Versions`, set),
    notYet(`APIerSv1.Dump${database}`, text),
    notYet(`APIerSv1.Rewrite${database}`, text),
    notYet(`APIerSv1.Restore${database}`, text),
    notYet(`APIerSv1.Backup${database}`, backup),
    notYet(`APIerSv1.Snapshot${database}`, backup),
  ])
}

/** CDRs that are exported, and what could not be delivered. */
function cdrMethods(): Method[] {
  return [
    notYet(
      'APIerSv1.ExportCDRs',
      struct('utils.ArgExportCDRs', {
        ExporterIDs: list(text),
        Verbose: boolean,
        RPCCDRsFilter: embedded(cdrFilterShape),
      }),
      map(any),
    ),
    notYet(
      'APIerSv1.ReplayFailedPosts',
      struct('v1.ReplayFailedPostsParams', { SourcePath: text, FailedPath: text, Modules: list(text) }),
    ),
    notYet(
      'APIerSv1.ReplayFailedReplications',
      struct('v1.ReplayFailedReplicationsArgs', { SourcePath: text, FailedPath: text }),
    ),
  ]
}

/** Reference 01, 9.3 and 9.6. */
export function absentMaintenanceMethods(): Method[] {
  return [
    notYet('APIerSv1.ExportToFolder', struct('utils.ArgExportToFolder', { Path: text, Items: list(text) })),
    ...databaseMethods(),
    ...cdrMethods(),
  ]
}
