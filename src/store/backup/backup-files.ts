import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { openPromise, type ZipFile as ZipReader } from 'yauzl'
import { ZipFile } from 'yazl'
import { TollgateError } from '../../core/errors.ts'

/** Which store a backup is of. */
export type BackupKind = 'data_db' | 'stor_db'

/** A backup that cannot be made, found or trusted. Clients see the text. */
export class BackupError extends TollgateError {
  constructor(message: string, options?: ErrorOptions) {
    super('BACKUP_ERROR', message, options)
  }
}

/** What a backup holds; size in octets, hash in hex. */
type Manifest = {
  format: 1
  kind: BackupKind
  takenAt: string
  files: { name: string; size: number; sha256: string }[]
}

const MANIFEST = 'manifest.json'
const NAME = /^backup_(\d+)(\.zip)?$/
/** Files of a backup lie side by side: a name is never a path. */
const FILE_NAME = /^[\w-][\w.-]*$/

/**
 * Makes the folder that a backup is gathered in: `.backup_<unix ms>` below `folder`, which is made when it is not there. The time is
 * that of `nowMs`, or the next one that no backup there has.
 */
export async function startBackup(folder: string, nowMs: number): Promise<string> {
  await makeFolder(folder).catch((cause: unknown) => {
    throw new BackupError(`mkdir ${folder}: ${systemText(cause)}`, { cause })
  })
  const taken = new Set((await readdir(folder)).map((name) => NAME.exec(name.replace(/^\./, ''))?.[1]))
  for (let ms = nowMs; ; ms++) {
    if (taken.has(String(ms))) continue
    const path = join(folder, `.backup_${ms}`)
    try {
      await mkdir(path, { mode: 0o700 })
      return path
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'EEXIST') continue
      throw new BackupError(`mkdir ${path}: ${systemText(cause)}`, { cause })
    }
  }
}

/**
 * Finishes a backup whose files lie in `gathered`: adds their hashes, and gives it its name once all is on disk. Resolves to its path,
 * a folder or a zip file.
 */
