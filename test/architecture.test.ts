import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import t from 'tap'
import { ROOT } from './support/gateway.ts'

/** The layers, lowest first: a file imports from its own folder, or from lower layers. Folders of one layer may not import each other, but for PAIRS. */
const LAYERS: readonly (readonly string[])[] = [
  ['core'],
  ['config', 'mapping', 'protocol', 'store'],
  ['filters'],
  ['rating', 'tariffs'],
  ['accounting'],
  ['services'],
  ['cdrs'],
  ['sessions'],
  ['agents', 'readers', 'rpc', 'writers'],
  ['engine'],
  ['commands'],
]
const PAIRS = new Set(['tariffs > rating'])

/** What the pure layers may not touch. Large tables of libraries are loaded on first need, through node:module. */
const EFFECTS = /^node:(?!crypto$|module$|zlib$|net$)/
const PURE = ['core', 'mapping', 'filters', 'rating', 'accounting', 'services', 'sessions']

const SOURCES = join(ROOT, 'src')
const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'))

function folderOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : ''
}

function layerOf(folder: string): number {
  const layer = LAYERS.findIndex((folders) => folders.includes(folder))
  return layer < 0 ? LAYERS.length : layer
}

function importsOf(path: string): string[] {
  const text = readFileSync(join(SOURCES, path), 'utf8')
  return [...text.matchAll(/^(?:import|export)\s[^'"]*?from '([^']+)'/gms)].map(([, target = '']) => target)
}

t.test('imports run downwards', async (t) => {
  t.ok(files.length > 90, 'the sources are found')
  const upward: string[] = []
  for (const path of files) {
    const own = folderOf(path)
    t.ok(own === '' || layerOf(own) < LAYERS.length, `${path}: a folder of the layers`)
    for (const target of importsOf(path).filter((each) => each.startsWith('.'))) {
      const imported = relative(SOURCES, resolve(SOURCES, dirname(path), target))
      const other = folderOf(imported)
      if (own === other || layerOf(other) < layerOf(own) || PAIRS.has(`${own} > ${other}`)) continue
      upward.push(`${path} -> ${imported}`)
    }
  }
  t.same(upward, [])
})

t.test('the layers that decide about money do no input or output', async (t) => {
  const impure = files
    .filter((path) => PURE.includes(folderOf(path)))
    .flatMap((path) =>
      importsOf(path)
        .filter((target) => EFFECTS.test(target))
        .map((target) => `${path} -> ${target}`),
    )
  t.same(impure, [])
})
