import { accountWire } from '../accounting/account-wire.ts'
import type { Cdr } from '../cdrs/cdr.ts'
import { fieldText } from '../core/event-values.ts'
import { formatTime } from '../core/time.ts'
import { eventCostWire } from '../rating/event-cost-wire.ts'
import type { Session } from '../sessions/session.ts'
import { type CostDefaults, type CostServices, getCost } from './cost-methods.ts'
import { RpcError } from './rpc-error.ts'

export type Methods = ReadonlyMap<string, (params: Record<string, unknown>) => Promise<unknown>>

/** What the methods ask of the engine. */
export interface RpcServices extends CostServices {
  account(tenant: string, id: string): Promise<Parameters<typeof accountWire>[0] | undefined>
  activeSessions(): Promise<Session[]>
  findCdrs(query: Record<string, unknown>): Promise<{ orderId: number; cdr: Cdr }[]>
  tariff: { load(folder: string): Promise<unknown> }
}

/** The methods of this version, by name. Parameters come with lower-case keys. Reference 01, 9. */
export function buildMethods(services: RpcServices, defaults: CostDefaults): Methods {
  const tenantOf = (params: Record<string, unknown>) => text(params, 'tenant') || defaults.tenant
  return new Map<string, (params: Record<string, unknown>) => Promise<unknown>>([
    ['CoreSv1.Ping', async () => 'Pong'],
    [
      'APIerSv2.GetAccount',
      async (params) => {
        const id = text(params, 'account')
        if (id === '') throw new RpcError('MANDATORY_IE_MISSING: [Account]')
        const account = await services.account(tenantOf(params), id)
        if (account === undefined) throw new RpcError('NOT_FOUND')
        return accountWire(account)
      },
    ],
    [
      'SessionSv1.GetActiveSessions',
      async (params) => {
        const runs = (await services.activeSessions()).flatMap(sessionWire)
        const limit = Number(params['limit'] ?? 0)
        if (runs.length === 0) throw new RpcError('NOT_FOUND')
        return limit > 0 ? runs.slice(0, limit) : runs
      },
    ],
    [
      'SessionSv1.GetActiveSessionsCount',
      async () => (await services.activeSessions()).flatMap(({ runs }) => runs).length,
    ],
    [
      'CDRsV1.GetCDRs',
      async (params) => {
        const found = await services.findCdrs({
          cgrIds: texts(params, 'cgrids'),
          runIds: texts(params, 'runids'),
          tenants: texts(params, 'tenants'),
          accounts: texts(params, 'accounts'),
          originIds: texts(params, 'originids'),
          requestTypes: texts(params, 'requesttypes'),
          toRs: texts(params, 'tors'),
          limit: params['limit'] ?? undefined,
          offset: params['offset'] ?? undefined,
        })
        if (found.length === 0) throw new RpcError('SERVER_ERROR: NOT_FOUND')
        return found.map(({ orderId, cdr }) => cdrWire(orderId, cdr, defaults.roundingDecimals))
      },
    ],
    ['APIerSv1.GetCost', async (params) => getCost(services, defaults, params)],
    [
      'APIerSv1.LoadTariffPlanFromFolder',
      async (params) => {
        const folder = text(params, 'folderpath')
        if (folder === '') throw new RpcError('MANDATORY_IE_MISSING: [FolderPath]')
        await services.tariff.load(folder)
        return 'OK'
      },
    ],
  ])
}

function text(params: Record<string, unknown>, name: string): string {
  const value = params[name]
  return typeof value === 'string' ? value : ''
}

function texts(params: Record<string, unknown>, name: string): string[] {
  const value = params[name]
  return Array.isArray(value) ? value.map(String) : []
}

/** Reference 05, 8 (internal form). */
function cdrWire(orderId: number, cdr: Cdr, decimals: number): Record<string, unknown> {
  return {
    CGRID: cdr.cgrId,
    RunID: cdr.runId,
    OrderID: orderId,
    OriginHost: cdr.originHost,
    Source: cdr.source,
    OriginID: cdr.originId,
    ToR: cdr.toR,
    RequestType: cdr.requestType,
    Tenant: cdr.tenant,
    Category: cdr.category,
    Account: cdr.account,
    Subject: cdr.subject,
    Destination: cdr.destination,
    SetupTime: formatTime(cdr.setupTime),
    AnswerTime: formatTime(cdr.answerTime),
    Usage: cdr.usage,
    ExtraFields: cdr.extraFields,
    ExtraInfo: cdr.extraInfo,
    Partial: false,
    PreRated: false,
    CostSource: cdr.costSource,
    Cost: cdr.cost,
    CostDetails: cdr.costDetails === undefined ? null : eventCostWire(cdr.costDetails, decimals),
  }
}

/** Reference 05, 7.9. */
function sessionWire({ cgrId, originId, originHost, runs }: Session): Record<string, unknown>[] {
  return runs.map(({ runId, event, descriptor, quota, requestType }) => ({
    CGRID: cgrId,
    RunID: runId,
    ToR: descriptor.toR,
    OriginID: originId,
    OriginHost: originHost,
    Source: `SessionS_${fieldText(event, 'EventName')}`,
    RequestType: requestType,
    Tenant: descriptor.tenant,
    Category: descriptor.category,
    Account: descriptor.account,
    Subject: descriptor.subject,
    Destination: descriptor.destination,
    SetupTime: fieldText(event, 'SetupTime'),
    AnswerTime: fieldText(event, 'AnswerTime'),
    Usage: quota.total,
    LoopIndex: descriptor.loopIndex,
    DurationIndex: descriptor.durationIndex,
    MaxCostSoFar: descriptor.maxCostSoFar,
  }))
}
