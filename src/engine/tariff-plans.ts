import { rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { TollgateError } from '../core/errors.ts'
import type { PlanStore } from '../store/plan-store.ts'
import {
  importChanges,
  type PlanRows,
  type PlanText,
  planTexts,
  readPlanFolder,
  readPlanTexts,
  tariffOf,
} from '../tariffs/plan-files.ts'
import type { PlanKind } from '../tariffs/plan-kinds.ts'
import { objectOf, type PlanObject, rowsOf } from '../tariffs/plan-objects.ts'
import { type PlanSelection, selectPlan } from '../tariffs/plan-selection.ts'
import { PLAN_FILES, PLAN_TABLES } from '../tariffs/plan-tables.ts'
import { unzip, zipOf } from '../tariffs/plan-zip.ts'
import type { ReadTariff } from '../tariffs/tariff-rows.ts'
import type { TariffState } from './tariff-state.ts'

/** What an import is: loadId names it in rating profiles and account actions; isCleared: the plan has nothing else then. */
export type PlanImport = { planId: string; loadId: string; separator?: string; isCleared?: boolean }

/** The name of the zip that an export into a folder makes. */
const ZIP_NAME = 'tpexport.zip'

/**
 * Tariff plans that are kept in stor_db beside the one in force: their objects one by one, from and to CSV files, and into the tariff
 * in force. Every change is whole or not at all. Reference 03, 3.2 and 3.3.
 */
export class TariffPlans {
  readonly #store: PlanStore
  readonly #tariff: () => TariffState
  readonly #exportFolder: () => string

  /** exportFolder: where exports go that name no other. */
  constructor(store: PlanStore, tariff: () => TariffState, exportFolder: () => string) {
    this.#store = store
    this.#tariff = tariff
    this.#exportFolder = exportFolder
  }

  get exportFolder(): string {
    return this.#exportFolder()
  }

  ids(): Promise<string[]> {
    return this.#store.planIds()
  }

  remove(planId: string): Promise<void> {
    return this.#store.change(planId, [], true)
  }

  /** Ids of the objects of a kind, sorted: `columns` of the key, joined by colons. */
  objectIds(
    kind: PlanKind,
    columns: readonly string[],
    planId: string,
    query: { search: string; limit: number | undefined; offset: number },
  ): Promise<string[]> {
    return this.#store.objectIds(planId, { table: PLAN_TABLES[kind.file].name, columns, ...query })
  }

  /** The objects whose columns have these values, in the order in which they were stored. */
  async objects(kind: PlanKind, planId: string, where: Readonly<Record<string, string>>): Promise<PlanObject[]> {
    const { name, keys } = PLAN_TABLES[kind.file]
    const rows = await this.#store.rows(planId, name, where)
    const objects = Map.groupBy(rows, (cells) => JSON.stringify(cells.slice(0, keys)))
    return [...objects.values()].map((group) => objectOf(kind, planId, group))
  }

  /** Stores an object in the place of that of the same key. */
  setObject(kind: PlanKind, object: PlanObject): Promise<void> {
    const key = kind.keys.map(({ field }) => String(object[field]))
    const change = { table: PLAN_TABLES[kind.file].name, removed: [key], added: rowsOf(kind, object) }
    return this.#store.change(String(object['TPid']), [change])
  }

  /** key: in the order of the fields of the kind. */
  removeObject(kind: PlanKind, planId: string, key: readonly string[]): Promise<void> {
    return this.#store.change(planId, [{ table: PLAN_TABLES[kind.file].name, removed: [key], added: [] }])
  }

  /** Stores the plan that a folder holds. Rejects with TariffError naming file, line, column and value. */
  async importFolder(folder: string, { planId, loadId, separator, isCleared = false }: PlanImport): Promise<void> {
    await this.#store.change(planId, importChanges(readPlanFolder(folder, loadId, separator)), isCleared)
  }

  /** Stores the plan that a zip holds. Rejects with TariffError. */
  async importZip(bytes: Buffer, { planId, loadId }: PlanImport): Promise<void> {
    await this.#store.change(planId, importChanges(readPlanTexts(await unzip(bytes), loadId)))
  }

  /** The CSV files of a plan, none when there is no such plan. */
  async texts(planId: string, separator: string): Promise<PlanText[]> {
    return planTexts(await this.#rows(planId), separator)
  }

  /** The zip of CSV files of a plan, undefined when there is no such plan. */
  async zip(planId: string, separator: string): Promise<Buffer | undefined> {
    const texts = await this.texts(planId, separator)
    return texts.length === 0 ? undefined : zipOf(texts)
  }

  /**
   * Writes the CSV files of a plan into a folder that is there, each whole; or one zip of them. The names of the files, undefined when
   * there is no such plan.
   */
  async exportTo(
    folder: string,
    planId: string,
    { separator, isCompressed }: { separator: string; isCompressed: boolean },
  ): Promise<string[] | undefined> {
    const texts = await this.texts(planId, separator)
    if (texts.length === 0) return undefined
    if (isCompressed) await writeFiles(folder, [{ path: ZIP_NAME, content: await zipOf(texts) }])
    else
      await writeFiles(
        folder,
        texts.map(({ path, text }) => ({ path, content: text })),
      )
    return texts.map(({ path }) => path)
  }

  /**
   * Puts a plan, or what is selected of it, into force, as a folder of the same files would be: see `TariffState.load`. False when
   * nothing is selected.
   */
  async load(
    planId: string,
    selection?: PlanSelection,
    { isDryRun, isValidated } = { isDryRun: false, isValidated: false },
  ): Promise<boolean> {
    const plan = await this.#rows(planId)
    const selected = selection === undefined ? plan : selectPlan(plan, selection)
    if (selected === undefined) return false
    const tariff = tariffOf(planId, selected)
    if (isDryRun) this.#tariff().check(tariff, isValidated)
    else await this.#tariff().load(tariff, isValidated)
    return true
  }

  /** Takes what a plan names out of force: see `TariffState.remove`. */
  async unload(planId: string): Promise<void> {
    await this.#tariff().remove(await this.tariff(planId))
  }

  /** What loading a plan would load; nothing when there is no such plan. */
  async tariff(planId: string): Promise<ReadTariff> {
    return tariffOf(planId, await this.#rows(planId))
  }

  async #rows(planId: string): Promise<PlanRows> {
    const tables = await this.#store.plan(planId)
    return new Map(PLAN_FILES.map((file) => [file, tables.get(PLAN_TABLES[file].name) ?? []]))
  }
}

/** Each is whole under its name, or as it was. */
async function writeFiles(folder: string, files: readonly { path: string; content: string | Buffer }[]): Promise<void> {
  const isPending = new Set<string>()
  try {
    for (const { path, content } of files) {
      const pending = join(folder, `.${path}.new`)
      isPending.add(pending)
      await writeFile(pending, content, { flush: true }).catch((cause: unknown) => refuse(join(folder, path), cause))
    }
    for (const { path } of files) await rename(join(folder, `.${path}.new`), join(folder, path))
  } finally {
    for (const pending of isPending) await rm(pending, { force: true })
  }
}

/** In the words of the reference, which opens the file itself. */
function refuse(path: string, cause: unknown): never {
  const { code, message } = cause as NodeJS.ErrnoException
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: 'no such file or directory',
    EACCES: 'permission denied',
    ENOTDIR: 'not a directory',
  }
  throw new TollgateError('EXPORT_ERROR', `open ${path}: ${reasons[code ?? ''] ?? message}`)
}
