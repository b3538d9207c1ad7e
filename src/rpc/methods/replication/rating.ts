import { timingWire } from '../../../accounting/timing-wire.ts'
import { formatTime, parseTime, type ZonedTime } from '../../../core/time.ts'
import type { Rating, Timing } from '../../../rating/model.ts'
import { rateInterval } from '../../../rating/rate-interval.ts'
import { isTimeOfDay } from '../../../tariffs/compile.ts'
import type { TariffRow } from '../../../tariffs/tariff-rows.ts'
import { type Method, method, OK } from '../../method.ts'
import { RpcError } from '../../rpc-error.ts'
import { integer, list, pointer, struct, text, type ValueOf } from '../../shape.ts'
import { timingShape } from '../../shapes/timing.ts'
import type { RpcDefaults } from '../defaults.ts'
import { destinationShape, findDestination, withoutPrefixes } from '../destinations.ts'
import {
  planShape,
  planWire,
  profileShape,
  profileWire,
  type RatingPlanServices,
  removedPlan,
} from '../rating-plans.ts'
import { storedLists, type TimingServices, timingRow } from '../timings.ts'
import { reading, replicated, requireKey, withOptions } from './replicated.ts'

/** What the methods of replicated rating objects ask of the engine. */
export type ReplicatedRatingServices = RatingPlanServices & TimingServices

const destinationSet = withOptions('engine.DestinationWithAPIOpts', 'Destination', destinationShape)
const timingLists = {
  Years: pointer(list(integer)),
  Months: pointer(list(integer)),
  MonthDays: pointer(list(integer)),
  WeekDays: pointer(list(integer)),
}
const timingSet = withOptions(
  'utils.TPTimingWithAPIOpts',
  'TPTiming',
  struct('utils.TPTiming', { ID: text, ...timingLists, StartTime: text, EndTime: text }),
)
const planSet = withOptions('engine.RatingPlanWithAPIOpts', 'RatingPlan', planShape)
const profileSet = withOptions('engine.RatingProfileWithAPIOpts', 'RatingProfile', profileShape)

/**
 * Destinations, timings, rating plans and profiles as another engine has them. Each comes alone and in any order: what it names may
 * come later. Reference 01, 9.5; 10, B2.
 */
export function replicatedRatingMethods(services: ReplicatedRatingServices, defaults: RpcDefaults): Method[] {
  const { tariff } = services
  const timeOf = (from: string): ZonedTime => parseTime(from, defaults.timeZone, services.now())
  return [
    ...replicated({
      name: 'Destination',
      object: destinationShape,
      set: destinationSet,
      find: (id) => findDestination(tariff.rows, id),
      async put({ Destination: { Id: id, Prefixes: prefixes } }) {
        requireKey(id, 'Id')
        const rows = prefixes.map((prefix) => ({ values: [id, prefix], place: 'ReplicatorSv1.SetDestination' }))
        await tariff.change(() => new Map([['Destinations', new Map([[id, rows]])]]))
      },
      remove: (id) =>
        tariff.change((rows) => {
          const isHeld = rows.get('Destinations')?.has(id) === true
          return new Map([['Destinations', new Map(isHeld ? [[id, withoutPrefixes(rows, id)]] : [])]])
        }),
    }),
    reading('ReverseDestination', list(text), (prefix) => {
      const ids = tariff.index.destinationsOfPrefix(prefix)
      return ids.length === 0 ? undefined : ids
    }),
    method('ReplicatorSv1.SetReverseDestination', {
      summary: 'Answers OK: which destinations hold a prefix always follows from the destinations.',
      params: destinationSet,
      reply: OK,
      run: () => 'OK',
    }),
    ...replicated({
      name: 'Timing',
      object: timingShape,
      set: timingSet,
      find(id) {
        const timing = services.timing(id)
        const row = tariff.rows.get('Timings')?.get(id)?.at(-1)
        return timing && { ...timingWire(timing), ...storedLists(row?.values ?? []) }
      },
      async put({ TPTiming: timing }) {
        requireKey(timing.ID, 'ID')
        const row = timingRow(timing, 'ReplicatorSv1.SetTiming')
        await tariff.change(() => new Map([['Timings', new Map([[timing.ID, [row]]])]]))
      },
      remove: (id) =>
        tariff.change((rows) => {
          const isHeld = rows.get('Timings')?.has(id) === true
          return new Map([['Timings', new Map(isHeld ? [[id, undefined]] : [])]])
        }),
    }),
    ...replicated({
      name: 'RatingPlan',
      object: planShape,
      set: planSet,
      find: (id) =>
        (tariff.rows.get('RatingPlans')?.get(id)?.length ?? 0) > 0 ? planWire(tariff.rows, id) : undefined,
      async put({ RatingPlan: plan }) {
        requireKey(plan.Id, 'Id')
        const rows = planRows(plan)
        await tariff.change(() => new Map([['RatingPlans', new Map([[plan.Id, rows]])]]))
      },
      remove: (id) => tariff.change((rows) => removedPlan(rows, id)),
    }),
    ...replicated({
      name: 'RatingProfile',
      object: profileShape,
      set: profileSet,
      find(key) {
        const owner = ownerOf(key)
        const group = owner && tariff.rows.get('RatingProfiles')?.get(owner.join(':'))
        return group && profileWire(owner, group, timeOf)
      },
      async put({ RatingProfile: { Id: key, RatingPlanActivations: activations } }) {
        requireKey(key, 'Id')
        const owner = ownerOf(key)
        if (owner === undefined)
          throw new RpcError(`SERVER_ERROR: Id ${JSON.stringify(key)}, expected *out:tenant:category:subject`)
        const prefix = key.slice(0, key.length - owner[2].length)
        const rows = activations.map(({ ActivationTime: at, RatingPlanId: planId, FallbackKeys: keys }): TariffRow => {
          const subjects = keys.map((each) => (each.startsWith(prefix) ? each.slice(prefix.length) : each))
          const values = [...owner, formatTime(at), planId, subjects.join(';')]
          return { values, place: 'ReplicatorSv1.SetRatingProfile' }
        })
        await tariff.change((held) => {
          const planIds = new Set(activations.map(({ RatingPlanId: planId }) => planId))
          const unknown = [...planIds].filter((planId) => held.get('RatingPlans')?.has(planId) !== true)
          return new Map([
            ['RatingPlans', new Map(unknown.map((planId): [string, TariffRow[]] => [planId, []]))],
            ['RatingProfiles', new Map([[owner.join(':'), rows]])],
          ])
        })
      },
      remove: (key) =>
        tariff.change((rows) => {
          const id = ownerOf(key)?.join(':') ?? ''
          const isHeld = rows.get('RatingProfiles')?.has(id) === true
          return new Map([['RatingProfiles', new Map(isHeld ? [[id, undefined]] : [])]])
        }),
    }),
  ]
}

