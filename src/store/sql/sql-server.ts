/** A database of a server, and the pool of connections to it. */
export type SqlServer = {
  host: string
  port: number
  database: string
  user: string
  password: string
  maxOpen: number
  /** Connections beyond it are closed when they have nothing to do. */
  maxIdle: number
  /** 0: no limit. */
  maxLifetimeMs: number
  /** 1 silent, 2 errors, 3 slow statements, 4 every statement. */
  logLevel: number
}

/** A server that takes longer is away. */
export const CONNECT_TIMEOUT_MS = 10_000
/** A statement that takes longer is given up: its connection may hang. */
export const QUERY_TIMEOUT_MS = 300_000
