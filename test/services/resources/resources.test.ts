import fc from 'fast-check'
import t from 'tap'
import { Decimal } from '../../../src/core/decimal.ts'
import type { ChargingEvent, EventFields } from '../../../src/core/event.ts'
import { FILTERED_EVENT_READER } from '../../../src/filters/event-reader.ts'
import { FilterCompiler } from '../../../src/filters/filter-compiler.ts'
import { ProfileSet } from '../../../src/filters/profile-set.ts'
import type { Resource, ResourceProfile } from '../../../src/services/resources/resource.ts'
import { Resources } from '../../../src/services/resources/resources.ts'
import { filterSources, TENANT } from '../../support/filters.ts'

const SECOND = 1_000_000_000n
const HOUR = 3_600n * SECOND
const INDEX = {
  indexedSelects: true,
  stringFields: undefined,
  prefixFields: [],
  suffixFields: [],
  existsFields: [],
  nestedFields: false,
}

function profile(id: string, more: Partial<ResourceProfile> = {}): ResourceProfile {
  return {
    tenant: TENANT,
    id,
    filterIds: [],
    activation: null,
    weight: 10,
    usageTtl: HOUR,
    limit: Decimal.of(7),
    message: '',
    isBlocker: false,
    isStored: true,
    thresholdIds: null,
    ...more,
  }
}

/** Resources whose clock stands until `wait`; changes: the ids of what was made durable. */
function resourcesOf(...profiles: ResourceProfile[]) {
  const sources = filterSources()
  const compiler = new FilterCompiler(FILTERED_EVENT_READER, { separator: ';', group: undefined }, sources)
  const clock = { ns: 1_700_000_000n * SECOND }
  const changes: string[] = []
  const resources = new Resources(
    { usageId: '', units: Decimal.of(1), usageTtl: undefined },
    {
      now: () => ({ ns: clock.ns, zone: 'UTC' }),
      newUuid: () => 'uuid',
      changed: async (changed) => void changes.push(...changed.map(({ profile: { id } }) => id)),
      thresholds: undefined,
      partly: () => undefined,
    },
    new ProfileSet<ResourceProfile>(INDEX, compiler, sources),
  )
  for (const each of profiles) resources.put(each)
  const answer = async (work: () => unknown): Promise<string> => {
    try {
      return String(await work())
    } catch (cause) {
      return cause instanceof Error ? cause.message : String(cause)
    }
  }
  const total = (id: string) => resources.resource(TENANT, id)?.total.toString()
  return {
    resources,
    changes,
    wait: (ns: bigint) => {
      clock.ns += ns
    },
    totals: (...ids: string[]) => ids.map(total).join(' / '),
    allocate: (event: ChargingEvent) => answer(() => resources.allocate(event)),
    authorize: (event: ChargingEvent) => answer(() => resources.authorize(event)),
    release: (event: ChargingEvent) => answer(() => resources.release(event).then(() => 'OK')),
  }
}

function usage(id: string, units: number, event: EventFields = {}, apiOpts: EventFields = {}): ChargingEvent {
  return { tenant: TENANT, id: 'e', time: null, event, apiOpts: { '*rsUsageID': id, '*rsUnits': units, ...apiOpts } }
}

t.test('06 E6, E7: overflow to the next resource, and what has room then', async (t) => {
  const { allocate, authorize, totals, wait } = resourcesOf(
    profile('ResGroup1', { filterIds: ['*string:~*req.Account:1001|1002'], usageTtl: SECOND, weight: 20 }),
    profile('ResGroup2', {
      filterIds: ['*string:~*req.Account:1001|1002|dan'],
      limit: Decimal.of(8),
      message: 'SPECIAL_1002',
    }),
  )
  const both = () => totals('ResGroup1', 'ResGroup2')
  const of = (id: string, units: number, Account: string) => usage(id, units, { Account })
  for (const [id, units, account, reply, after] of [
    ['c1', 3, '1002', 'ResGroup1', '3 / 3'],
    ['c2', 4, '1002', 'ResGroup1', '7 / 7'],
    ['c3', 1, 'dan', 'SPECIAL_1002', '7 / 8'],
    ['c4', 1, '1002', 'RESOURCE_UNAVAILABLE', '7 / 8'],
  ] as const) {
    t.equal(await allocate(of(id, units, account)), reply, id)
    t.equal(both(), after, id)
  }
  wait(SECOND + 1n)
  t.equal(await allocate(of('c5', 1, '1002')), 'ResGroup1')
  t.equal(both(), '1 / 9')
  t.equal(await authorize(of('c6', 6, '1002')), 'ResGroup1', 'E7')
  t.equal(await authorize(of('c6', 7, '1002')), 'RESOURCE_UNAUTHORIZED', 'E7')
  t.equal(both(), '1 / 9', 'nothing is recorded')
})

