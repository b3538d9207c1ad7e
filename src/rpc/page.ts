/** A part of a list; no limit or one that is not positive: all from the offset on. Reference 01, 9.1. */
export function page<T>(
  items: readonly T[],
  { Limit: limit, Offset: offset }: { Limit: number | null; Offset: number | null },
): T[] {
  const from = Math.max(offset ?? 0, 0)
  return items.slice(from, limit !== null && limit > 0 ? from + limit : undefined)
}

/** As `page`; null when the offset is greater than the list is long, as clients read it. Reference 06, 1.2. */
export function pageOrNull<T>(items: readonly T[], part: { Limit: number | null; Offset: number | null }): T[] | null {
  return (part.Offset ?? 0) > items.length ? null : page(items, part)
}
