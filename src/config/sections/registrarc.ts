import { z } from 'zod'
import { withMeta } from './key-meta.ts'
import { connections, duration, noEffect, struct } from './key-types.ts'

const host = struct(
  'RemoteHostJsonWithTenant',
  {
    tenant: z.string().default(''),
    id: z.string().default(''),
    address: z.string().optional(),
    transport: z.string().default(''),
    tls: z.boolean().optional(),
  },
  {
    goFields: { id: 'RemoteHostJson.Id', transport: 'RemoteHostJson.Transport', tls: 'RemoteHostJson.Tls' },
    printAs: { tenant: 'Tenant' },
  },
)

const registrar = struct('RegistrarCJsonCfg', {
  registrars_conns: connections,
  hosts: withMeta(z.array(host), { merge: 'append' }),
  refresh_interval: duration,
  ...noEffect(z.boolean(), 'enabled'),
})

/** Addresses of this node told to others. Reference 01, 4.7. */
export const registrarc = struct(
  'RegistrarCJsonCfgs',
  {
    rpc: registrar,
    dispatchers: registrar,
  },
  { goFields: { rpc: 'RPC' } },
)
