import type { Shape } from './shape.ts'

/** A field of an argument as clients write it: those of embedded structs stand beside the others. */
export type ArgumentField = { readonly name: string; readonly shape: Shape }

/** The fields that an argument may have, none when it is no struct. */
export function argumentFields({ form }: Shape): ArgumentField[] {
  if (form.kind === 'pointer') return argumentFields(form.of)
  if (form.kind !== 'struct') return []
  return Object.entries(form.fields).flatMap(([name, shape]) =>
    shape.embedded && shape.form.kind === 'struct' ? argumentFields(shape) : [{ name, shape }],
  )
}

/** The shape in one line: `{Tenant: text, Limit: integer, Filters: [text]}`. depth: how many structs inside are opened. */
export function describeShape(shape: Shape, depth = 1): string {
  const { form, goType } = shape
  switch (form.kind) {
    case 'list':
      return `[${describeShape(form.of, depth)}]`
    case 'map':
      return `{text: ${describeShape(form.of, depth)}}`
    case 'pointer':
      return describeShape(form.of, depth)
    case 'duration':
      return 'ns'
    case 'decimal':
      return 'number'
    case 'bytes':
      return 'base64'
    case 'struct': {
      if (depth === 0) return goType.slice(goType.lastIndexOf('.') + 1)
      const fields = argumentFields(shape).map(({ name, shape }) => `${name}: ${describeShape(shape, depth - 1)}`)
      return `{${fields.join(', ')}}`
    }
    default:
      return form.kind
  }
}
