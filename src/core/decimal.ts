import { InvalidText } from './errors.ts'

declare global {
  interface JSON {
    /** A JSON number with exactly these digits (TC39 "JSON.parse source text access"; not yet in TypeScript's library). */
    rawJSON(text: string): unknown
  }
}

/** Rounding methods of a tariff; '' rounds nothing. Reference 03, 1.3. */
export type RoundingMethod = '*up' | '*middle' | '*down' | ''

const POWERS: readonly bigint[] = Array.from({ length: 64 }, (_, exponent) => 10n ** BigInt(exponent))

function power(exponent: number): bigint {
  return POWERS[exponent] ?? 10n ** BigInt(exponent)
}

const PATTERN = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/

/**
 * An exact decimal number: coefficient x 10^-scale. Immutable. All amounts of money are of this type.
 * Nothing rounds by itself; `divide` and `round` say how.
 */
export class Decimal {
  static readonly ZERO = new Decimal(0n, 0)
  readonly coefficient: bigint
  readonly scale: number

  /** scale: digits after the point, not negative. */
  constructor(coefficient: bigint, scale: number) {
    this.coefficient = coefficient
    this.scale = scale
  }

  /** Reads `12`, `-0.5`, `.5`, `1e-2`. Throws InvalidText. */
  static parse(text: string): Decimal {
    const match = PATTERN.exec(text)
    const [, sign = '', whole = '', fraction = '', exponent = '0'] = match ?? []
    if (match === null || whole + fraction === '')
      throw new InvalidText(`invalid decimal number ${JSON.stringify(text)}`)
    const digits = BigInt(whole + fraction)
    const scale = fraction.length - Number(exponent)
    const coefficient = sign === '-' ? -digits : digits
    return scale >= 0 ? new Decimal(coefficient, scale).#shortest() : new Decimal(coefficient * power(-scale), 0)
  }

  /** A whole number; a JavaScript number must be a safe integer. Throws RangeError otherwise. */
  static of(value: bigint | number): Decimal {
    if (typeof value === 'bigint') return value === 0n ? Decimal.ZERO : new Decimal(value, 0)
    if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is no safe integer`)
    return new Decimal(BigInt(value), 0)
  }

  /** The decimal that a JSON number shows: 0.1 is 1/10. For values that came as JavaScript numbers. */
  static ofNumber(value: number): Decimal {
    return Decimal.parse(String(value))
  }

  get isZero(): boolean {
    return this.coefficient === 0n
  }

  get isNegative(): boolean {
    return this.coefficient < 0n
  }

  get isPositive(): boolean {
    return this.coefficient > 0n
  }

  plus(other: Decimal): Decimal {
    if (other.coefficient === 0n) return this
    if (this.coefficient === 0n) return other
    if (this.scale === other.scale) return new Decimal(this.coefficient + other.coefficient, this.scale)
    return this.scale > other.scale
      ? new Decimal(this.coefficient + other.coefficient * power(this.scale - other.scale), this.scale)
      : new Decimal(this.coefficient * power(other.scale - this.scale) + other.coefficient, other.scale)
  }

  minus(other: Decimal): Decimal {
    return other.coefficient === 0n ? this : this.plus(other.negate())
  }

  negate(): Decimal {
    return new Decimal(-this.coefficient, this.scale)
  }

  times(other: Decimal): Decimal {
    return new Decimal(this.coefficient * other.coefficient, this.scale + other.scale)
  }

  timesInteger(factor: bigint): Decimal {
    return new Decimal(this.coefficient * factor, this.scale)
  }

  /** Quotient with at most `decimals` digits after the point. Throws RangeError on division by zero. */
  divide(by: Decimal, decimals: number, method: '*up' | '*middle' | '*down'): Decimal {
    if (by.coefficient === 0n) throw new RangeError('division by zero')
    // this/by = (c1 * 10^(s2 - s1)) / c2, scaled by 10^decimals
    const shift = by.scale - this.scale + decimals
    let numerator = this.coefficient
    let denominator = by.coefficient
    if (shift >= 0) numerator *= power(shift)
    else denominator *= power(-shift)
    return new Decimal(roundedQuotient(numerator, denominator, method), decimals)
  }

  /** Quotient by a whole number, at most `decimals` digits after the point. */
  divideInteger(by: bigint, decimals: number, method: '*up' | '*middle' | '*down'): Decimal {
    return this.divide(new Decimal(by, 0), decimals, method)
  }

  /** Rounded to `decimals` digits; '' and unknown methods leave it as it is. Reference 03, 1.3, exactly. */
  round(decimals: number, method: string): Decimal {
    if (this.scale <= decimals) return this
    if (method !== '*up' && method !== '*middle' && method !== '*down') return this
    if (decimals >= 0) {
      return new Decimal(roundedQuotient(this.coefficient, power(this.scale - decimals), method), decimals)
    }
    const unit = power(-decimals)
    return new Decimal(roundedQuotient(this.coefficient, power(this.scale) * unit, method) * unit, 0)
  }

  /** How many whole times `by` fits; both not negative, `by` not zero. */
  floorDivide(by: Decimal): bigint {
    if (this.scale === by.scale) return this.coefficient / by.coefficient
    return this.scale > by.scale
      ? this.coefficient / (by.coefficient * power(this.scale - by.scale))
      : (this.coefficient * power(by.scale - this.scale)) / by.coefficient
  }

  /** Whole part, towards zero. */
  truncate(): bigint {
    return this.scale === 0 ? this.coefficient : this.coefficient / power(this.scale)
  }

  /** Below 0, 0 or above 0 as this is less than, equal to or greater than the other. */
  compare(other: Decimal): number {
    let a = this.coefficient
    let b = other.coefficient
    if (this.scale > other.scale) b *= power(this.scale - other.scale)
    else if (this.scale < other.scale) a *= power(other.scale - this.scale)
    return a < b ? -1 : a > b ? 1 : 0
  }

  equals(other: Decimal): boolean {
    return this.compare(other) === 0
  }

  #shortest(): Decimal {
    let { coefficient, scale } = this
    while (scale > 0 && coefficient % 10n === 0n) {
      coefficient /= 10n
      scale--
    }
    return scale === this.scale ? this : new Decimal(coefficient, scale)
  }

  /** Shortest plain form, without exponent or trailing zeros: `-0.5`. */
  toString(): string {
    const { coefficient, scale } = this.#shortest()
    if (scale === 0) return String(coefficient)
    const negative = coefficient < 0n
    const digits = String(negative ? -coefficient : coefficient).padStart(scale + 1, '0')
    return `${negative ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
  }

  /** An exact JSON number. */
  toJSON(): unknown {
    return JSON.rawJSON(this.toString())
  }
}

/** Negative quotients go to the floor under every method, as in the reference; exactly. */
function roundedQuotient(numerator: bigint, denominator: bigint, method: '*up' | '*middle' | '*down'): bigint {
  if (denominator < 0n) return roundedQuotient(-numerator, -denominator, method)
  const quotient = numerator / denominator
  const rest = numerator % denominator
  if (rest === 0n) return quotient
  if (rest < 0n) return quotient - 1n
  if (method === '*down') return quotient
  if (method === '*up') return quotient + 1n
  return rest * 2n >= denominator ? quotient + 1n : quotient
}