t.test('06 E8: the same id replaces, and stays when there is no room', async (t) => {
  const { allocate, authorize, totals } = resourcesOf(profile('R', { limit: Decimal.of(3), usageTtl: -1n }))
  t.equal(await allocate(usage('c1', 1)), 'R')
  t.equal(await allocate(usage('c1', 2)), 'R')
  t.equal(totals('R'), '2')
  t.equal(await allocate(usage('c2', 4)), 'RESOURCE_UNAVAILABLE')
  t.equal(totals('R'), '2')
  t.equal(await allocate(usage('c1', 4)), 'RESOURCE_UNAVAILABLE')
  t.equal(totals('R'), '2')
  t.equal(await authorize(usage('c1', 3)), 'R', 'its own units do not count against it')
})

t.test('06 E9: a usage is released once', async (t) => {
  const { allocate, release, totals, changes } = resourcesOf(profile('R'))
  await allocate(usage('c1', 3))
  t.equal(await release(usage('c1', 3)), 'OK')
  t.equal(await release(usage('c1', 3)), 'cannot find usage record with id: c1')
  t.equal(totals('R'), '0')
  t.same(changes, ['R', 'R', 'R'])
})

t.test('06 E10: without a limit any units have room', async (t) => {
  const { allocate } = resourcesOf(profile('R', { limit: Decimal.of(-1), message: 'CustomUnlimitedMessage' }))
  t.equal(await allocate(usage('c1', 1e12)), 'CustomUnlimitedMessage')
  t.equal(await allocate(usage('c2', 1e12)), 'CustomUnlimitedMessage')
})

t.test('06 17: lifetimes of profiles and of usages', async (t) => {
  const { allocate, release, totals, wait } = resourcesOf(profile('NONE', { usageTtl: 0n, limit: Decimal.of(1) }))
  t.equal(await allocate(usage('c1', 1)), 'NONE', 'answered, and not recorded')
  t.equal(totals('NONE'), '0')
  t.equal(await release(usage('c1', 1)), 'OK')
  t.equal(await allocate(usage('c1', 1, {}, { '*rsUsageTTL': '1s' })), 'NONE', 'recorded: its option says so')
  t.equal(await allocate(usage('c2', 1)), 'RESOURCE_UNAVAILABLE')
  wait(SECOND + 1n)
  t.equal(await allocate(usage('c2', 1)), 'NONE')
  const forEver = resourcesOf(profile('EVER', { usageTtl: -1n }))
  t.equal(await forEver.release(usage('zz', 1)), 'OK', 'an unknown id')
  t.equal(await forEver.allocate(usage('c1', 1, {}, { '*rsUsageTTL': 0 })), 'EVER', '0 is what the profile says')
  forEver.wait(1_000n * HOUR)
  t.equal(forEver.totals('EVER'), '1')
})

t.test('06 18: usages of several lifetimes each go when they expire, whatever order they came in', async (t) => {
  const { allocate, totals, wait } = resourcesOf(profile('R'))
  await allocate(usage('long', 1))
  await allocate(usage('short', 2, {}, { '*rsUsageTTL': '1s' }))
  await allocate(usage('longer', 3, {}, { '*rsUsageTTL': '2h' }))
  wait(SECOND + 1n)
  t.equal(totals('R'), '4')
  wait(HOUR)
  t.equal(totals('R'), '3')
  wait(-HOUR)
  await allocate(usage('stepped back', 1))
  wait(HOUR + 1n)
  t.equal(totals('R'), '3')
})

