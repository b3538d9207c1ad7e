import type { LiveConfig } from '../config/live-config.ts'
import type { Json } from '../config/merge.ts'
import type { RegisteredHost } from '../rpc/server/registrar-page.ts'

/** Gives every host of rpc_conns that has the id of a registered one its address. Rejects with ConfigRefused. Reference 01, 6.3. */
export async function registerHosts(config: LiveConfig, hosts: readonly RegisteredHost[]): Promise<void> {
  const byId = new Map(hosts.filter(({ id }) => id !== '').map((host) => [host.id, host]))
  const pools = (config.loaded.merged['rpc_conns'] ?? {}) as Readonly<Record<string, Json>>
  const changed: Record<string, Json> = {}
  for (const [name, pool] of Object.entries(pools)) {
    const conns = (pool['conns'] ?? []) as readonly Json[]
    if (!conns.some(({ id }) => byId.has(String(id)))) continue
    changed[name] = { ...pool, conns: conns.map((host) => moved(host, byId.get(String(host['id'])))) }
  }
  if (Object.keys(changed).length > 0) await config.set({ rpc_conns: changed }, false)
}

function moved(host: Json, registered: RegisteredHost | undefined): Json {
  if (registered === undefined) return host
  const { address, transport, tls } = registered
  return { ...host, address, transport, tls }
}
