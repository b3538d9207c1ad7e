import { readFile, realpath, stat } from 'node:fs/promises'
import { join, resolve, sep } from 'node:path'
import type { EventValue } from '../core/event.ts'
import { eventJson } from '../core/event-values.ts'
import { ConfigError, clientText } from './config-error.ts'
import { type LoadedConfig, loadForOthers } from './load-config.ts'
import { printSections } from './print-config.ts'
import { SECTIONS, type SectionName } from './schema.ts'

export type ServedConfig = { status: 200 | 404 | 500; body: string }

/**
 * What another node gets for a path below root: a file as it is; a folder as one object with all sections, merged over the
 * defaults, passwords included. Nothing outside of root is served. Reference 01, 6.3.
 */
export async function servedConfig(root: string, path: string, { builtIn }: LoadedConfig): Promise<ServedConfig> {
  const wanted = resolve(join(root, join('/', path)))
  const missing: ServedConfig = { status: 404, body: `stat ${wanted}: no such file or directory` }
  try {
    const [real, base] = await Promise.all([realpath(wanted), realpath(root)])
    if (real !== base && !real.startsWith(base + sep)) return missing
    if (!(await stat(real)).isDirectory()) return { status: 200, body: await readFile(real, 'utf8') }
    const loaded = await loadForOthers(wanted, builtIn)
    const names = Object.keys(SECTIONS) as SectionName[]
    return { status: 200, body: eventJson(printSections(loaded, names, false) as EventValue) }
  } catch (cause) {
    if (cause instanceof ConfigError) return { status: 500, body: clientText(cause) }
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return missing
    return { status: 500, body: cause instanceof Error ? cause.message : String(cause) }
  }
}
