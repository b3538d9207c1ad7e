import { timingContains } from '../accounting/select.ts'
import { wallClock, type ZonedTime } from '../core/time.ts'
import type { FilterLookups } from '../filters/sides.ts'
import type { Timing } from '../rating/model.ts'
import { compileTimings } from '../tariffs/compile.ts'
import type { TariffRows } from '../tariffs/tariff-rows.ts'

/** Destinations and timings of the tariff in force, for filters. Each is compiled when it is first asked for after a load. */
export class TariffLookups implements FilterLookups {
  readonly #rowsNow: () => TariffRows
  #destinationRows: ReturnType<TariffRows['get']>
  #destinations = new Map<string, (number: string) => boolean>()
  #timingRows: TariffRows | undefined
  #timings: ReadonlyMap<string, Timing> = new Map()

  constructor(rowsNow: () => TariffRows) {
    this.#rowsNow = rowsNow
  }

  /** Whether a destination set holds exactly that prefix. */
  isPrefix(id: string, prefix: string): boolean {
    const group = this.#rowsNow().get('Destinations')?.get(id) ?? []
    return group.some(({ values }) => values[1] === prefix)
  }

  destination(id: string): ((number: string) => boolean) | undefined {
    const rows = this.#rowsNow().get('Destinations')
    if (rows !== this.#destinationRows) {
      this.#destinationRows = rows
      this.#destinations = new Map()
    }
    const held = this.#destinations.get(id)
    const group = held === undefined ? rows?.get(id) : undefined
    if (group === undefined) return held
    const prefixes = new Set(group.map(({ values }) => values[1] ?? ''))
    const lengths = [...new Set([...prefixes].map(({ length }) => length))]
    const startsWithOne = (number: string) => lengths.some((length) => prefixes.has(number.slice(0, length)))
    this.#destinations.set(id, startsWithOne)
    return startsWithOne
  }

  timing(id: string): ((at: ZonedTime) => boolean) | undefined {
    const rows = this.#rowsNow()
    if (rows.get('Timings') !== this.#timingRows?.get('Timings') || this.#timingRows === undefined) {
      this.#timingRows = rows
      this.#timings = compileTimings(rows)
    }
    const timing = this.#timings.get(id)
    return timing && ((at) => timingContains(timing, exactClock(at)))
  }
}

/** Seconds with their fraction: half a second after the last second of a timing is outside. */
function exactClock(at: ZonedTime) {
  const clock = wallClock(at)
  const nanoseconds = Number(((at.ns % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n)
  return { ...clock, secondOfDay: clock.secondOfDay + nanoseconds / 1e9 }
}
