import type { EventFields, EventValue } from '../../core/event.ts'
import { EVENT_READER } from '../../filters/event-reader.ts'
import { compileJsonPath } from '../../filters/json-path.ts'
import { type MessageReader, textOf } from '../../mapping/context.ts'
import { MappingError } from '../../mapping/value.ts'

/** Selectors of rows of a table: columns by name. Filters read into columns of JSON text, too. Reference 09, A11. */
export const SQL_READER: MessageReader<EventFields, never> = {
  ...EVENT_READER,
  forFilters: {
    ...EVENT_READER,
    compileRequestPath(path) {
      const column = /^[^.[]*/.exec(path)?.[0] ?? ''
      if (column === path) return EVENT_READER.compileRequestPath(path)
      const read = compileJsonPath(path)
      return (row) => {
        const text = row[column]
        return typeof text === 'string' ? read({ [column]: jsonOf(text) }) : read(row)
      }
    },
  },
}

/** A row as its fields see it: all columns are text, NULL is empty. */
export function sqlRow(columns: EventFields): EventFields {
  return Object.fromEntries(Object.entries(columns).map(([name, value]) => [name, textOf(value)]))
}

function jsonOf(text: string): EventValue {
  try {
    return JSON.parse(text) as EventValue
  } catch {
    throw new MappingError('WRONG_PATH')
  }
}
