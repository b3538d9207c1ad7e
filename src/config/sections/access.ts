import { z } from 'zod'
import { withMeta } from './key-meta.ts'
import { duration, size, struct, textList } from './key-types.ts'

const listeners = z.array(
  z.enum(['rpc_json', 'rpc_json_tls', 'rpc_gob', 'rpc_gob_tls', 'http', 'http_tls', 'birpc_json', 'birpc_gob']),
)

const sha256 = withMeta(z.string().regex(/^[0-9a-fA-F]{64}$/, 'expected the SHA-256 of the key in 64 hex digits'), {
  secret: true,
})
const certificate = z
  .string()
  .regex(/^(CN|DNS|URI):.|^sha256:[0-9a-f]{64}$/, 'expected CN:name, DNS:name, URI:name or sha256:hex')
const pattern = z.string().regex(/^[^*]*\*?$/, 'expected a name, or the beginning of one and *')
const callsPerSecond = z.int().min(0)

const identity = struct('AccessIdentityJson', {
  id: z.string().min(1),
  key_sha256: z.array(sha256).optional(),
  certificates: z.array(certificate).optional(),
  listeners: listeners.optional(),
  methods: z.array(pattern),
  tenants: textList.optional(),
  rate_limit: callsPerSecond.optional(),
})

/** Who may call what over RPC, and how much. */
export const access = struct(
  'AccessJson',
  {
    listeners,
    identities: withMeta(z.array(identity), { merge: 'byId' }),
    rate_limit: callsPerSecond,
    max_connections: z.int().min(1),
    max_request: size,
    max_pending: z.int().min(1),
    idle_timeout: duration,
    read_timeout: duration,
    reply_timeout: duration,
  },
  {
    own: [
      ...['listeners', 'identities', 'rate_limit', 'max_connections', 'max_request', 'max_pending'],
      ...['idle_timeout', 'read_timeout', 'reply_timeout'],
    ],
  },
)
