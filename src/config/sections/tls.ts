import { z } from 'zod'
import { struct } from './key-types.ts'

/** Certificates of the TLS listeners and of outgoing connections. Reference 01, 4.3 and 7.3. */
export const tls = struct('TlsJsonCfg', {
  server_certificate: z.string(),
  server_key: z.string(),
  server_policy: z.union([z.literal(0), z.literal(1), z.literal(2), z.literal(3), z.literal(4)]),
  ca_certificate: z.string(),
  client_certificate: z.string(),
  client_key: z.string(),
  server_name: z.string(),
})
