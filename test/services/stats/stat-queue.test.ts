import fc from 'fast-check'
import t from 'tap'
import { Decimal } from '../../../src/core/decimal.ts'
import type { EventFields } from '../../../src/core/event.ts'
import { contextOf } from '../../../src/filters/event-reader.ts'
import { parseJson } from '../../../src/rpc/shape.ts'
import { compileMetric, metricText, metricValue } from '../../../src/services/stats/metric.ts'
import { queueOfView } from '../../../src/services/stats/queue-import.ts'
import { queueView } from '../../../src/services/stats/queue-view.ts'
import { type StatProfile, StatQueue } from '../../../src/services/stats/stat-queue.ts'

const OPTIONS = { separator: ';', group: undefined }
const IDS = [
  '*acd',
  '*asr',
  '*average#~*req.Cost',
  '*ddc',
  '*highest#~*req.Cost',
  '*lowest#~*req.Cost',
  '*repfc',
  '*sum#~*req.Cost',
  '*tcd',
]
const VIEW = { decimals: 5, separator: ';', uncompressedLimit: 0 }

function profile(limits: Partial<StatProfile>): StatProfile {
  return {
    tenant: 'cgrates.org',
    id: 'Q',
    filterIds: [],
    activation: null,
    weight: 0,
    queueLength: 0,
    ttl: 0n,
    minItems: 0,
    metrics: IDS.map((id) => ({ ...compileMetric(id, OPTIONS), filterIds: null, passes: () => true })),
    isStored: true,
    isBlocker: false,
    thresholdIds: null,
    ...limits,
  }
}

type Event = { id: string; fields: EventFields; afterNs: bigint }

const event: fc.Arbitrary<Event> = fc.record({
  id: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
  afterNs: fc.bigInt(0n, 40n),
  fields: fc.record(
    {
      AnswerTime: fc.constantFrom('', '2024-01-01T00:00:00Z'),
      Usage: fc.bigInt(0n, 10n ** 12n),
      Cost: fc.integer({ min: -10_000, max: 10_000 }).map((cents) => cents / 100),
      Destination: fc.constantFrom('1001', '1002', '1003'),
      ReplyState: fc.constantFrom('OK', 'ERR_A', 'ERR_B'),
    },
    { requiredKeys: [] },
  ) as fc.Arbitrary<EventFields>,
})

function context(fields: EventFields, ns = 0n) {
  return contextOf(fields, 'cgrates.org', {}, { ns, zone: 'UTC' })
}

function feed(queue: StatQueue, { id, fields }: Event, nowNs: bigint): void {
  const read = context(fields, nowNs)
  queue.take(
    id,
    queue.read(read, read, () => undefined),
    nowNs,
  )
}

function texts(queue: StatQueue): string[] {
  const { metrics, minItems } = queue.profile
  return metrics.map((metric, i) => {
    const tally = queue.tallies[i]
    return metricText(metric, tally && metricValue(metric, tally, minItems, 5))
  })
}

/** The metrics of a list of events, computed from nothing, without anything of the source. */
function naive(events: readonly Event[]): string[] {
  const having = (name: string) => events.filter(({ fields }) => fields[name] !== undefined)
  const usages = having('Usage').map(({ fields }) => fields['Usage'] as bigint)
  const cents = having('Cost').map(({ fields }) => BigInt(Math.round((fields['Cost'] as number) * 100)))
  const lastCents = new Map(having('Cost').map(({ id, fields }) => [id, Math.round((fields['Cost'] as number) * 100)]))
  const destinations = new Set(having('Destination').map(({ fields }) => fields['Destination']))
  const failed = new Set(
    having('ReplyState')
      .filter(({ fields }) => fields['ReplyState'] !== 'OK')
      .map(({ id }) => id),
  )
  const answered = events.filter(({ fields }) => fields['AnswerTime'] === '2024-01-01T00:00:00Z').length
  const sum = (values: readonly bigint[]) => values.reduce((total, value) => total + value, 0n)
  /** Half away from zero upwards, negatives to the floor, to five digits. */
  const share = (numerator: bigint, denominator: bigint) => {
    const scaled = numerator * 100_000n
    const floor = scaled / denominator - (scaled % denominator < 0n ? 1n : 0n)
    const rest = scaled - floor * denominator
    return numerator >= 0n && rest * 2n >= denominator ? floor + 1n : floor
  }
  const number = (hundredThousandths: bigint) => new Decimal(hundredThousandths, 5).toString()
  const ns = (total: bigint, count: bigint) => share(total, count * 1_000_000_000n) * 10_000n
  const seconds = (value: bigint) => metricText(compileMetric('*tcd', OPTIONS), Decimal.of(value))
  const none = 'N/A'
  const many = BigInt(cents.length)
  return [
    usages.length === 0 ? none : seconds(ns(sum(usages), BigInt(usages.length))),
    events.length === 0 ? none : `${number(share(BigInt(answered) * 100n, BigInt(events.length)))}%`,
    many === 0n ? none : number(share(sum(cents), many * 100n)),
    destinations.size === 0 ? none : String(destinations.size),
    lastCents.size === 0 ? none : String(Math.max(...lastCents.values()) / 100),
    lastCents.size === 0 ? none : String(Math.min(...lastCents.values()) / 100),
    failed.size === 0 ? none : String(failed.size),
    number(sum(cents) * 1_000n),
    usages.length === 0 ? none : seconds(ns(sum(usages), 1n)),
  ]
}

