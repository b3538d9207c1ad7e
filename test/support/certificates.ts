import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export type Certificates = {
  /** PEM texts and the files that they are in. */
  pem: (name: 'ca' | 'server' | 'client' | 'stranger', kind: 'crt' | 'key') => string
  path: (name: 'ca' | 'server' | 'client' | 'stranger', kind: 'crt' | 'key') => string
}

/** A certificate authority, and certificates of a server and a client by it; the stranger has signed its own. Made by openssl. */
export function makeCertificates(t: { teardown: (end: () => void) => void }): Certificates {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-tls-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const path = (name: string, kind: string) => join(folder, `${name}.${kind}`)
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] })
  const made = (name: string, subject: string, ...more: string[]) =>
    openssl(
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
      ...['-subj', subject, '-keyout', path(name, 'key'), '-out', path(name, 'crt'), ...more],
    )
  const byAuthority = ['-CA', path('ca', 'crt'), '-CAkey', path('ca', 'key')]
  made('ca', '/CN=Test authority', '-addext', 'basicConstraints=critical,CA:TRUE')
  made('server', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', ...byAuthority)
  made('client', '/O=Operator/CN=portal', '-addext', 'subjectAltName=URI:urn:portal,DNS:portal.example', ...byAuthority)
  made('stranger', '/CN=portal')
  return { path, pem: (name, kind) => readFileSync(path(name, kind), 'utf8') }
}
