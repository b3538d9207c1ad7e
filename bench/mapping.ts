/**
 * `npm run bench:mapping`: what fields and filters cost, on one core. Each figure is the median of several rounds after a warm-up.
 */
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { DiameterReader } from '../src/agents/diameter/request-paths.ts'
import type { EventFields } from '../src/core/event.ts'
import { EVENT_READER, eventContext } from '../src/filters/event-reader.ts'
import { FilterCompiler, type FilterSources } from '../src/filters/filter-compiler.ts'
import { type FilterProfile, parseInlineFilter } from '../src/filters/filter-rule.ts'
import type { IndexOptions } from '../src/filters/profile-index.ts'
import { type MatchedProfile, ProfileSet } from '../src/filters/profile-set.ts'
import { type MappingContext, OrderedEntries } from '../src/mapping/context.ts'
import { compileFieldList, EMPTY_FIELD } from '../src/mapping/field-plan.ts'
import type { RawAvp } from '../src/protocol/diameter/avp.ts'
import { Dictionary, readDictionaryFolder } from '../src/protocol/diameter/dictionary.ts'
import { DiameterMessage } from '../src/protocol/diameter/message.ts'

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

const ROOT = resolve(import.meta.dirname, '..')
const PS = '~*req.Service-Information.PS-Information'
const MSCC = '~*req.Multiple-Services-Credit-Control'

/** A Gy request as templates read it: constants, AVPs at the top and in groups, joined values, containers. */
const GY_FIELDS: readonly (readonly [name: string, value: string])[] = [
  ['ToR', '*data'],
  ['RequestType', '*prepaid'],
  ['Category', 'data'],
  ['Tenant', '~*tenant'],
  ['OriginID', '~*req.Session-Id'],
  ['OriginHost', '~*req.Origin-Host'],
  ['OriginRealm', '~*req.Origin-Realm'],
  ['Node', '~*vars.node_id'],
  ['Command', '~*vars.*cmd'],
  ['Context', '~*req.Service-Context-Id'],
  ['RequestNumber', '~*req.CC-Request-Number'],
  ['RequestKind', '~*req.CC-Request-Type'],
  ['Account', '~*req.Subscription-Id.Subscription-Id-Data'],
  ['Group', `${MSCC}.Rating-Group`],
  ['Destination', `rg;${MSCC}.Rating-Group`],
  ['Usage', `${MSCC}.Requested-Service-Unit.CC-Total-Octets`],
  ['LastUsed', `${MSCC}.Used-Service-Unit.CC-Total-Octets`],
  ['APN', `${PS}.Called-Station-Id`],
  ['Visited', `${PS}.3GPP-SGSN-MCC-MNC`],
  ['Subject', '~*cgreq.Account'],
]

function fieldSection(): void {
  const dictionary = new Dictionary(readDictionaryFolder(join(ROOT, 'dictionaries/diameter')))
  const hex = readFileSync(join(ROOT, 'templates/messages/gy-update.hex'), 'utf8').replace(/^#.*$/m, '')
  const bytes = Buffer.from(hex.replace(/\s/g, ''), 'hex')
  const environment = {
    reader: new DiameterReader(dictionary, 4),
    options: OPTIONS,
    templates: new Map(),
    compileFilters: () => () => true,
    checkReplyPath: () => undefined,
  }
  const costOf = (fields: typeof GY_FIELDS): number => {
    const fill = compileFieldList(
      fields.map(([name, value]) => ({ ...EMPTY_FIELD, tag: name, path: `*cgreq.${name}`, value })),
      environment,
    )
    const context: MappingContext<DiameterMessage, RawAvp> = {
      message: new DiameterMessage(bytes),
      item: undefined,
      instance: -1,
      tenant: 'cgrates.org',
      now: { ns: 0n, zone: 'UTC' },
      vars: { node_id: 'n1', '*cmd': 'CCR' },
      request: {},
      opts: {},
      reply: {},
      rep: new OrderedEntries(),
      tmp: {},
    }
    const cost = nanosecondsOf(50_000, () => {
      context.message = new DiameterMessage(bytes)
      context.request = {}
      fill(context)
    })
    if (Object.keys(context.request).length !== fields.length) throw new Error('a field was skipped')
    return cost
  }
  const perSecond = (cost: number) => `${((GY_FIELDS.length / cost) * 1_000).toFixed(1)} million fields/s`
  const cost = costOf(GY_FIELDS)
  print('a Gy CCR-U to an event of 20 fields, octets included', cost, `${perSecond(cost)}, target: 3`)
  for (const [, value] of [GY_FIELDS[0], GY_FIELDS[4], GY_FIELDS[15]].flatMap((field) =>
    field === undefined ? [] : [field],
  ))
    print(`one field ${value}`, costOf(GY_FIELDS.map(([name]) => [name, value])) / GY_FIELDS.length)
}

fieldSection()
filterSection()
