/** Texts by prefixes of digits. */
export type PrefixTable = ReadonlyMap<string, string>

/** Type of an element of a document: text in UTF-8. */
const TEXT = 0x02

/**
 * Reads a table that is one BSON document of texts (bsonspec.org, 1.1): `int32 size *(0x02 key 0x00 int32 size text 0x00) 0x00`. Throws
 * RangeError for other octets.
 */
export function readPrefixTable(bytes: Buffer): PrefixTable {
  const table = new Map<string, string>()
  const end = bytes.readInt32LE(0) - 1
  let at = 4
  while (at < end) {
    const keyEnd = bytes.indexOf(0, at)
    if (bytes[at] !== TEXT || keyEnd < 0) throw new RangeError(`no table of texts: octet ${at}`)
    const textAt = keyEnd + 5
    const textEnd = textAt + bytes.readInt32LE(keyEnd + 1) - 1
    table.set(bytes.toString('latin1', at + 1, keyEnd), bytes.toString('utf8', textAt, textEnd))
    at = textEnd + 1
  }
  return table
}

/** The text of the longest prefix that is in the table. */
export function longestPrefixIn(table: PrefixTable, digits: string): string | undefined {
  for (let length = digits.length; length > 0; length--) {
    const text = table.get(digits.slice(0, length))
    if (text !== undefined) return text
  }
  return undefined
}
