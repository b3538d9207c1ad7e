import type { SslOptions } from 'mysql2/promise'
import { parseDuration } from '../../core/duration.ts'
import { InvalidText } from '../../core/errors.ts'

/** What `mysqlDSNParams` say to a pool of connections. */
export type DsnParameters = {
  readonly ssl: SslOptions | undefined
  readonly collation: string | undefined
  readonly connectTimeoutMs: number | undefined
  /** Session variables and their values as SQL has them: `'text'`, `1`. */
  readonly variables: Readonly<Record<string, string>>
  /** Parameters that say nothing here: they are about the driver that CGRateS uses, or about what this one needs otherwise. */
  readonly ignored: readonly string[]
}

/** Parameters of the driver of CGRateS, and session variables that are always the same here. */
const WITHOUT_EFFECT: ReadonlySet<string> = new Set([
  ...['allowAllFiles', 'allowCleartextPasswords', 'allowFallbackToPlaintext', 'allowNativePasswords'],
  ...['allowOldPasswords', 'charset', 'checkConnLiveness', 'clientFoundRows', 'columnsWithAlias', 'compress'],
  ...['connectionAttributes', 'interpolateParams', 'loc', 'maxAllowedPacket', 'multiStatements', 'parseTime'],
  ...['readTimeout', 'rejectReadOnly', 'serverPubKey', 'timeTruncate', 'writeTimeout', 'sql_mode', 'time_zone'],
])
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/
/** A number, a word, or a text in quotes without quotes and backslashes inside. */
const VALUE = /^(?:-?\d+(?:\.\d+)?|[A-Za-z_][A-Za-z0-9_-]*|'[^'\\]*'|"[^"\\]*")$/

/** Reads the parameters of a data source name as CGRateS takes them; what is none of the driver is a session variable. Throws InvalidText. */
export function dsnParameters(given: Readonly<Record<string, string>>): DsnParameters {
  const variables: Record<string, string> = {}
  const ignored: string[] = []
  for (const [name, text] of Object.entries(given)) {
    if (name === 'tls' || name === 'collation' || name === 'timeout') continue
    if (WITHOUT_EFFECT.has(name)) {
      ignored.push(name)
      continue
    }
    const value = decoded(text)
    if (!NAME.test(name) || !VALUE.test(value))
      throw new InvalidText(`${name}=${text}: expected a session variable and a number, a word or a text in quotes`)
    variables[name] = value
  }
  const { collation, timeout } = given
  return {
    ssl: tlsOf(given['tls'] ?? 'false'),
    collation,
    connectTimeoutMs: timeout === undefined ? undefined : Math.max(1, Number(parseDuration(timeout) / 1_000_000n)),
    variables,
    ignored,
  }
}

/** Values stand in a URL: `%27` is a quote. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function tlsOf(mode: string): SslOptions | undefined {
  switch (mode) {
    case 'false':
      return undefined
    case 'true':
      return { rejectUnauthorized: true, verifyIdentity: true }
    case 'skip-verify':
      return { rejectUnauthorized: false }
    default:
      throw new InvalidText(`tls=${mode}: expected true, false or skip-verify`)
  }
}
