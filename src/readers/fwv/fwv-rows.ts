/** A line of a file of fixed columns with what goes with all of them. line: undefined for the header or the trailer by itself. */
export type FwvRow = {
  line: Buffer | undefined
  header: Buffer | undefined
  trailer: Buffer | undefined
}

/** Lines with their line ends. rest: what follows the last whole data line, empty when nothing does. */
export type FwvFile = {
  header: Buffer | undefined
  trailer: Buffer | undefined
  lines: readonly Buffer[]
  rest: Buffer
}

/** Which lines of a file are no data, because its fields read them. */
export type FwvOptions = { hasHeader: boolean; hasTrailer: boolean }

/**
 * Cuts a file into lines of equal length: that of the first data line with its line end; line ends are not looked for after it. The
 * header is the first line, the trailer the last, which is also a data line. Reference 09, A8.
 */
export function fwvFile(bytes: Buffer, { hasHeader, hasTrailer }: FwvOptions): FwvFile {
  const header = hasHeader ? bytes.subarray(0, lineEnd(bytes, 0)) : undefined
  const last = bytes.length === 0 ? -1 : bytes.lastIndexOf(0x0a, bytes.length - 2)
  const trailer = hasTrailer ? bytes.subarray(last + 1) : undefined
  const start = header?.length ?? 0
  const size = lineEnd(bytes, start) - start
  const lines: Buffer[] = []
  let at = start
  for (; size > 0 && at + size <= bytes.length; at += size) lines.push(bytes.subarray(at, at + size))
  return { header, trailer, lines, rest: bytes.subarray(at) }
}

/** The index behind the line end. */
function lineEnd(bytes: Buffer, from: number): number {
  const at = bytes.indexOf(0x0a, from)
  return at < 0 ? bytes.length : at + 1
}
