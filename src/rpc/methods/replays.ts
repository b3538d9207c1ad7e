import type { Dirent } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { type Method, method, OK } from '../method.ts'
import { RpcError } from '../rpc-error.ts'
import { list, struct, text } from '../shape.ts'

/** What the methods of replays ask of the engine. */
export interface ReplayServices {
  /** Folders of the configuration for what could not be delivered; '' for none. */
  failedFolders(): { readonly posts: string; readonly replications: string }
}

const paths = { SourcePath: text, FailedPath: text }

/**
 * What could not be delivered and waits in files. This engine writes no such files, since CDRs wait in its outbox; those of others it
 * does not read, and leaves where they are. Reference 09, B7; 10, B2.3.
 */
export function replayMethods(services: ReplayServices): Method[] {
  return [
    method('APIerSv1.ReplayFailedPosts', {
      summary: 'Answers OK when no exports wait in a folder. Errors: SERVER_ERROR: a file that is not read.',
      params: struct('v1.ReplayFailedPostsParams', { ...paths, Modules: list(text) }),
      reply: OK,
      async run({ SourcePath: source, Modules: modules }) {
        const isWanted = (name: string) => modules.length === 0 || modules.some((module) => name.startsWith(module))
        await refuseFiles(source || services.failedFolders().posts, isWanted)
        return 'OK'
      },
    }),
    method('APIerSv1.ReplayFailedReplications', {
      summary:
        'Answers OK when no replications wait in a folder. Errors: SERVER_ERROR: no source directory specified, a file that is not read.',
      params: struct('v1.ReplayFailedReplicationsArgs', paths),
      reply: OK,
      async run({ SourcePath: source }) {
        const folder = source || services.failedFolders().replications
        if (folder === '')
          throw new RpcError(
            'SERVER_ERROR: no source directory specified: both SourcePath and replication_failed_dir configuration are empty',
          )
        await refuseFiles(folder, () => true)
        return 'OK'
      },
    }),
  ]
}

/** Throws RpcError that names the first file below a folder, which need not be there. */
async function refuseFiles(folder: string, isWanted: (name: string) => boolean): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((): Dirent[] => [])
  const file = entries.filter((entry) => entry.isFile()).find(({ name }) => isWanted(basename(name)))
  if (file === undefined) return
  const path = join(file.parentPath, file.name)
  throw new RpcError(`SERVER_ERROR: failed to init ExportEvents from ${path}: it is not of this engine`)
}
