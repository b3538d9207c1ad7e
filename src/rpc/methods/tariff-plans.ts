import { NotFound } from '../../core/errors.ts'
import { PLAN_KINDS, type PlanField, type PlanKind, type PlanList } from '../../tariffs/plan-kinds.ts'
import { keyWhere, type PlanObject } from '../../tariffs/plan-objects.ts'
import { type Method, method, OK, requireFields } from '../method.ts'
import { RpcError } from '../rpc-error.ts'
import { boolean, decimal, duration, integer, list, number, pointer, type Shape, struct, text } from '../shape.ts'
import type { RpcDefaults } from './defaults.ts'

/** What the methods of objects of tariff plans ask of the engine: see TariffPlans. */
export interface PlanObjectServices {
  plans: {
    objects(kind: PlanKind, planId: string, where: Readonly<Record<string, string>>): Promise<PlanObject[]>
    setObject(kind: PlanKind, object: PlanObject): Promise<void>
    removeObject(kind: PlanKind, planId: string, key: readonly string[]): Promise<void>
    objectIds(
      kind: PlanKind,
      columns: readonly string[],
      planId: string,
      query: { search: string; limit: number | undefined; offset: number },
    ): Promise<string[]>
  }
}

type Argument = Readonly<Record<string, unknown>>

/** Objects of tariff plans that are kept in stor_db. Reference 01, 9.6; 03, 3.3. */
export function tariffPlanMethods(services: PlanObjectServices, defaults: RpcDefaults): Method[] {
  const methods = PLAN_KINDS.flatMap((kind) => {
    const object = objectShape(kind)
    return [
      setMethod(`APIerSv1.SetTP${kind.name}`, kind, services, defaults),
      ...keyMethods('APIerSv1', kind, keyOf(kind), services, defaults),
      ...kind.lists.map((ids) => idsMethod(kind, ids, services)),
      ...(kind.byLoad === undefined ? [] : [byLoadMethod(kind, kind.byLoad, object, services, defaults)]),
    ]
  })
  return [...methods, ...destinationMethods(services, defaults)]
}

/** Those of destinations name them by `Tag`. */
function destinationMethods(services: PlanObjectServices, defaults: RpcDefaults): Method[] {
  const kind = PLAN_KINDS.find(({ name }) => name === 'Destination')
  if (kind === undefined) return []
  const key: KeyArgument = {
    goType: 'v2.AttrGetTPDestination',
    names: ['Tag'],
    read: (argument) => [String(argument['Tag'])],
  }
  return [
    setMethod('APIerSv2.SetTPDestination', kind, services, defaults),
    ...keyMethods('APIerSv2', kind, key, services, defaults),
  ]
}

/** The argument that names an object: its fields, and how the parts of the key are read from it. Throws RpcError. */
type KeyArgument = {
  readonly goType: string
  readonly names: readonly string[]
  readonly read: (argument: Argument, defaults: RpcDefaults) => string[]
}

function keyOf({ keys, keyType: goType, joinedKey }: PlanKind): KeyArgument {
  const fields = keys.map(({ field }) => field)
  if (joinedKey === undefined)
    return {
      goType,
      names: fields,
      read: (argument, defaults) => fields.map((field) => part(argument, field, defaults)),
    }
  return {
    goType,
    names: [joinedKey.field],
    read(argument) {
      const joined = String(argument[joinedKey.field])
      const parts = joined.split(':')
      if (parts.length !== keys.length) throw new RpcError(joinedKey.refusal + joined)
      return parts
    },
  }
}

/** A part of a key; no tenant is the default one. */
function part(argument: Argument, field: string, defaults: RpcDefaults): string {
  return String(argument[field]) || (field === 'Tenant' ? defaults.tenant : '')
}

function required(argument: Argument, ...names: readonly string[]): void {
  requireFields<Argument>(argument, ...names.filter((name) => name !== 'Tenant'))
}

function setMethod(name: string, kind: PlanKind, { plans }: PlanObjectServices, defaults: RpcDefaults): Method {
  const fields = kind.keys.map(({ field }) => field)
  return method(name, {
    summary:
      'Stores an object of a tariff plan; its values are read when the plan is loaded. Errors: MANDATORY_IE_MISSING.',
    params: objectShape(kind),
    reply: OK,
    async run(argument) {
      required(argument, 'TPid', ...fields, ...kind.required)
      for (const field of kind.fields) requireOfElements(field, argument)
      const keys = fields.map((field) => [field, part(argument, field, defaults)])
      await plans.setObject(kind, { ...argument, ...Object.fromEntries(keys) })
      return 'OK'
    },
  })
}

