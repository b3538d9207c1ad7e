import { z } from 'zod'
import { withMeta } from './key-meta.ts'
import { duration, noEffect, secret, struct } from './key-types.ts'

const secretMap = withMeta(z.record(z.string(), secret), { merge: 'replace' })

const clientOptKeys = {
  skipTlsVerify: z.boolean(),
  tlsHandshakeTimeout: duration,
  disableKeepAlives: z.boolean(),
  disableCompression: z.boolean(),
  maxIdleConns: z.int(),
  maxIdleConnsPerHost: z.int(),
  maxConnsPerHost: z.int(),
  idleConnTimeout: duration,
  responseHeaderTimeout: duration,
  // No request of ours waits for 100 Continue, and all are HTTP/1.1.
  ...noEffect(duration, 'expectContinueTimeout'),
  ...noEffect(z.boolean(), 'forceAttemptHttp2'),
  dialTimeout: duration,
  dialFallbackDelay: duration,
  dialKeepAlive: duration,
}

const clientOpts = struct('HTTPClientOptsJson', clientOptKeys, {
  // All but one carry a tag.
  goFields: {
    ...Object.fromEntries(Object.keys(clientOptKeys).map((key) => [key, key])),
    idleConnTimeout: 'IdleConnTimeout',
  },
})

/** What the HTTP listener serves. Reference 01, 4.3. */
export const http = struct(
  'HTTPJsonCfg',
  {
    json_rpc_url: z.string(),
    ws_url: z.string(),
    pprof_path: z.string(),
    use_basic_auth: z.boolean(),
    auth_users: secretMap,
    registrars_url: z.string(),
    freeswitch_cdrs_url: z.string(),
    http_cdrs: z.string(),
    client_opts: clientOpts,
  },
  { goFields: { http_cdrs: 'Http_Cdrs', pprof_path: 'pprof_path' } },
)
