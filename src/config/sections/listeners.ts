import { z } from 'zod'
import { noEffect, optionalListenAddress } from './key-types.ts'

/** Addresses of the JSON-RPC and HTTP listeners; empty: not opened. Reference 01, 4.3. */
export const listen = z.strictObject({
  rpc_json: optionalListenAddress,
  http: optionalListenAddress,
  ...noEffect(z.string(), 'rpc_gob', 'rpc_json_tls', 'rpc_gob_tls', 'http_tls', 'birpc_json', 'birpc_gob'),
})

/** What the HTTP listener serves. Reference 01, 4.3. */
export const http = z.strictObject({
  json_rpc_url: z.string().startsWith('/'),
  ...noEffect(z.string(), 'registrars_url', 'ws_url', 'freeswitch_cdrs_url', 'http_cdrs', 'pprof_path'),
  ...noEffect(z.boolean(), 'use_basic_auth'),
  ...noEffect(z.record(z.string(), z.string()), 'auth_users'),
  ...noEffect(z.looseObject({}), 'client_opts'),
})
