import { z } from 'zod'
import { formatDuration, parseDuration } from '../../core/duration.ts'
import { parseListenAddress } from '../../core/listen-address.ts'
import { type KeyMeta, withMeta } from './key-meta.ts'

/** A struct by its Go name: an object that knows its keys. */
export function struct<S extends z.ZodRawShape>(
  goType: string,
  shape: S,
  meta: Omit<KeyMeta, 'goType'> = {},
): z.ZodObject<S, z.core.$strict> {
  return withMeta(z.strictObject(shape), { goType, ...meta })
}

function readDuration(text: string, context: z.RefinementCtx<string>): bigint {
  try {
    return parseDuration(text)
  } catch (cause) {
    context.addIssue({
      code: 'custom',
      message: `${cause instanceof Error ? cause.message : cause}, expected a duration such as "5s"`,
      params: { client: cause instanceof Error ? cause.message : String(cause) },
    })
    return z.NEVER
  }
}

function durationShown(print: (ns: bigint) => unknown) {
  return withMeta(z.string().transform(readDuration), { print: (value) => print(value as bigint) })
}

/** A duration as text; its value is ns. ConfigSv1 shows it in Go's form. Reference 01, 1. */
export const duration = durationShown(formatDuration)

/** A duration whose zero is shown as `0`: those of general, cores, sessions and the delays of readers. */
export const durationOr0 = durationShown((ns) => (ns === 0n ? '0' : formatDuration(ns)))

/** How often a service stores what it holds; zero is shown as an empty text. */
export const storeInterval = durationShown((ns) => (ns === 0n ? '' : formatDuration(ns)))

/** A duration that is shown as an integer of ns. */
export const durationNs = durationShown((ns) => ns)

const SIZE_UNITS: Readonly<Record<string, number>> = {
  B: 1,
  K: 1024,
  KB: 1024,
  M: 1024 ** 2,
  MB: 1024 ** 2,
  G: 1024 ** 3,
  GB: 1024 ** 3,
}

function readSize(text: string, context: z.RefinementCtx<string>): number {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)([A-Za-z]+)$/.exec(text.trim()) ?? []
  const factor = SIZE_UNITS[unit.toUpperCase()]
  if (factor !== undefined) return Math.trunc(Number(number) * factor)
  const client = number === '' ? `invalid size format: ${text}` : `unknown unit: ${unit}`
  context.addIssue({ code: 'custom', message: `${client}, expected a size such as "10MB"`, params: { client } })
  return z.NEVER
}

/** A number of octets with its unit, such as `1.5kb`; its value is octets. Reference 01, 1. */
export const size = z.string().transform(readSize)

/** Kinds of usage that are times. Others are shown without unit. */
const TIMES = new Set(['*any', '*voice'])

function checkListenAddress(text: string, context: z.RefinementCtx<string>): void {
  try {
    parseListenAddress(text)
  } catch {
    context.addIssue({
      code: 'custom',
      message: 'expected an address such as "127.0.0.1:2012", with a port up to 65535',
    })
  }
}

/** `host:port` of a listener. */
export const listenAddress = z.string().superRefine(checkListenAddress)

/** The same; empty: it is not opened. */
export const optionalListenAddress = z.string().superRefine((text, context) => {
  if (text !== '') checkListenAddress(text, context)
})

/** Usage by type of record: `{"*voice": "3h", "*data": "1048576"}`; ns for times, else plain units. */
export const usageByToR = withMeta(z.record(z.string(), duration), {
  goType: 'map[string]string',
  print: (value) =>
    Object.fromEntries(
      Object.entries(value as Record<string, bigint>).map(([toR, usage]) => [
        toR,
        TIMES.has(toR) ? formatDuration(usage) : String(usage),
      ]),
    ),
})

/** Ids of connections; none switches the callee off. Reference 01, 3.1. */
export const connections = withMeta(z.array(z.string()), {
  print: (value) => (value as string[]).map((id) => id.replace(/^(\*internal|\*birpc_internal):.*/, '$1')),
})

export const textList = z.array(z.string())

/** Texts by name; a later file adds to them. */
export const textMap = z.record(z.string(), z.string())

/** Lists of texts by name; a later file replaces them all. */
export const textLists = withMeta(z.record(z.string(), textList), { merge: 'replace' })

/** A password or a key: ConfigSv1 does not show it. */
export const secret = withMeta(z.string(), { secret: true })

/** Marks keys that are read, and have no effect in this version. */
export const NO_EFFECT = new WeakSet<z.core.$ZodType>()

/** Keys of CGRateS without effect in this version: they may stand in a file, their type is checked, setting one is warned of. */
export function noEffect<K extends string>(type: z.ZodType, ...keys: K[]): Record<K, z.ZodOptional<z.ZodUnknown>> {
  return Object.fromEntries(
    keys.map((key) => {
      const schema = type.optional()
      NO_EFFECT.add(schema)
      return [key, schema]
    }),
  ) as Record<K, z.ZodOptional<z.ZodUnknown>>
}

/** Marks the keys of a shape as noEffect does, and leaves their types as they are: none may be the schema of another key, too. */
export function withoutEffect<S extends z.ZodRawShape>(shape: S): S {
  for (const schema of Object.values(shape)) NO_EFFECT.add(schema)
  return shape
}

/** The keys that say which fields of events a service looks its profiles up by. Reference 01, 4.5. */
export const indexKeys = {
  indexed_selects: z.boolean(),
  string_indexed_fields: textList.optional(),
  prefix_indexed_fields: textList,
  suffix_indexed_fields: textList,
  exists_indexed_fields: textList,
  nested_fields: z.boolean(),
  ...noEffect(textList, 'notexists_indexed_fields'),
}

/** Go's names of those index keys that carry a tag. */
export const INDEX_KEY_FIELDS = { exists_indexed_fields: 'exists_indexed_fields' }
