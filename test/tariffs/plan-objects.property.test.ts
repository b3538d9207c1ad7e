import fc from 'fast-check'
import t from 'tap'
import { Decimal } from '../../src/core/decimal.ts'
import { PLAN_KINDS, type PlanField, type PlanKind } from '../../src/tariffs/plan-kinds.ts'
import { objectOf, type PlanObject, rowsOf } from '../../src/tariffs/plan-objects.ts'

const name = fc.stringMatching(/^[a-zA-Z0-9_][a-zA-Z0-9_:.~|*-]{0,8}$/)
const names = fc.option(fc.uniqueArray(name, { minLength: 1, maxLength: 3 }))
const inline = fc.array(fc.stringMatching(/^\*[a-z]+:\*req\.[A-Z]:[a-z0-9]+$/), { minLength: 1, maxLength: 2 })
const attributeIds = fc.option(
  fc.array(
    fc.oneof(
      name,
      fc.constant('*none'),
      inline.map((parts) => parts.join(';')),
    ),
    { minLength: 1, maxLength: 4 },
  ),
)
const interval = fc.option(
  fc.record({
    ActivationTime: fc.stringMatching(/^[0-9TZ:-]{1,20}$/),
    ExpiryTime: fc.stringMatching(/^[0-9TZ:-]{0,20}$/),
  }),
)
const decimal = fc
  .tuple(fc.bigInt(-(10n ** 15n), 10n ** 15n), fc.integer({ min: 0, max: 12 }))
  .map(([digits, scale]) => Decimal.parse(`${digits}e-${scale}`))

/** Values of a field. isNamed: what must not be empty. */
function valueOfField(field: PlanField, isNamed: boolean): fc.Arbitrary<unknown> {
  switch (field.as) {
    case 'text':
      return field.column === '' ? fc.constant('') : isNamed ? name : fc.string({ maxLength: 12 })
    case 'integer':
      return fc.integer()
    case 'number':
      return fc.integer({ min: -1e9, max: 1e9 }).map((n) => n / 100)
    case 'decimal':
      return decimal
    case 'boolean':
      return fc.boolean()
    case 'duration':
      return fc.bigInt(0n, 10n ** 15n)
    case 'list':
      return field.spread ? attributeIds : names
    case 'each':
      return fc.array(fc.string({ maxLength: 8 }), { minLength: 1, maxLength: 4 })
    case 'interval':
      return interval
    case 'nothing':
      return fc.constant(null)
    case 'object':
      return fc.option(fc.record(valuesOfFields(field.fields, [field.present])))
    case 'objects': {
      const elements = fc.record(valuesOfFields(field.fields, [...(field.present ?? []), ...(field.together ?? [])]))
      const together = field.fields.filter((each) => 'column' in each && field.together?.includes(each.column))
      const sameness = (element: PlanObject) =>
        JSON.stringify(together.map(({ field: own }) => [element[own]].flat().sort()))
      const some = { minLength: 1, maxLength: 4 }
      const lists =
        together.length === 0 ? fc.array(elements, some) : fc.uniqueArray(elements, { ...some, selector: sameness })
      return field.present === undefined ? lists : fc.option(lists)
    }
  }
}

function valuesOfFields(fields: readonly PlanField[], named: readonly string[]): Record<string, fc.Arbitrary<unknown>> {
  return Object.fromEntries(
    fields.map((field) => [field.field, valueOfField(field, 'column' in field && named.includes(field.column))]),
  )
}

function objectsOf({ keys, fields }: PlanKind): fc.Arbitrary<PlanObject> {
  const ofKeys = Object.fromEntries(keys.map(({ field }) => [field, name]))
  return fc.record({ TPid: name, ...ofKeys, ...valuesOfFields(fields, []) })
}

for (const kind of PLAN_KINDS)
  t.test(`${kind.name}: an object is read back from its rows as it was set`, (t) => {
    fc.assert(
      fc.property(objectsOf(kind), (made) => {
        const object = kind.name === 'ActionTriggers' ? withOwnId(made) : made
        t.strictSame(plain(objectOf(kind, String(object['TPid']), rowsOf(kind, object))), plain(object))
      }),
      { numRuns: 50 },
    )
    t.end()
  })

/** The id of a trigger is that of its set. */
function withOwnId(object: PlanObject): PlanObject {
  const triggers = object['ActionTriggers'] as PlanObject[]
  return { ...object, ActionTriggers: triggers.map((trigger) => ({ ...trigger, Id: object['ID'] })) }
}

function plain(object: PlanObject): unknown {
  return JSON.parse(
    JSON.stringify(object, (_, value: unknown) =>
      typeof value === 'bigint' || value instanceof Decimal ? value.toString() : value,
    ),
  )
}
