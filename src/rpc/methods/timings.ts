import { timingContains } from '../../accounting/select.ts'
import { timingWire } from '../../accounting/timing-wire.ts'
import { NotFound } from '../../core/errors.ts'
import { parseTime, wallClock, type ZonedTime } from '../../core/time.ts'
import type { Timing } from '../../rating/model.ts'
import { compileTimings, isTimingTime, numbers } from '../../tariffs/compile.ts'
import type { TariffRow, TariffRows } from '../../tariffs/tariff-rows.ts'
import { type Method, method, OK, requireFields } from '../method.ts'
import { plainly } from '../plainly.ts'
import { RpcError } from '../rpc-error.ts'
import { any, boolean, embedded, integer, list, map, struct, text } from '../shape.ts'
import { timingShape } from '../shapes/timing.ts'
import type { TariffEditor } from './actions.ts'
import type { RpcDefaults } from './defaults.ts'

/** What the methods of timings ask of the engine. */
export interface TimingServices {
  tariff: TariffEditor
  /** A timing by id, undefined when there is none. */
  timing(id: string): Timing | undefined
  now(): ZonedTime
}

const setTimingShape = struct('utils.TPTimingWithAPIOpts', {
  TPTiming: embedded(
    struct('utils.TPTiming', {
      ID: text,
      Years: list(integer),
      Months: list(integer),
      MonthDays: list(integer),
      WeekDays: list(integer),
      StartTime: text,
      EndTime: text,
    }),
  ),
  Tenant: text,
  APIOpts: map(any),
})

const NO_ROWS: TariffRows = new Map()
const ALWAYS = '*any'

/** Timings. A change is durable, and counts from the next request on. Reference 01, 9.6; 03, 3.4. */
export function timingMethods(services: TimingServices, defaults: RpcDefaults): Method[] {
  const { tariff } = services
  const timingOf = (id: string): Timing => {
    const found = services.timing(id) ?? (id === ALWAYS ? compileTimings(NO_ROWS).get(ALWAYS) : undefined)
    if (found === undefined) throw new NotFound()
    return found
  }
  return [
    method('APIerSv1.GetTiming', {
      summary: 'A timing. Errors: MANDATORY_IE_MISSING: [ID], NOT_FOUND.',
      params: struct('utils.ArgsGetTimingID', { ID: text, Tenant: text, APIOpts: map(any) }),
      reply: timingShape,
      run(argument) {
        requireFields(argument, 'ID')
        const wire = timingWire(timingOf(argument.ID))
        const row = tariff.rows.get('Timings')?.get(argument.ID)?.at(-1)
        return row === undefined ? wire : { ...wire, ...storedLists(row.values) }
      },
    }),
    method('APIerSv1.SetTiming', {
      summary: 'Sets a timing. Errors: MANDATORY_IE_MISSING: [ID], SERVER_ERROR: INVALID_TIME:.',
      params: setTimingShape,
      reply: OK,
      async run({ TPTiming: timing }) {
        requireFields(timing, 'ID')
        const { Years, Months, MonthDays, WeekDays } = timing
        const lists = { Years, Months, MonthDays, WeekDays }
        const given = Object.fromEntries(
          Object.entries(lists).map(([name, each]) => [name, each.length > 0 ? each : null]),
        )
        const row = timingRow({ ...timing, ...given }, 'APIerSv1.SetTiming')
        await tariff.change(() => new Map([['Timings', new Map([[timing.ID, [row]]])]]))
        return 'OK'
      },
    }),
    method('APIerSv1.RemoveTiming', {
      summary:
        'Removes a timing; an unknown one is no error. Errors: MANDATORY_IE_MISSING: [ID], SERVER_ERROR: when rates still name it.',
      params: setTimingShape,
      reply: OK,
      async run({ TPTiming: timing }) {
        requireFields(timing, 'ID')
        await tariff.change((rows) => {
          const isHeld = rows.get('Timings')?.has(timing.ID) === true
          return new Map([['Timings', new Map(isHeld ? [[timing.ID, undefined]] : [])]])
        })
        return 'OK'
      },
    }),
    method('APIerSv1.TimingIsActiveAt', {
      summary: 'Whether a timing holds at a time, its first and last second included. Errors: NOT_FOUND.',
      params: struct('v1.TimeParams', { TimingID: text, Time: text }),
      reply: boolean,
      run({ TimingID: id, Time: at }) {
        const timing = timingOf(id)
        return timingContains(timing, wallClock(plainly(() => parseTime(at, defaults.timeZone, services.now()))))
      },
    }),
  ]
}

/** A timing as it is set; a list that is null was not given. */
type TimingArgument = {
  ID: string
  Years: readonly number[] | null
  Months: readonly number[] | null
  MonthDays: readonly number[] | null
  WeekDays: readonly number[] | null
  StartTime: string
  EndTime: string
}

/** The row that a timing is kept as. Throws RpcError. */
export function timingRow(timing: TimingArgument, place: string): TariffRow {
  const { ID: id, Years, Months, MonthDays, WeekDays, StartTime: start, EndTime: end } = timing
  for (const time of [start, end]) if (!isTimingTime(time)) throw new RpcError(`SERVER_ERROR: INVALID_TIME:${time}`)
  const lists = [Years, Months, MonthDays, WeekDays].map((each) => each && (each.length > 0 ? each.join(';') : ALWAYS))
  return { values: [id, ...lists.map((each) => each ?? ''), end === '' ? start : `${start};${end}`], place }
}

/** Lists as they were set: none is null, `*any` is empty. */
export function storedLists([, years = '', months = '', monthDays = '', weekDays = '']: readonly string[]) {
  const list = (cell: string) => (cell === '' ? null : numbers(cell))
  return { Years: list(years), Months: list(months), MonthDays: list(monthDays), WeekDays: list(weekDays) }
}
