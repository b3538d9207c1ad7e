import { readFileSync } from 'node:fs'
import type { ConnectionOptions } from 'node:tls'
import { StoreFailure } from '../../core/errors.ts'

/** How a Redis is reached, and by whom. */
export type RedisSettings = {
  /** A server, the sentinels, or nodes of the cluster. */
  hosts: readonly { host: string; port: number }[]
  /** Name of the master that the sentinels watch. */
  sentinelName: string | undefined
  isCluster: boolean
  /** Number of the database; part of the keys, too. */
  database: number
  user: string | undefined
  password: string | undefined
  tls: ConnectionOptions | undefined
  /** Tries to connect at the start. */
  connectAttempts: number
  /** Limit of a connection attempt. */
  timeoutMs: number
  /** Limit of a reply: a connection without one is given up. */
  replyTimeoutMs: number
  /** How long commits are gathered: 0: each is sent by itself; below 1 ms: those of one turn of the event loop. */
  gatherMs: number
  /** Commits that are sent together at most. */
  gatherLimit: number
  /** Records of one page of a listing. */
  pageSize: number
  /** How often the slots of a cluster are read. */
  slotsRefreshMs: number
  /** Pause before a command is sent again to a cluster that is down; 0: it is not. */
  clusterDownDelayMs: number
  /** Name of this engine among those that share the database; the same at each start. */
  node: string
}

/** Certificates of a connection, from PEM files; '' for none. Throws StoreFailure. Reference 10, A2.2. */
export function redisTls(files: { certificate: string; key: string; authority: string }): ConnectionOptions {
  const { certificate, key, authority } = files
  const own = certificate !== '' && key !== '' ? { cert: pem(certificate, 'the client certificate') } : {}
  return {
    ...own,
    ...('cert' in own ? { key: pem(key, 'the client key') } : {}),
    ...(authority === '' ? {} : { ca: pem(authority, 'the CA certificate') }),
  }
}

function pem(path: string, what: string): Buffer {
  try {
    return readFileSync(path)
  } catch (cause) {
    throw new StoreFailure(`cannot read ${what} ${path}: ${cause instanceof Error ? cause.message : String(cause)}`)
  }
}
