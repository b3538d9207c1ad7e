import { z } from 'zod'
import { parseDuration } from '../../core/duration.ts'
import { parseListenAddress } from '../../core/listen-address.ts'

function readDuration(text: string, context: z.RefinementCtx<string>): bigint {
  try {
    return parseDuration(text)
  } catch (cause) {
    context.addIssue({
      code: 'custom',
      message: `${cause instanceof Error ? cause.message : cause}, expected a duration such as "5s"`,
    })
    return z.NEVER
  }
}

/** A duration as text; its value is ns. Reference 01, 1. */
export const duration = z.string().transform(readDuration)

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
export const usageByToR = z.record(z.string(), duration)

/** Ids of connections; none switches the callee off. Reference 01, 3.1. */
export const connections = z.array(z.string())

export const textList = z.array(z.string())

/** Marks keys that are read, and have no effect in this version. */
export const NO_EFFECT = z.registry<Record<never, never>>()

/** Keys of CGRateS without effect in this version: they may stand in a file, their type is checked, setting one is warned of. */
export function noEffect<K extends string>(type: z.ZodType, ...keys: K[]): Record<K, z.ZodOptional<z.ZodUnknown>> {
  return Object.fromEntries(
    keys.map((key) => {
      const schema = type.optional()
      NO_EFFECT.add(schema, {})
      return [key, schema]
    }),
  ) as Record<K, z.ZodOptional<z.ZodUnknown>>
}