t.test('a release that one resource does not know is refused, and the others forget the usage', async (t) => {
  const { allocate, release, totals, wait } = resourcesOf(
    profile('SHORT', { usageTtl: SECOND, weight: 20 }),
    profile('LONG'),
  )
  await allocate(usage('c', 2))
  wait(SECOND + 1n)
  t.equal(totals('SHORT', 'LONG'), '0 / 2')
  t.equal(await release(usage('c', 2)), 'cannot find usage record with id: c')
  t.equal(totals('SHORT', 'LONG'), '0 / 0')
})

t.test('1.1, 3.2: options that cannot be read', async (t) => {
  const { allocate } = resourcesOf(profile('R'))
  for (const [apiOpts, error] of [
    [{ '*rsUsageID': '' }, 'MANDATORY_IE_MISSING: [UsageID]'],
    [{ '*rsUnits': 'x' }, 'strconv.ParseFloat: parsing "x": invalid syntax'],
    [{ '*rsUsageTTL': 'x' }, 'time: invalid duration "x"'],
  ] as const)
    t.equal(await allocate(usage('c', 1, {}, apiOpts)), error)
})

type Step = { kind: 'allocate' | 'authorize' | 'release'; id: string; units: Decimal; ttl: bigint; afterNs: bigint }

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('allocate', 'allocate', 'authorize', 'release'),
  id: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
  units: fc.integer({ min: 0, max: 50 }).map((tenths) => new Decimal(BigInt(tenths), 1)),
  ttl: fc.constantFrom(-1n, 5n, 20n, 21n),
  afterNs: fc.bigInt(-3n, 12n),
})

/** What resources are meant to do, looking at every usage each time. */
class Naive {
  usages: { id: string; units: Decimal; expiresAtNs: bigint | null }[] = []

  total(but = ''): Decimal {
    return this.usages.filter(({ id }) => id !== but).reduce((sum, { units }) => sum.plus(units), Decimal.ZERO)
  }

  take({ kind, id, units, ttl }: Step, nowNs: bigint, limit: Decimal): string {
    this.usages = this.usages.filter(({ expiresAtNs }) => expiresAtNs === null || expiresAtNs >= nowNs)
    if (kind === 'release') {
      const isKnown = this.usages.some((usage) => usage.id === id)
      this.usages = this.usages.filter((usage) => usage.id !== id)
      return isKnown || ttl < 0n ? 'OK' : `cannot find usage record with id: ${id}`
    }
    const hasRoom = limit.compare(this.total(id).plus(units)) >= 0
    if (kind === 'authorize') return hasRoom ? 'R' : 'RESOURCE_UNAUTHORIZED'
    if (!hasRoom) return 'RESOURCE_UNAVAILABLE'
    this.usages = this.usages.filter((usage) => usage.id !== id)
    this.usages.push({ id, units, expiresAtNs: ttl < 0n ? null : nowNs + ttl })
    return 'R'
  }
}

const idsOf = (resource: Resource | undefined) => [...(resource?.usages ?? [])].map(({ id }) => id)

t.test('streams of calls do what a naive count does: never above the limit, sums exact', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.integer({ min: 0, max: 90 }), async (steps, tenths) => {
      const limit = new Decimal(BigInt(tenths), 1)
      const { resources, wait, ...calls } = resourcesOf(profile('R', { limit, usageTtl: -1n }))
      const naive = new Naive()
      let nowNs = 1_700_000_000n * SECOND
      for (const each of steps) {
        wait(each.afterNs)
        nowNs += each.afterNs
        const wanted = naive.take(each, nowNs, limit)
        const event = usage(each.id, 0, {}, { '*rsUnits': each.units, '*rsUsageTTL': each.ttl })
        const reply = await calls[each.kind](event)
        if (reply !== wanted) return false
        const resource = resources.resource(TENANT, 'R')
        if (resource?.total.equals(naive.total()) !== true || resource.total.compare(limit) > 0) return false
        if (idsOf(resource).join() !== naive.usages.map(({ id }) => id).join()) return false
      }
      return true
    }),
    { numRuns: 300 },
  )
  t.pass('300 streams')
})
