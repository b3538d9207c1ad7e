import { InvalidText } from '../../core/errors.ts'
import { compileLayout } from '../../core/go-layout.ts'
import { parseTime, type ZonedTime, zoneOf } from '../../core/time.ts'
import { textOf } from '../context.ts'
import type { Converter, ConverterTable } from '../converters.ts'
import { type Found, Instant, MappingError, TemplateError } from '../value.ts'
import { usageOf } from './numbers.ts'

/** Converters of times. Reference 02, 4. */
export const TIME_CONVERTERS: ConverterTable = {
  '*durfmt': { make: (_, layout) => makeDurationFormat(layout === '' ? '15:04:05' : layout) },
  '*unixtime': { exact: true, make: () => (value) => floorSeconds(timeOf(value)) },
  '*timestring': { make: makeTimeString },
  '*datetime': { make: (_, layout) => makeDateTime(layout) },
}

function nowInUtc(): ZonedTime {
  return { ns: BigInt(Date.now()) * 1_000_000n, zone: 'UTC' }
}

function timeOf(value: Found): ZonedTime {
  return value instanceof Instant ? value.time : parseTime(textOf(value), 'UTC', nowInUtc())
}

/** Unix seconds of a time, also before 1970. */
export function floorSeconds({ ns }: ZonedTime): bigint {
  const seconds = ns / 1_000_000_000n
  return ns < 0n && seconds * 1_000_000_000n !== ns ? seconds - 1n : seconds
}

function makeDurationFormat(layout: string): Converter {
  const { format } = compileLayout(layout)
  return (value) => format({ ns: usageOf(value), zone: 'UTC' })
}

function makeTimeString([name = '']: readonly string[], text: string): Converter {
  const zone = named(name === '' ? 'Local' : name)
  const layout = text.slice(name.length + 1)
  const { format } = compileLayout(layout === '' ? '2006-01-02 15:04:05' : layout)
  return (value) => format({ ns: timeOf(value).ns, zone })
}

function named(zone: string): string {
  try {
    return zoneOf(zone)
  } catch (cause) {
    if (cause instanceof InvalidText) throw new TemplateError(cause.message)
    throw cause
  }
}

function makeDateTime(layout: string): Converter {
  if (layout === '') throw new TemplateError('*datetime converter: requires at least one parameter')
  const { parse } = compileLayout(layout)
  return (value) => {
    const text = textOf(value)
    try {
      return new Instant(parse(text, 'UTC'))
    } catch (cause) {
      if (!(cause instanceof InvalidText)) throw cause
      const what = `value ${JSON.stringify(text)} with layout ${JSON.stringify(layout)}`
      throw new MappingError(`*datetime converter: parsing failed for ${what}: ${cause.message}`)
    }
  }
}
