import type { MessageReader } from '../../mapping/context.ts'
import { MappingError, TemplateError, type Value } from '../../mapping/value.ts'
import type { FwvRow } from './fwv-rows.ts'

/** Selectors of lines of fixed columns: octets `from-to`, the end exclusive, of the line, the header or the trailer. Reference 09, A8. */
export const FWV_READER: MessageReader<FwvRow, never> = {
  compileRequestPath(path) {
    const read = compileRange(path)
    return ({ line }) => read(line)
  },
  compileOwnPath(area, path) {
    if (area !== '*hdr' && area !== '*trl') return undefined
    const read = compileRange(path)
    return area === '*hdr' ? ({ header }) => read(header) : ({ trailer }) => read(trailer)
  },
  compileItemPath() {
    throw new TemplateError('a line of fixed columns has no groups: "for_each" is not for it')
  },
  compileGroupPath() {
    throw new TemplateError('a line of fixed columns has no groups: "for_each" is not for it')
  },
}

/** Undefined: there is no such line. Only the first step of a path counts. */
function compileRange(path: string): (line: Buffer | undefined) => Value {
  if (path === '') return (line) => line
  const [range = ''] = path.split('.')
  const parts = range.split('-')
  if (parts.length !== 2) throw new TemplateError(`Invalid format for index : [${range}]`)
  const [from = 0, to = 0] = parts.map(offsetOf)
  if (to < from) throw new TemplateError(`FinalIndex : ${to} is smaller than : ${from}`)
  return (line) => {
    if (line === undefined) return undefined
    if (from > line.length) throw new MappingError(`StartIndex : ${from} is greater than : ${line.length}`)
    if (to > line.length) throw new MappingError(`FinalIndex : ${to} is greater than : ${line.length}`)
    return line.subarray(from, to)
  }
}

function offsetOf(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new TemplateError(`strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`)
}
