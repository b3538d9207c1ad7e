import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { describedRegistry } from '../../src/commands/methods.ts'
import type { GobType } from '../../src/protocol/gob/types.ts'
import { GobTypes } from '../../src/rpc/gob/gob-types.ts'
import { any, list, map, pointer, type Shape, struct, text } from '../../src/rpc/shape.ts'
import { ROOT } from '../support/gateway.ts'

/** Where a reply may hold any value: `{}` stands for the values of a map, `[]` for those of a list. */
function placesOfAny({ form }: Shape, place = ''): string[] {
  switch (form.kind) {
    case 'any':
      return [place]
    case 'list':
      return placesOfAny(form.of, `${place}[]`)
    case 'map':
      return placesOfAny(form.of, `${place}{}`)
    case 'pointer':
      return placesOfAny(form.of, place)
    case 'struct':
      return Object.entries(form.fields).flatMap(([name, field]) => placesOfAny(field, `${place}.${name}`))
    default:
      return []
  }
}

/** What is an interface in the gobs of the reference engine too. */
const FREE: readonly RegExp[] = [
  /\.(Event|APIOpts|Params|StrategyParams)\{\}$/,
  /\.Value\.Params\{\}$/,
  /\.ActionTimings\[\]\.ExtraData$/,
  /^(ReplicatorSv1|StatSv1)\.GetStatQueue \.SQMetrics\{\}$/,
  // Never answered before there are these services: a map by times, and addresses in a form of their own.
  /^ReplicatorSv1\.GetTrend \.Metrics\{\}$/,
  /^ReplicatorSv1\.GetIPAllocations \.Allocations\{\}$/,
  /^CacheSv1\.GetItem(WithRemote)? $/,
  /^CacheSv1\.GetStats \.Metadata\{\}$/,
  // Figures by exporter, each of its own type.
  /^APIerSv1\.ExportCDRs \{\}\{\}$/,
  /^ConfigSv1\.GetConfig \{\}$/,
  /^CoreSv1\.Status \{\}$/,
  /\.?RatingFilters\{\}\{\}$/,
  /^Responder\.(GetCostOnRatingPlans|GetMaxSessionTimeOnAccounts) \{\}$/,
]

t.test('places of any value are found in every kind of shape', async (t) => {
  t.same(
    placesOfAny(
      struct('x.X', { A: text, B: any, C: list(map(any)), D: pointer(struct('x.Y', { E: map(list(any)) })) }),
    ),
    ['.B', '.C[]{}', '.D.E{}[]'],
  )
})

t.test('01 7.5: replies are of the types that Go clients decode, free only where those are', async (t) => {
  const found = describedRegistry()
    .list()
    .flatMap(({ name, reply }) => placesOfAny(reply).map((place) => `${name} ${place}`))
  t.ok(found.length > 0)
  t.same(
    found.filter((place) => !FREE.some((free) => free.test(place))),
    [],
  )
})

/** A type as Go's gobs describe it: `{"[]": of}` is a slice, `{"{}": of}` a map by text, other objects are structs. */
type Described = string | { readonly [name: string]: Described }

function describe(type: GobType): Described {
  switch (type.kind) {
    case 'pointer':
      return describe(type.of)
    case 'slice':
      return { '[]': describe(type.of) }
    case 'map':
      return { '{}': describe(type.of) }
    case 'struct':
      return Object.fromEntries(type.fields.map(({ name, type }) => [name, describe(type)]))
    case 'marshaler':
      return 'time'
    default:
      return type.kind
  }
}

/** Fields of ours, which Go clients leave alone. */
const OURS = new Set(['Monetary.AccountID'])

/** Where two types are not the same; fields that only the second has are of subsystems that are not there. */
function mismatches(ours: Described, theirs: Described | undefined, place: string): string[] {
  if (typeof ours === 'string' || typeof theirs === 'string' || theirs === undefined)
    return ours === theirs ? [] : [`${place}: ${JSON.stringify(ours)} for ${JSON.stringify(theirs)}`]
  const parent = place.slice(place.lastIndexOf('.') + 1)
  return Object.entries(ours)
    .filter(([name]) => theirs[name] !== undefined || !OURS.has(`${parent}.${name}`))
    .flatMap(([name, type]) => mismatches(type, theirs[name], `${place}.${name}`))
}

t.test('01 7.5: replies are of the gob types that the reference engine sends', async (t) => {
  const recorded = readFileSync(join(ROOT, 'test/fixtures/reference-gob-types.json'), 'utf8')
  const registry = describedRegistry()
  const types = new GobTypes('json')
  for (const [name, theirs] of Object.entries(JSON.parse(recorded) as Record<string, Described>)) {
    const shapes = registry.shapesOf(name)
    t.same(shapes && mismatches(describe(types.of(shapes.reply)), theirs, ''), [], name)
  }
})
