import { octetText, textOctets } from '../../core/octet-text.ts'
import type { Converter, ConverterTable } from '../converters.ts'
import { MappingError, TemplateError } from '../value.ts'
import { syntaxText } from './numbers.ts'

/** `*strip:side:..`. Texts are cut by octets. Reference 02, 4. */
export const STRIP_CONVERTERS: ConverterTable = { '*strip': { raw: true, make: makeStrip } }

/** Takes something off one end; texts are latin1 octets. */
type Cut = (text: string, atStart: boolean) => string

function fault(problem: string): TemplateError {
  return new TemplateError(`strip converter: ${problem}`)
}

function makeStrip(args: readonly string[]): Converter {
  const [side = '', what = ''] = args
  if (args.length < 2 || args.length > 4) throw fault('invalid number of parameters (should have 3, 4 or 5)')
  const cut = compileCut(what, args)
  return (value) => {
    if (typeof value !== 'string' && !(value instanceof Buffer)) throw new MappingError('strip converter: CAST_FAILED')
    const octets = (typeof value === 'string' ? textOctets(value) : value).toString('latin1')
    const stripped = Buffer.from(strip(octets, side, cut), 'latin1')
    return value instanceof Buffer ? stripped : octetText(stripped)
  }
}

function strip(octets: string, side: string, cut: Cut): string {
  switch (side) {
    case '*prefix':
      return cut(octets, true)
    case '*suffix':
      return cut(octets, false)
    case '*both':
      return cut(cut(octets, true), false)
    default:
      throw new MappingError('strip converter: invalid side parameter')
  }
}

function compileCut(what: string, args: readonly string[]): Cut {
  if (what === '') throw fault('substr parameter cannot be empty')
  if (what === '*nil' || what === '*space') {
    if (args.length > 3) throw fault('cannot have 5 params in *nil/*space case')
    return compileChars(what === '*nil' ? '\0' : ' ', args[2])
  }
  if (what === '*char') {
    const chars = args[2] ?? ''
    if (chars === '') throw fault('usage of *char implies the need of 4 or 5 non-empty params')
    return compileChars(Buffer.from(chars).toString('latin1'), args[3])
  }
  if (args.length > 2) throw fault('just the amount specified, cannot have more than 3 params')
  const amount = amountOf(what)
  return (text, atStart) => (atStart ? text.slice(amount) : text.slice(0, Math.max(text.length - amount, 0)))
}

/** Any run of the characters, or with an amount that many times the whole. */
function compileChars(chars: string, amountText: string | undefined): Cut {
  if (amountText === undefined) {
    return (text, atStart) => {
      let from = 0
      let to = text.length
      if (atStart) while (from < to && chars.includes(text.charAt(from))) from++
      else while (to > from && chars.includes(text.charAt(to - 1))) to--
      return text.slice(from, to)
    }
  }
  const piece = chars.repeat(amountOf(amountText))
  return (text, atStart) => {
    if (atStart) return text.startsWith(piece) ? text.slice(piece.length) : text
    return text.endsWith(piece) ? text.slice(0, text.length - piece.length) : text
  }
}

function amountOf(text: string): number {
  if (!/^[+-]?\d{1,9}$/.test(text)) throw fault(`invalid amount parameter (${syntaxText('Atoi', text)})`)
  const amount = Number(text)
  if (amount < 0) throw fault(`invalid amount parameter (${amount} is negative)`)
  return amount
}
