import { optionalListenAddress, struct } from './key-types.ts'

/** Addresses of the listeners; empty: not opened. Reference 01, 4.3. */
export const listen = struct('ListenJsonCfg', {
  rpc_json: optionalListenAddress,
  rpc_gob: optionalListenAddress,
  http: optionalListenAddress,
  rpc_json_tls: optionalListenAddress,
  rpc_gob_tls: optionalListenAddress,
  http_tls: optionalListenAddress,
  birpc_json: optionalListenAddress,
  birpc_gob: optionalListenAddress,
})
