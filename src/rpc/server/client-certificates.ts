import type { X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'

/** What clients must show of themselves: tls.server_policy. Reference 01, 4.3. */
export const ClientPolicy = { NONE: 0, REQUEST: 1, REQUIRE_ANY: 2, VERIFY_IF_GIVEN: 3, REQUIRE_AND_VERIFY: 4 } as const

export type ClientPolicy = (typeof ClientPolicy)[keyof typeof ClientPolicy]

export type ClientCertificates = {
  readonly policy: ClientPolicy
  /** Those of tls.ca_certificate: only whom they stand for has a name. Certificates of public authorities tell nobody apart. */
  readonly authorities: readonly X509Certificate[]
}

/** The names of a client; undefined: what it shows is not enough for the policy. */
export function certificateNames(socket: TLSSocket, clients: ClientCertificates): readonly string[] | undefined {
  const { policy, authorities } = clients
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined)
    return policy === ClientPolicy.REQUIRE_ANY || policy === ClientPolicy.REQUIRE_AND_VERIFY ? undefined : []
  if (policy >= ClientPolicy.VERIFY_IF_GIVEN && !socket.authorized) return undefined
  if (!socket.authorized || !isIssuedBy(certificate, authorities)) return []
  return namesOf(certificate)
}

function isIssuedBy(certificate: X509Certificate, authorities: readonly X509Certificate[]): boolean {
  // A chain is as long as its peer makes it, the handshake bounds its octets.
  for (let each: X509Certificate | undefined = certificate; each !== undefined; ) {
    const issued: X509Certificate = each
    if (authorities.some((authority) => issued.checkIssued(authority) && issued.verify(authority.publicKey)))
      return true
    const issuer: X509Certificate | undefined = issued.issuerCertificate
    each = issuer?.fingerprint256 === issued.fingerprint256 ? undefined : issuer
  }
  return false
}

/** `CN:x`, `DNS:x`, `URI:x`, `sha256:hex`. */
function namesOf(certificate: X509Certificate): string[] {
  const common = /^CN=(.*)$/m.exec(certificate.subject)?.[1]
  const alternative = (certificate.subjectAltName ?? '').split(', ').filter((name) => /^(DNS|URI):[^"]+$/.test(name))
  const fingerprint = `sha256:${certificate.fingerprint256.replaceAll(':', '').toLowerCase()}`
  return [...(common === undefined ? [] : [`CN:${common}`]), ...alternative, fingerprint]
}
