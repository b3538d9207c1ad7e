import type { Account } from '../accounting/account.ts'
import { ACCOUNT_READER } from '../accounting/account-reader.ts'
import { leadElsewhere } from '../config/checks/connections.ts'
import type { Config } from '../config/schema.ts'
import type { Evaluations } from '../core/evaluations.ts'
import type { EventFields, EventValue } from '../core/event.ts'
import type { ServiceContainer, ServiceLookup } from '../filters/service-containers.ts'
import type { AccountRead } from '../filters/sides.ts'
import { MappingError } from '../mapping/value.ts'
import type { RpcClient } from '../rpc/client/connections.ts'
import { errorText } from '../rpc/method.ts'
import { accountOf } from '../rpc/methods/replication/accounts.ts'
import { accountShape } from '../rpc/shapes/account.ts'

/** Connections by what they are for: those of the section `filters`, or of `attributes`. */
export type ServiceConns = Readonly<
  Partial<
    Record<'apiers_conns' | 'stats_conns' | 'resources_conns' | 'trends_conns' | 'rankings_conns', readonly string[]>
  >
>

/** The call that tells of one item, and whom it goes to. Reference 02, 6.5. */
const CALLS: Readonly<Record<ServiceContainer, { method: string; conns: keyof ServiceConns }>> = {
  '*resources': { method: 'ResourceSv1.GetResourceWithConfig', conns: 'resources_conns' },
  '*stats': { method: 'StatSv1.GetQueueFloatMetrics', conns: 'stats_conns' },
  '*trends': { method: 'TrendSv1.GetTrendSummary', conns: 'trends_conns' },
  '*rankings': { method: 'RankingSv1.GetRankingSummary', conns: 'rankings_conns' },
}

export type ServiceValueOptions = {
  evaluations: Evaluations
  /** A client over connections, those of this process among them. */
  client: (conns: readonly string[]) => RpcClient
  /** Read at each question. */
  config: () => Config
  conns: (config: Config) => ServiceConns
  /** An account of this process. */
  findAccount: (tenant: string, id: string) => Account | undefined
}

/** What filters ask of other services, once for each request that is served, however many rules read it. Reference 02, 6.5. */
export class ServiceValues {
  readonly #options: ServiceValueOptions

  constructor(options: ServiceValueOptions) {
    this.#options = options
  }

  readonly service: ServiceLookup = (container, tenant, id) => {
    const { method, conns } = CALLS[container]
    const read = (reply: unknown) => reply as EventFields
    return this.#ask(this.#conns(conns), method, { Tenant: tenant, ID: id }, read)
  }

  /** `~*accounts`: accounts of this process are read as they are, those of another one are asked for. */
  readonly accounts = (path: string): AccountRead => {
    const read = ACCOUNT_READER.compileRequestPath(path)
    return (tenant, id, now) => {
      const conns = this.#conns('apiers_conns')
      const account = leadElsewhere(this.#options.config(), 'apiers', conns)
        ? this.#ask(conns, 'APIerSv2.GetAccount', { Tenant: tenant, Account: id }, (reply) =>
            accountOf(accountShape.decode(reply), Number(now.ns / 1_000_000n)),
          )
        : this.#options.findAccount(tenant, id)
      return account === undefined ? undefined : read({ account, now })
    }
  }

  /** Throws MappingError when there are none. */
  #conns(name: keyof ServiceConns): readonly string[] {
    const { config, conns } = this.#options
    const ids = conns(config())[name] ?? []
    if (ids.length === 0) throw new MappingError('MANDATORY_IE_MISSING: [connIDs]')
    return ids
  }

  /** Undefined: NOT_FOUND, wherever it was answered. Throws Later, MappingError. */
  #ask<R>(
    conns: readonly string[],
    method: string,
    argument: Readonly<Record<string, EventValue>>,
    read: (reply: unknown) => R,
  ): R | undefined {
    const { evaluations, client } = this.#options
    const answer = evaluations.ask(`${conns.join()} ${method} ${JSON.stringify(argument)}`, async () => {
      try {
        return { found: read(await client(conns).call(method, argument)) }
      } catch (cause) {
        const message = errorText(cause)
        if (message === 'NOT_FOUND') return { found: undefined }
        throw new MappingError(cause instanceof Error ? cause.message : message)
      }
    })
    if (answer === undefined) throw new MappingError(`${method} cannot be asked here: nothing waits for it`)
    return answer.found
  }
}
