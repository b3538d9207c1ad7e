import { RpcError } from './rpc-error.ts'

/**
 * A text argument by its name, '' when absent or null; `params` has lower-case keys. type: the name that Go clients know the
 * arguments by. Throws RpcError with the text that they get for another JSON type. Reference 01, 8.
 */
export function textArgument(params: Record<string, unknown>, type: string, field: string): string {
  const value = params[field.toLowerCase()]
  if (value === undefined || value === null) return ''
  if (typeof value === 'string') return value
  throw new RpcError(`json: cannot unmarshal ${goKind(value)} into Go struct field ${type}.${field} of type string`)
}

function goKind(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  switch (typeof value) {
    case 'number':
      return 'number'
    case 'boolean':
      return 'bool'
    case 'string':
      return 'string'
    default:
      return 'object'
  }
}
