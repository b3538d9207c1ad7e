import type { Caller } from '../method.ts'

/** Who is at the other end of a connection, as far as it tells before it calls. */
export type Peer = Caller & {
  /** Key of section `listen` that it came in by. */
  readonly listener: string
  /** IP address. */
  readonly address: string
  /** The key that it gave for the whole connection or HTTP request, '' for none. */
  readonly apiKey: string
  /** Names of its certificate, when `tls.ca_certificate` stands for it: `CN:x`, `DNS:x`, `URI:x`, `sha256:hex`. */
  readonly certificateNames: readonly string[]
}
