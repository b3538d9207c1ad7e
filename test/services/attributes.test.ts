import fc from 'fast-check'
import t from 'tap'
import type { ChargingEvent, EventFields } from '../../src/core/event.ts'
import { FILTERED_EVENT_READER } from '../../src/filters/event-reader.ts'
import { FilterCompiler } from '../../src/filters/filter-compiler.ts'
import type { FilterProfile } from '../../src/filters/filter-rule.ts'
import { ProfileSet } from '../../src/filters/profile-set.ts'
import { BoundedCache } from '../../src/mapping/bounded-cache.ts'
import { type AttributeSettings, Attributes } from '../../src/services/attributes/attributes.ts'
import { attributed } from '../../src/services/attributes/caller.ts'
import type { Attribute, AttributeProfile } from '../../src/services/attributes/profile.ts'
import { filterSources, NOW, storedFilter, TENANT } from '../support/filters.ts'

const SETTINGS: AttributeSettings = {
  indexes: {
    indexedSelects: true,
    stringFields: undefined,
    prefixFields: [],
    suffixFields: [],
    existsFields: [],
    nestedFields: false,
  },
  anyContext: true,
  profileIds: [],
  profileRuns: 0,
  processRuns: 1,
  ignoresFilters: false,
  context: '',
  roundingDecimals: 5,
}

/** compiled: filters of attributes that were compiled, one after the other. */
function service(
  profiles: readonly AttributeProfile[],
  settings: Partial<AttributeSettings> = {},
  stored = new Map<string, FilterProfile>(),
) {
  const sources = filterSources(stored)
  const compiler = new FilterCompiler(FILTERED_EVENT_READER, { separator: ';', group: undefined }, sources)
  const compiled: string[] = []
  const attributes = new Attributes(
    { ...SETTINGS, ...settings },
    {
      compileFilters(ids) {
        compiled.push(...ids)
        return compiler.compile(ids)
      },
      lookups: {},
      cache: new BoundedCache({ limit: -1, ttlMs: 0, isStatic: false, now: () => 0 }),
      newSet: (options) => new ProfileSet(options, compiler, sources),
      now: () => NOW,
    },
  )
  for (const profile of profiles) attributes.put(profile)
  return { attributes, compiled }
}

function profile(
  id: string,
  attributes: readonly (readonly [path: string, type: string, ...rules: string[]])[],
  more: Partial<AttributeProfile> = {},
): AttributeProfile {
  return {
    tenant: TENANT,
    id,
    contexts: ['*any'],
    filterIds: [],
    activation: null,
    attributes: attributes.map(([path, type, ...rules]): Attribute => ({ filterIds: [], path, type, rules })),
    blocker: false,
    weight: 0,
    ...more,
  }
}

function eventOf(event: EventFields, apiOpts: EventFields = {}): ChargingEvent {
  return { tenant: TENANT, id: 'ev1', time: null, event, apiOpts }
}

/** What a call answers, or its error. */
function answer(attributes: Attributes, event: EventFields, apiOpts: EventFields = {}): unknown {
  try {
    const done = attributes.process(eventOf(event, apiOpts))
    return done && { matched: done.matched, altered: done.altered, event: done.event.event }
  } catch (cause) {
    return (cause as Error).message
  }
}

t.test('06 E1: one profile changes two fields, in its contexts only', async (t) => {
  const { attributes } = service([
    profile(
      'ATTR_1',
      [
        ['*req.Account', '*constant', '1001'],
        ['*req.Subject', '*constant', '1001'],
      ],
      { contexts: ['*sessions', '*cdrs'], filterIds: ['*string:~*req.Account:1007'], weight: 10 },
    ),
  ])
  const event = { Account: '1007', Destination: '+491511231234' }
  t.same(answer(attributes, event, { '*context': '*sessions' }), {
    matched: ['cgrates.org:ATTR_1'],
    altered: ['*req.Account', '*req.Subject'],
    event: { Account: '1001', Destination: '+491511231234', Subject: '1001' },
  })
  t.equal(answer(attributes, event, { '*context': '*chargers' }), undefined)
  t.same(event, { Account: '1007', Destination: '+491511231234' }, 'the event of the caller stays as it was')
})

const E2: readonly [type: string, rules: string[], result: string | undefined][] = [
  ['*sum', ['1', '~*req.Five', '10'], '16'],
  ['*sum', ['3', '4'], '7'],
  ['*difference', ['3', '4'], '-1'],
  ['*multiply', ['3', '4'], '12'],
  ['*divide', ['12', '4'], '3'],
  ['*usage_difference', ['1514808000', '1514804400'], '1h0m0s'],
  ['*value_exponent', ['5', '4'], '50000'],
  ['*unix_timestamp', ['2013-12-30T15:00:01Z'], '1388415601'],
  ['*composed', ['Concatenated'], 'Val2Concatenated'],
  ['*sipcid', ['~*req.Cid', '~*req.To', '~*req.From'], '12345;1001;1002'],
  ['*cc_usage', ['1000', '100ns', '100ns'], '100µs'],
  ['*variable', [`~*req.Category:s/(.*)/\${1}_suffix/`], 'call_suffix'],
  ['*constant', ['*remove'], undefined],
]

