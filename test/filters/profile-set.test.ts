import t from 'tap'
import { EVENT_READER } from '../../src/filters/event-reader.ts'
import { FilterCompiler } from '../../src/filters/filter-compiler.ts'
import type { FilterProfile } from '../../src/filters/filter-rule.ts'
import type { IndexOptions } from '../../src/filters/profile-index.ts'
import { type MatchedProfile, ProfileSet } from '../../src/filters/profile-set.ts'
import { eventOf, filterSources, storedFilter, TENANT } from '../support/filters.ts'

const DEFAULTS: IndexOptions = {
  indexedSelects: true,
  stringFields: undefined,
  prefixFields: [],
  suffixFields: [],
  existsFields: [],
  nestedFields: false,
}

function profile(id: string, filterIds: string[], more: Partial<MatchedProfile> = {}): MatchedProfile {
  return { tenant: TENANT, id, filterIds, activation: null, weight: 0, ...more }
}

function setOf(
  options: Partial<IndexOptions>,
  profiles: readonly MatchedProfile[],
  filters: readonly FilterProfile[] = [],
) {
  const stored = new Map(filters.map((filter) => [filter.id, filter]))
  const sources = filterSources(stored)
  const compiled: string[] = []
  const reader = {
    ...EVENT_READER,
    compileRequestPath(path: string) {
      compiled.push(path)
      return EVENT_READER.compileRequestPath(path)
    },
  }
  const compiler = new FilterCompiler(reader, { separator: ';', group: undefined }, sources)
  const set = new ProfileSet<MatchedProfile>({ ...DEFAULTS, ...options }, compiler, sources)
  for (const each of profiles) set.put(each)
  return { set, stored, compiled }
}

const idsOf = (profiles: readonly MatchedProfile[]) => profiles.map(({ id }) => id)

/** `key:profile` of every entry of the index, sorted. */
function linesOf(set: ProfileSet<MatchedProfile>): string[] {
  return set
    .indexEntries(TENANT)
    .map((entry) => entry.join(':'))
    .sort()
}

t.test('02, 7: the index example: keys of FLTR1, and those after its change', async (t) => {
  const { set, stored } = setOf(
    {},
    [profile('test0', ['FLTR1'])],
    [storedFilter('FLTR1', '*string:~*req.Destination:1001|1002')],
  )
  t.same(linesOf(set), ['*string:*req.Destination:1001:test0', '*string:*req.Destination:1002:test0'])
  stored.set('FLTR1', storedFilter('FLTR1', '*prefix:~*req.Destination:1004|1005'))
  set.filterChanged(TENANT, 'FLTR1')
  t.same(linesOf(set), ['*prefix:*req.Destination:1004:test0', '*prefix:*req.Destination:1005:test0'])
})

t.test('02, 6.6: keys of every kind of rule, as the reference engine lists them', async (t) => {
  const filters = [
    '*string:~*req.Account:1001|1002',
    '*prefix:~*req.Dest:10',
    '*suffix:~*req.Dest:9',
    '*exists:~*req.Z:',
    '*gt:~*req.U:5',
    '*nistring:~*req.N:1',
    '*notstring:~*req.N:1',
    '*string:1001:~*req.Mirror',
    '*string:~*req.A:~*req.B',
    '*string:~*req.L{*len}:4',
    '*string:~*opts.O:4',
    '*string:~*req.Tree.Sub:5',
    '*niexists:~*req.NE:',
    '*exists:~*opts.OE:',
  ]
  const { set } = setOf({}, [profile('C1', filters), profile('C2', []), profile('C3', ['*gt:~*req.U:5'])])
  t.same(linesOf(set), [
    '*exists:*opts.OE:C1',
    '*exists:*req.Z:C1',
    '*none:*any:*any:C2',
    '*prefix:*req.Dest:10:C1',
    '*string:*opts.O:4:C1',
    '*string:*req.Account:1001:C1',
    '*string:*req.Account:1002:C1',
    '*string:*req.L{*len}:4:C1',
    '*string:*req.Mirror:1001:C1',
    '*string:*req.Tree.Sub:5:C1',
    '*suffix:*req.Dest:9:C1',
  ])
})

t.test('02, 6.6: what selects a profile', async (t) => {
  const profiles = [
    profile('string', ['*string:~*req.Account:1001']),
    profile('prefix', ['*prefix:~*req.Account:10']),
    profile('longer', ['*prefix:~*req.Account:100']),
    profile('suffix', ['*suffix:~*req.Account:1']),
    profile('exists', ['*exists:~*req.Account:']),
    profile('nested', ['*string:~*req.Tree.Sub:5']),
    profile('gt', ['*gt:~*req.Account:1000']),
    profile('none', []),
  ]
  const event = eventOf({ Account: '1001', Tree: { Sub: '5' } })
  const { set: live } = setOf({}, profiles)
  const matched = (options: Partial<IndexOptions>) => {
    const found = idsOf(setOf(options, profiles).set.match(TENANT, event, null))
    live.configure({ ...DEFAULTS, ...options })
    t.same(idsOf(live.match(TENANT, event, null)), found, 'the same when the options change later')
    return found
  }
  t.same(matched({}), ['none', 'string'])
  t.same(matched({ prefixFields: ['*req.Account'] }), ['longer', 'none', 'string'], 'only the longest prefix')
  t.same(matched({ suffixFields: ['*req.Account'], existsFields: ['*req.Account'] }), [
    'exists',
    'none',
    'string',
    'suffix',
  ])
  t.same(matched({ nestedFields: true }), ['nested', 'none', 'string'])
  t.same(matched({ stringFields: ['*req.Tree.Sub'] }), ['nested', 'none'])
  t.same(matched({ stringFields: [] }), ['none'])
  t.same(matched({ indexedSelects: false }), profiles.map(({ id }) => id).sort())
})

