import { readFileSync } from 'node:fs'
import type { ConnectionOptions } from 'node:tls'

export type PostgresTls = {
  mode: string
  certMode: string
  cert: string
  key: string
  password: string
  rootCert: string
}

/** The ways to connect that libpq has for an sslmode; certificates are read now. Throws Error naming a file that cannot be read. */
export function waysToConnect(tls: PostgresTls): (false | ConnectionOptions)[] {
  const { mode, certMode, cert, key, password, rootCert } = tls
  const pem = (path: string) => (path === '' ? undefined : readFileSync(path, 'utf8'))
  const isSent = certMode !== 'disable'
  const ca = pem(rootCert)
  const own = {
    ...(ca === undefined ? {} : { ca }),
    ...(isSent && cert !== '' ? { cert: pem(cert), key: pem(key) } : {}),
    ...(password === '' ? {} : { passphrase: password }),
  }
  // With a root certificate `require` verifies, as libpq has it.
  const encrypted = { ...own, rejectUnauthorized: ca !== undefined, checkServerIdentity: () => undefined }
  switch (mode) {
    case 'allow':
      return [false, encrypted]
    case 'prefer':
      return [encrypted, false]
    case 'require':
      return [encrypted]
    case 'verify-ca':
      return [{ ...own, rejectUnauthorized: true, checkServerIdentity: () => undefined }]
    case 'verify-full':
      return [{ ...own, rejectUnauthorized: true }]
    default:
      return [false]
  }
}
