import { z } from 'zod'
import { noEffect, struct } from './key-types.ts'

/** Certificates of the TLS listeners and of outgoing connections. Reference 01, 4.3 and 7.3. */
export const tls = struct('TlsJsonCfg', {
  ...noEffect(
    z.string(),
    'server_certificate',
    'server_key',
    'server_name',
    'client_certificate',
    'client_key',
    'ca_certificate',
  ),
  ...noEffect(z.int(), 'server_policy'),
})