/** Tenant, category and subject of `*out:tenant:category:subject`. */
function ownerOf(key: string): readonly [string, string, string] | undefined {
  const [, tenant = '', category = '', subject = ''] = /^\*out:([^:]*):([^:]*):(.+)$/s.exec(key) ?? []
  return subject === '' ? undefined : [tenant, category, subject]
}

/** Rows that hold their prices themselves. Throws RpcError. */
function planRows(plan: ValueOf<typeof planShape>): TariffRow[] {
  const refused = (problem: string) => new RpcError(`SERVER_ERROR: rating plan ${plan.Id}: ${problem}`)
  return Object.entries(plan.DestinationRates).flatMap(([destinationId, rates]) =>
    rates.map(({ Timing: timingKey, Rating: ratingKey, Weight: weight }): TariffRow => {
      const timing = plan.Timings[timingKey]
      const rating = plan.Ratings[ratingKey]
      if (timing === undefined) throw refused(`${destinationId} names timing ${timingKey}, which is not in Timings`)
      if (rating === undefined) throw refused(`${destinationId} names rating ${ratingKey}, which is not in Ratings`)
      if (timing.StartTime !== '' && !isTimeOfDay(timing.StartTime))
        throw refused(`timing ${timing.ID} starts at ${timing.StartTime}, expected a time of day`)
      if (rating.Rates.length === 0) throw refused(`rating ${ratingKey} has no Rates`)
      if (rating.Rates.some(({ RateIncrement: increment, RateUnit: unit }) => increment < 0n || unit < 0n))
        throw refused(`rating ${ratingKey} has a negative RateIncrement or RateUnit`)
      const interval = rateInterval(timingOf(timing), ratingOf(rating), weight).text
      return {
        values: [plan.Id, '', timing.ID, String(weight)],
        place: 'ReplicatorSv1.SetRatingPlan',
        more: { price: { destinationId, interval } },
      }
    }),
  )
}

/** A timing as the API shows it. */
export function timingOf(timing: ValueOf<typeof timingShape>): Timing {
  const { ID, Years, Months, MonthDays, WeekDays, StartTime, EndTime } = timing
  const lists = { years: Years, months: Months, monthDays: MonthDays, weekDays: WeekDays }
  return { id: ID, ...lists, startTime: StartTime, endTime: EndTime }
}

const SECOND = 1_000_000_000n

function ratingOf(rating: ValueOf<typeof planShape>['Ratings'][string]): Rating {
  const groups = rating.Rates.map(({ GroupIntervalStart: start, Value: price, RateIncrement, RateUnit }) => ({
    start,
    price,
    increment: RateIncrement || SECOND,
    unit: RateUnit || SECOND,
  }))
  return {
    connectFee: rating.ConnectFee,
    roundingMethod: rating.RoundingMethod,
    roundingDecimals: rating.RoundingDecimals,
    maxCost: rating.MaxCost,
    maxCostStrategy: rating.MaxCostStrategy,
    groups: groups.sort((a, b) => (a.start < b.start ? -1 : 1)),
  }
}
