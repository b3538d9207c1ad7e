import type { Method } from './method.ts'
import type { Shape } from './shape.ts'

type Json = Record<string, unknown>

/**
 * The OpenRPC document of these methods: what each takes and answers, as JSON Schema. Every method takes one argument, as the
 * first element of `params`. version: that of the program. https://spec.open-rpc.org
 */
export function openRpcDocument(methods: readonly Method[], version: string): Json {
  const schemas = new SchemaTable()
  const described = methods.map(({ name, summary, params, reply }) => ({
    name,
    summary,
    paramStructure: 'by-position',
    params: [{ name: 'argument', required: true, schema: schemas.of(params) }],
    result: { name: 'result', schema: schemas.of(reply) },
  }))
  return {
    openrpc: '1.3.2',
    info: { title: 'Tollgate', version, description: 'Real-time charging suite and protocol gateway' },
    methods: described,
    components: { schemas: schemas.components },
  }
}

/** The structs that the schemas of a document refer to by name. */
class SchemaTable {
  readonly components: Record<string, Json> = {}
  readonly #names = new Map<Shape['form'], string>()

  /** The JSON Schema of a shape; structs are references. */
  of({ form, goType }: Shape): Json {
    switch (form.kind) {
      case 'text':
        return { type: 'string' }
      case 'integer':
        return { type: 'integer' }
      case 'duration':
        return { type: 'integer', description: 'nanoseconds' }
      case 'number':
      case 'decimal':
        return { type: 'number' }
      case 'boolean':
        return { type: 'boolean' }
      case 'time':
        return { type: 'string', format: 'date-time' }
      case 'bytes':
        return { type: 'string', contentEncoding: 'base64' }
      case 'any':
        return {}
      case 'list':
        return { type: ['array', 'null'], items: this.of(form.of) }
      case 'map':
        return { type: ['object', 'null'], additionalProperties: this.of(form.of) }
      case 'pointer':
        return { anyOf: [this.of(form.of), { type: 'null' }] }
      case 'struct':
        return { $ref: `#/components/schemas/${this.#named(form, goType)}` }
    }
  }

  #named(form: Extract<Shape['form'], { kind: 'struct' }>, goType: string): string {
    const known = this.#names.get(form)
    if (known !== undefined) return known
    const base = goType.replace(/[^\w.-]/g, '_')
    let name = base
    for (let i = 2; name in this.components; i++) name = `${base}_${i}`
    this.#names.set(form, name)
    this.components[name] = {}
    this.components[name] = { type: 'object', properties: this.#properties(form.fields) }
    return name
  }

  /** Fields of embedded structs stand beside those of the struct, which hide them. */
  #properties(fields: Readonly<Record<string, Shape>>): Json {
    const properties: Json = {}
    const inner: Json = {}
    for (const [name, shape] of Object.entries(fields)) {
      if (shape.embedded && shape.form.kind === 'struct') Object.assign(inner, this.#properties(shape.form.fields))
      else properties[name] = this.of(shape)
    }
    return { ...inner, ...properties }
  }
}
