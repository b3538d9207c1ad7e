import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { parseConfigFile } from './json-source.ts'
import { SECTIONS } from './schema.ts'
import { NO_EFFECT } from './sections/key-types.ts'

type JsonSchema = {
  [key: string]: unknown
  properties?: Record<string, JsonSchema>
  items?: JsonSchema
  required?: string[]
}

/**
 * The JSON Schema (draft 2020-12) of a configuration file: types from the schemas of the sections, defaults and descriptions
 * from the values and the comments of defaultsFile (`config/tollgate.json`).
 */
export function configJsonSchema(defaultsFile: string): JsonSchema {
  const text = readFileSync(defaultsFile, 'utf8')
  const { value, places } = parseConfigFile(defaultsFile, text, {})
  const lines = text.split('\n')
  const properties: Record<string, JsonSchema> = {}
  for (const [section, schema] of Object.entries(SECTIONS)) {
    const { $schema, ...described } = z.toJSONSchema(schema, {
      io: 'input',
      unrepresentable: 'any',
      override: ({ zodSchema, jsonSchema }) => {
        if (NO_EFFECT.has(zodSchema)) jsonSchema.description = 'no effect in this version'
      },
    }) as JsonSchema
    // Every key of a section has its default: a file names those that it changes.
    delete described.required
    const defaults = (value as Record<string, Record<string, unknown>>)[section] ?? {}
    for (const [key, property] of Object.entries(described.properties ?? {})) {
      if (!(key in defaults)) continue
      delete property.required
      // Entries of a list take what they do not name from defaults or from the entry that they are merged over.
      if (property.items?.required !== undefined) property.items.required = ['id']
      property['default'] = defaults[key]
      const comment = / \/\/ (.*)$/.exec(lines[(places.get(`${section}.${key}`)?.line ?? 0) - 1] ?? '')?.[1]
      if (comment !== undefined) property['description'] = comment
    }
    properties[section] = described
  }
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Tollgate configuration file',
    type: 'object',
    properties,
  }
}
