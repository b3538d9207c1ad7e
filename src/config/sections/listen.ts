import { z } from 'zod'
import { noEffect, optionalListenAddress, struct } from './key-types.ts'

/** Addresses of the listeners; empty: not opened. Reference 01, 4.3. */
export const listen = struct('ListenJsonCfg', {
  rpc_json: optionalListenAddress,
  http: optionalListenAddress,
  ...noEffect(z.string(), 'rpc_gob', 'rpc_json_tls', 'rpc_gob_tls', 'http_tls', 'birpc_json', 'birpc_gob'),
})
