/**
 * `npm run bench:mapping`: what filters cost, on one core. Each figure is the median of several rounds after a warm-up.
 */
import type { EventFields } from '../src/core/event.ts'
import { EVENT_READER, eventContext } from '../src/filters/event-reader.ts'
import { FilterCompiler, type FilterSources } from '../src/filters/filter-compiler.ts'
import { type FilterProfile, parseInlineFilter } from '../src/filters/filter-rule.ts'
import type { IndexOptions } from '../src/filters/profile-index.ts'
import { type MatchedProfile, ProfileSet } from '../src/filters/profile-set.ts'

const ROUNDS = 7
const OPTIONS = { separator: ';', group: undefined }

/** Nanoseconds of CPU that one run of `work` takes, which is called with 0, 1, 2... */
function nanosecondsOf(runs: number, work: (i: number) => void): number {
  for (let i = 0; i < runs; i++) work(i)
  const rounds: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const started = process.cpuUsage()
    for (let i = 0; i < runs; i++) work(i)
    const { user, system } = process.cpuUsage(started)
    rounds.push(((user + system) * 1_000) / runs)
  }
  return rounds.sort((a, b) => a - b)[ROUNDS >> 1] ?? 0
}

function print(name: string, nanoseconds: number, target = ''): void {
  const time = nanoseconds < 10_000 ? `${nanoseconds.toFixed(0)} ns` : `${(nanoseconds / 1_000).toFixed(1)} us`
  process.stdout.write(`${name.padEnd(66)}${time.padStart(10)}  ${target}\n`)
}

const INDEX: IndexOptions = {
  indexedSelects: true,
  stringFields: undefined,
  prefixFields: ['*req.Destination'],
  suffixFields: [],
  existsFields: [],
  nestedFields: false,
}

/** A voice event of twenty fields, as an agent makes it. */
function eventOf(account: number): EventFields {
  const more = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`Field${i}`, `value ${i}`]))
  const fields = {
    ToR: '*voice',
    RequestType: '*prepaid',
    Category: 'call',
    OriginID: `session-${account}`,
    Usage: '90s',
  }
  return { ...fields, Account: String(account), Subject: String(account), Destination: `+49${account}`, ...more }
}

/** `count` stored filters (account, and usage), and a profile for each; `more` is added to every profile. */
function setOf(count: number, indexed: boolean, more: string[] = []): ProfileSet<MatchedProfile> {
  const stored = new Map<string, FilterProfile>()
  const sources: FilterSources = {
    filter: (_, id) => stored.get(id),
    destination: () => undefined,
    timing: () => undefined,
  }
  const compiler = new FilterCompiler(EVENT_READER, OPTIONS, sources)
  const set = new ProfileSet<MatchedProfile>({ ...INDEX, indexedSelects: indexed }, compiler, sources)
  for (let i = 0; i < count; i++) {
    const rules = [`*string:~*req.Account:${i}`, '*gt:~*req.Usage:1m'].map(parseInlineFilter)
    stored.set(`F${i}`, { tenant: 't', id: `F${i}`, rules, activation: null })
    set.put({ tenant: 't', id: `P${i}`, filterIds: [`F${i}`, ...more], activation: null, weight: i % 10 })
  }
  return set
}

function matchCost(set: ProfileSet<MatchedProfile>, count: number, runs: number): number {
  const now = { ns: BigInt(Date.now()) * 1_000_000n, zone: 'UTC' }
  const events = Array.from({ length: 512 }, (_, i) => eventOf((i * 7919) % count))
  return nanosecondsOf(runs, (i) => {
    const event = events[i & 511] ?? {}
    const context = eventContext({ tenant: 't', id: '', time: null, event, apiOpts: {} }, now)
    if (set.match('t', context, null).length !== 1) throw new Error(`event ${i}: one profile should match`)
  })
}

function filterSection(): void {
  const lookups = { filter: () => undefined, destination: () => undefined, timing: () => undefined }
  const compiler = new FilterCompiler(EVENT_READER, OPTIONS, lookups)
  const now = { ns: BigInt(Date.now()) * 1_000_000n, zone: 'UTC' }
  const context = eventContext({ tenant: 't', id: '', time: null, event: eventOf(1001), apiOpts: {} }, now)
  const filters = [
    '*string:~*req.Account:1001|1002|1003',
    '*prefix:~*req.Destination:+43|+41|+49',
    '*gt:~*req.Usage:1m',
    '*regex:~*req.Destination:^\\+49(\\d+)$',
    '*rsr:~*req.Category:^call$',
    '*notexists:~*req.Missing:',
  ]
  for (const filter of filters) {
    const passes = compiler.compile([filter])
    print(
      `one filter ${filter}`,
      nanosecondsOf(200_000, () => {
        if (!passes(context)) throw new Error(filter)
      }),
    )
  }
  print(
    'match against 1,000 profiles with stored filters, every one tested',
    matchCost(setOf(1_000, false), 1_000, 300),
  )
  print('match against 1,000 profiles with stored filters, indexed', matchCost(setOf(1_000, true), 1_000, 100_000))
  print('match against 10,000 profiles, indexed', matchCost(setOf(10_000, true), 10_000, 100_000), 'target: under 5 us')
  const prefixed = setOf(10_000, true, ['*prefix:~*req.Destination:+49'])
  print(
    'the same, all with a prefix that the others have too',
    matchCost(prefixed, 10_000, 100_000),
    'found by account alone',
  )
}

filterSection()