function requireOfElements(field: PlanField, argument: Argument): void {
  const names = field.as === 'objects' ? (field.required ?? []) : []
  for (const element of names.length === 0 ? [] : (argument[field.field] as readonly Argument[])) {
    const missing = names.filter((name) => element[name] === '')
    if (missing.length > 0)
      throw new RpcError(`MANDATORY_IE_MISSING:Action:${String(element[names[0] ?? ''])}:[${missing.join(' ')}]`)
  }
}

function keyMethods(
  service: 'APIerSv1' | 'APIerSv2',
  kind: PlanKind,
  { goType, names, read }: KeyArgument,
  { plans }: PlanObjectServices,
  defaults: RpcDefaults,
): Method[] {
  const params: Shape<Argument> = struct(goType, {
    TPid: text,
    ...Object.fromEntries(names.map((name) => [name, text])),
  })
  return [
    method(`${service}.GetTP${kind.name}`, {
      summary: 'An object of a tariff plan. Errors: MANDATORY_IE_MISSING, NOT_FOUND.',
      params,
      reply: objectShape(kind),
      async run(argument) {
        required(argument, 'TPid', ...names)
        const [found] = await plans.objects(kind, String(argument['TPid']), keyWhere(kind, read(argument, defaults)))
        if (found === undefined) throw new NotFound()
        return found
      },
    }),
    method(`${service}.RemoveTP${kind.name}`, {
      summary: 'Removes an object of a tariff plan; an unknown one is no error. Errors: MANDATORY_IE_MISSING.',
      params,
      reply: OK,
      async run(argument) {
        required(argument, 'TPid', ...names)
        await plans.removeObject(kind, String(argument['TPid']), read(argument, defaults))
        return 'OK'
      },
    }),
  ]
}

const page = { TPid: text, Search: text, Limit: pointer(integer), Offset: pointer(integer) }

function idsMethod(kind: PlanKind, { method: name, goType, columns }: PlanList, { plans }: PlanObjectServices): Method {
  return method(`APIerSv1.${name}`, {
    summary: 'Ids in a tariff plan that contain Search, sorted. Errors: MANDATORY_IE_MISSING.',
    params: struct(goType, page),
    reply: list(text),
    run(argument) {
      requireFields(argument, 'TPid')
      const { TPid: planId, Search: search, Limit: limit, Offset: offset } = argument
      return plans.objectIds(kind, columns, planId, {
        search,
        limit: limit !== null && limit > 0 ? limit : undefined,
        offset: Math.max(offset ?? 0, 0),
      })
    },
  })
}

function byLoadMethod(
  kind: PlanKind,
  { method: name, required: together }: NonNullable<PlanKind['byLoad']>,
  object: Shape<Argument>,
  { plans }: PlanObjectServices,
  defaults: RpcDefaults,
): Method {
  return method(`APIerSv1.${name}`, {
    summary: 'The objects of a load in a tariff plan. Errors: MANDATORY_IE_MISSING, NOT_FOUND.',
    params: object,
    reply: list(object),
    async run(argument) {
      required(argument, 'TPid', 'LoadId')
      if (together.some((field) => argument[field] !== '')) required(argument, ...together)
      const parts = kind.keys.map(({ field, column }): [string, string] => [column, part(argument, field, defaults)])
      const where = Object.fromEntries(parts.filter(([, value]) => value !== ''))
      const found = await plans.objects(kind, String(argument['TPid']), where)
      if (found.length === 0) throw new NotFound()
      return found
    },
  })
}

function objectShape({ goType, keys, fields }: PlanKind): Shape<Argument> {
  const ofKeys = keys.map(({ field }): [string, Shape] => [field, text])
  return struct(goType, { TPid: text, ...Object.fromEntries(ofKeys), ...fieldShapes(fields) })
}

function fieldShapes(fields: readonly PlanField[]): Record<string, Shape> {
  return Object.fromEntries(fields.map((field) => [field.field, fieldShape(field)]))
}

/** What would be there, if anything ever were. */
function shapeOfType(goType: string): Shape {
  const kind = PLAN_KINDS.find((each) => each.goType === goType)
  return kind === undefined ? struct(goType, {}) : objectShape(kind)
}

const interval = struct('utils.TPActivationInterval', { ActivationTime: text, ExpiryTime: text })
const scalars = { text, integer, number, decimal, boolean, duration }

function fieldShape(field: PlanField): Shape {
  switch (field.as) {
    case 'list':
    case 'each':
      return list(text)
    case 'interval':
      return pointer(interval)
    case 'nothing':
      return pointer(shapeOfType(field.goType))
    case 'objects':
      return list(struct(field.goType, fieldShapes(field.fields)))
    case 'object':
      return pointer(struct(field.goType, fieldShapes(field.fields)))
    default:
      return scalars[field.as]
  }
}
