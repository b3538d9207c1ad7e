import { z } from 'zod'
import { noEffect, optionalListenAddress, struct } from './key-types.ts'

/** Addresses of the listeners; empty: not opened. Reference 01, 4.3. */
export const listen = struct('ListenJsonCfg', {
  rpc_json: optionalListenAddress,
  http: optionalListenAddress,
  rpc_json_tls: optionalListenAddress,
  http_tls: optionalListenAddress,
  birpc_json: optionalListenAddress,
  ...noEffect(z.string(), 'rpc_gob', 'rpc_gob_tls', 'birpc_gob'),
})
