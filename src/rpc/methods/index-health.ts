import { type Method, method } from '../method.ts'
import { boolean, duration, integer, list, map, type Shape, struct, text } from '../shape.ts'

/** Limits of a cache that the reference engine makes for the search. */
function cacheOf(name: string): Record<string, Shape> {
  return {
    [`${name}CacheLimit`]: integer,
    [`${name}CacheTTL`]: duration,
    [`${name}CacheStaticTTL`]: boolean,
  }
}

const pair = { ...cacheOf('Index'), ...cacheOf('Object') }
const twoShape = struct('engine.IndexHealthArgsWith2Ch', pair)
const threeShape = struct('engine.IndexHealthArgsWith3Ch', { ...pair, ...cacheOf('Filter') })
const references = map(list(text))

const healthShape = struct('engine.FilterIHReply', {
  MissingObjects: list(text),
  MissingIndexes: references,
  BrokenIndexes: references,
  MissingFilters: references,
})

const reverseShape = struct('engine.ReverseFilterIHReply', {
  MissingObjects: list(text),
  MissingReverseIndexes: references,
  BrokenReverseIndexes: references,
  MissingFilters: references,
})

const planShape = struct('engine.AccountActionPlanIHReply', {
  MissingAccountActionPlans: references,
  BrokenReferences: references,
})

const destinationShape = struct('engine.ReverseDestinationsIHReply', {
  MissingReverseDestinations: references,
  BrokenReferences: references,
})

const INDEXES = ['Thresholds', 'Resources', 'Stats', 'Routes', 'Attributes', 'Chargers', 'Dispatchers']

/**
 * Whether indexes agree with what they are made of. They are part of the objects and always do, so nothing is missing and nothing
 * broken. Reference 01, 9.6.
 */
export function indexHealthMethods(): Method[] {
  const summary = 'What an index lacks: nothing, it always fits what it is made of.'
  const healthy = (name: string, params: Shape, reply: Shape, answer: () => object) =>
    method(`APIerSv1.${name}`, { summary, params, reply, run: answer })
  return [
    ...INDEXES.map((name) =>
      healthy(`Get${name}IndexesHealth`, threeShape, healthShape, () => ({
        MissingObjects: [],
        MissingIndexes: {},
        BrokenIndexes: {},
        MissingFilters: {},
      })),
    ),
    healthy('GetReverseFilterHealth', threeShape, map(reverseShape), () => ({})),
    healthy('GetAccountActionPlansIndexHealth', twoShape, planShape, () => ({
      MissingAccountActionPlans: {},
      BrokenReferences: {},
    })),
    healthy('GetReverseDestinationsIndexHealth', twoShape, destinationShape, () => ({
      MissingReverseDestinations: {},
      BrokenReferences: {},
    })),
  ]
}
