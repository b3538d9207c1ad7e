import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { PLAN_FILES } from '../tariffs/plan-tables.ts'
import { TariffError } from '../tariffs/tariff-error.ts'

/** A tariff folder on this host, and how to get rid of what was made for it. */
export type TariffSource = { folder: string; remove: () => void }

/** Longest a file may take to come. */
const FETCH_TIMEOUT_MS = 30_000

/**
 * The folder that a path of the loader means: a folder, `http(s)://base/` to which file names are appended, or a `;` list of URLs
 * of CSV files. Files with another separator than a comma are copied with commas, line by line. Throws TariffError.
 * Reference 01, 10.3; 03, 3.2.
 */
export async function openTariffSource(path: string, separator: string): Promise<TariffSource> {
  if (path.startsWith('*gapi:'))
    throw new TariffError(`${path}: Google sheets are not available, expected a folder or URLs`)
  const isUrl = /^https?:\/\//.test(path)
  if (!isUrl && separator === ',') return { folder: path, remove: () => undefined }
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-tariff-'))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  try {
    if (isUrl) await fetchFiles(path, folder)
    else copyFiles(path, folder)
    if (separator !== ',') for (const file of csvFiles(folder)) withCommas(join(folder, file), separator)
    return { folder, remove }
  } catch (cause) {
    remove()
    throw cause
  }
}

async function fetchFiles(path: string, folder: string): Promise<void> {
  const named = path.split(';').filter((url) => url.endsWith('.csv'))
  const urls = named.length > 0 ? named : PLAN_FILES.map((file) => `${path.replace(/\/?$/, '/')}${file}.csv`)
  for (const url of urls) {
    const response = await fetch(url, { signal: AbortSignal.timeout(FETCH_TIMEOUT_MS) }).catch((cause: Error) => {
      throw new TariffError(`${url}: ${cause.cause instanceof Error ? cause.cause.message : cause.message}`)
    })
    // A file that is not there is none, as in a folder.
    if (response.status === 404 && named.length === 0) continue
    if (!response.ok) throw new TariffError(`${url}: HTTP status ${response.status}`)
    writeFileSync(join(folder, basename(new URL(url).pathname)), await response.text())
  }
}

function copyFiles(from: string, to: string): void {
  for (const file of csvFiles(from)) {
    const target = join(to, file)
    mkdirSync(join(target, '..'), { recursive: true })
    writeFileSync(target, readFileSync(join(from, file)))
  }
}

function csvFiles(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.csv'))
  } catch (cause) {
    throw new TariffError(`${folder}: cannot be read as a tariff folder: ${String(cause)}`)
  }
}

function withCommas(file: string, separator: string): void {
  const lines = readFileSync(file, 'utf8').split('\n')
  const converted = lines.map((line) => {
    if (line === '' || line.startsWith('#')) return line
    const [fields = []] = parse(line, { delimiter: separator, relax_column_count: true }) as string[][]
    return fields.map((field) => (/[",]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)).join(',')
  })
  writeFileSync(file, converted.join('\n'))
}
