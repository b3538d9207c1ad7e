import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { TollgateError } from '../../core/errors.ts'

/** A dictionary that cannot be read: file, line and what is wrong. */
export class RadiusDictionaryError extends TollgateError {
  constructor(message: string) {
    super('DICTIONARY_ERROR', message)
  }
}

/** One line of a dictionary, split on white space. place: `file:line`. */
export type DictionaryLine = { place: string; words: readonly string[] }

const MAX_DEPTH = 10

/**
 * Lines of every file called `dictionary.*` in the folders and their subfolders, in order of name, with what they include where it
 * is included. A file is read once. Throws RadiusDictionaryError. Reference 07, 3.3.
 */
export function readDictionaryFolders(folders: readonly string[]): DictionaryLine[] {
  const read = new Set<string>()
  return folders.flatMap((folder) => filesOf(folder)).flatMap((path) => linesOf(path, read, 0))
}

/** Splits the text of a dictionary into lines, without those that say nothing. name: of the file, for places. */
export function dictionaryLines(name: string, text: string): DictionaryLine[] {
  return text.split(/\r?\n/).flatMap((line, i) => {
    const words = line.trim().split(/\s+/)
    const end = words.findIndex((word) => word.startsWith('#'))
    const said = end < 0 ? words : words.slice(0, end)
    return said.length === 0 || said[0] === '' ? [] : [{ place: `${name}:${i + 1}`, words: said }]
  })
}

function filesOf(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .flatMap((entry) => {
        const path = join(folder, entry.name)
        if (entry.isDirectory()) return filesOf(path)
        return entry.name.startsWith('dictionary.') ? [path] : []
      })
  } catch (cause) {
    if (cause instanceof RadiusDictionaryError) throw cause
    throw new RadiusDictionaryError(`<RadiusAgent> Invalid dictionaries folder: <${folder}>`)
  }
}

function linesOf(path: string, read: Set<string>, depth: number): DictionaryLine[] {
  const whole = resolve(path)
  if (read.has(whole)) return []
  read.add(whole)
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    throw new RadiusDictionaryError(`${path}: ${cause instanceof Error ? cause.message : cause}`)
  }
  return dictionaryLines(path, text).flatMap((line) => {
    const [keyword, name] = line.words
    if (keyword !== '$INCLUDE' && keyword !== '$INCLUDE-') return [line]
    if (name === undefined) throw new RadiusDictionaryError(`${line.place}: ${keyword} without a file`)
    if (depth === MAX_DEPTH)
      throw new RadiusDictionaryError(`${line.place}: ${keyword} ${name}: more than ${MAX_DEPTH} deep`)
    try {
      return linesOf(resolve(dirname(path), name), read, depth + 1)
    } catch (cause) {
      // `$INCLUDE-` is for a file that need not be there.
      if (keyword === '$INCLUDE-' && cause instanceof RadiusDictionaryError) return []
      if (!(cause instanceof RadiusDictionaryError)) throw cause
      throw new RadiusDictionaryError(`${line.place}: ${keyword} ${name}: ${cause.message}`)
    }
  })
}
