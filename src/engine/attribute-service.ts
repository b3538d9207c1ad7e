import { leadElsewhere } from '../config/checks/connections.ts'
import type { Config } from '../config/schema.ts'
import type { Evaluations } from '../core/evaluations.ts'
import type { ChargingEvent } from '../core/event.ts'
import { MappingError } from '../mapping/value.ts'
import type { RpcClient } from '../rpc/client/connections.ts'
import { attributeProfileOf } from '../rpc/shapes/attribute-profile.ts'
import { attributedOf } from '../rpc/shapes/attributed.ts'
import { type AttributeDependencies, type AttributeSettings, Attributes } from '../services/attributes/attributes.ts'
import { type AttributeCaller, type Attributed, AttributesRefused } from '../services/attributes/caller.ts'
import { indexOptions, type ProfileState } from './profile-state.ts'

export type AttributeServiceParts = Omit<AttributeDependencies, 'newSet' | 'compileFilters'> & {
  profiles: ProfileState
  evaluations: Evaluations
  /** A client over connections. */
  client: (conns: readonly string[]) => RpcClient
}

/** AttributeS of this process while its section is on, and the way to that of others. */
export class AttributeService {
  readonly attributes: Attributes
  readonly #parts: AttributeServiceParts
  #config: Config
  #isRunning = false

  constructor(config: Config, parts: AttributeServiceParts) {
    const { profiles } = parts
    this.#parts = parts
    this.#config = config
    this.attributes = new Attributes(settingsOf(config), {
      ...parts,
      newSet: (options) => profiles.newSet(options),
      compileFilters: (ids) => profiles.compileFilters(ids),
    })
    this.configure(config)
  }

  /** Starts, changes or stops the service. */
  configure(config: Config): void {
    this.#config = config
    const { attributes } = this
    const { table } = this.#parts.profiles.stores.AttributeProfile
    attributes.configure(settingsOf(config))
    if (config.attributes.enabled === this.#isRunning) return
    this.#isRunning = config.attributes.enabled
    if (!this.#isRunning) {
      table.follow(undefined)
      attributes.clear()
      return
    }
    table.follow({
      put: (profile) => attributes.put(attributeProfileOf(profile)),
      delete: (tenant, id) => attributes.delete(tenant, id),
      filterChanged: (tenant, id) => attributes.filterChanged(tenant, id),
    })
  }

  /** AttributeS behind connections; undefined: there are none. */
  caller(conns: readonly string[]): AttributeCaller | undefined {
    if (conns.length === 0) return undefined
    if (!leadElsewhere(this.#config, 'attributes', conns)) return this.attributes
    return { process: (event) => this.#ask(conns, event) }
  }

  /** Asks another process. The question is the event without its id and time: they may be others when it is asked again. */
  #ask(conns: readonly string[], event: ChargingEvent): Attributed | undefined {
    const { evaluations, client } = this.#parts
    const { tenant, id, event: fields, apiOpts } = event
    const argument = { Tenant: tenant, ID: id, Event: fields, APIOpts: apiOpts }
    const question = `${conns.join()} ${PROCESS_EVENT} ${tenant} ${JSON.stringify([fields, apiOpts], plainJson)}`
    const answer = evaluations.ask(question, async () => {
      try {
        return { done: attributedOf(await client(conns).call(PROCESS_EVENT, argument), event) }
      } catch (cause) {
        if (!(cause instanceof Error)) throw cause
        if (cause.message === 'NOT_FOUND') return { done: undefined }
        throw new AttributesRefused(cause.message)
      }
    })
    if (answer === undefined) throw new MappingError(`${PROCESS_EVENT} cannot be asked here: nothing waits for it`)
    return answer.done
  }
}

const PROCESS_EVENT = 'AttributeSv1.ProcessEvent'

function plainJson(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}

/** What the configuration says to AttributeS. Reference 01, 4.5. */
function settingsOf({ attributes, general }: Config): AttributeSettings {
  const { opts } = attributes
  return {
    indexes: indexOptions(attributes),
    anyContext: attributes.any_context,
    profileIds: opts['*profileIDs'],
    profileRuns: opts['*profileRuns'],
    processRuns: opts['*processRuns'],
    ignoresFilters: opts['*profileIgnoreFilters'],
    context: opts['*context'] ?? '',
    roundingDecimals: general.rounding_decimals,
  }
}
