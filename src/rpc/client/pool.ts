import { RpcError } from '../rpc-error.ts'
import { isFailover, isOutcomeUnknown, NetworkError } from './errors.ts'
import type { CallOptions, Host } from './host.ts'
import type { Strategy } from './settings.ts'

/** What of the outcome of a call is not asked for any more. */
const ignore = () => undefined

/** The hosts of one connection id, called by its strategy. Reference 01, 3.3. */
export class Pool {
  readonly #strategy: Strategy
  readonly #hosts: readonly Host[]
  readonly #random: () => number
  #next = 0

  /** hosts: those with an address, in order. random: 0 inclusive to 1 exclusive. */
  constructor(strategy: Strategy, hosts: readonly Host[], random: () => number) {
    this.#strategy = strategy
    this.#hosts = hosts
    this.#random = random
  }

  /**
   * Calls a method; null where the strategy does not wait for an answer. options.isLast: no other pool is asked after this one.
   * Throws RpcError, NetworkError.
   */
  async call(method: string, argument: unknown, options: CallOptions): Promise<unknown> {
    const [first] = this.#hosts
    if (first === undefined) throw new NetworkError('DISCONNECTED')
    const { repeats } = options
    const all = () => this.#hosts.map((host) => host.call(method, argument, { isLast: true, repeats }))
    switch (this.#strategy) {
      case '*first':
        return inOrder(this.#hosts, method, argument, options, isFailover)
      case '*next':
        return inOrder(this.#rotated(), method, argument, options, isFailover)
      case '*random':
        return inOrder(this.#shuffled(), method, argument, options, isFailover)
      case '*first_positive':
        return inOrder(this.#hosts, method, argument, options, () => true)
      case '*first_positive_async':
        return firstSuccess(all())
      case '*broadcast':
        return firstAnswer(all())
      case '*broadcast_sync':
        return everyAnswer(all())
      case '*broadcast_async':
        for (const answer of all()) void answer.catch(ignore)
        return null
      case '*async':
        void inOrder(this.#hosts, method, argument, options, isFailover).catch(ignore)
        return null
      case '*parallel':
        return first.call(method, argument, { isLast: true, repeats })
    }
  }

  close(): void {
    for (const host of this.#hosts) host.close()
  }

  #rotated(): readonly Host[] {
    const start = this.#next++ % this.#hosts.length
    return [...this.#hosts.slice(start), ...this.#hosts.slice(0, start)]
  }

  #shuffled(): readonly Host[] {
    const hosts = [...this.#hosts]
    for (let i = hosts.length - 1; i > 0; i--) {
      const j = Math.floor(this.#random() * (i + 1))
      const [a, b] = [hosts[i], hosts[j]]
      if (a !== undefined && b !== undefined) [hosts[i], hosts[j]] = [b, a]
    }
    return hosts
  }
}

async function inOrder(
  hosts: readonly Host[],
  method: string,
  argument: unknown,
  { isLast, repeats }: CallOptions,
  goesOn: (cause: unknown) => boolean,
): Promise<unknown> {
  let last: unknown
  for (const [i, host] of hosts.entries()) {
    try {
      return await host.call(method, argument, { isLast: isLast && i === hosts.length - 1, repeats })
    } catch (cause) {
      if (!goesOn(cause) || (repeats === 'never' && isOutcomeUnknown(cause))) throw cause
      last = cause
    }
  }
  throw last
}

async function firstSuccess(answers: readonly Promise<unknown>[]): Promise<unknown> {
  let first: { cause: unknown } | undefined
  const noting = answers.map((answer) =>
    answer.catch((cause: unknown) => {
      first ??= { cause }
      throw cause
    }),
  )
  return Promise.any(noting).catch(() => {
    throw first?.cause
  })
}

/** The first result or error that is an answer. */
async function firstAnswer(answers: readonly Promise<unknown>[]): Promise<unknown> {
  const settled = answers.map((answer) =>
    answer.then(
      (result) => ({ result }),
      (cause: unknown) => {
        if (isFailover(cause)) throw cause
        return { cause }
      },
    ),
  )
  const outcome = await Promise.any(settled).catch(() => ({ cause: new RpcError('DISCONNECTED') }))
  if ('cause' in outcome) throw outcome.cause
  return outcome.result
}

async function everyAnswer(answers: readonly Promise<unknown>[]): Promise<unknown> {
  const outcomes = await Promise.allSettled(answers)
  const [first] = outcomes
  if (first?.status === 'fulfilled' && outcomes.every(({ status }) => status === 'fulfilled')) return first.value
  const causes = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []))
  if (causes.length === outcomes.length && causes.every(isFailover)) throw causes.at(-1)
  throw new RpcError('PARTIALLY_EXECUTED')
}
