import type { Evaluations } from '../core/evaluations.ts'
import { eventJson } from '../core/event-values.ts'
import { MappingError } from '../mapping/value.ts'
import type { RpcClient } from '../rpc/client/connections.ts'
import { errorText } from '../rpc/method.ts'
import type { ResourceCaller } from '../services/resources/caller.ts'
import { ResourceRefused } from '../services/resources/resources.ts'
import { wireOf } from './event-services.ts'

export type ResourceCallerParts = {
  readonly evaluations: Evaluations
  /** A client over connections, those of this process among them. */
  readonly client: (conns: readonly string[]) => RpcClient
}

/**
 * ResourceS behind connections, for units of work: a unit that asks runs again with the answer, so that each call is made once, and is durable
 * before what builds on it.
 */
export function resourceCaller(conns: readonly string[], { evaluations, client }: ResourceCallerParts): ResourceCaller {
  return {
    call(call, event) {
      const method = `ResourceSv1.${call}`
      // Without id and time: they may be others when it is asked again.
      const { tenant, event: fields, apiOpts } = event
      const question = `${conns.join()} ${method} ${tenant} ${eventJson([fields, apiOpts])}`
      const answer = evaluations.ask(question, async () => {
        // The unit that asks is over before the call is made.
        await undefined
        try {
          return {
            message: String(
              await client(conns).call(method, wireOf({ ...event, id: event.id || String(apiOpts['*rsUsageID']) })),
            ),
          }
        } catch (cause) {
          throw new ResourceRefused(errorText(cause))
        }
      })
      if (answer === undefined) throw new MappingError(`${method} cannot be asked here: nothing waits for it`)
      return answer.message
    },
  }
}
