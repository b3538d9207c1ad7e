import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext, getCACertificates, type TlsOptions } from 'node:tls'
import { TollgateError } from '../../core/errors.ts'
import { ClientPolicy } from './client-certificates.ts'
import type { TlsSettings } from './tcp-listener.ts'

/** Paths of PEM files, '' for none; policy: tls.server_policy. */
export type TlsFiles = {
  readonly certificate: string
  readonly key: string
  readonly authorities: string
  readonly policy: ClientPolicy
}

/** Reads what TLS listeners show and ask; undefined without certificate or key. Throws TollgateError naming key and file. Reference 01, 7.3. */
export function readTlsSettings({ certificate, key, authorities, policy }: TlsFiles): TlsSettings | undefined {
  if (certificate === '' || key === '') return undefined
  const own = authorities === '' ? '' : readFile('tls.ca_certificate', authorities)
  const context: TlsOptions = {
    cert: readFile('tls.server_certificate', certificate),
    key: readFile('tls.server_key', key),
    requestCert: policy !== ClientPolicy.NONE,
    // Whom the other policies refuse is decided when the handshake is done.
    rejectUnauthorized: policy === ClientPolicy.REQUIRE_AND_VERIFY,
    // Only who asks for certificates needs the authorities.
    ...(policy === ClientPolicy.NONE ? {} : { ca: [...getCACertificates('system'), ...(own === '' ? [] : [own])] }),
  }
  try {
    createSecureContext(context)
    return { context, clients: { policy, authorities: certificatesIn(own) } }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new TollgateError('TLS', `tls: ${certificate}, ${key}: ${reason}`, { cause })
  }
}

function readFile(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new TollgateError('TLS', `${name}: cannot read ${path}: ${(cause as NodeJS.ErrnoException).code}`, { cause })
  }
}

function certificatesIn(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? []
  return blocks.map((block) => new X509Certificate(block))
}