t.test('06 E2: types', async (t) => {
  const event = { Five: '5', Out: 'Val2', Cid: '12345', To: '1002', From: '1001', Category: 'call' }
  for (const [type, rules, result] of E2) {
    const { attributes } = service([profile('A', [['*req.Out', type, ...rules]])])
    const done = attributes.process(eventOf(event))
    t.equal(done?.event.event['Out'], result, `${type} ${rules.join(';')}`)
  }
})

const step = (id: string, filter: string, field: string, value: string, weight: number, blocker = false) =>
  profile(id, [[`*req.${field}`, '*constant', value]], {
    contexts: ['*sessions'],
    filterIds: [`*string:~*req.${filter}`],
    weight,
    blocker,
  })

t.test('06 E3 and E4: several runs, how often a profile runs, and a blocker', async (t) => {
  const first = step('ATTR_1', 'InitialField:InitialValue', 'Field1', 'Value1', 10)
  const second = step('ATTR_2', 'Field1:Value1', 'Field2', 'Value2', 20)
  const third = step('ATTR_3', 'Field2:Value2', 'Field3', 'Value3', 30)
  const options = { '*context': '*sessions', '*attrProcessRuns': 4 }
  const matchedBy = (profiles: AttributeProfile[], more: EventFields = {}) => {
    const { attributes } = service(profiles)
    const done = attributes.process(eventOf({ InitialField: 'InitialValue' }, { ...options, ...more }))
    return done?.matched.map((key) => key.replace('cgrates.org:ATTR_', '')).join()
  }
  t.equal(matchedBy([first, second]), '1,2,1,2')
  t.equal(matchedBy([first, second, third]), '1,2,3,2')
  t.equal(matchedBy([first, second, third], { '*attrProfileRuns': 1 }), '1,2,3')
  t.equal(matchedBy([first, { ...second, blocker: true }, third]), '1,2')
})

t.test('06 E5: a field that some profile must set', async (t) => {
  const { attributes } = service([profile('A', [['*req.Subject', '*constant', '1']])])
  t.equal(answer(attributes, { Account: '1007', Category: '*attributes' }), 'MANDATORY_IE_MISSING: [Category]')
  t.match(answer(attributes, { Subject: '*attributes' }), { event: { Subject: '1' } })
})

t.test('profiles for everything: beside those of the context, or only without them', async (t) => {
  const own = profile('OWN', [['*req.Own', '*constant', '1']], { contexts: ['*sessions'] })
  const all = profile('ALL', [['*req.All', '*constant', '1']], { weight: 5 })
  const matchedWith = (settings: Partial<AttributeSettings>, context: string) =>
    (answer(service([own, all], settings).attributes, {}, { '*context': context }) as { matched: string[] }).matched
  t.same(matchedWith({}, '*sessions'), ['cgrates.org:ALL'])
  t.same(matchedWith({ anyContext: false }, '*sessions'), ['cgrates.org:OWN'])
  t.same(matchedWith({ anyContext: false }, '*cdrs'), ['cgrates.org:ALL'])
  t.same(
    matchedWith({ context: '*sessions', anyContext: false }, ''),
    ['cgrates.org:ALL'],
    'an empty context is *default',
  )
})

t.test('settings stand for options that an event does not have, and change at once', async (t) => {
  const { attributes } = service([
    profile('A', [['*req.A', '*value_exponent', '1.23456789', '0']], { weight: 2 }),
    profile('B', [['*req.B', '*constant', '1']], { weight: 1, filterIds: ['*string:~*req.Never:1'] }),
  ])
  t.match(answer(attributes, {}), { matched: ['cgrates.org:A'], event: { A: '1.23457' } })
  attributes.configure({ ...SETTINGS, roundingDecimals: 2 })
  t.match(answer(attributes, {}), { event: { A: '1.23' } })
  attributes.configure({ ...SETTINGS, profileIds: ['B'], ignoresFilters: true })
  t.match(answer(attributes, {}), { matched: ['cgrates.org:B'] })
  attributes.configure({ ...SETTINGS, indexes: { ...SETTINGS.indexes, indexedSelects: false }, processRuns: 3 })
  t.match(answer(attributes, { Never: '1' }), { matched: ['cgrates.org:A', 'cgrates.org:B', 'cgrates.org:A'] })
})

t.test('a change of one profile compiles that one only, a call compiles nothing', async (t) => {
  const filtered = (id: string) => {
    const { attributes, ...rest } = profile(id, [['*req.X', '*constant', id]])
    return { ...rest, attributes: attributes.map((each) => ({ ...each, filterIds: [`*exists:~*req.${id}:`] })) }
  }
  const { attributes, compiled } = service([filtered('A'), filtered('B')])
  t.same(compiled.splice(0), ['*exists:~*req.A:', '*exists:~*req.B:'])
  answer(attributes, { A: '1' })
  attributes.put(filtered('B'))
  answer(attributes, { A: '1' })
  t.same(compiled, ['*exists:~*req.B:'])
  attributes.delete(TENANT, 'A')
  t.match(answer(attributes, { B: '1' }), { matched: ['cgrates.org:B'], event: { X: 'B' } })
  attributes.clear()
  t.equal(answer(attributes, { B: '1' }), undefined)
})

