import { importLoadId } from '../../tariffs/plan-files.ts'
import type { PlanSelection } from '../../tariffs/plan-selection.ts'
import { type Method, method, OK, requireFields } from '../method.ts'
import { RpcError } from '../rpc-error.ts'
import { any, boolean, bytes, list, map, pointer, struct, text, type ValueOf } from '../shape.ts'
import type { RpcDefaults } from './defaults.ts'
import { checkIsFolder } from './tariffs.ts'

type Import = { planId: string; loadId: string; separator?: string }

/** What the methods that move tariff plans ask of the engine: see TariffPlans. */
export interface PlanTransferServices {
  plans: {
    /** general.tpexport_dir */
    readonly exportFolder: string
    ids(): Promise<string[]>
    remove(planId: string): Promise<void>
    importFolder(folder: string, options: Import): Promise<void>
    importZip(bytes: Buffer, options: Import): Promise<void>
    exportTo(
      folder: string,
      planId: string,
      options: { separator: string; isCompressed: boolean },
    ): Promise<string[] | undefined>
    zip(planId: string, separator: string): Promise<Buffer | undefined>
    load(planId: string, selection?: PlanSelection, how?: { isDryRun: boolean; isValidated: boolean }): Promise<boolean>
    unload(planId: string): Promise<void>
  }
}

const plan = { TPid: text }

/** Reference 01, 9.6; 03, 3.2. */
export function tariffPlanTransferMethods(services: PlanTransferServices, defaults: RpcDefaults): Method[] {
  return [...fileMethods(services), ...loadMethods(services), ...partMethods(services, defaults)]
}

const exportShape = struct('utils.AttrDirExportTP', {
  TPid: pointer(text),
  FileFormat: pointer(text),
  FieldSeparator: pointer(text),
  ExportPath: pointer(text),
  Compress: pointer(boolean),
})

/** Tariff plans from and to CSV files. */
function fileMethods({ plans }: PlanTransferServices): Method[] {
  return [
    method('APIerSv1.GetTPIds', {
      summary: 'Ids of the tariff plans in stor_db, sorted.',
      params: struct('v1.AttrGetTPIds', {}),
      reply: list(text),
      run: () => plans.ids(),
    }),
    method('APIerSv1.RemTP', {
      summary: 'Removes a tariff plan from stor_db; an unknown one is no error. Errors: MANDATORY_IE_MISSING: [TPid].',
      params: struct('v1.AttrRemTp', plan),
      reply: OK,
      async run(argument) {
        requireFields(argument, 'TPid')
        await plans.remove(argument.TPid)
        return 'OK'
      },
    }),
    method('APIerSv1.ImportTariffPlanFromFolder', {
      summary:
        'Stores the tariff plan of a folder of CSVs in stor_db: all of it, or nothing. Errors: MANDATORY_IE_MISSING, INVALID_PATH, SERVER_ERROR with file, line, column and value.',
      params: struct('utils.AttrImportTPFromFolder', {
        ...plan,
        FolderPath: text,
        RunId: text,
        CsvSeparator: text,
        APIOpts: map(any),
      }),
      reply: OK,
      async run(argument) {
        requireFields(argument, 'TPid', 'FolderPath')
        const { TPid: planId, FolderPath: folder, RunId: runId, CsvSeparator: separator } = argument
        checkIsFolder(folder)
        await plans.importFolder(folder, { planId, loadId: importLoadId(runId), separator: separatorOf(separator) })
        return 'OK'
      },
    }),
    method('APIerSv1.ImportTPZipFile', {
      summary: 'As ImportTariffPlanFromFolder, of a zip of CSVs. Errors: zip: not a valid zip file.',
      params: struct('v1.AttrImportTPZipFile', { ...plan, File: bytes }),
      reply: OK,
      async run(argument) {
        if (!argument.File.subarray(0, 2).equals(ZIP_MAGIC)) throw new RpcError('zip: not a valid zip file')
        requireFields(argument, 'TPid')
        await plans.importZip(argument.File, { planId: argument.TPid, loadId: importLoadId('') })
        return 'OK'
      },
    }),
    method('APIerSv1.ExportTPToFolder', {
      summary:
        'Writes a tariff plan of stor_db as CSVs into a folder, general.tpexport_dir unless it is named. Errors: MANDATORY_IE_MISSING: [TPid], SERVER_ERROR: NOT_FOUND, SERVER_ERROR: Unsupported file format.',
      params: exportShape,
      reply: struct('utils.ExportedTPStats', { ExportPath: text, ExportedFiles: list(text), Compressed: boolean }),
      async run(argument) {
        const { planId, separator } = exportOf(argument)
        const folder = argument.ExportPath || plans.exportFolder
        const isCompressed = argument.Compress === true
        const files = await plans.exportTo(folder, planId, { separator, isCompressed })
        if (files === undefined) throw new RpcError('SERVER_ERROR: NOT_FOUND')
        return { ExportPath: folder, ExportedFiles: files, Compressed: isCompressed }
      },
    }),
    method('APIerSv1.ExportTPToZipString', {
      summary: 'A tariff plan of stor_db as a zip of CSVs, in base64. Errors: as ExportTPToFolder.',
      params: exportShape,
      reply: text,
      async run(argument) {
        const { planId, separator } = exportOf(argument)
        const zip = await plans.zip(planId, separator)
        if (zip === undefined) throw new RpcError('SERVER_ERROR: NOT_FOUND')
        return zip.toString('base64')
      },
    }),
  ]
}

