import { Decimal } from '../../core/decimal.ts'
import { parseDuration } from '../../core/duration.ts'
import { isZeroTime, parseTime, type ZonedTime } from '../../core/time.ts'
import type { Descriptor } from '../../services/charging.ts'
import { type Method, method, OK, requireFields } from '../method.ts'
import { RpcError } from '../rpc-error.ts'
import { any, boolean, duration, embedded, map, pointer, struct, type ValueOf } from '../shape.ts'
import { usageRecordShape } from '../shapes/call-cost.ts'
import type { RpcDefaults } from './defaults.ts'
import { bare, type ResponderServices } from './responder.ts'

/** What the methods of usage records ask of the engine. */
export interface UsageServices extends ResponderServices {
  now(): ZonedTime
  /** Usage that is asked for when nobody says how much. */
  defaultUsage(toR: string): bigint
}

type UsageRecord = ValueOf<typeof usageRecordShape>

const withOptions = struct('engine.UsageRecordWithAPIOpts', {
  UsageRecord: embedded(usageRecordShape),
  APIOpts: map(any),
})

/** Usage asked for and debited by records of texts. Reference 03, 6; 04, 13.1. */
export function usageMethods(services: UsageServices, defaults: RpcDefaults): Method[] {
  const { responder, records } = services
  const debit = async (record: UsageRecord, isNegativeAllowed: boolean) => {
    requireFields(record, 'Account', 'Destination', 'Usage')
    const { descriptor, usage } = askedOf(record, services, defaults)
    const mode = isNegativeAllowed ? 'all' : 'covered'
    await records.run((unit) => {
      responder.debit(unit, descriptor, usage, false, { mode })
    })
    return 'OK'
  }
  return [
    method('APIerSv1.GetMaxUsage', {
      summary:
        'The longest usage, up to the one asked for, that an account can pay; -1 when debt is allowed. Errors: ' +
        'MANDATORY_IE_MISSING: [Account] of an empty argument, ACCOUNT_NOT_FOUND, RATING_PLAN_NOT_FOUND, UNAUTHORIZED_DESTINATION.',
      params: withOptions,
      reply: duration,
      run({ UsageRecord: record }) {
        const isEmpty = Object.values(record).every((each) => each === '' || typeof each === 'object')
        if (isEmpty) throw new RpcError('MANDATORY_IE_MISSING: [Account]')
        const { descriptor, usage } = askedOf(record, services, defaults)
        return bare(() => records.run((unit) => responder.maxUsage(unit, descriptor, usage)))
      },
    }),
    method('APIerSv1.DebitUsage', {
      summary:
        'Debits a usage; the account may go negative. Errors: MANDATORY_IE_MISSING, SERVER_ERROR: ACCOUNT_NOT_FOUND and others.',
      params: withOptions,
      reply: OK,
      run: ({ UsageRecord: record }) => debit(record, true),
    }),
    method('APIerSv1.DebitUsageWithOptions', {
      summary: 'Debits a usage; without AllowNegativeAccount what the balances can pay of it. Errors: as DebitUsage.',
      params: struct('v1.AttrDebitUsageWithOptions', {
        UsageRecord: pointer(withOptions),
        AllowNegativeAccount: boolean,
      }),
      reply: OK,
      run: ({ UsageRecord: record, AllowNegativeAccount: isNegativeAllowed }) =>
        debit((record ?? withOptions.zero()).UsageRecord, isNegativeAllowed),
    }),
  ]
}

/** Throws InvalidText. */
function askedOf(
  record: UsageRecord,
  services: UsageServices,
  defaults: RpcDefaults,
): { descriptor: Descriptor; usage: bigint } {
  const now = services.now()
  const timeOf = (text: string) => parseTime(text, defaults.timeZone, now)
  const answered = timeOf(record.AnswerTime)
  const setUp = timeOf(record.SetupTime)
  const started = isZeroTime(answered) ? setUp : answered
  const toR = record.ToR || '*voice'
  const usage = record.Usage === '' ? services.defaultUsage(toR) : parseDuration(record.Usage)
  const descriptor: Descriptor = {
    tenant: record.Tenant || defaults.tenant,
    category: record.Category || defaults.category,
    account: record.Account,
    subject: record.Subject || record.Account,
    destination: record.Destination,
    toR,
    balanceFactorId: record.ExtraFields['BalanceFactorID'] ?? '',
    timeStart: isZeroTime(started) ? now : started,
    loopIndex: 0,
    durationIndex: usage,
    maxCostSoFar: Decimal.ZERO,
    forceDuration: false,
  }
  return { descriptor, usage }
}
