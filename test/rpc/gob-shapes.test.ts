import t from 'tap'
import { describedRegistry } from '../../src/commands/methods.ts'
import { MethodRegistry } from '../../src/rpc/method.ts'
import { absentMethods } from '../../src/rpc/methods/not-yet/all.ts'
import { any, list, map, pointer, type Shape, struct, text } from '../../src/rpc/shape.ts'

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
  /^APIerSv1\.GetActionPlan \[\]\.ActionTimings\[\]\.ExtraData$/,
  /^CacheSv1\.GetItem(WithRemote)? $/,
  /^CacheSv1\.GetStats \.Metadata\{\}$/,
  /^ConfigSv1\.GetConfig \{\}$/,
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
  const absent = new Set(new MethodRegistry(absentMethods(), () => true).list().map(({ name }) => name))
  const found = describedRegistry()
    .list()
    .filter(({ name }) => name.endsWith('.Ping') || !absent.has(name))
    .flatMap(({ name, reply }) => placesOfAny(reply).map((place) => `${name} ${place}`))
  t.ok(found.length > 0)
  t.same(
    found.filter((place) => !FREE.some((free) => free.test(place))),
    [],
  )
})
