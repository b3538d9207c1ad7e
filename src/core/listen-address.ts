import { InvalidText, TollgateError } from './errors.ts'

/** Where a server listens; host '': on every address. */
export type ListenAddress = { host: string; port: number }

/** Reads `host:port`, `:port` or `[ipv6]:port`; port 0 is any free one. Throws InvalidText. */
export function parseListenAddress(text: string): ListenAddress {
  const [, bracketed, plain = '', port = ''] = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(text) ?? []
  if (port === '' || Number(port) > 0xffff)
    throw new InvalidText(
      `${JSON.stringify(text)}: expected an address such as "127.0.0.1:2012", with a port up to 65535`,
    )
  return { host: bracketed ?? plain, port: Number(port) }
}

const CAUSES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process listens there',
  EACCES: 'this user may not listen there',
  EADDRNOTAVAIL: 'this machine does not have that address',
  ENOTFOUND: 'that name is not known',
}

/** A server cannot listen. `key`: what names the address in the configuration. */
export class ListenFailure extends TollgateError {
  constructor(key: string, { host, port }: ListenAddress, cause: unknown) {
    const { code = '' } = cause as NodeJS.ErrnoException
    const problem = CAUSES[code] ?? (cause instanceof Error ? cause.message : String(cause))
    super('LISTEN_FAILURE', `${key}: cannot listen on ${host}:${port}: ${problem}`, { cause })
  }
}
