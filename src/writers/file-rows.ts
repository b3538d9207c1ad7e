/** How rows of cells become lines. */
export type RowFormat = { kind: 'csv'; separator: string } | { kind: 'fwv' }

/** One line of a file: cells apart by the separator and quoted where RFC 4180 asks for it, or one after the other. */
export function lineOf(cells: readonly string[], format: RowFormat): string {
  if (format.kind === 'fwv') return `${cells.join('')}\n`
  const { separator } = format
  const quoted = cells.map((cell) =>
    /["\r\n]/.test(cell) || cell.includes(separator) ? `"${cell.replaceAll('"', '""')}"` : cell,
  )
  return `${quoted.join(separator)}\n`
}
