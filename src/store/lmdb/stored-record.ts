/** A record: its text in UTF-8. */
export type Changed = { value: Buffer; version: number }

/** A record as LMDB holds it: the version, a newline, the text. */
export function storedOf({ version, value }: Changed): Buffer {
  return Buffer.concat([Buffer.from(`${version}\n`), value])
}

/** The record that LMDB holds so. */
export function parseStored(stored: Buffer): Changed {
  const newline = stored.indexOf('\n')
  return { version: Number(stored.toString('latin1', 0, newline)), value: stored.subarray(newline + 1) }
}