const ZIP_MAGIC = Buffer.from('PK')

/** Throws RpcError. */
function exportOf(argument: ValueOf<typeof exportShape>): { planId: string; separator: string } {
  requireFields(argument, 'TPid')
  if (argument.FileFormat !== null && argument.FileFormat !== '' && argument.FileFormat !== 'csv')
    throw new RpcError('SERVER_ERROR: Unsupported file format')
  return { planId: argument.TPid ?? '', separator: separatorOf(argument.FieldSeparator ?? '') }
}

/** Only the first character counts. */
function separatorOf(text: string): string {
  return text.slice(0, 1) || ','
}

/** Whole plans into and out of the tariff in force. */
function loadMethods({ plans }: PlanTransferServices): Method[] {
  const params = struct('v1.AttrLoadTpFromStorDb', {
    ...plan,
    DryRun: boolean,
    Validate: boolean,
    Caching: pointer(text),
    APIOpts: map(any),
  })
  return [
    method('APIerSv1.LoadTariffPlanFromStorDb', {
      summary:
        'Loads a tariff plan of stor_db as LoadTariffPlanFromFolder does a folder: all of it, or nothing. Errors: MANDATORY_IE_MISSING: [TPid], invalid data.',
      params,
      reply: OK,
      async run(argument) {
        requireFields(argument, 'TPid')
        const { TPid: planId, DryRun: isDryRun, Validate: isValidated } = argument
        await plans.load(planId, undefined, { isDryRun, isValidated })
        return 'OK'
      },
    }),
    method('APIerSv1.RemoveTPFromStorDB', {
      summary:
        'Removes what a tariff plan of stor_db names from the tariff in force, accounts too: all of it, or nothing. Errors: MANDATORY_IE_MISSING: [TPid].',
      params,
      reply: OK,
      async run(argument) {
        requireFields(argument, 'TPid')
        if (!argument.DryRun) await plans.unload(argument.TPid)
        return 'OK'
      },
    }),
  ]
}

const profileShape = struct('utils.TPRatingProfile', {
  ...plan,
  LoadId: text,
  Tenant: text,
  Category: text,
  Subject: text,
  RatingPlanActivations: list(
    struct('utils.TPRatingActivation', { ActivationTime: text, RatingPlanId: text, FallbackSubjects: text }),
  ),
})

const accountShape = struct('utils.TPAccountActions', {
  ...plan,
  LoadId: text,
  Tenant: text,
  Account: text,
  ActionPlanId: text,
  ActionTriggersId: text,
  AllowNegative: boolean,
  Disabled: boolean,
})

