import type { Account } from '../accounting/account.ts'
import { ACCOUNT_READER } from '../accounting/account-reader.ts'
import { ConfigError } from '../config/config-error.ts'
import type { LoadedConfig } from '../config/load-config.ts'
import type { ChargingEvent, EventFields } from '../core/event.ts'
import type { ZonedTime } from '../core/time.ts'
import { ACTION_READER, contextOf, eventContext, FILTERED_EVENT_READER } from '../filters/event-reader.ts'
import { FilterCompiler, type FilterSources, failingLater } from '../filters/filter-compiler.ts'
import { isInline } from '../filters/filter-rule.ts'
import { MappingError, TemplateError } from '../mapping/value.ts'
import type { RunnerOptions } from './action-runner.ts'

/** Which tasks this scheduler is for. Throws ConfigError. Reference 04, 12.3. */
export function schedulerAccepts(
  { config, placeOf }: LoadedConfig,
  sources: FilterSources,
  now: () => ZonedTime,
): RunnerOptions['accepts'] {
  const options = { separator: config.general.rsr_separator, group: undefined }
  const compiler = new FilterCompiler(ACTION_READER, options, sources)
  try {
    const passes = compiler.compile(config.schedulers.filters)
    return ({ uuid, accountId, actionsId }, tenant) => {
      const act = { UUID: uuid, AccountID: accountId, ActionsID: actionsId }
      return passes(contextOf<EventFields>({ act }, tenant, {}, now()))
    }
  } catch (cause) {
    if (!(cause instanceof TemplateError)) throw cause
    const key = 'schedulers.filters'
    throw new ConfigError([{ place: placeOf(key), key, problem: cause.message }])
  }
}

/** Compiles filters of actions, over the account that the action is for. separator: `general.rsr_separator`. */
export function accountFilters(
  separator: string,
  sources: FilterSources,
  now: () => ZonedTime,
): (filters: readonly string[]) => (account: Account) => boolean {
  const compiler = new FilterCompiler(ACCOUNT_READER, { separator, group: undefined }, sources)
  return (filters) => {
    const passes = compiler.compile(filters)
    return (account) => {
      const at = now()
      return passes(contextOf({ account, now: at }, account.tenant, {}, at))
    }
  }
}

/**
 * Filters of sessions, over the fields of a run. One that is not known lets everything pass, an inline one that cannot be
 * compiled nothing. Reference 05, 6.18.
 */
export function sessionFilter(
  filters: readonly string[],
  separator: string,
  sources: FilterSources,
  now: () => ZonedTime,
): (event: ChargingEvent) => boolean {
  const compiler = new FilterCompiler(FILTERED_EVENT_READER, { separator, group: undefined }, sources)
  const compiled = filters.map((filter) => {
    const passes = isInline(filter) ? failingLater(() => compiler.compileRule(filter)) : compiler.compile([filter])
    return (context: ReturnType<typeof eventContext>) => {
      try {
        return passes(context)
      } catch (cause) {
        if (cause instanceof MappingError) return !isInline(filter)
        throw cause
      }
    }
  })
  return (event) => {
    const context = eventContext(event, now())
    return compiled.every((passes) => passes(context))
  }
}
