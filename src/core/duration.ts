import { InvalidText } from './errors.ts'

const UNIT_NS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
}

const MAX = 2n ** 63n - 1n
const PART = /(\d*)(?:\.(\d*))?([^\d.]*)/y
const PLAIN_INTEGER = /^-?\d{1,18}$/

/**
 * A usage literal: nanoseconds, or plain units where usage is no time. Empty is 0, `*unlimited` is -1, a bare number is
 * itself (fractions are cut), else a run of number and unit: `1h2m3.5s`. Reference 02, 1.3.
 * Throws InvalidText with the text that CGRateS clients see.
 */
export function parseDuration(text: string): bigint {
  if (PLAIN_INTEGER.test(text)) return BigInt(text)
  if (text === '') return 0n
  if (text === '*unlimited') return -1n
  // The reference reads a bare number as nanoseconds, and names it so in its errors.
  const literal =
    /\d$/.test(text) && !/[a-zµμ]/i.test(text.slice(-1)) && /^[+-]?[\d.]+(?:e[+-]?\d+)?$/i.test(text)
      ? `${text}ns`
      : text
  const negative = literal.startsWith('-')
  const body = /^[+-]/.test(literal) ? literal.slice(1) : literal
  if (body === '0') return 0n
  if (body === '') throw invalid(literal)
  let total = 0n
  for (let at = 0; at < body.length; ) {
    PART.lastIndex = at
    const [part = '', whole = '', fraction, unit = ''] = PART.exec(body) ?? []
    if (whole === '' && (fraction === undefined || fraction === '')) throw invalid(literal)
    if (unit === '') throw new InvalidText(`time: missing unit in duration ${JSON.stringify(literal)}`)
    const unitNs = UNIT_NS[unit]
    if (unitNs === undefined) {
      throw new InvalidText(`time: unknown unit ${JSON.stringify(unit)} in duration ${JSON.stringify(literal)}`)
    }
    total += BigInt(whole || '0') * unitNs
    if (fraction !== undefined && fraction !== '') total += (BigInt(fraction) * unitNs) / 10n ** BigInt(fraction.length)
    at += part.length
  }
  if (total > MAX) throw invalid(literal)
  return negative ? -total : total
}

function invalid(literal: string): InvalidText {
  return new InvalidText(`time: invalid duration ${JSON.stringify(literal)}`)
}

/** Go's text of a duration in ns: `1h30m0s`, `1.5ms`, `0s`. Reference 02, 1.3. */
export function formatDuration(ns: bigint): string {
  if (ns === 0n) return '0s'
  if (ns < 0n) return `-${formatDuration(-ns)}`
  if (ns < 1_000n) return `${ns}ns`
  if (ns < 1_000_000n) return `${withFraction(ns, 1_000n, 3)}µs`
  if (ns < 1_000_000_000n) return `${withFraction(ns, 1_000_000n, 6)}ms`
  const minutes = ns / 60_000_000_000n
  const seconds = `${withFraction(ns % 60_000_000_000n, 1_000_000_000n, 9)}s`
  if (minutes === 0n) return seconds
  const hours = minutes / 60n
  return hours === 0n ? `${minutes}m${seconds}` : `${hours}h${minutes % 60n}m${seconds}`
}

function withFraction(value: bigint, unit: bigint, digits: number): string {
  const fraction = String(value % unit)
    .padStart(digits, '0')
    .replace(/0+$/, '')
  return fraction === '' ? String(value / unit) : `${value / unit}.${fraction}`
}
