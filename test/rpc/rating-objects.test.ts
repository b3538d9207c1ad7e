import t from 'tap'
import { startGateway, stopGateway } from '../support/gateway.ts'
import {
  accountFolder,
  callText,
  masked,
  RATED_TARIFF,
  ratedGateway,
  recordedSteps,
  runSteps,
  type Step,
} from '../support/rpc-steps.ts'

/** Keys of the tables of a rating plan are opaque: they are replaced by the order in which they turn up. */
function keysMasked(text: string): string {
  const seen = new Map<string, string>()
  return text.replaceAll(/"([0-9a-f]{8})"/g, (_, key: string) => {
    if (!seen.has(key)) seen.set(key, `"#${seen.size + 1}"`)
    return seen.get(key) ?? ''
  })
}

const REFUSED: readonly Step[] = [
  {
    name: '01 7.1: no key of the timing',
    call: 'APIerSv1.SetTiming',
    params: { Tenant: 'x' },
    error: 'MANDATORY_IE_MISSING: [ID]',
  },
  { name: '01 7.1: an empty argument', call: 'APIerSv1.RemoveTiming', params: {}, error: 'MANDATORY_IE_MISSING: [ID]' },
  { name: 'all destinations', call: 'APIerSv2.GetDestinations', params: {}, result: allDestinations() },
  { name: 'nothing to compute', call: 'APIerSv1.ComputeReverseDestinations', params: '' },
]

function allDestinations(): string {
  return JSON.stringify([
    { Id: 'DST_1002', Prefixes: ['1002'] },
    { Id: 'DST_1003', Prefixes: ['1003'] },
  ])
}

t.test('destinations and timings are set, read and removed as in the reference engine', async (t) => {
  const gateway = await ratedGateway(t)
  await runSteps(t, gateway, REFUSED)
  await runSteps(t, gateway, recordedSteps('destinations-timings'))
})

t.test('rating plans and profiles are set, read and removed as in the reference engine', async (t) => {
  const gateway = await ratedGateway(t)
  for (const { name, call, params, result = '"OK"', error } of recordedSteps('plans-profiles')) {
    const wanted =
      error === undefined ? `{"id":1,"result":${result},"error":null}` : JSON.stringify({ id: 1, result: null, error })
    const reply = masked(await callText(gateway, call, params))
    // A plan is compared whole, whatever the order of its tables.
    if (call === 'APIerSv1.GetRatingPlan') t.same(planOf(reply), planOf(wanted), `${name}: ${call}`)
    else t.equal(keysMasked(reply), keysMasked(wanted), `${name}: ${call}`)
  }
})

type Plan = {
  Timings: Record<string, unknown>
  Ratings: Record<string, unknown>
  DestinationRates: Record<string, { Timing: string; Rating: string; Weight: number }[]>
}

/** A plan with what its keys stand for in their place. */
function planOf(reply: string): unknown {
  const { result, error } = JSON.parse(reply) as { result: Plan | null; error: string | null }
  if (result === null) return error
  const { Timings: timings, Ratings: ratings, DestinationRates: rates, ...rest } = result
  const whole = Object.entries(rates).map(([id, list]) => [
    id,
    list.map(({ Timing, Rating, Weight }) => ({ Timing: timings[Timing], Rating: ratings[Rating], Weight })),
  ])
  return {
    ...rest,
    rates: Object.fromEntries(whole),
    counts: [Object.keys(timings).length, Object.keys(ratings).length],
  }
}

t.test('a change counts at the next request, and after a restart', async (t) => {
  const folder = accountFolder(t, { data_db: { db_type: '*lmdb', opts: { lmdbPath: 'records' } } })
  const first = await startGateway(folder, RATED_TARIFF)
  t.teardown(() => stopGateway(first))
  const cost = (gateway: typeof first, Destination: string) =>
    callText(gateway, 'APIerSv1.GetCost', {
      Category: 'call',
      Subject: '1002',
      AnswerTime: '2024-03-05T12:00:00Z',
      Destination,
      Usage: '10s',
    })
  t.match(await cost(first, '1003'), /RATING_PLAN_NOT_FOUND/)
  await callText(first, 'APIerSv1.SetRatingProfile', {
    Category: 'call',
    Subject: '1002',
    RatingPlanActivations: [{ ActivationTime: '2014-01-14T00:00:00Z', RatingPlanId: 'RP_1001' }],
  })
  t.match(await cost(first, '1003'), /"Cost":0\.1,/)
  t.match(await cost(first, '1004'), /UNAUTHORIZED_DESTINATION/)
  await callText(first, 'APIerSv1.SetDestination', { Id: 'DST_1003', Prefixes: ['1003', '1004'], Overwrite: true })
  t.match(await cost(first, '1004'), /"Cost":0\.1,/)
  await callText(first, 'APIerSv1.RemoveDestination', { DestinationIDs: ['DST_1002'] })
  await stopGateway(first)

  const second = await startGateway(folder, RATED_TARIFF)
  t.teardown(() => stopGateway(second))
  t.match(await cost(second, '1004'), /"Cost":0\.1,/)
  t.match(await cost(second, '1002'), /UNAUTHORIZED_DESTINATION/)
  const removal = await callText(second, 'APIerSv1.GetDestination', 'DST_1002')
  t.equal(removal, '{"id":1,"result":null,"error":"NOT_FOUND"}')
})
