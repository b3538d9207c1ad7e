import { type Method, method, OK } from '../method.ts'
import { plainlyAsync } from '../plainly.ts'
import { boolean, integer64, map, type Shape, struct, text } from '../shape.ts'

export type DatabaseName = 'DataDB' | 'StorDB'

/** One database, for those who administer it. What cannot be done rejects with the text that clients see. */
export interface Database {
  versions(): Promise<Readonly<Record<string, number>>>
  /** isReplacing: those that are not named go. */
  setVersions(versions: Readonly<Record<string, number>>, isReplacing: boolean): Promise<void>
  /** Resolves when all that was answered before is on disk. */
  dump(): Promise<void>
  /** Folds what was written one after the other into what it comes to. */
  rewrite(): Promise<void>
  /** Makes a new backup below a folder, '' for that of the configuration. */
  backup(folder: string, isZip: boolean): Promise<void>
  /** A backup, then a rewrite. */
  snapshot(folder: string, isZip: boolean): Promise<void>
  /** Lays a backup ready, or the newest below a folder, and asks for a new start that takes it up. */
  restore(path: string): Promise<void>
}

export type Databases = Readonly<Record<DatabaseName, Database>>

/** What the methods of databases ask of the engine. */
export interface DatabaseServices {
  databases: Databases
}

const versionsShape = map(integer64)
const setShape = struct('v1.SetVersionsArg', { Versions: versionsShape, Overwrite: boolean })
const backupShape = struct('v1.BackupParams', { BackupFolderPath: text, Zip: boolean })

/** Upkeep of the databases. Reference 01, 9.6; 10, A8 and A10. */
export function databaseMethods(services: DatabaseServices): Method[] {
  return (['DataDB', 'StorDB'] as const).flatMap((name) => {
    const database = services.databases[name]
    const doing = <P>(verb: string, summary: string, params: Shape<P>, run: (argument: P) => Promise<void>): Method =>
      method(`APIerSv1.${verb}${name}`, {
        summary,
        params,
        reply: OK,
        async run(argument) {
          await plainlyAsync(() => run(argument))
          return 'OK'
        },
      })
    return [
      method(`APIerSv1.Get${name}Versions`, {
        summary: 'Versions of the kinds of items, those of CGRateS unless others were set.',
        params: text,
        reply: versionsShape,
        run: () => database.versions(),
      }),
      method(`APIerSv1.Set${name}Versions`, {
        summary: 'Sets versions, those of this engine when none is named; with Overwrite the others go.',
        params: setShape,
        reply: OK,
        async run({ Versions: versions, Overwrite: isReplacing }) {
          await database.setVersions(versions, isReplacing)
          return 'OK'
        },
      }),
      doing(
        'Dump',
        'Answers when all that was answered before is on disk. Errors: of a database in memory.',
        text,
        () => database.dump(),
      ),
      doing('Rewrite', 'Folds journals into the database. Errors: of a database in memory.', text, () =>
        database.rewrite(),
      ),
      doing(
        'Backup',
        'A consistent copy below a folder, or in a zip file, while all goes on. Errors: of the folder, of a database in memory.',
        backupShape,
        ({ BackupFolderPath: folder, Zip: isZip }) => database.backup(folder, isZip),
      ),
      doing(
        'Snapshot',
        'A backup, then a rewrite. Errors: of the folder, of a database in memory.',
        backupShape,
        ({ BackupFolderPath: folder, Zip: isZip }) => database.snapshot(folder, isZip),
      ),
      doing(
        'Restore',
        'Checks a backup, or the newest below a folder, then answers what is under way and starts again with it. Errors: of the backup, ' +
          'of a database in memory.',
        text,
        (path) => database.restore(path),
      ),
    ]
  })
}
