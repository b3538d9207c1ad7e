import t from 'tap'
import { CSV_READER } from '../../../src/readers/csv/csv-paths.ts'
import { type CsvOptions, csvRows } from '../../../src/readers/csv/csv-rows.ts'

const OPTIONS: CsvOptions = { separator: ',', headerPrefix: ':', hasLazyQuotes: false, rowLength: 0 }

const cells = (text: string, options: Partial<CsvOptions> = {}) =>
  csvRows(text, { ...OPTIONS, ...options }).map((row) => row.cells)

t.test('reference 09, A8: rows, comments, empty lines, quotes, blanks', async (t) => {
  t.same(cells('a, b ,"c,""d"\n\n#x,y\n1,2,3\n'), [
    ['a', ' b ', 'c,"d'],
    ['1', '2', '3'],
  ])
  t.same(cells('a;b', { separator: ';;' }), [['a', 'b']], 'the first character separates')
  t.same(cells('a,b"c', { hasLazyQuotes: true }), [['a', 'b"c']])
  t.same(cells('a\nb,c', { rowLength: -1 }), [['a'], ['b', 'c']])
})

t.test('reference 09, A8: a row of another length, and wrong quotes, are errors with their line', async (t) => {
  t.throws(() => cells('a,b\nc,d\ne'), { message: 'record on line 3: wrong number of fields' })
  t.throws(() => cells('a,b', { rowLength: 3 }), { message: 'record on line 1: wrong number of fields' })
  t.throws(() => cells('a,b"c'), { message: /line 1/ })
  t.throws(() => cells('a,"b'), { message: /line 1/ })
})

t.test('reference 09, A8: header rows name the columns, the last of them counts', async (t) => {
  const rows = csvRows(':X,Y\n:Account,Usage\n1001,5\n:1002,6', OPTIONS)
  t.same(
    rows.map(({ cells, number }) => [number, ...cells]),
    [
      [1, '1001', '5'],
      [2, ':1002', '6'],
    ],
  )
  const [row] = rows
  if (row === undefined) throw new Error('no row')
  const read = (path: string) => CSV_READER.compileRequestPath(path)(row)
  t.same(
    [read('0'), read('Account'), read('Usage'), read('1'), read('Length'), read('2')],
    ['1001', '1001', '5', '5', '2', undefined],
  )
  t.throws(() => read('Z'), {
    message: 'Ignoring record: [1001 5] with error : strconv.Atoi: parsing "Z": invalid syntax',
  })
  t.throws(() => read('X'), { message: /parsing "X"/ })
  t.throws(() => read('0.1'), { message: 'Invalid fieldPath [0 1]' })
})
