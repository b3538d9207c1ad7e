import type { EventFields } from '../../core/event.ts'
import type { LocalCapabilities } from '../../protocol/diameter/capabilities.ts'
import type { Dictionary } from '../../protocol/diameter/dictionary.ts'

/** What `*vars` holds before the first processor, but for RemoteHost. Reference 02, 2.2. */
export function requestVars(
  { local, nodeId }: { local: LocalCapabilities; nodeId: string },
  dictionary: Dictionary,
  applicationId: number,
  commandCode: number,
): EventFields {
  return {
    OriginHost: local.originHost,
    OriginRealm: local.originRealm,
    ProductName: local.productName,
    '*app': dictionary.applications.find(({ id }) => id === applicationId)?.name ?? '',
    '*appid': String(applicationId),
    '*cmd': `${dictionary.command(applicationId, commandCode)?.short ?? ''}R`,
    node_id: nodeId,
  }
}
