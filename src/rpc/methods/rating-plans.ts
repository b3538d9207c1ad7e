import { hash } from 'node:crypto'
import { rateIntervalWire } from '../../accounting/call-cost-wire.ts'
import { timingWire } from '../../accounting/timing-wire.ts'
import { NotFound } from '../../core/errors.ts'
import { formatTime, parseTime, type ZonedTime } from '../../core/time.ts'
import { compileRatingPlan } from '../../tariffs/compile.ts'
import type { TariffChanges, TariffRow, TariffRows } from '../../tariffs/tariff-rows.ts'
import { type Method, method, OK, requireFields } from '../method.ts'
import { page } from '../page.ts'
import { RpcError } from '../rpc-error.ts'
import { any, boolean, list, map, number, struct, text, time } from '../shape.ts'
import { ratingShape } from '../shapes/call-cost.ts'
import { pageShape } from '../shapes/event.ts'
import { timingShape } from '../shapes/timing.ts'
import type { RpcDefaults } from './defaults.ts'
import { type RatingServices, removed } from './destinations.ts'

/** What the methods of rating plans and profiles ask of the engine. */
export interface RatingPlanServices extends RatingServices {
  now(): ZonedTime
}

export const planShape = struct('engine.RatingPlan', {
  Id: text,
  Timings: map(timingShape),
  Ratings: map(ratingShape),
  DestinationRates: map(list(struct('engine.RPRate', { Timing: text, Rating: text, Weight: number }))),
})

const profileKey = { Tenant: text, Category: text, Subject: text }

export const profileShape = struct('engine.RatingProfile', {
  Id: text,
  RatingPlanActivations: list(
    struct('engine.RatingPlanActivation', { ActivationTime: time, RatingPlanId: text, FallbackKeys: list(text) }),
  ),
})

const setProfileShape = struct('utils.AttrSetRatingProfile', {
  ...profileKey,
  Overwrite: boolean,
  RatingPlanActivations: list(
    struct('utils.TPRatingActivation', { ActivationTime: text, RatingPlanId: text, FallbackSubjects: text }),
  ),
  APIOpts: map(any),
})

/** Rating plans: rates by destination and time. Reference 01, 9.6; 03, 3.4. */
export function ratingPlanMethods({ tariff }: RatingPlanServices): Method[] {
  return [
    method('APIerSv1.GetRatingPlan', {
      summary: 'A rating plan with its timings and rates. Errors: NOT_FOUND.',
      params: text,
      reply: planShape,
      run: (id) => planWire(tariff.rows, id),
    }),
    method('APIerSv1.GetRatingPlanIDs', {
      summary: 'Ids of rating plans that contain Search. Errors: NOT_FOUND.',
      params: pageShape,
      reply: list(text),
      run(argument) {
        const ids = [...(tariff.rows.get('RatingPlans') ?? [])]
          .filter(([id, group]) => group.length > 0 && id.includes(argument.Search))
          .map(([id]) => id)
        if (ids.length === 0) throw new NotFound()
        return page(ids.sort(), argument)
      },
    }),
    method('APIerSv1.RemoveRatingPlan', {
      summary: 'Removes a rating plan; an unknown one is no error. Errors: MANDATORY_IE_MISSING: [ID].',
      params: text,
      reply: OK,
      async run(id) {
        if (id === '') throw new RpcError('MANDATORY_IE_MISSING: [ID]')
        await tariff.change((rows) => removedPlan(rows, id))
        return 'OK'
      },
    }),
  ]
}

