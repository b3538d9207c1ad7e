import { accountKey } from '../../accounting/account.ts'
import { accountKind } from '../../accounting/account-record.ts'
import { accountWire } from '../../accounting/account-wire.ts'
import { readBoolean } from '../../accounting/action.ts'
import { type CostOwner, callCostWire } from '../../accounting/call-cost-wire.ts'
import type { MaxRate } from '../../accounting/max-usage.ts'
import type { Credit } from '../../accounting/refund.ts'
import { Decimal } from '../../core/decimal.ts'
import { formatDuration } from '../../core/duration.ts'
import type { EventFields } from '../../core/event.ts'
import { valueText } from '../../core/event-values.ts'
import { formatTime, isZeroTime, ZERO_TIME } from '../../core/time.ts'
import type { CallCost } from '../../rating/call-cost.ts'
import type { Descriptor } from '../../services/charging.ts'
import { SessionRefused } from '../../services/errors.ts'
import type { Responder } from '../../services/responder.ts'
import { KeyReused, type OutcomeKeys, onceIn } from '../../sessions/once.ts'
import type { Records, Unit } from '../../store/unit-of-work.ts'
import { type Method, method } from '../method.ts'
import { plainly } from '../plainly.ts'
import { IDEMPOTENCY_KEY, RpcError } from '../rpc-error.ts'
import { any, duration, embedded, map, type Shape, struct, text, type ValueOf } from '../shape.ts'
import { accountShape } from '../shapes/account.ts'
import { callCostShape, callDescriptorShape } from '../shapes/call-cost.ts'
import { cdrShape } from '../shapes/cdr.ts'
import { tenantShape } from '../shapes/event.ts'
import type { RpcDefaults } from './defaults.ts'

/** What the methods of rating and debiting ask of the engine. */
export interface ResponderServices {
  responder: Responder
  records: Pick<Records, 'run'>
  /** Where the outcome of a call with an idempotency key is kept. */
  chargeKeys(key: string): OutcomeKeys
  /** The process is to end. */
  askToStop(): void
}

const cdrWithOptionsShape = struct('engine.CDRWithAPIOpts', { CDR: embedded(cdrShape), APIOpts: map(any) })

type Call = ValueOf<typeof callDescriptorShape>
type Asked = { call: Call; descriptor: Descriptor; usage: bigint; owner: CostOwner }

