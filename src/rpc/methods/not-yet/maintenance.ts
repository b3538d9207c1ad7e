import { type Method, notYet } from '../../method.ts'
import { any, boolean, bytes, embedded, integer64, list, map, pointer, struct, text } from '../../shape.ts'
import { cdrFilterShape } from '../../shapes/cdr-filter.ts'

const plan = { TPid: text }
const rest = { DryRun: boolean, Validate: boolean, Caching: pointer(text), APIOpts: map(any) }

/** Tariff plans that are kept beside the one in force: they are moved to and from it, and to and from files. */
function planMethods(): Method[] {
  const fromStore = struct('v1.AttrLoadTpFromStorDb', { ...plan, ...rest })
  const exportShape = struct('utils.AttrDirExportTP', {
    TPid: pointer(text),
    FileFormat: pointer(text),
    FieldSeparator: pointer(text),
    ExportPath: pointer(text),
    Compress: pointer(boolean),
  })
  const activation = struct('utils.TPRatingActivation', {
    ActivationTime: text,
    RatingPlanId: text,
    FallbackSubjects: text,
  })
  return [
    notYet('APIerSv1.LoadTariffPlanFromStorDb', fromStore),
    notYet('APIerSv1.RemoveTPFromStorDB', fromStore),
    notYet(
      'APIerSv1.ImportTariffPlanFromFolder',
      struct('utils.AttrImportTPFromFolder', {
        ...plan,
        FolderPath: text,
        RunId: text,
        CsvSeparator: text,
        APIOpts: map(any),
      }),
    ),
    notYet('APIerSv1.ImportTPZipFile', struct('v1.AttrImportTPZipFile', { ...plan, File: bytes })),
    notYet('APIerSv1.LoadDestination', struct('v1.AttrLoadDestination', { ...plan, ID: text })),
    notYet('APIerSv1.LoadRatingPlan', struct('v1.AttrLoadRatingPlan', { ...plan, RatingPlanId: text })),
    notYet('APIerSv1.LoadSharedGroup', struct('v1.AttrLoadSharedGroup', { ...plan, SharedGroupId: text })),
    notYet(
      'APIerSv1.LoadRatingProfile',
      struct('utils.TPRatingProfile', {
        ...plan,
        LoadId: text,
        Tenant: text,
        Category: text,
        Subject: text,
        RatingPlanActivations: list(activation),
      }),
    ),
    notYet('APIerSv2.LoadRatingProfile', struct('v2.AttrLoadRatingProfile', { ...plan, RatingProfileID: text })),
    notYet(
      'APIerSv1.LoadAccountActions',
      struct('utils.TPAccountActions', {
        ...plan,
        LoadId: text,
        Tenant: text,
        Account: text,
        ActionPlanId: text,
        ActionTriggersId: text,
        AllowNegative: boolean,
        Disabled: boolean,
      }),
    ),
    notYet('APIerSv2.LoadAccountActions', struct('v2.AttrLoadAccountActions', { ...plan, AccountActionsId: text })),
    notYet(
      'APIerSv1.ExportTPToFolder',
      exportShape,
      struct('utils.ExportedTPStats', { ExportPath: text, ExportedFiles: list(text), Compressed: boolean }),
    ),
    notYet('APIerSv1.ExportTPToZipString', exportShape, text),
    notYet('APIerSv1.ExportToFolder', struct('utils.ArgExportToFolder', { Path: text, Items: list(text) })),
    notYet('APIerSv1.RemTP', struct('v1.AttrRemTp', plan)),
    notYet('APIerSv1.GetTPIds', struct('v1.AttrGetTPIds', {}), list(text)),
  ]
}

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
  return [...planMethods(), ...databaseMethods(), ...cdrMethods()]
}
