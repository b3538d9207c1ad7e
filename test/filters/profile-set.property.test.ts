import fc from 'fast-check'
import t from 'tap'
import type { EventFields } from '../../src/core/event.ts'
import { EVENT_READER } from '../../src/filters/event-reader.ts'
import { FilterCompiler } from '../../src/filters/filter-compiler.ts'
import { type FilterProfile, parseInlineFilter } from '../../src/filters/filter-rule.ts'
import type { IndexOptions } from '../../src/filters/profile-index.ts'
import { type MatchedProfile, ProfileSet } from '../../src/filters/profile-set.ts'
import { eventOf, filterSources, storedFilter, TENANT } from '../support/filters.ts'

/** One step in the life of a set. */
type Step =
  | { kind: 'put'; profile: MatchedProfile }
  | { kind: 'delete'; id: string }
  | { kind: 'filter'; filter: FilterProfile }

const ALL: IndexOptions = {
  indexedSelects: true,
  stringFields: undefined,
  prefixFields: ['*req.B', '*opts.B'],
  suffixFields: ['*req.B'],
  existsFields: ['*req.C'],
  nestedFields: false,
}

class World {
  readonly stored = new Map<string, FilterProfile>()
  readonly sources = filterSources(this.stored)
  readonly compiler = new FilterCompiler(EVENT_READER, { separator: ';', group: undefined }, this.sources)
  readonly indexed: ProfileSet<MatchedProfile>
  readonly scanned: ProfileSet<MatchedProfile>

  constructor(options: IndexOptions) {
    this.indexed = new ProfileSet(options, this.compiler, this.sources)
    this.scanned = new ProfileSet({ ...options, indexedSelects: false }, this.compiler, this.sources)
    for (const id of STORED) this.stored.set(id, storedFilter(id, '*string:~*req.A:1'))
  }

  take(step: Step): void {
    for (const set of [this.indexed, this.scanned]) {
      if (step.kind === 'put') set.put(step.profile)
      else if (step.kind === 'delete') set.delete(TENANT, step.id)
      else {
        this.stored.set(step.filter.id, step.filter)
        set.filterChanged(TENANT, step.filter.id)
      }
    }
  }
}

const STORED = ['F1', 'F2', 'F3']
const digits = fc.constantFrom('1', '2', '12', '21', '121', '212')
const inline = (types: readonly string[], fields: readonly string[]) =>
  fc
    .tuple(fc.constantFrom(...types), fc.constantFrom(...fields), fc.array(digits, { minLength: 1, maxLength: 2 }))
    .map(([type, field, values]) => `${type}:~${field}:${type.includes('exists') ? '' : values.join('|')}`)
const anyRule = inline(
  ['*string', '*prefix', '*suffix', '*exists', '*notstring', '*gt', '*nistring', '*notexists'],
  ['*req.A', '*req.B', '*req.C', '*opts.B', '*req.Deep.A'],
)
const stringRule = inline(['*string'], ['*req.A', '*req.B', '*opts.B'])
const profileOf = (filterIds: fc.Arbitrary<string[]>) =>
  fc.record({
    tenant: fc.constant(TENANT),
    id: fc.constantFrom('P1', 'P2', 'P3', 'P4', 'P5'),
    filterIds,
    activation: fc.constant(null),
    weight: fc.integer({ min: 0, max: 2 }),
  })
const stepsOf = (filterIds: fc.Arbitrary<string[]>, storedRule: fc.Arbitrary<string>): fc.Arbitrary<Step[]> =>
  fc.array(
    fc.oneof(
      { weight: 5, arbitrary: profileOf(filterIds).map((profile): Step => ({ kind: 'put', profile })) },
      { weight: 1, arbitrary: fc.constantFrom('P1', 'P2', 'P3').map((id): Step => ({ kind: 'delete', id })) },
      {
        weight: 2,
        arbitrary: fc
          .tuple(fc.constantFrom(...STORED), fc.array(storedRule, { minLength: 1, maxLength: 2 }))
          .map(([id, rules]): Step => ({ kind: 'filter', filter: storedFilter(id, ...rules) })),
      },
    ),
    { minLength: 1, maxLength: 8 },
  )
