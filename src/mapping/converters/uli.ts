import { createRequire } from 'node:module'
import { jsonOf } from '../context.ts'
import type { Converter, ConverterTable } from '../converters.ts'
import { MappingError } from '../value.ts'
import { bytesOf } from './text.ts'

/** `*3gpp_uli[:path]`: parts of a 3GPP-User-Location-Info. 3GPP TS 29.061, 16.4.7.2; TS 29.274, 8.21. Reference 02, 4. */
export const LOCATION_CONVERTERS: ConverterTable = { '*3gpp_uli': { raw: true, make: (_, path) => makeLocation(path) } }

type Component = { MCC: string; MNC: string; [field: string]: string | number }
type Kind = { name: string; octets: number; fields: (data: Buffer) => Record<string, number> }

const CGI: Kind = {
  name: 'CGI',
  octets: 7,
  fields: (data) => ({ LAC: data.readUInt16BE(3), CI: data.readUInt16BE(5) }),
}
const SAI: Kind = {
  name: 'SAI',
  octets: 7,
  fields: (data) => ({ LAC: data.readUInt16BE(3), SAC: data.readUInt16BE(5) }),
}
const RAI: Kind = {
  name: 'RAI',
  octets: 7,
  fields: (data) => ({ LAC: data.readUInt16BE(3), RAC: data.readUInt16BE(5) }),
}
const TAI: Kind = { name: 'TAI', octets: 5, fields: (data) => ({ TAC: data.readUInt16BE(3) }) }
const ECGI: Kind = { name: 'ECGI', octets: 7, fields: (data) => ({ ECI: data.readUInt32BE(3) & 0x0fff_ffff }) }
const NCGI: Kind = {
  name: 'NCGI',
  octets: 8,
  fields: (data) => ({ NCI: (data.readUInt8(3) & 0x0f) * 2 ** 32 + data.readUInt32BE(4) }),
}
const TAI5GS: Kind = { name: 'TAI5GS', octets: 6, fields: (data) => ({ TAC: data.readUIntBE(3, 3) }) }

const TYPES: Readonly<Record<number, readonly Kind[]>> = {
  0: [CGI],
  1: [SAI],
  2: [RAI],
  128: [TAI],
  129: [ECGI],
  130: [TAI, ECGI],
  135: [NCGI],
  136: [TAI5GS],
  137: [TAI5GS, NCGI],
}
const COMPONENTS = new Set(Object.values(TYPES).flatMap((kinds) => kinds.map(({ name }) => name)))

function makeLocation(path: string): Converter {
  const [name = '', field = '', detail = ''] = path.split('.')
  return (value) => {
    const components = decode(bytesOf(value))
    if (name === '') return jsonOf(components)
    if (!COMPONENTS.has(name)) throw new MappingError(`unknown ULI component: ${name}`)
    const component = components[name]
    if (component === undefined) throw new MappingError(`${name} not present in ULI`)
    if (field === '') return jsonOf(component)
    const found = component[field]
    if (found === undefined || (detail !== '' && detail !== 'Name'))
      throw new MappingError(`unknown field: ${detail || field}`)
    return detail === '' ? found : nameOf(component, field)
  }
}

function decode(data: Buffer): Record<string, Component> {
  if (data.length === 0) throw new MappingError('empty ULI input')
  if (data.length < 2) throw new MappingError('ULI data too short')
  const type = data.readUInt8(0)
  const kinds = TYPES[type]
  if (kinds === undefined) throw new MappingError(`unsupported ULI location type: ${type}`)
  const needed = kinds.reduce((total, { octets }) => total + octets, 1)
  if (data.length < needed) throw new MappingError(`insufficient data for ${kinds.map(({ name }) => name).join('+')}`)
  const components: Record<string, Component> = {}
  let at = 1
  for (const { name, octets, fields } of kinds) {
    const part = data.subarray(at, at + octets)
    components[name] = { ...networkOf(part), ...fields(part) }
    at += octets
  }
  return components
}

/** MCC and MNC lie nibble-swapped in three octets; F as third digit of the MNC: it has two. */
function networkOf(data: Buffer): { MCC: string; MNC: string } {
  const [a = 0, b = 0, c = 0] = data
  const digit = (nibble: number) => (nibble & 0x0f).toString(16)
  const third = digit(b >> 4)
  return { MCC: digit(a) + digit(a >> 4) + digit(b), MNC: digit(c) + digit(c >> 4) + (third === 'f' ? '' : third) }
}

type Operators = typeof import('mcc-mnc-list')

/** The list is large: it is read when a name is asked for first. */
const load = createRequire(import.meta.url)

function nameOf({ MCC, MNC }: Component, field: string): string {
  const { filter } = load('mcc-mnc-list') as Operators
  const operators = filter({ mcc: MCC })
  const [first] = operators
  if (field === 'MCC') {
    if (first === undefined) throw new MappingError(`unknown MCC: ${MCC}`)
    return first.countryName
  }
  if (field !== 'MNC') throw new MappingError(`unknown field: ${field}.Name`)
  const found = operators.find(({ mnc }) => mnc === MNC)
  if (found === undefined) throw new MappingError(`unknown MNC: ${MNC}`)
  return found.operator || found.brand
}
