import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { parseConfigFile } from './json-source.ts'
import { NOT_AVAILABLE, SECTIONS, SECTIONS_WITHOUT_EFFECT, type SectionName } from './schema.ts'
import { NO_EFFECT } from './sections/key-types.ts'

type JsonSchema = {
  [key: string]: unknown
  properties?: Record<string, JsonSchema>
  items?: JsonSchema
  additionalProperties?: JsonSchema | false
  required?: string[]
}

/** A default of more keys than this is left to tollgate.json. */
const MAX_DEFAULT_KEYS = 8

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
    loosen(described)
    const defaults = (value as Record<string, Record<string, unknown>>)[section] ?? {}
    for (const [key, property] of Object.entries(described.properties ?? {})) {
      if (!(key in defaults)) continue
      const found = defaults[key]
      if (typeof found !== 'object' || found === null || Object.keys(found).length <= MAX_DEFAULT_KEYS)
        property['default'] = found
      const comment = / \/\/ (.*)$/.exec(lines[(places.get(`${section}.${key}`)?.line ?? 0) - 1] ?? '')?.[1]
      const parts = [comment, property['description'] as string | undefined].filter((part) => part !== undefined)
      if (parts.length > 0) property['description'] = parts.join('; ')
    }
    const name = section as SectionName
    if (NOT_AVAILABLE.has(name)) described['description'] = 'not available in this version'
    else if (SECTIONS_WITHOUT_EFFECT.has(name)) described['description'] = 'no effect in this version'
    properties[section] = described
  }
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Tollgate configuration file',
    type: 'object',
    properties,
  }
}

/** Every key has its default, and entries of a list take what they do not name from there, too: a file names what it changes. */
function loosen(schema: JsonSchema, isEntry = false): void {
  if (isEntry && schema.required?.includes('id')) schema.required = ['id']
  else delete schema.required
  for (const property of Object.values(schema.properties ?? {})) loosen(property)
  if (schema.items !== undefined) loosen(schema.items, true)
  if (typeof schema.additionalProperties === 'object') loosen(schema.additionalProperties)
}
