import type { SqlDialect } from './sql-dialect.ts'
import type { FoundColumn } from './sql-tables.ts'

/** The text without what a column cannot hold: characters beyond its length, U+0000, wide ones in a narrow column. */
export function fitText(text: string, column: FoundColumn | undefined, { keepsZeros }: SqlDialect): string {
  const known = keepsZeros ? text : text.replaceAll('\u0000', '\ufffd')
  const narrow = column?.isNarrow === true ? known.replaceAll(/[\u{10000}-\u{10ffff}]/gu, '\ufffd') : known
  const { length } = column ?? {}
  return length === undefined || narrow.length <= length ? narrow : [...narrow].slice(0, length).join('')
}

/** JSON of the same meaning that a column can hold, but for U+0000 where that is none. */
export function fitJson(json: string, column: FoundColumn | undefined, { keepsZeros }: SqlDialect): string {
  const text = keepsZeros ? json : json.replaceAll(/(\\\\)|\\u0000/g, (_, pair) => pair ?? '\\ufffd')
  return column?.isNarrow === true
    ? text.replaceAll(/[\ud800-\udfff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16)}`)
    : text
}