const fields = fc.record(
  { A: digits, B: digits, C: digits, Deep: fc.record({ A: digits }) },
  { requiredKeys: [] },
) as fc.Arbitrary<EventFields>

const idsOf = (profiles: readonly MatchedProfile[]) => profiles.map(({ id }) => id).join(' ')

t.test(
  'where each profile has a *string rule of the first level, or none: indexed matches equal full scans',
  async () => {
    const filterIds = fc
      .tuple(fc.array(fc.oneof(anyRule, fc.constantFrom(...STORED)), { maxLength: 2 }), fc.option(stringRule))
      .map(([more, first]) => (first === null ? [] : [...more, first]))
    fc.assert(
      fc.property(stepsOf(filterIds, anyRule), fields, fields, (steps, event, opts) => {
        const world = new World(ALL)
        for (const step of steps) world.take(step)
        const context = eventOf(event, opts)
        return idsOf(world.indexed.match(TENANT, context, null)) === idsOf(world.scanned.match(TENANT, context, null))
      }),
      { numRuns: 10_000 },
    )
  },
)

/** Reference 02, 6.6, read literally: what the index makes a candidate. */
function isCandidate(world: World, profile: MatchedProfile, event: EventFields, opts: EventFields): boolean {
  if (profile.filterIds.length === 0) return true
  const all = world.scanned.list(TENANT).flatMap((each) => rulesOf(world, each))
  const textOf = (field: string) => {
    const value = (field.startsWith('*req.') ? event : opts)[field.slice(field.indexOf('.') + 1)]
    return value === undefined ? undefined : value === null ? '' : String(value)
  }
  return rulesOf(world, profile).some(({ type, element, values }) => {
    const field = element.slice(1)
    const text = textOf(field)
    if (field === '*req.Deep.A' || text === undefined) return false
    const keys = all.filter((rule) => rule.type === type && rule.element === element).flatMap((rule) => rule.values)
    if (type === '*string') return values.includes(text)
    if (type === '*exists') return ALL.existsFields.includes(field)
    if (type === '*prefix' && ALL.prefixFields.includes(field)) {
      const longest = keys.filter((key) => text.startsWith(key)).sort((a, b) => b.length - a.length)[0]
      return longest !== undefined && values.includes(longest)
    }
    if (type === '*suffix' && ALL.suffixFields.includes(field)) {
      const shortest = keys.filter((key) => text.endsWith(key)).sort((a, b) => a.length - b.length)[0]
      return shortest !== undefined && values.includes(shortest)
    }
    return false
  })
}

function rulesOf(world: World, { filterIds }: MatchedProfile) {
  return filterIds.flatMap((id) => (id.startsWith('*') ? [parseInlineFilter(id)] : (world.stored.get(id)?.rules ?? [])))
}

t.test('any profiles: an indexed match is the full scan of the candidates', async () => {
  const filterIds = fc.array(fc.oneof(anyRule, fc.constantFrom(...STORED)), { maxLength: 3 })
  fc.assert(
    fc.property(stepsOf(filterIds, anyRule), fields, fields, (steps, event, opts) => {
      const world = new World(ALL)
      for (const step of steps) world.take(step)
      const context = eventOf(event, opts)
      const candidates = world.scanned
        .match(TENANT, context, null)
        .filter((profile) => isCandidate(world, profile, event, opts))
      return idsOf(world.indexed.match(TENANT, context, null)) === idsOf(candidates)
    }),
    { numRuns: 10_000 },
  )
})

t.test('a set that has changed lists the same keys as one that was made at once', async () => {
  const filterIds = fc.array(fc.oneof(anyRule, fc.constantFrom(...STORED)), { maxLength: 3 })
  fc.assert(
    fc.property(stepsOf(filterIds, anyRule), (steps) => {
      const world = new World(ALL)
      for (const step of steps) world.take(step)
      const fresh = new ProfileSet<MatchedProfile>(ALL, world.compiler, world.sources)
      for (const profile of world.indexed.list(TENANT)) fresh.put(profile)
      return String(world.indexed.indexEntries(TENANT).sort()) === String(fresh.indexEntries(TENANT).sort())
    }),
    { numRuns: 2_000 },
  )
})
