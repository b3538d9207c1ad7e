import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import type { HttpClient } from '../rpc/client/http-client.ts'
import { StirRefused } from '../services/passport.ts'

/** Keys that are kept, and how long: operators change theirs seldom. */
const MOST_KEYS = 1_000
const KEPT_MS = 3 * 3_600_000
/** A key or certificate is far smaller. */
const MOST_OCTETS = 64 * 1024

/** Keys of identities, from PEM files and http(s) URLs; certificates count as their public key. Reference 05, 7.10. */
export class StirKeys {
  readonly #client: HttpClient
  readonly #timeoutMs: () => number
  readonly #kept = new Map<string, { key: KeyObject; untilMs: number }>()

  /** timeoutMs: how long a server may take. */
  constructor(client: HttpClient, timeoutMs: () => number) {
    this.#client = client
    this.#timeoutMs = timeoutMs
  }

  /** Throws StirRefused: what cannot be read, or is no such key. */
  privateKey(path: string): Promise<KeyObject> {
    return this.#key('private', path, createPrivateKey)
  }

  /** Throws StirRefused: what cannot be read, or is no such key. */
  publicKey(path: string): Promise<KeyObject> {
    return this.#key('public', path, createPublicKey)
  }

  async #key(kind: string, path: string, parse: (pem: string) => KeyObject): Promise<KeyObject> {
    const name = `${kind} ${path}`
    const kept = this.#kept.get(name)
    if (kept !== undefined && kept.untilMs > Date.now()) return kept.key
    const pem = await (/^https?:\/\//.test(path) ? this.#fetch(path) : readPem(path))
    if (!pem.includes('-----BEGIN'))
      throw new StirRefused('Invalid Key: Key must be PEM encoded PKCS1 or PKCS8 private key')
    try {
      const key = parse(pem)
      if (this.#kept.size >= MOST_KEYS) this.#kept.clear()
      this.#kept.set(name, { key, untilMs: Date.now() + KEPT_MS })
      return key
    } catch {
      throw new StirRefused('key is invalid')
    }
  }

  async #fetch(url: string): Promise<string> {
    try {
      const signal = AbortSignal.timeout(this.#timeoutMs())
      const { status, body } = await this.#client.send({ url: new URL(url), signal })
      if (status < 200 || status > 299) {
        body.destroy()
        throw new Error(`${url}: status ${status}`)
      }
      const octets = await limited(body, url)
      return octets.toString()
    } catch (cause) {
      throw new StirRefused(cause instanceof Error ? cause.message : String(cause))
    }
  }
}

async function limited(body: Readable, url: string): Promise<Buffer> {
  const pieces: Buffer[] = []
  let length = 0
  for await (const piece of body as AsyncIterable<Buffer>) {
    length += piece.length
    if (length > MOST_OCTETS) throw new Error(`${url}: more than ${MOST_OCTETS} octets`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

async function readPem(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    throw new StirRefused(code === 'ENOENT' ? `open ${path}: no such file or directory` : message)
  }
}
