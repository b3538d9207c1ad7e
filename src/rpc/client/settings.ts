/** How the bytes of a call travel. Reference 01, 3.2. */
export const TRANSPORTS = ['*json', '*gob', '*http_jsonrpc', '*birpc_json', '*birpc_gob'] as const
export type Transport = (typeof TRANSPORTS)[number]

/** Which hosts of a pool a call goes to, and whose answer counts. Reference 01, 3.3. */
export const STRATEGIES = [
  '*first',
  '*next',
  '*random',
  '*first_positive',
  '*first_positive_async',
  '*broadcast',
  '*broadcast_sync',
  '*broadcast_async',
  '*async',
  '*parallel',
] as const
export type Strategy = (typeof STRATEGIES)[number]

/** Addresses of hosts that are this process itself. */
export const IN_PROCESS = new Set(['*internal', '*birpc_internal'])

/** Files of a TLS client; '' is none: no certificate is sent, the roots of the system are trusted. */
export type TlsSettings = {
  keyPath: string
  certPath: string
  caPath: string
  /** Whose name servers are to prove; '': that of their address. */
  serverName?: string
}

/** One host of a pool. Times in ms. */
export type HostSettings = {
  /** Name that a registrar updates it by, mostly ''. */
  id: string
  /** `host:port`, a URL for `*http_jsonrpc`, or an address of IN_PROCESS; '' is skipped. */
  address: string
  transport: Transport
  /** Tries of the first connection. */
  connectAttempts: number
  /** Tries of later connections, and whether a call that lost its connection is sent again; -1: no limit. */
  reconnects: number
  /** Longest wait between two tries; 0: no limit. */
  maxReconnectIntervalMs: number
  /** Longest a try may take. */
  connectTimeoutMs: number
  /** Longest a call may take, its connection included. */
  replyTimeoutMs: number
  /** Undefined: plain TCP or HTTP. */
  tls: TlsSettings | undefined
}

export type PoolSettings = {
  strategy: Strategy
  hosts: readonly HostSettings[]
  /** A call with an idempotency key that comes again, to whichever host, is run once and gets its first answer. */
  isIdempotent?: boolean
}

export function isBidirectional(transport: Transport): boolean {
  return transport === '*birpc_json' || transport === '*birpc_gob'
}

/** Settings of a plain JSON host that is tried twice and not waited for. */
export function hostDefaults(address: string): HostSettings {
  return {
    id: '',
    address,
    transport: '*json',
    connectAttempts: 2,
    reconnects: 0,
    maxReconnectIntervalMs: 0,
    connectTimeoutMs: 1_000,
    replyTimeoutMs: 2_000,
    tls: undefined,
  }
}
