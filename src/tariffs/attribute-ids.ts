import { splitOutside } from '../filters/filter-rule.ts'

/** Ids of attributes in a cell of a tariff file: neighbours that begin with `*` are one inline attribute. Reference 03, 2.3. */
export function attributeIdsOf(text: string): string[] {
  const ids: string[] = []
  let isAfterInline = false
  for (const part of splitOutside(text, ';')) {
    const isInline = part.startsWith('*') && part !== '*none'
    if (isInline && isAfterInline) ids[ids.length - 1] += `;${part}`
    else if (part !== '') ids.push(part)
    isAfterInline = isInline
  }
  return ids
}