t.test('metrics of any stream of events are those of the events in the window, computed anew', async () => {
  fc.assert(
    fc.property(
      fc.array(event, { maxLength: 60 }),
      fc.integer({ min: 0, max: 6 }),
      fc.constantFrom(0n, 30n, 100n),
      (events, queueLength, ttl) => {
        const queue = new StatQueue(profile({ queueLength, ttl }))
        let nowNs = 0n
        let window: { event: Event; atNs: bigint }[] = []
        for (const each of events) {
          nowNs += each.afterNs
          feed(queue, each, nowNs)
          window.push({ event: each, atNs: nowNs })
          const live = ({ atNs }: { atNs: bigint }) => ttl === 0n || atNs + ttl > nowNs
          window = window.filter(live)
          if (queueLength > 0) window = window.slice(-queueLength)
          const wanted = naive(window.map(({ event: held }) => held))
          const found = texts(queue)
          if (found.join() !== wanted.join()) throw new Error(`${found.join()} instead of ${wanted.join()}`)
        }
      },
    ),
  )
})

t.test('a queue that another engine shows counts as the shown one', async () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 30 }), fc.constantFrom(0, 3, -1), (events, queueLength) => {
      const own = profile({ queueLength, ttl: queueLength === -1 ? -1n : 0n })
      const queue = new StatQueue(own)
      const unlike = events.map((each, i) => ({ ...each, id: `${each.id}${i}` }))
      for (const each of unlike) feed(queue, each, 0n)
      const shown = parseJson(JSON.stringify(queueView(queue, VIEW))) as {
        SQItems: { EventID: string }[] | null
        SQMetrics: EventFields
      }
      const items = (shown.SQItems ?? []).map(({ EventID }) => ({ eventId: EventID, expiresAt: null }))
      const taken = queueOfView(own, { items, metrics: shown.SQMetrics }, 7)
      if (texts(taken).join() !== texts(queue).join()) throw new Error(`${texts(taken)} instead of ${texts(queue)}`)
      if (JSON.stringify(queueView(taken, VIEW).SQMetrics) !== JSON.stringify(shown.SQMetrics))
        throw new Error('another view')
    }),
  )
})

t.test('a queue that another engine shows compressed has as many events, and the same sum', async (t) => {
  const own = profile({})
  const queue = new StatQueue(own)
  const usages = [1n, 2n, 4n]
  for (const [i, Usage] of usages.entries()) feed(queue, { id: `e${i}`, fields: { Usage }, afterNs: 0n }, 0n)
  const shown = parseJson(JSON.stringify(queueView(queue, { ...VIEW, uncompressedLimit: 2 }))) as {
    SQMetrics: EventFields
  }
  t.match(shown.SQMetrics['*tcd'], { Events: { e2: { CompressFactor: 3 } } })
  const taken = queueOfView(own, { items: [{ eventId: 'e2', expiresAt: null }], metrics: shown.SQMetrics }, 0)
  t.equal(taken.length, 3)
  t.equal(String(taken.tallies[8]?.value), '7')
  t.throws(
    () =>
      queueOfView(own, { items: [], metrics: { '*tcd': { Events: { e: { Duration: 1, CompressFactor: 1e9 } } } } }, 0),
    { message: '1000000000 events are shown as one, at most 1000000 are possible' },
  )
  t.throws(() => queueOfView(own, { items: [], metrics: { '*tcd': { Events: [] } } }, 0), /objects for its metrics/)
})

t.test(
  '06 5.4: of several events of one id the last counts for a highest value, as long as one of them is there',
  async (t) => {
    const queue = new StatQueue(profile({ queueLength: 3 }))
    const highest = () => String(queue.tallies[4]?.value)
    const take = (id: string, Cost: number) => feed(queue, { id, fields: { Cost }, afterNs: 0n }, 0n)
    take('a', 30)
    take('a', 5)
    t.equal(highest(), '5')
    take('b', 2)
    take('c', 1)
    t.equal(highest(), '5', 'the first of a has gone')
    take('d', 1)
    t.equal(highest(), '2', 'a has gone')
  },
)

t.test('06 17: what a metric cannot count is told, and the others count it', async (t) => {
  const queue = new StatQueue(profile({}))
  const told: string[] = []
  const read = context({ Usage: 'abc', Cost: 1, AnswerTime: 'abc' })
  queue.take(
    'e',
    queue.read(read, read, (metric, cause) => told.push(`${metric} ${cause}`)),
    0n,
  )
  t.same(told, [
    '*acd time: invalid duration "abc"',
    '*asr Unsupported time format',
    '*ddc NOT_FOUND:Destination',
    '*repfc NOT_FOUND:ReplyState',
    '*tcd time: invalid duration "abc"',
  ])
  t.equal(texts(queue)[7], '1')
})
