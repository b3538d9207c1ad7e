import type { ActionRecord } from '../accounting/actions.ts'
import { Decimal } from '../core/decimal.ts'
import { InvalidText } from '../core/errors.ts'
import type { EventFields, EventValue } from '../core/event.ts'
import { eventJson } from '../core/event-values.ts'
import { formatTime, type ZonedTime } from '../core/time.ts'
import { ACTION_READER, contextOf } from '../filters/event-reader.ts'
import { textOf } from '../mapping/context.ts'
import { compileValue } from '../mapping/value-parser.ts'
import { balanceSummaryWire } from '../rating/event-cost-wire.ts'
import { type Cdr, type CdrDefaults, cdrOf } from './cdr.ts'

/** What `*cdrlog` fills in when ExtraParameters do not say otherwise. Reference 04, 11.6. */
const TEMPLATE: Readonly<Record<string, string>> = {
  ToR: '~*acnt.BalanceType',
  OriginHost: '127.0.0.1',
  RequestType: '*none',
  Tenant: '~*acnt.Tenant',
  Account: '~*acnt.Account',
  Subject: '~*acnt.Account',
  Cost: '~*act.ActionValue',
}

export type ActionCdrSettings = {
  defaults: CdrDefaults
  /** general.rsr_separator */
  separator: string
  now: ZonedTime
  newUuid: () => string
}

/**
 * The CDRs that `*cdrlog` asks for, one a record. template: JSON of names and values, `~*acnt.` and `~*act.` in them; extra:
 * fields that the caller adds. Throws InvalidText, TemplateError. Reference 04, 11.6.
 */
export function actionCdrs(
  target: { tenant: string; id: string },
  records: readonly ActionRecord[],
  template: string,
  extra: EventFields,
  { defaults, separator, now, newUuid }: ActionCdrSettings,
): Cdr[] {
  if (records.length === 0) return []
  const fields = Object.entries({ ...TEMPLATE, ...templateOf(template) }).map(([name, value]) => ({
    name,
    read: compileValue(value, ACTION_READER, { separator, group: undefined }),
  }))
  return records.map((record) => {
    const event = { acnt: accountFields(target, record), act: actionFields(record) }
    const context = contextOf<EventFields>(event, target.tenant, {}, now)
    const made: EventFields = {
      RunID: record.action.type,
      Source: '*cdrlog',
      OriginID: newUuid(),
      SetupTime: formatTime(now),
      AnswerTime: formatTime(now),
      Usage: 1,
      ...transferFields(record),
    }
    for (const { name, read } of fields) {
      const value = read(context)
      if (value !== undefined) made[name] = textOf(value)
    }
    Object.assign(made, extra)
    return { ...cdrOf(made, target.tenant, defaults, now), cost: costOf(made['Cost']), preRated: true }
  })
}

function templateOf(text: string): Record<string, string> {
  if (text === '') return {}
  try {
    return Object.fromEntries(Object.entries(JSON.parse(text) as object).map(([name, value]) => [name, String(value)]))
  } catch {
    throw new InvalidText(`*cdrlog: ${text} is no template, expected a JSON object of names and values`)
  }
}

function costOf(value: EventValue | undefined): Decimal {
  try {
    return Decimal.parse(String(value ?? ''))
  } catch {
    throw new InvalidText(`strconv.ParseFloat: parsing ${JSON.stringify(String(value ?? ''))}: invalid syntax`)
  }
}

function accountFields(target: { tenant: string; id: string }, { type, balance, action }: ActionRecord): EventFields {
  const names = (set: Readonly<Record<string, boolean>> | null) => Object.keys(set ?? {}).join(';')
  return {
    AccountID: `${target.tenant}:${target.id}`,
    Tenant: target.tenant,
    Account: target.id,
    BalanceType: type,
    BalanceUUID: balance.uuid,
    BalanceID: balance.id,
    BalanceValue: balance.value,
    DestinationIDs: names(balance.destinationIds),
    ExtraParameters: action.extraParameters,
    RatingSubject: balance.ratingSubject,
    Category: names(balance.categories),
    SharedGroups: names(balance.sharedGroups),
    Factors: balance.factors === null ? '' : eventJson({ ...balance.factors }),
  }
}

function actionFields({ action, value }: ActionRecord): EventFields {
  return { ActionID: action.id, ActionType: action.type, ActionValue: value }
}

function transferFields({ action, balance, transfer }: ActionRecord): EventFields {
  if (transfer !== undefined) {
    return {
      Destination: transfer.destination,
      SourceBalanceSummary: eventJson(balanceSummaryWire(transfer.source) as EventValue),
      DestinationBalanceSummary: eventJson(balanceSummaryWire(transfer.target) as EventValue),
    }
  }
  return action.type === '*remove_balance' || action.type === '*remove_expired' ? { BalanceID: balance.id } : {}
}
