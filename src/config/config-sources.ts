import type { Dirent } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigError } from './config-error.ts'

/** One text of a configuration. name: a path or a URL. */
export type ConfigSource = { name: string; text: string }

/**
 * The texts below a path in the order in which they are read: every `*.json` of a folder in lexical order, then those of its
 * sub-folders; or the URLs of a `;`-separated list. What begins with a dot is left out. timeoutMs: limit of one fetch.
 * Throws ConfigError. Reference 01, 2.2.
 */
export async function readConfigSources(path: string, timeoutMs: number): Promise<ConfigSource[]> {
  if (isUrl(path)) {
    const sources: ConfigSource[] = []
    for (const url of path.split(';').filter((each) => each !== ''))
      sources.push({ name: url, text: await fetchText(url, timeoutMs) })
    return sources
  }
  const sources = await readFolder(path)
  if (sources.length === 0) throw failure(`No config file found on path ${path}`)
  return sources
}

/** Whether a path is a list of URLs. */
export function isUrl(path: string): boolean {
  return path.startsWith('http://') || path.startsWith('https://')
}

async function fetchText(url: string, timeoutMs: number): Promise<string> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) })
    return await response.text()
  } catch {
    throw failure(`path:${JSON.stringify(url)} is not reachable`)
  }
}

async function readFolder(folder: string): Promise<ConfigSource[]> {
  const found = await stat(folder).catch(() => {
    throw failure(`path:${JSON.stringify(folder)} is not reachable`)
  })
  if (!found.isDirectory()) throw failure(`path: ${folder} not a directory`)
  const entries = (await readdir(folder, { withFileTypes: true }))
    .filter(({ name }) => !name.startsWith('.'))
    .sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)))
  const sources: ConfigSource[] = []
  const folders: string[] = []
  for (const entry of entries) {
    const path = join(folder, entry.name)
    const { isFolder, isFile } = await kindOf(entry, path)
    if (isFolder) folders.push(path)
    else if (isFile && entry.name.endsWith('.json')) sources.push({ name: path, text: await readFile(path, 'utf8') })
  }
  for (const path of folders) sources.push(...(await readFolder(path)))
  return sources
}

/** A link is what it leads to. */
async function kindOf(entry: Dirent, path: string): Promise<{ isFolder: boolean; isFile: boolean }> {
  const what = entry.isSymbolicLink() ? await stat(path) : entry
  return { isFolder: what.isDirectory(), isFile: what.isFile() }
}

function failure(problem: string): ConfigError {
  return new ConfigError([{ place: undefined, key: '', problem, client: problem }])
}
