import type { z } from 'zod'

/** What the schema of a key cannot say by itself: how CGRateS names, merges and prints it. Reference 01, 2.1, 2.3 and 6.1. */
export type KeyMeta = {
  /** Name of the Go type in the decoder errors that RPC clients read; for a struct without its package. */
  goType?: string
  /** Names that Go gives to the fields of a struct: the key with a capital letter, unless 'tagged' (as the key is) or listed. */
  goFields?: 'tagged' | Readonly<Record<string, string>>
  /** Other spellings of keys of a struct. */
  aliases?: Readonly<Record<string, string>>
  /** Keys of a struct that it does not know are told in the log only. */
  loose?: true
  /** Keys of a struct that CGRateS does not have: printed when they are not as in tollgate.json. */
  own?: readonly string[]
  /** Keys of a struct that print null when they are not set; others are left out. */
  nulls?: readonly string[]
  /** Keys of a struct that are printed under another name. */
  printAs?: Readonly<Record<string, string>>
  /**
   * How a later file changes the value, where it is not by the rule of its kind: structs and maps merge key by key (a value of
   * a map is replaced), all else is replaced. byId: entries of a list merge by their id; byIdFromDefault: new ones begin as the
   * built-in `*default`; append: always added; keepWhenEmpty: an empty list changes nothing; replace: a map as a whole;
   * entries: values of a map merge key by key.
   */
  merge?: 'byId' | 'byIdFromDefault' | 'append' | 'keepWhenEmpty' | 'replace' | 'entries'
  /** The value as ConfigSv1 shows it. */
  print?: (value: unknown) => unknown
  /** Never shown: a password, a key. */
  secret?: true
}

const META = new WeakMap<z.core.$ZodType, KeyMeta>()

/** Adds what is known of a key to its schema. */
export function withMeta<S extends z.ZodType>(schema: S, meta: KeyMeta): S {
  META.set(schema, { ...META.get(schema), ...meta })
  return schema
}

/** What is known of a key: that of its schema and of those that it wraps. */
export function metaOf(schema: z.core.$ZodType): KeyMeta {
  const own = META.get(schema)
  const inner = wrapped(schema)
  if (inner === undefined) return own ?? {}
  return { ...metaOf(inner), ...own }
}

/** The schema inside `optional`, `default` and `pipe` (what comes in). */
export function bare(schema: z.core.$ZodType): z.core.$ZodType {
  const inner = wrapped(schema)
  return inner === undefined ? schema : bare(inner)
}

function wrapped(schema: z.core.$ZodType): z.core.$ZodType | undefined {
  const { innerType, in: input } = schema._zod.def as { innerType?: z.core.$ZodType; in?: z.core.$ZodType }
  return innerType ?? input
}

/** Kinds of values that the walkers of a configuration tell apart. */
export type Kind =
  | { kind: 'struct'; shape: Readonly<Record<string, z.ZodType>> }
  | { kind: 'map' | 'list'; of: z.ZodType }
  | { kind: 'scalar' }

export function kindOf(schema: z.core.$ZodType): Kind {
  const { def } = bare(schema)._zod
  switch (def.type) {
    case 'object':
      return { kind: 'struct', shape: (def as unknown as { shape: Record<string, z.ZodType> }).shape }
    case 'record':
      return { kind: 'map', of: (def as unknown as { valueType: z.ZodType }).valueType }
    case 'array':
      return { kind: 'list', of: (def as unknown as { element: z.ZodType }).element }
    default:
      return { kind: 'scalar' }
  }
}