t.test('heaviest first, equal weights by id; intervals count at the time of the event', async (t) => {
  const activation = { from: { ns: 10n, zone: 'UTC' }, until: { ns: 20n, zone: 'UTC' } }
  const { set } = setOf({}, [
    profile('b', [], { weight: 1 }),
    profile('a', [], { weight: 1 }),
    profile('c', [], { weight: 20 }),
    profile('d', [], { activation }),
  ])
  t.same(idsOf(set.match(TENANT, eventOf({}), null)), ['c', 'a', 'b', 'd'])
  t.same(idsOf(set.match(TENANT, eventOf({}), 15n)), ['c', 'a', 'b', 'd'])
  t.same(idsOf(set.match(TENANT, eventOf({}), 10n)), ['c', 'a', 'b'])
  t.same(idsOf(set.match(TENANT, eventOf({}), 20n)), ['c', 'a', 'b'])
  t.same(set.match('elsewhere', eventOf({}), null), [])
})

t.test('a changed filter is compiled anew, once, and nothing else is', async (t) => {
  const { set, stored, compiled } = setOf(
    {},
    [
      profile('P1', ['F1', '*string:~*req.A:1']),
      profile('P2', ['F1', 'F2', '*string:~*req.A:1']),
      profile('P3', ['F2', '*string:~*req.A:1']),
    ],
    [storedFilter('F1', '*string:~*req.B:1'), storedFilter('F2', '*string:~*req.C:1')],
  )
  const event = eventOf({ A: '1', B: '1', C: '1', D: '1' })
  t.same(idsOf(set.match(TENANT, event, null)), ['P1', 'P2', 'P3'])
  compiled.length = 0
  t.same(idsOf(set.match(TENANT, event, null)), ['P1', 'P2', 'P3'])
  t.same(compiled, [])
  stored.set('F1', storedFilter('F1', '*string:~*req.D:2'))
  set.filterChanged(TENANT, 'F1')
  t.same(idsOf(set.match(TENANT, event, null)), ['P3'])
  t.same(compiled, ['D'])
  t.same(set.usersOf(TENANT, 'F1'), ['P1', 'P2'])
  set.delete(TENANT, 'P1')
  t.same(set.usersOf(TENANT, 'F1'), ['P2'])
})

t.test('an error of a candidate ends the match', async (t) => {
  const { set } = setOf({}, [profile('P', ['*string:~*req.A:1', '*gt:~*req.B:5'])])
  t.throws(() => set.match(TENANT, eventOf({ A: '1', B: 'x' }), null), { message: 'incomparable: <<nil>> with <5>' })
  t.same(set.match(TENANT, eventOf({ A: '2', B: 'x' }), null), [])
  const missing = setOf({}, [profile('P', ['*string:~*req.A:1', 'GONE'])])
  t.throws(() => missing.set.match(TENANT, eventOf({ A: '1' }), null), { message: 'NOT_FOUND:GONE' })
})

t.test('candidates that are named, whose filters may not count, and that their owner accepts', async (t) => {
  const { set } = setOf({}, [
    profile('A', ['*string:~*req.A:1'], { weight: 1 }),
    profile('B', ['*string:~*req.B:1'], { weight: 3 }),
    profile('C', [], { weight: 2 }),
  ])
  const event = eventOf({ A: '1' })
  const ids = ['A', 'B', 'A', 'GONE']
  t.same(idsOf(set.match(TENANT, event, null, { ids })), ['A'], 'each once')
  t.same(idsOf(set.match(TENANT, event, null, { ids, ignoresFilters: true })), ['B', 'A'])
  t.same(idsOf(set.match(TENANT, event, null, { ids: [] })), [])
  const asked: string[] = []
  const accepts = ({ id }: MatchedProfile) => asked.push(id) < 2
  t.same(idsOf(set.match(TENANT, event, null, { accepts })), ['C'], 'before its filters are asked')
  t.same(asked, ['C', 'A'])
})

t.test('02, 6.6: more than 100 candidates are told, once until profiles change', async (t) => {
  const crowd = (count: number) =>
    Array.from({ length: count }, (_, i) => profile(`P${String(i).padStart(3, '0')}`, ['*string:~*req.ToR:*voice']))
  const told: unknown[] = []
  const compiler = new FilterCompiler(EVENT_READER, { separator: ';', group: undefined }, filterSources())
  const set = new ProfileSet<MatchedProfile>(DEFAULTS, compiler, filterSources(), (...args) => told.push(args))
  for (const each of crowd(100)) set.put(each)
  const voice = eventOf({ ToR: '*voice' })
  set.match(TENANT, voice, null)
  t.same(told, [], '100 are not too many')
  set.put(profile('MORE', ['*string:~*req.ToR:*voice']))
  set.match(TENANT, eventOf({ ToR: '*data' }), null)
  for (let i = 0; i < 3; i++) t.equal(set.match(TENANT, voice, null).length, 101)
  t.match(told, [[TENANT, 101, ['P000', 'P001', 'P002']]])
  t.equal(told.length, 1)
  set.match(TENANT, voice, null, { ids: crowd(100).map(({ id }) => id) })
  set.put(profile('MORE', ['*string:~*req.ToR:*voice']))
  set.match(TENANT, voice, null)
  t.equal(told.length, 2)
})