/** Rating and debits by call descriptor; each is one unit of work, answered after its commit. Reference 03, 6; 04, 5. */
export function responderMethods(services: ResponderServices, defaults: RpcDefaults): Method[] {
  const { responder, records } = services
  /** Under a key it takes effect once. whose: whom it charges. */
  const inUnit = async <R>(
    name: string,
    whose: CostOwner,
    { [IDEMPOTENCY_KEY]: key }: EventFields,
    work: (unit: Unit) => R,
  ): Promise<R> => {
    if (key === undefined) return bare(() => records.run(work))
    const call = `Responder.${name} ${accountKey(whose.tenant, whose.account || whose.subject)}`
    const keys = services.chargeKeys(valueText(key))
    const outcome = await records
      .run((unit) => onceIn<R, { result: R }>(unit, call, keys, refusal, () => ({ result: work(unit) })).result)
      .catch((cause: unknown) => {
        throw cause instanceof KeyReused ? new RpcError(cause.message) : cause
      })
    if ('error' in outcome) throw new RpcError(outcome.error)
    return outcome.result
  }
  const ofCall = (
    name: string,
    summary: string,
    reply: Shape,
    run: (asked: Asked, unit: Unit) => unknown,
    category = '',
  ): Method =>
    method(`Responder.${name}`, {
      summary,
      params: callDescriptorShape,
      reply,
      run(call) {
        const asked = askedOf(call, defaults.tenant, category)
        if (asked.usage < 0n) throw new RpcError(`negative usage: ${formatDuration(asked.usage)}`)
        return inUnit(name, asked.owner, call.APIOpts, (unit) => run(asked, unit))
      },
    })
  const costWire = (callCost: CallCost, { owner, usage }: Asked) =>
    callCostWire(callCost, { ...owner, toR: usage > 0n ? owner.toR || '*voice' : owner.toR })
  const ofRefund = (name: string, summary: string, sign: 1 | -1): Method =>
    method(`Responder.${name}`, {
      summary,
      params: callDescriptorShape,
      reply: accountShape,
      run(call) {
        const { owner } = askedOf(call, defaults.tenant, '')
        const { tenant, account: id } = owner
        const key = accountKey(tenant, id)
        const credits = creditsOf(call, sign)
        return inUnit(name, owner, call.APIOpts, (unit) => {
          responder.credit(unit, owner, credits)
          const account = credits.some(({ accountId }) => accountId === key) ? unit.get(accountKind, key) : undefined
          return account === undefined ? NO_ACCOUNT : accountWire(account)
        })
      },
    })
  return [
    ofCall(
      'GetCost',
      `What a usage costs; no account is needed. ${RATING_ERRORS}`,
      callCostShape,
      (asked) => {
        const { descriptor, usage } = asked
        const durationIndex = descriptor.durationIndex < usage ? usage : descriptor.durationIndex
        return costWire(responder.rate({ ...descriptor, durationIndex }, usage), asked)
      },
      defaults.category,
    ),
    ofCall(
      'Debit',
      `Debits all of a usage; without DenyNegativeAccount the rest goes to *default. ${DEBIT_ERRORS}`,
      callCostShape,
      (asked, unit) => {
        const { call, descriptor, usage } = asked
        const { PerformRounding: isRounded, DenyNegativeAccount: isDenied, DryRun: isDry } = call.CallDescriptor
        const mode = isDenied ? 'covered' : 'all'
        const how = { mode, isDry: isDry || isDryRun(call) } as const
        return costWire(responder.debit(unit, descriptor, usage, isRounded, how), asked)
      },
    ),
    ofCall(
      'MaxDebit',
      `Debits what the account can pay of a usage. ${DEBIT_ERRORS}, INSUFFICIENT_CREDIT with ForceDuration.`,
      callCostShape,
      (asked, unit) => {
        const { descriptor, usage, call } = asked
        const paid = responder.maxDebit(unit, descriptor, usage, maxRateOf(call))
        // What could not be rated is refused, also when there is nothing of it.
        if (usage === 0n) responder.price({ ...descriptor, durationIndex: 1n }, 1n)
        return costWire(paid, asked)
      },
    ),
    ofCall(
      'GetMaxSessionTime',
      `The longest usage, up to the one asked for, that can be paid without debt; -1 when debt is allowed. ${DEBIT_ERRORS}`,
      duration,
      ({ call, descriptor, usage }, unit) => responder.maxUsage(unit, descriptor, usage, maxRateOf(call)),
    ),
    ofRefund(
      'RefundIncrements',
      'Gives back what paid the increments; the account, or an empty one when it got nothing.',
      1,
    ),
    ofRefund(
      'RefundRounding',
      'Takes the costs of rounding increments from the money that paid; the account, or an empty one when nothing was taken.',
      -1,
    ),
    method('Responder.DebitMonetary', {
      summary:
        'Debits the cost that a CDR brings from money alone, without rating it. Errors: MANDATORY_IE_MISSING: [Account], ACCOUNT_NOT_FOUND, ACCOUNT_DISABLED.',
      params: cdrWithOptionsShape,
      reply: callCostShape,
      run({ CDR: cdr, APIOpts: options }) {
        const { owner, descriptor } = askedOfCdr(cdr, defaults)
        return inUnit('DebitMonetary', owner, options, (unit) =>
          callCostWire(responder.directDebit(unit, descriptor, cdr.Usage, cdr.Cost), owner),
        )
      },
    }),
    method('Responder.Shutdown', {
      summary: 'Stops the process, as SIGTERM does.',
      params: tenantShape,
      reply: text,
      run() {
        services.askToStop()
        return 'Done!'
      },
    }),
  ]
}

const RATING_ERRORS =
  'Errors: MANDATORY_IE_MISSING: [CallDescriptor], RATING_PLAN_NOT_FOUND, UNAUTHORIZED_DESTINATION, MAX_USAGE_EXCEEDED'
const DEBIT_ERRORS = `${RATING_ERRORS}, ACCOUNT_NOT_FOUND, ACCOUNT_DISABLED`

const NO_ACCOUNT = {
  ID: '',
  BalanceMap: null,
  UnitCounters: null,
  ActionTriggers: null,
  AllowNegative: false,
  Disabled: false,
  UpdateTime: formatTime(ZERO_TIME),
}

/** Refusals of charging come to the client as they are. */
export async function bare<R>(work: () => Promise<R>): Promise<R> {
  try {
    return await work()
  } catch (cause) {
    if (cause instanceof SessionRefused) throw new RpcError(cause.message)
    throw cause
  }
}

