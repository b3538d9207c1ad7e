import fc from 'fast-check'
import t from 'tap'
import type { PlanRow } from '../../src/rating/plan.ts'
import { type RatingProfile, TariffIndex } from '../../src/rating/tariff-index.ts'
import { at, interval } from '../support/tariffs.ts'

const OPTIONS = { roundingDecimals: 5, fallbackDepth: 3, subjectPrefixMatching: true }
const IDS = ['D0', 'D1', 'D2']
const SUBJECTS = ['7', '77', '78', '*any']
const NUMBERS = ['1', '12', '123', '2', '23', '3']

/** Two plans that price the destinations differently; unlike weights: no match is a tie. */
const PLANS = new Map<string, PlanRow[]>(
  ['P0', 'P1'].map((planId, plan) => [
    planId,
    IDS.map((destinationId, i) => ({
      destinationId,
      interval: interval(`${plan + 1}.${i}/1s/1s`, { weight: 10 + i }),
    })),
  ]),
)

const activations = fc.array(
  fc.record({
    activationNs: fc.constantFrom(at('2020-01-01 00:00:00').ns, at('2024-01-01 00:00:05').ns),
    planId: fc.constantFrom('P0', 'P1'),
    fallbackSubjects: fc.subarray(SUBJECTS),
  }),
  { maxLength: 2 },
)
const changes = fc.array(
  fc.oneof(
    fc.record({ id: fc.constantFrom(...IDS), prefixes: fc.subarray(NUMBERS) }),
    fc.record({ subject: fc.constantFrom(...SUBJECTS), activations }),
  ),
  { maxLength: 12 },
)

/** What every subject pays for every number, in text. */
function prices(index: TariffIndex): string[] {
  return SUBJECTS.flatMap((subject) =>
    NUMBERS.map((destination) => {
      const request = { tenant: 't', category: 'call', subject, destination, toR: '*voice' }
      const timeStart = at('2024-01-01 00:00:00')
      const rated = index.rate({ ...request, timeStart, usage: 10_000_000_000n, durationIndex: 10_000_000_000n })
      if (!rated.ok) return rated.fault
      return rated.spans
        .map(
          ({ match, increments }) =>
            `${match.matchedPrefix} ${match.ratingPlanId} ${increments.cost}x${increments.count}`,
        )
        .join(', ')
    }),
  )
}

t.test('a tariff that is changed part by part prices as one that is compiled whole', (t) => {
  let priced = 0
  fc.assert(
    fc.property(changes, (sequence) => {
      const destinations = new Map<string, readonly string[]>()
      const profiles = new Map<string, RatingProfile>()
      let index = new TariffIndex({ destinations, plans: PLANS, profiles: [] }, OPTIONS)
      for (const change of sequence) {
        const before = index
        const told = prices(before)
        if ('id' in change) {
          index = index.withDestination(change.id, change.prefixes, destinations.get(change.id) ?? [])
          destinations.set(change.id, change.prefixes)
        } else {
          const profile = { tenant: 't', category: 'call', ...change }
          index = index.withProfiles([profile])
          if (profile.activations.length === 0) profiles.delete(profile.subject)
          else profiles.set(profile.subject, profile)
        }
        const whole = new TariffIndex({ destinations, plans: PLANS, profiles: [...profiles.values()] }, OPTIONS)
        const [mine, wanted] = [prices(index), prices(whole)]
        if (mine.join('|') !== wanted.join('|')) return false
        if (prices(before).join('|') !== told.join('|')) return false
        priced += mine.filter((price) => price.includes('x')).length
      }
      return true
    }),
    { numRuns: 300 },
  )
  t.ok(priced > 1_000, 'many requests had a price')
  t.end()
})
