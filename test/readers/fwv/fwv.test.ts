import fc from 'fast-check'
import t from 'tap'
import { textOf } from '../../../src/mapping/context.ts'
import { FWV_READER } from '../../../src/readers/fwv/fwv-paths.ts'
import { fwvFile } from '../../../src/readers/fwv/fwv-rows.ts'

const NONE = { hasHeader: false, hasTrailer: false }
const shown = (lines: readonly Buffer[]) => lines.map((line) => line.toString())

/** What a path reads of a line, as text; NOT_FOUND, or the error. */
function read(path: string, line: Buffer | undefined): string {
  try {
    const value = FWV_READER.compileRequestPath(path)({ line, header: undefined, trailer: undefined })
    return value === undefined ? 'NOT_FOUND' : textOf(value)
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause)
  }
}

t.test('02, 2.4: octets of a line, and what is wrong with a range', async (t) => {
  // What the reference engine says of these, but for 5-2, which ends it.
  const rows = [
    ['0-3', 'abc'],
    ['2-2', ''],
    ['0-7', 'abcdefg'],
    ['0-8', 'abcdefg\n'],
    ['1-2.3', 'b'],
    ['99-100', 'StartIndex : 99 is greater than : 8'],
    ['2-99', 'FinalIndex : 99 is greater than : 8'],
    ['x', 'Invalid format for index : [x]'],
    ['3', 'Invalid format for index : [3]'],
    ['1-2-3', 'Invalid format for index : [1-2-3]'],
    ['-1-3', 'Invalid format for index : [-1-3]'],
    ['a-b', 'strconv.Atoi: parsing "a": invalid syntax'],
    ['1-b', 'strconv.Atoi: parsing "b": invalid syntax'],
    ['5-2', 'FinalIndex : 2 is smaller than : 5'],
    ['', 'abcdefg\n'],
  ] as const
  for (const [path, value] of rows) t.equal(read(path, Buffer.from('abcdefg\n')), value, path)
  t.equal(read('0-3', undefined), 'NOT_FOUND', 'the header by itself has no line')
  t.equal(read('1-3', Buffer.from('aüb')), 'ü', 'offsets are octets')
})

t.test('02, 2.4: *hdr and *trl are read like lines, other containers are not of the file', async (t) => {
  const row = { line: Buffer.from('abc'), header: Buffer.from('HDR'), trailer: undefined }
  t.equal(textOf(FWV_READER.compileOwnPath?.('*hdr', '0-2')?.(row) ?? ''), 'HD')
  t.equal(FWV_READER.compileOwnPath?.('*trl', '0-2')?.(row), undefined)
  t.equal(FWV_READER.compileOwnPath?.('*exp', '0-2'), undefined)
  t.throws(() => FWV_READER.compileItemPath('0-2', 'g'), { message: /no groups/ })
  t.throws(() => FWV_READER.compileGroupPath('0-2'), { message: /no groups/ })
})

t.test('09, A8: lines are as long as the first; header and trailer only where fields read them', async (t) => {
  const bytes = Buffer.from('HDR01\nabc\ndef\nTR1\n')
  const { header, trailer, lines, rest } = fwvFile(bytes, { hasHeader: true, hasTrailer: true })
  t.equal(header?.toString(), 'HDR01\n')
  t.equal(trailer?.toString(), 'TR1\n')
  t.same(shown(lines), ['abc\n', 'def\n', 'TR1\n'], 'the trailer is a line, too')
  t.equal(rest.length, 0)
  const short = fwvFile(Buffer.from('abcdefg\nABCDEFG\nxyz\n'), NONE)
  t.same([shown(short.lines), short.rest.toString()], [['abcdefg\n', 'ABCDEFG\n'], 'xyz\n'])
  t.same(shown(fwvFile(Buffer.from('abc'), NONE).lines), ['abc'], 'without a line end')
  t.same(fwvFile(Buffer.alloc(0), { hasHeader: true, hasTrailer: true }).lines, [])
})

t.test('no octet of a file is lost or read twice, whatever it holds', async (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.boolean(), (octets, hasHeader) => {
      const bytes = Buffer.from(octets)
      const { header, lines, rest } = fwvFile(bytes, { hasHeader, hasTrailer: false })
      return Buffer.concat([header ?? Buffer.alloc(0), ...lines, rest]).equals(bytes)
    }),
  )
  t.pass()
})