t.test('a stored filter that changes leads to other profiles', async (t) => {
  const stored = new Map([['F', storedFilter('F', '*string:~*req.A:1')]])
  const { attributes } = service([profile('P', [['*req.X', '*constant', '1']], { filterIds: ['F'] })], {}, stored)
  t.match(answer(attributes, { A: '1' }), { matched: ['cgrates.org:P'] })
  stored.set('F', storedFilter('F', '*string:~*req.A:2'))
  attributes.filterChanged(TENANT, 'F')
  t.equal(answer(attributes, { A: '1' }), undefined)
  t.match(answer(attributes, { A: '2' }), { matched: ['cgrates.org:P'] })
})

t.test('runs that are none or without an end are refused', async (t) => {
  const { attributes } = service([])
  for (const runs of [-1, 1_001])
    t.equal(
      answer(attributes, {}, { '*attrProcessRuns': runs }),
      `SERVER_ERROR: *attrProcessRuns ${runs}, expected 0 to 1000`,
    )
})

t.test('nested objects of the caller stay as they were', async (t) => {
  const { attributes } = service([
    profile('P', [
      ['*req.Map.Deep.A', '*constant', '1'],
      ['*opts.*map.A', '*constant', '2'],
      ['*req.Map.Gone', '*constant', '*remove'],
    ]),
  ])
  const event = { Map: { Deep: { B: '3' }, Gone: 'x' } }
  const opts = { '*map': { B: '4' } }
  const done = attributes.process(eventOf(event, opts))
  t.same(done?.event.event, { Map: { Deep: { A: '1', B: '3' } } })
  t.same(done?.event.apiOpts, { '*map': { A: '2', B: '4' } })
  t.same([event, opts], [{ Map: { Deep: { B: '3' }, Gone: 'x' } }, { '*map': { B: '4' } }])
})

t.test('05, 1.5: the context of a subsystem is only there for its own call', async (t) => {
  const { attributes } = service([profile('P', [['*req.By', '*variable', '~*opts.*context']], { contexts: ['*cdrs'] })])
  const done = attributed(attributes, eventOf({}, { '*x': 'y' }), '*cdrs', null)
  t.same(done?.event.event, { By: '*cdrs' })
  t.same(done?.event.apiOpts, { '*x': 'y', '*subsys': '*cdrs', '*attrProfileIDs': null })
  t.equal(attributed(attributes, eventOf({}, { '*context': '*other' }), '*cdrs', null), undefined)
})

const fields = fc.constantFrom('A', 'B', 'C', 'D')
const profilesOf = fc.uniqueArray(
  fc.record({
    id: fc.constantFrom('P1', 'P2', 'P3', 'P4', 'P5', 'P6'),
    weight: fc.integer({ min: 0, max: 2 }),
    filter: fc.option(fc.record({ field: fields, value: fc.constantFrom('0', '1') })),
    writes: fc.array(fc.record({ field: fields, value: fc.constantFrom('0', '1', '*remove') }), {
      minLength: 1,
      maxLength: 4,
    }),
    type: fc.constantFrom('*constant', '*composed'),
    blocker: fc.boolean(),
    contexts: fc.constantFrom(['*any'], ['*sessions'], ['*sessions', '*cdrs']),
  }),
  { selector: ({ id }) => id, minLength: 1 },
)

t.test('what comes out does not depend on the order in which profiles were put; paths are listed once', async (t) => {
  const check = fc.property(
    profilesOf,
    fc.integer({ min: 0, max: 5 }),
    fc.dictionary(fields, fc.constantFrom('0', '1')),
    fc.boolean(),
    (drawn, runs, event, isIndexed) => {
      const profiles = drawn.map(({ id, weight, filter, writes, type, blocker, contexts }) =>
        profile(
          id,
          writes.map(({ field, value }) => [`*req.${field}`, type, value] as const),
          {
            weight,
            blocker,
            contexts,
            filterIds: filter === null ? [] : [`*string:~*req.${filter.field}:${filter.value}`],
          },
        ),
      )
      const settings = { indexes: { ...SETTINGS.indexes, indexedSelects: isIndexed } }
      const options = { '*context': '*sessions', '*attrProcessRuns': runs }
      const one = answer(service(profiles, settings).attributes, event, options)
      const other = answer(service(profiles.toReversed(), settings).attributes, event, options)
      t.same(one, other)
      const { altered = [] } = (one ?? {}) as { altered?: string[] }
      t.equal(new Set(altered).size, altered.length)
    },
  )
  fc.assert(check, { numRuns: 300 })
})