/** Parts of plans into the tariff in force, with what they name. */
function partMethods({ plans }: PlanTransferServices, defaults: RpcDefaults): Method[] {
  const part = <F extends string>(name: string, goType: string, field: F, file: PlanSelection['file']): Method =>
    method(`APIerSv1.${name}`, {
      summary: `Loads an object of a tariff plan of stor_db with what it names; all when none is named. Errors: MANDATORY_IE_MISSING: [TPid], SERVER_ERROR: NOT_FOUND.`,
      params: struct(goType, { ...plan, ...({ [field]: text } as Record<F, typeof text>) }),
      reply: OK,
      async run(argument) {
        const { TPid: planId, [field]: id } = argument as Record<string, string>
        requireFields({ TPid: planId }, 'TPid')
        const isLoaded = await plans.load(planId ?? '', { file, where: { tag: id || undefined } })
        if (!isLoaded) throw new RpcError('SERVER_ERROR: NOT_FOUND')
        return 'OK'
      },
    })
  return [
    part('LoadDestination', 'v1.AttrLoadDestination', 'ID', 'Destinations'),
    part('LoadRatingPlan', 'v1.AttrLoadRatingPlan', 'RatingPlanId', 'RatingPlans'),
    part('LoadSharedGroup', 'v1.AttrLoadSharedGroup', 'SharedGroupId', 'SharedGroups'),
    method('APIerSv1.LoadRatingProfile', {
      summary:
        'Loads the rating profiles of a load in stor_db, or those of a category or a subject of it. Errors: MANDATORY_IE_MISSING: [TPid], SERVER_ERROR: no RatingProfile for filter.',
      params: profileShape,
      reply: OK,
      async run(argument) {
        requireFields(argument, 'TPid')
        const { TPid: planId, LoadId: loadid, Category: category, Subject: subject } = argument
        const tenant = argument.Tenant || defaults.tenant
        const where = { loadid, tenant, category: category || undefined, subject: subject || undefined }
        if (!(await plans.load(planId, { file: 'RatingProfiles', where })))
          throw new RpcError(
            `SERVER_ERROR: no RatingProfile for filter &{${[planId, loadid, tenant, category, subject].join(' ')} []}, error: NOT_FOUND`,
          )
        return 'OK'
      },
    }),
    method('APIerSv2.LoadRatingProfile', {
      summary: 'Loads all rating profiles of a tariff plan of stor_db. Errors: MANDATORY_IE_MISSING: [TPid].',
      params: struct('v2.AttrLoadRatingProfile', { ...plan, RatingProfileID: text }),
      reply: OK,
      async run(argument) {
        requireFields(argument, 'TPid')
        await plans.load(argument.TPid, { file: 'RatingProfiles', where: {} })
        return 'OK'
      },
    }),
    method('APIerSv1.LoadAccountActions', {
      summary:
        'Loads accounts of a tariff plan of stor_db with the action plans that they name; all when none is named. Errors: MANDATORY_IE_MISSING: [TPid], SERVER_ERROR: NOT_FOUND.',
      params: accountShape,
      reply: OK,
      async run(argument) {
        requireFields(argument, 'TPid')
        const { TPid: planId, LoadId: loadId, Account: account } = argument
        const isNamed = loadId !== '' || argument.Tenant !== '' || account !== ''
        const tenant = argument.Tenant || (isNamed ? defaults.tenant : '')
        const where = { loadid: loadId || undefined, tenant: tenant || undefined, account: account || undefined }
        const isLoaded = await plans.load(planId, { file: 'AccountActions', where })
        if (!isLoaded && isNamed)
          throw new RpcError(
            `SERVER_ERROR: NOT_FOUND: &{${Object.entries({ ...argument, Tenant: tenant })
              .map(([name, value]) => `${name}:${String(value)}`)
              .join(' ')}}`,
          )
        return 'OK'
      },
    }),
    method('APIerSv2.LoadAccountActions', {
      summary:
        'Loads an account of a tariff plan of stor_db, by LoadId:Tenant:Account; all when none is named. Errors: MANDATORY_IE_MISSING: [TPid].',
      params: struct('v2.AttrLoadAccountActions', { ...plan, AccountActionsId: text }),
      reply: OK,
      async run(argument) {
        requireFields(argument, 'TPid')
        const { TPid: planId, AccountActionsId: id } = argument
        const [loadid, tenant, account, ...others] = id.split(':')
        if (id !== '' && (account === undefined || others.length > 0))
          throw new RpcError(`Wrong TP Account Action Id: ${id}`)
        await plans.load(planId, { file: 'AccountActions', where: id === '' ? {} : { loadid, tenant, account } })
        return 'OK'
      },
    }),
  ]
}