/** What a caller is told, and told again. Throws what is no refusal. */
function refusal(cause: unknown): string {
  if (cause instanceof SessionRefused || cause instanceof RpcError) return cause.message
  throw cause
}

/** category: that of calls that name none. Throws RpcError MANDATORY_IE_MISSING when nothing is said. */
function askedOf(call: Call, defaultTenant: string, category: string): Asked {
  const said = call.CallDescriptor
  const isEmpty =
    isZeroTime(said.TimeStart) &&
    isZeroTime(said.TimeEnd) &&
    said.Increments.length === 0 &&
    [said.Tenant, said.Category, said.Account, said.Subject, said.Destination, said.ToR].every((each) => each === '')
  if (isEmpty) throw new RpcError('MANDATORY_IE_MISSING: [CallDescriptor]')
  const usage = said.TimeEnd.ns - said.TimeStart.ns
  const owner = {
    category: said.Category || category,
    tenant: said.Tenant || defaultTenant,
    subject: said.Subject || said.Account,
    account: said.Account,
    destination: said.Destination,
    toR: said.ToR,
  }
  const descriptor: Descriptor = {
    ...owner,
    toR: said.ToR || '*voice',
    balanceFactorId: said.ExtraFields['BalanceFactorID'] ?? '',
    timeStart: said.TimeStart,
    loopIndex: said.LoopIndex,
    durationIndex: said.DurationIndex,
    maxCostSoFar: said.MaxCostSoFar,
    forceDuration: said.ForceDuration,
  }
  return { call, descriptor, usage, owner }
}

/** Throws RpcError for a CDR that names no account, or a cost or usage below zero. */
function askedOfCdr(
  cdr: ValueOf<typeof cdrShape>,
  { tenant, category }: Pick<RpcDefaults, 'tenant' | 'category'>,
): Pick<Asked, 'descriptor' | 'owner'> {
  if (cdr.Account === '' && cdr.Subject === '') throw new RpcError('MANDATORY_IE_MISSING: [Account]')
  if (cdr.Cost.isNegative) throw new RpcError(`negative cost: ${cdr.Cost}`)
  if (cdr.Usage < 0n) throw new RpcError(`negative usage: ${formatDuration(cdr.Usage)}`)
  const owner = {
    category: cdr.Category || category,
    tenant: cdr.Tenant || tenant,
    subject: cdr.Subject || cdr.Account,
    account: cdr.Account,
    destination: cdr.Destination,
    toR: cdr.ToR || '*voice',
  }
  const timeStart = isZeroTime(cdr.AnswerTime) ? cdr.SetupTime : cdr.AnswerTime
  const first = { loopIndex: 0, durationIndex: cdr.Usage, maxCostSoFar: Decimal.ZERO, forceDuration: false }
  return { owner, descriptor: { ...owner, ...first, timeStart, balanceFactorId: '' } }
}

/** Throws RpcError with the text of a flag that is none. */
function isDryRun({ APIOpts: options }: Call): boolean {
  const flag = options['*ralsDryRun']
  return flag !== undefined && plainly(() => readBoolean(valueText(flag)))
}

function maxRateOf({ CallDescriptor: { MaxRate: price, MaxRateUnit: unit } }: Call): MaxRate | undefined {
  return price.isPositive && unit > 0n ? { price, unit } : undefined
}

/** What increments gave to or took from balances. sign: -1 for rounding, whose positive costs are taken. */
function creditsOf({ CallDescriptor: { Increments: increments } }: Call, sign: 1 | -1): Credit[] {
  return increments.flatMap(({ Duration: usage, Cost: cost, BalanceInfo: paid, CompressFactor: copies }) => {
    if (paid === null) return []
    const { Unit: unit, Monetary: monetary, AccountID: accountId } = paid
    const count = BigInt(Math.max(copies, 1) * sign)
    const credits: Credit[] = []
    if (unit !== null && sign === 1) {
      const consumed = unit.Factor.isZero ? Decimal.of(usage) : unit.Factor.timesInteger(usage)
      credits.push({ accountId, balanceUuid: unit.UUID, amount: consumed.timesInteger(count) })
    }
    if (monetary !== null)
      credits.push({
        accountId: monetary.AccountID || accountId,
        balanceUuid: monetary.UUID,
        amount: cost.timesInteger(count),
      })
    return credits
  })
}
