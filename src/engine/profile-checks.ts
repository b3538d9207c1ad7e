import { TollgateError } from '../core/errors.ts'
import { EVENT_READER } from '../filters/event-reader.ts'
import { filterContainer } from '../filters/filter-containers.ts'
import { compileRule } from '../mapping/value-parser.ts'
import type { ProfileName, ProfileOf } from '../rpc/shapes/profile-kinds.ts'

/** A profile that cannot be stored. The message is what clients see behind `SERVER_ERROR: `. */
export class ProfileRefused extends TollgateError {
  constructor(message: string) {
    super('PROFILE_REFUSED', message)
  }
}

/** Kinds of metrics of a stat queue; a parameter follows behind `#`. Reference 06, 5.4. */
const METRICS = new Set([
  '*asr',
  '*acd',
  '*tcd',
  '*acc',
  '*tcc',
  '*pdd',
  '*ddc',
  '*sum',
  '*average',
  '*distinct',
  '*highest',
  '*lowest',
  '*repsc',
  '*repfc',
])

/**
 * What is wrong with a profile beside its filters: values of attributes that do not compile, metrics that are not known. Throws
 * ProfileRefused, TemplateError.
 */
export const PROFILE_CHECKS: { readonly [K in ProfileName]?: (profile: ProfileOf<K>) => void } = {
  AttributeProfile({ Attributes }) {
    const options = { separator: ';', group: undefined, otherContainer: filterContainer({}) }
    for (const { Value } of Attributes ?? [])
      for (const { Rules } of Value ?? []) compileRule(Rules, EVENT_READER, options)
  },
  StatQueueProfile({ Metrics }) {
    for (const { MetricID } of Metrics ?? [])
      if (!METRICS.has(MetricID.split('#', 1)[0] ?? ''))
        throw new ProfileRefused(`unsupported metric type <${MetricID}>`)
  },
}
