import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Engine, EngineOptions } from '../engine/engine.ts'
import type { RpcServer } from '../engine/rpc-server.ts'

/** Names of CC-Request-Type; 0 is every other request, and what is refused unread. RFC 8506, 8.3. */
const REQUESTS = ['other', 'CCR-I', 'CCR-U', 'CCR-T', 'CCR-E'] as const

/** What `/metrics` shows, in Prometheus form. Counting costs the request path an addition; names and texts are made when asked for. */
export class Metrics {
  readonly #registry = new Registry()
  readonly #requests = new Float64Array(REQUESTS.length)
  readonly #answers = new Map<number, number>()
  /** What the engine calls for each request and answer. */
  readonly hooks: Required<Pick<EngineOptions, 'received' | 'observe'>>

  constructor() {
    collectDefaultMetrics({ register: this.#registry })
    const latency = new Histogram({
      name: 'tollgate_diameter_latency_seconds',
      help: 'Time from a Diameter request to its answer',
      buckets: [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 10],
      registers: [this.#registry],
    })
    this.hooks = {
      received: (requestType) => {
        const known = requestType < REQUESTS.length ? requestType : 0
        this.#requests[known] = (this.#requests[known] ?? 0) + 1
      },
      observe: (resultCode, latencyNs) => {
        this.#answers.set(resultCode, (this.#answers.get(resultCode) ?? 0) + 1)
        latency.observe(Number(latencyNs) / 1e9)
      },
    }
    this.#counter('tollgate_diameter_requests_total', 'Diameter requests by kind', 'request', () =>
      REQUESTS.map((name, type) => [name, this.#requests[type] ?? 0]),
    )
    this.#counter('tollgate_diameter_answers_total', 'Diameter answers by Result-Code', 'result_code', () =>
      [...this.#answers].map(([resultCode, count]) => [String(resultCode), count]),
    )
  }

  /** Adds what an engine knows of itself. */
  watch(engine: Engine): void {
    this.#total('tollgate_commits_total', 'Commits of sessions, accounts and CDRs', () => engine.records.commits.begun)
    const { eventServices } = engine
    this.#total(
      'tollgate_stat_events_total',
      'Events that queues of statistics took',
      () => eventServices.stats?.stats.counts.events ?? 0,
    )
    this.#total(
      'tollgate_stat_failures_total',
      'Values of events that metrics could not count',
      () => eventServices.stats?.stats.counts.failures ?? 0,
    )
    const ofThresholds: readonly ['hits' | 'runs' | 'failures', string][] = [
      ['hits', 'Hits of thresholds'],
      ['runs', 'Runs that hits of thresholds set off'],
      ['failures', 'Action sets and exports of thresholds that failed'],
    ]
    for (const [count, help] of ofThresholds)
      this.#total(
        `tollgate_threshold_${count}_total`,
        help,
        () => eventServices.thresholds?.thresholds.counts[count] ?? 0,
      )
    this.#total(
      'tollgate_units_overtaken_total',
      'Commits that were made again because another engine that shares the store was first',
      () => engine.records.commits.overtaken,
    )
    this.#total(
      'tollgate_resource_allocations_total',
      'Usages of resources that were recorded',
      () => eventServices.resources?.resources.counts.allocations ?? 0,
    )
    this.#total(
      'tollgate_resource_refusals_total',
      'Events for which no resource had room',
      () => eventServices.resources?.resources.counts.refusals ?? 0,
    )
    const gauges: readonly [string, string, () => number][] = [
      ['tollgate_stat_queues', 'Queues of statistics', () => eventServices.stats?.stats.size ?? 0],
      ['tollgate_resources', 'Resources', () => eventServices.resources?.resources.size ?? 0],
      ['tollgate_resource_usages', 'Usages of all resources', () => eventServices.resources?.resources.usages ?? 0],
      ['tollgate_thresholds', 'Thresholds', () => eventServices.thresholds?.thresholds.size ?? 0],
      ['tollgate_diameter_peers', 'Open Diameter peers', () => engine.openPeers],
      ['tollgate_diameter_requests_waiting', 'Diameter requests without an answer yet', () => engine.requestsInFlight],
      [
        'tollgate_sessions',
        'Charging sessions in the store, one per rating group',
        () => engine.store.count('session'),
      ],
      ['tollgate_accounts', 'Accounts in the store', () => engine.store.count('account')],
      [
        'tollgate_commits_waiting',
        'Commits that are not on disk yet',
        () => engine.records.commits.begun - engine.records.commits.settled,
      ],
      ['tollgate_cdrs_waiting', 'CDRs that some target has not taken yet', () => engine.store.count('outbox')],
      [
        'tollgate_failed',
        '1 when the store has failed and nothing is charged any more',
        () => (engine.failure === undefined ? 0 : 1),
      ],
    ]
    for (const [name, help, read] of gauges) {
      new Gauge({
        name,
        help,
        registers: [this.#registry],
        collect() {
          this.set(read())
        },
      })
    }
  }

  /** Adds what the listeners of RPC count. */
  watchRpc({ dispatcher, listeners }: RpcServer): void {
    const counts = (of: 'calls' | 'errors') => () =>
      [...dispatcher.counts].map(([listener, counted]): [string, number] => [listener, counted[of]])
    this.#counter('tollgate_rpc_calls_total', 'RPC calls by listener', 'listener', counts('calls'))
    this.#counter(
      'tollgate_rpc_errors_total',
      'RPC calls that were answered with an error',
      'listener',
      counts('errors'),
    )
    new Gauge({
      name: 'tollgate_rpc_connections',
      help: 'Open connections of RPC listeners',
      labelNames: ['listener'],
      registers: [this.#registry],
      collect() {
        for (const [listener, count] of listeners.connectionCounts()) this.set({ listener }, count)
      },
    })
  }

  /** The text of `/metrics`. */
  text(): Promise<string> {
    return this.#registry.metrics()
  }

  #counter(name: string, help: string, label: string, read: () => readonly [string, number][]): void {
    new Counter({
      name,
      help,
      labelNames: [label],
      registers: [this.#registry],
      collect() {
        this.reset()
        for (const [value, count] of read()) this.inc({ [label]: value }, count)
      },
    })
  }

  #total(name: string, help: string, read: () => number): void {
    new Counter({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.reset()
        this.inc(read())
      },
    })
  }
}
