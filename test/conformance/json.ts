/** JSON whose numbers keep their digits: each is a `JSON.rawJSON`, so that amounts compare as they were sent. */
export type Json = string | boolean | null | RawNumber | readonly Json[] | { readonly [key: string]: Json }
export type RawNumber = { readonly rawJSON: string }

declare global {
  interface JSON {
    isRawJSON(value: unknown): value is RawNumber
    parse(
      text: string,
      reviver: (this: unknown, key: string, value: unknown, context: { source?: string }) => unknown,
    ): unknown
  }
}

/** Reads JSON text. Errors: SyntaxError. */
export function parseJson(text: string): Json {
  return JSON.parse(text, (_, value: unknown, { source }) =>
    typeof value === 'number' && source !== undefined ? (JSON.rawJSON(source) as RawNumber) : value,
  ) as Json
}

const isList = (value: Json): value is readonly Json[] => Array.isArray(value)

/** JSON text for reading: what fits into a line of 120 characters stands on one. */
export function formatJson(value: Json, indent = '', taken = 0): string {
  const flat = JSON.stringify(value)
  if (value === null || typeof value !== 'object' || JSON.isRawJSON(value)) return flat
  if (indent.length + taken + flat.length <= 110) return spaced(value)
  const inner = `${indent}  `
  const parts = isList(value)
    ? value.map((each) => inner + formatJson(each, inner))
    : Object.entries(value).map(([key, each]) => {
        const name = `${JSON.stringify(key)}: `
        return inner + name + formatJson(each, inner, name.length)
      })
  const [open, close] = isList(value) ? ['[', ']'] : ['{', '}']
  return `${open}\n${parts.join(',\n')}\n${indent}${close}`
}

function spaced(value: Json): string {
  if (value === null || typeof value !== 'object' || JSON.isRawJSON(value)) return JSON.stringify(value)
  if (isList(value)) return `[${value.map(spaced).join(', ')}]`
  const fields = Object.entries(value).map(([key, each]) => `${JSON.stringify(key)}: ${spaced(each)}`)
  return `{${fields.join(', ')}}`
}
