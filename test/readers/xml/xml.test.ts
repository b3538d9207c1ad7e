import t from 'tap'
import { parseXml } from '../../../src/mapping/xml/xml-document.ts'
import { xmlReader } from '../../../src/readers/xml/xml-paths.ts'
import { rootSteps, xmlRecords } from '../../../src/readers/xml/xml-records.ts'

const DOCUMENT = parseXml(
  `<?xml version="1.0"?><r><c><x> one </x><y><z>zz</z></y><n>n0</n><n>n1</n><k id="1">k1</k><k id="2">k2</k></c>` +
    '<c><x/><y><z>a</z><z>b</z></y></c></r>',
)

/** What a path reads of each record. */
function read(root: string, path: string) {
  const steps = rootSteps(root)
  const source = xmlReader(steps.length).compileRequestPath(path)
  return xmlRecords(DOCUMENT, steps).map((record) => source(record))
}

t.test('02, 2.4: paths of records are absolute, and their first steps are left out', async (t) => {
  // What the reference engine reads.
  const rows: [root: string, path: string, values: (string | undefined)[]][] = [
    ['r.c', 'r.c.x', [' one ', '']],
    ['r/c', 'r.c.x', [' one ', '']],
    ['/r/c', 'r.c.x', [' one ', '']],
    ['r.c', 'q.q.x', [' one ', '']],
    ['r.c', 'r.c.y.z', ['zz', 'a']],
    ['r.c', 'r.c.m', [undefined, undefined]],
    ['r.c', 'r.c.n[1]', ['n1', undefined]],
    ['r.c', "r.c.k[@id='2']", ['k2', undefined]],
    ['r.c', 'r.c.k.@id', ['1', undefined]],
    ['r.c', 'r.c.y', ['zz', 'ab']],
    ['', 'r.c.x', [' one ']],
    ['', 'r.c[1].x', ['']],
    ['', 'r.c.y.z[1]', ['b']],
    ['r.c', 'r.c', [' one zzn0n1k1k2', 'ab']],
    ['r.d', 'r.d.x', []],
  ]
  for (const [root, path, values] of rows) t.same(read(root, path), values, `${root}: ${path}`)
})

t.test('09, A8: a path shorter than that of the records, and one that cannot be, are refused', async (t) => {
  t.throws(() => read('r.c', 'r'), { message: 'xml_root_path length exceeds value rule elements' })
  t.throws(() => read('r.c', 'r.c.n[-1]'), { message: /expected a number or @attribute='value'/ })
  t.throws(() => xmlReader(0).compileItemPath('x', 'g'), { message: /no groups/ })
  t.throws(() => xmlReader(0).compileGroupPath('x'), { message: /no groups/ })
})
