import { join } from 'node:path'
import { configJsonSchema } from '../config/json-schema.ts'
import { packageRoot } from '../engine/package-root.ts'

/** Prints the JSON Schema of configuration files, for editors and checks: the text of `config/tollgate.schema.json`. */
export function printConfigSchema(): void {
  const schema = configJsonSchema(join(packageRoot(), 'config', 'tollgate.json'))
  process.stdout.write(`${JSON.stringify(schema, null, 2)}\n`)
}