export async function finishBackup(gathered: string, kind: BackupKind, isZip: boolean): Promise<string> {
  const names = (await readdir(gathered)).sort()
  const files = await Promise.all(names.map((name) => describe(gathered, name)))
  const manifest: Manifest = { format: 1, kind, takenAt: new Date().toISOString(), files }
  await writeFile(join(gathered, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`)
  const parent = join(gathered, '..')
  const path = join(parent, basename(gathered).slice(1)) + (isZip ? '.zip' : '')
  if (isZip) {
    await zip(gathered, [MANIFEST, ...names], `${gathered}.zip`)
    await synchronise(`${gathered}.zip`)
    await rename(`${gathered}.zip`, path)
    await rm(gathered, { recursive: true })
  } else {
    for (const name of [MANIFEST, ...names]) await synchronise(join(gathered, name))
    await synchronise(gathered)
    await rename(gathered, path)
  }
  await synchronise(parent)
  return path
}

/** Removes what is left of a backup that failed. */
export async function dropBackup(gathered: string): Promise<void> {
  await rm(gathered, { recursive: true, force: true })
  await rm(`${gathered}.zip`, { force: true })
}

/**
 * The backup that a path names: itself when its name begins with `backup_`, else the newest `backup_<number>` below it. Throws
 * BackupError with the texts of the reference. Reference 10, A8.
 */
export async function findBackup(path: string): Promise<string> {
  if (basename(path).startsWith('backup_')) {
    await stat(path).catch((cause: unknown) => {
      throw new BackupError(`failed to walk backup dir ${path}: lstat ${path}: ${systemText(cause)}`, { cause })
    })
    return path
  }
  const names = await readdir(path).catch((cause: unknown) => {
    throw new BackupError(`failed to read backup directory: open ${path}: ${systemText(cause)}`, { cause })
  })
  const [newest] = names
    .filter((name) => NAME.test(name))
    .sort((a, b) => Number(NAME.exec(b)?.[1]) - Number(NAME.exec(a)?.[1]))
  if (newest === undefined) throw new BackupError(`no valid backup found in ${path}`)
  return join(path, newest)
}

/** Copies the files of a backup into `target`, an empty folder. Throws BackupError when one of them is not as it was written. */
export async function unpackBackup(path: string, kind: BackupKind, target: string): Promise<void> {
  const source = await openSource(path)
  try {
    const manifest = await readManifest(path, source)
    if (manifest.kind !== kind) throw new BackupError(`${path} is a backup of ${manifest.kind}, not of ${kind}`)
    for (const { name, size, sha256 } of manifest.files) {
      const found = await copy(await source.read(name), join(target, name))
      if (found.size !== size || found.sha256 !== sha256)
        throw new BackupError(`${path} is damaged: ${name} has ${found.size} octets with SHA-256 ${found.sha256}`)
    }
  } finally {
    source.close()
  }
}

/** Where the files of a backup come from. `read` throws BackupError for one that is not there. */
type Source = { read(name: string): Promise<Readable>; close(): void }

async function openSource(path: string): Promise<Source> {
  const isFolder = (await stat(path)).isDirectory()
  const missing = (name: string, cause?: unknown) => new BackupError(`${path} has no ${name}`, { cause })
  if (isFolder)
    return {
      async read(name) {
        await stat(join(path, name)).catch((cause: unknown) => {
          throw missing(name, cause)
        })
        return createReadStream(join(path, name))
      },
      close: () => undefined,
    }
  const reader = await openPromise(path, { lazyEntries: true, autoClose: false }).catch((cause: unknown) => {
    throw new BackupError(`${path} is no zip file: ${systemText(cause)}`, { cause })
  })
  const entries = await entriesOf(reader)
  return {
    async read(name) {
      const entry = entries.get(name)
      if (entry === undefined) throw missing(name)
      return reader.openReadStreamPromise(entry)
    },
    close: () => reader.close(),
  }
}

async function entriesOf(reader: ZipReader) {
  const entries = new Map<string, Parameters<ZipReader['openReadStreamPromise']>[0]>()
  for await (const entry of reader.eachEntry()) entries.set(entry.fileName, entry)
  return entries
}

async function readManifest(path: string, source: Source): Promise<Manifest> {
  const chunks: Buffer[] = []
  for await (const chunk of await source.read(MANIFEST)) chunks.push(chunk as Buffer)
  const refused = (cause?: unknown) => new BackupError(`${path}: ${MANIFEST} is not that of a backup`, { cause })
  let manifest: Partial<Manifest>
  try {
    manifest = JSON.parse(Buffer.concat(chunks).toString()) as Partial<Manifest>
  } catch (cause) {
    throw refused(cause)
  }
  const { format, kind, files } = manifest
  const isWhole = format === 1 && (kind === 'data_db' || kind === 'stor_db') && Array.isArray(files)
  if (!isWhole || files.some(({ name }) => !FILE_NAME.test(name))) throw refused()
  return manifest as Manifest
}

/** Makes a folder and those that it is in. The `recursive` of mkdir never comes back from file systems that cannot have folders. */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 })
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'EEXIST') return
    if (code !== 'ENOENT' || dirname(path) === path) throw cause
    await makeFolder(dirname(path))
    await mkdir(path, { mode: 0o700 })
  }
}

async function describe(folder: string, name: string): Promise<Manifest['files'][number]> {
  const hash = createHash('sha256')
  let size = 0
  for await (const chunk of createReadStream(join(folder, name))) {
    hash.update(chunk as Buffer)
    size += (chunk as Buffer).length
  }
  return { name, size, sha256: hash.digest('hex') }
}

async function copy(from: Readable, to: string): Promise<{ size: number; sha256: string }> {
  const hash = createHash('sha256')
  let size = 0
  await pipeline(
    from,
    async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        hash.update(chunk)
        size += chunk.length
        yield chunk
      }
    },
    createWriteStream(to, { mode: 0o600, flush: true }),
  )
  return { size, sha256: hash.digest('hex') }
}

async function zip(folder: string, names: readonly string[], to: string): Promise<void> {
  const archive = new ZipFile()
  for (const name of names) archive.addFile(join(folder, name), name)
  archive.end()
  await pipeline(archive.outputStream, createWriteStream(to, { mode: 0o600 }))
}

async function synchronise(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

const SYSTEM_TEXTS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  ENOTDIR: 'not a directory',
}

/** What the system says, as Go prints it. */
function systemText(cause: unknown): string {
  const { code = '', message } = cause as NodeJS.ErrnoException
  return SYSTEM_TEXTS[code] ?? message
}