/** Rating profiles: which plan prices a subject from when on. Reference 01, 9.6; 03, 3.4. */
export function ratingProfileMethods(services: RatingPlanServices, defaults: RpcDefaults): Method[] {
  const { tariff } = services
  const keyOf = ({ Tenant, Category, Subject }: { Tenant: string; Category: string; Subject: string }) =>
    [Tenant || defaults.tenant, Category, Subject] as const
  return [
    method('APIerSv1.SetRatingProfile', {
      summary:
        'Adds activations to a rating profile, or with Overwrite replaces them. Errors: MANDATORY_IE_MISSING, ' +
        'NOT_FOUND:RatingPlanId:, SERVER_ERROR:Cannot parse activation time from.',
      params: setProfileShape,
      reply: OK,
      async run(argument) {
        requireFields(argument, 'Subject', 'RatingPlanActivations')
        const key = keyOf(argument)
        const id = key.join(':')
        for (const activation of argument.RatingPlanActivations) {
          const missing = (['ActivationTime', 'RatingPlanId'] as const).filter((name) => activation[name] === '')
          if (missing.length > 0) throw new RpcError(`MANDATORY_IE_MISSING:RatingPlanActivation:[${missing.join(' ')}]`)
        }
        await tariff.change((rows) => {
          const added = argument.RatingPlanActivations.map((activation): TariffRow => {
            const { ActivationTime: from, RatingPlanId: planId, FallbackSubjects: fallbacks } = activation
            const values = [...key, activationTime(from), planId, fallbacks]
            if ((rows.get('RatingPlans')?.get(planId)?.length ?? 0) === 0)
              throw new RpcError(`NOT_FOUND:RatingPlanId:${planId}`)
            return { values, place: 'APIerSv1.SetRatingProfile' }
          })
          const held = argument.Overwrite ? [] : (rows.get('RatingProfiles')?.get(id) ?? [])
          return new Map([['RatingProfiles', new Map([[id, [...held, ...added]]])]])
        })
        return 'OK'
      },
    }),
    method('APIerSv1.GetRatingProfile', {
      summary: 'A rating profile with its activations. Errors: MANDATORY_IE_MISSING, NOT_FOUND.',
      params: struct('utils.AttrGetRatingProfile', profileKey),
      reply: profileShape,
      run(argument) {
        requireFields(argument, 'Category', 'Subject')
        const key = keyOf(argument)
        const group = tariff.rows.get('RatingProfiles')?.get(key.join(':'))
        if (group === undefined) throw new NotFound()
        return profileWire(key, group, (from) => parseTime(from, defaults.timeZone, services.now()))
      },
    }),
    method('APIerSv1.GetRatingProfileIDs', {
      summary: 'Category and subject of the rating profiles of a tenant that contain Search. Errors: NOT_FOUND.',
      params: pageShape,
      reply: list(text),
      run(argument) {
        const tenant = `${argument.Tenant || defaults.tenant}:`
        const ids = [...(tariff.rows.get('RatingProfiles')?.keys() ?? [])]
          .filter((id) => id.startsWith(tenant))
          .map((id) => id.slice(tenant.length))
          .filter((id) => id.includes(argument.Search))
        if (ids.length === 0) throw new NotFound()
        return page(ids.sort(), argument)
      },
    }),
    method('APIerSv1.RemoveRatingProfile', {
      summary:
        'Removes the rating profile of a subject; an unknown one is no error. Errors: MANDATORY_IE_MISSING of a Subject without Category.',
      params: struct('v1.AttrRemoveRatingProfile', { ...profileKey, APIOpts: map(any) }),
      reply: OK,
      async run(argument) {
        if (argument.Subject !== '' && argument.Category === '') throw new RpcError('MANDATORY_IE_MISSING')
        const id = keyOf(argument).join(':')
        await tariff.change((rows) => {
          const isHeld = rows.get('RatingProfiles')?.has(id) === true
          return new Map([['RatingProfiles', new Map(isHeld ? [[id, undefined]] : [])]])
        })
        return 'OK'
      },
    }),
  ]

  /** What is said of now is so for ever. Throws RpcError. */
  function activationTime(literal: string): string {
    try {
      return formatTime(parseTime(literal, defaults.timeZone, services.now()))
    } catch {
      throw new RpcError(`SERVER_ERROR:Cannot parse activation time from ${literal}`)
    }
  }
}

/** What removes a rating plan: one that profiles still name stays, without rates. */
export function removedPlan(rows: TariffRows, id: string): TariffChanges {
  const isHeld = rows.get('RatingPlans')?.has(id) === true
  return new Map([['RatingPlans', new Map(isHeld ? [[id, removed(rows, 'RatingProfiles', 4, id)]] : [])]])
}

/** A rating plan as clients read it. Throws NotFound. */
export function planWire(rows: TariffRows, id: string): Record<string, unknown> {
  const plan = compileRatingPlan(id, rows) ?? []
  if (plan.length === 0) throw new NotFound()
  const timings: Record<string, unknown> = {}
  const ratings: Record<string, unknown> = {}
  const rates: Record<string, unknown[]> = {}
  for (const { destinationId, interval } of plan) {
    const timing = interval.timing === null ? '' : keep(timings, timingWire(interval.timing))
    const rating = keep(ratings, rateIntervalWire(interval).Rating)
    rates[destinationId] ??= []
    rates[destinationId].push({ Timing: timing, Rating: rating, Weight: interval.weight })
  }
  return { Id: id, Timings: timings, Ratings: ratings, DestinationRates: rates }
}

/** The key of an entry in a table: made of its content. */
function keep(table: Record<string, unknown>, entry: Record<string, unknown>): string {
  const content = JSON.stringify(entry, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
  const key = hash('sha1', content).slice(0, 8)
  table[key] = entry
  return key
}

/** A rating profile as clients read it. */
export function profileWire(
  [tenant, category, subject]: readonly [string, string, string],
  group: readonly TariffRow[],
  timeOf: (literal: string) => ZonedTime,
): Record<string, unknown> {
  const keyOf = (of: string) => `*out:${tenant}:${category}:${of}`
  return {
    Id: keyOf(subject),
    RatingPlanActivations: group.map(({ values: [, , , from = '', planId = '', fallbacks = ''] }) => ({
      ActivationTime: formatTime(timeOf(from)),
      RatingPlanId: planId,
      FallbackKeys: fallbacks === '' ? null : fallbacks.split(';').map(keyOf),
    })),
  }
}
