import { NotFound } from '../../core/errors.ts'
import type { TariffRow, TariffRows } from '../../tariffs/tariff-rows.ts'
import { type Method, method, OK, requireFields } from '../method.ts'
import { RpcError } from '../rpc-error.ts'
import { boolean, list, struct, text } from '../shape.ts'
import type { TariffEditor } from './actions.ts'

/** What the methods of rating objects ask of the engine. */
export interface RatingServices {
  tariff: TariffEditor & {
    readonly index: { destinationsOfPrefix(prefix: string): readonly string[] }
  }
}

export const destinationShape = struct('engine.Destination', { Id: text, Prefixes: list(text) })

/** Destinations: names of prefixes. A change is durable, and counts from the next request on. Reference 01, 9.6; 03, 3.4. */
export function destinationMethods({ tariff }: RatingServices): Method[] {
  return [
    method('APIerSv1.GetDestination', {
      summary: 'A destination with its prefixes. Errors: NOT_FOUND.',
      params: text,
      reply: destinationShape,
      run: (id) => destinationWire(tariff.rows, id),
    }),
    method('APIerSv2.GetDestinations', {
      summary: 'Destinations by id; all when none is named. Errors: NOT_FOUND when one is unknown.',
      params: struct('v2.AttrGetDestinations', { DestinationIDs: list(text) }),
      reply: list(destinationShape),
      run({ DestinationIDs: named }) {
        const { rows } = tariff
        const ids = named.length > 0 ? named : destinationIds(rows)
        return ids.map((id) => destinationWire(rows, id))
      },
    }),
    method('APIerSv1.GetReverseDestination', {
      summary: 'Destinations that hold exactly this prefix. Errors: MANDATORY_IE_MISSING: [prefix], NOT_FOUND.',
      params: text,
      reply: list(text),
      run(prefix) {
        if (prefix === '') throw new RpcError('MANDATORY_IE_MISSING: [prefix]')
        const ids = tariff.index.destinationsOfPrefix(prefix)
        if (ids.length === 0) throw new NotFound()
        return ids
      },
    }),
    method('APIerSv1.SetDestination', {
      summary: 'Sets a destination. Errors: MANDATORY_IE_MISSING, EXISTS without Overwrite.',
      params: struct('utils.AttrSetDestination', { Id: text, Prefixes: list(text), Overwrite: boolean }),
      reply: OK,
      async run(argument) {
        requireFields(argument, 'Id', 'Prefixes')
        const { Id: id, Prefixes: prefixes, Overwrite: isOverwriting } = argument
        await tariff.change((rows) => {
          if (!isOverwriting && hasDestination(rows, id)) throw new RpcError('EXISTS')
          const group = prefixes.map((prefix) => ({ values: [id, prefix], place: 'APIerSv1.SetDestination' }))
          return new Map([['Destinations', new Map([[id, group]])]])
        })
        return 'OK'
      },
    }),
    method('APIerSv1.RemoveDestination', {
      summary:
        'Removes destinations, or with Prefixes only those of them. Errors: NOT_FOUND when one is unknown: those before it are removed.',
      params: struct('v1.AttrRemoveDestination', { DestinationIDs: list(text), Prefixes: list(text) }),
      reply: OK,
      async run({ DestinationIDs: ids, Prefixes: prefixes }) {
        let unknown = false
        await tariff.change((rows) => {
          const at = ids.findIndex((id) => !hasDestination(rows, id))
          unknown = at >= 0
          const known = unknown ? ids.slice(0, at) : ids
          return new Map([['Destinations', new Map(known.map((id) => [id, withoutPrefixes(rows, id, prefixes)]))]])
        })
        if (unknown) throw new NotFound()
        return 'OK'
      },
    }),
    method('APIerSv1.ComputeReverseDestinations', {
      summary: 'Prefixes are found without an index that could be wrong: there is nothing to compute.',
      params: text,
      reply: OK,
      run: () => 'OK',
    }),
  ]
}

function destinationIds(rows: TariffRows): string[] {
  return [...(rows.get('Destinations')?.keys() ?? [])].filter((id) => hasDestination(rows, id))
}

function hasDestination(rows: TariffRows, id: string): boolean {
  return (rows.get('Destinations')?.get(id)?.length ?? 0) > 0
}

function destinationWire(rows: TariffRows, id: string): Record<string, unknown> {
  const found = findDestination(rows, id)
  if (found === undefined) throw new NotFound()
  return found
}

/** A destination as clients read it, undefined when there is none. */
export function findDestination(rows: TariffRows, id: string): Record<string, unknown> | undefined {
  const group = rows.get('Destinations')?.get(id) ?? []
  return group.length === 0 ? undefined : { Id: id, Prefixes: group.map(({ values }) => values[1] ?? '') }
}

/** What is left of a destination without prefixes, without all of them when none is named. One that rates still name stays, without prefixes. */
export function withoutPrefixes(
  rows: TariffRows,
  id: string,
  prefixes: readonly string[] = [],
): readonly TariffRow[] | undefined {
  const group = rows.get('Destinations')?.get(id) ?? []
  const left = prefixes.length === 0 ? [] : group.filter(({ values }) => !prefixes.includes(values[1] ?? ''))
  return left.length > 0 ? left : removed(rows, 'DestinationRates', 1, id)
}

/** What stands for a removed object: nothing, or an object without rows while `column` of a file still names it. */
export function removed(
  rows: TariffRows,
  file: 'DestinationRates' | 'RatingProfiles',
  column: number,
  id: string,
): readonly TariffRow[] | undefined {
  for (const group of rows.get(file)?.values() ?? []) if (group.some(({ values }) => values[column] === id)) return []
  return undefined
}
