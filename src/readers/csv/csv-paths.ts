import type { MessageReader } from '../../mapping/context.ts'
import { MappingError, TemplateError, type Value } from '../../mapping/value.ts'
import type { CsvRow } from './csv-rows.ts'

/** Selectors of rows: a column by number from 0 or by name, or `Length`. Reference 09, A8. */
export const CSV_READER: MessageReader<CsvRow, never> = {
  compileRequestPath(path) {
    if (path === 'Length') return ({ cells }) => String(cells.length)
    if (/^\d{1,9}$/.test(path)) return ({ cells }) => cells[Number(path)]
    const steps = path.split('.')
    return (row): Value => {
      const column = row.columns.get(path)
      if (column !== undefined) return row.cells[column]
      if (steps.length > 1) throw new MappingError(`Invalid fieldPath [${steps.join(' ')}]`)
      throw new MappingError(
        `Ignoring record: [${row.cells.join(' ')}] with error : strconv.Atoi: parsing ${JSON.stringify(path)}: invalid syntax`,
      )
    }
  },
  compileItemPath() {
    throw new TemplateError('a CSV row has no groups: "for_each" is not for it')
  },
  compileGroupPath() {
    throw new TemplateError('a CSV row has no groups: "for_each" is not for it')
  },
}
