import { type DictionaryLine, RadiusDictionaryError } from './dictionary-files.ts'
import { isContainer, RADIUS_TYPES, type RadiusType, TYPE_ALIASES } from './types.ts'

/**
 * typeSize, lengthSize: octets of the fields of its sub-attributes. hasContinuation: an octet more, whose first bit says that more
 * follows (WiMAX).
 */
export type Vendor = { name: string; id: number; typeSize: number; lengthSize: number; hasContinuation: boolean }

/** How a value is hidden: 1 as User-Password (RFC 2865, 5.2), 2 with a salt (RFC 2868, 3.5), 3 as Ascend does. 0: it is not. */
export type Encryption = 0 | 1 | 2 | 3

export type AttributeDefinition = {
  name: string
  vendor: Vendor | undefined
  /** Numbers from the outside in: `[1]`, `[26, 311, 42]`, `[241, 1]`, `[245, 26, 311, 4]`, those of a TLV behind. */
  numbers: readonly number[]
  /** The numbers with dots between. */
  key: string
  type: RadiusType
  /** Octets of `octets[n]`; undefined: any. */
  size: number | undefined
  hasTag: boolean
  encryption: Encryption
  /** A value too long for one attribute goes on in the next. */
  isConcatenated: boolean
  /** Names of values by their decimal text, and back; of several names for a number the last is its text. */
  nameOfValue: ReadonlyMap<string, string>
  valueOfName: ReadonlyMap<string, string>
}

type Draft = AttributeDefinition & { nameOfValue: Map<string, string>; valueOfName: Map<string, string> }

/** Attributes and vendors by name and number, from lines in the format of FreeRADIUS. Reference 07, 3.3. */
export class RadiusDictionary {
  readonly #byName = new Map<string, Draft>()
  readonly #byKey = new Map<string, Draft>()
  readonly #vendors = new Map<number, Vendor>()
  readonly #vendorsByName = new Map<string, Vendor>()
  /** Attributes by vendor, then name. */
  readonly #ofVendor = new Map<string, Map<string, Draft>>()

  /** lines: later ones win. Throws RadiusDictionaryError naming file and line. */
  constructor(lines: readonly DictionaryLine[]) {
    new Loader({
      byName: this.#byName,
      byKey: this.#byKey,
      vendors: this.#vendors,
      vendorsByName: this.#vendorsByName,
      ofVendor: this.#ofVendor,
    }).load(lines)
  }

  /** An attribute that is no vendor's. */
  byName(name: string): AttributeDefinition | undefined {
    return this.#byName.get(name)
  }

  byVendorName(vendor: string, name: string): AttributeDefinition | undefined {
    return this.#ofVendor.get(vendor)?.get(name)
  }

  hasVendor(name: string): boolean {
    return this.#vendorsByName.has(name)
  }

  /** By the numbers from the outside in. */
  byNumbers(numbers: readonly number[]): AttributeDefinition | undefined {
    return this.#byKey.get(numbers.join('.'))
  }

  /** The format of a vendor's attributes; that of RFC 2865, 5.26, when the vendor is unknown. */
  vendor(id: number): Vendor {
    return this.#vendors.get(id) ?? { name: String(id), id, typeSize: 1, lengthSize: 1, hasContinuation: false }
  }

  get attributes(): readonly AttributeDefinition[] {
    return [...this.#byKey.values()]
  }
}

type Tables = {
  byName: Map<string, Draft>
  byKey: Map<string, Draft>
  vendors: Map<number, Vendor>
  vendorsByName: Map<string, Vendor>
  ofVendor: Map<string, Map<string, Draft>>
}

/** Largest number of a type field of that many octets. */
const LARGEST: Readonly<Record<number, number>> = { 1: 0xff, 2: 0xffff, 4: 0xffffffff }
const VENDOR_SPECIFIC = 26

/** What blocks are open while lines are read. */
class Loader {
  readonly #tables: Tables
  readonly #values: { line: DictionaryLine; vendor: Vendor | undefined }[] = []
  #vendor: Vendor | undefined
  /** Extended attribute that holds the vendor's (RFC 6929); undefined: Vendor-Specific. */
  #carrier: Draft | undefined
  #tlvs: Draft[] = []

  constructor(tables: Tables) {
    this.#tables = tables
  }

  load(lines: readonly DictionaryLine[]): void {
    for (const line of lines) this.#read(line)
    // A VALUE may stand before its ATTRIBUTE.
    for (const { line, vendor } of this.#values) this.#addValue(line, vendor)
  }

  #read(line: DictionaryLine): void {
    const [keyword = ''] = line.words
    switch (keyword.toUpperCase()) {
      case 'ATTRIBUTE':
        this.#addAttribute(line)
        break
      case 'VALUE':
        this.#values.push({ line, vendor: this.#vendor })
        break
      case 'VENDOR':
        this.#addVendor(line)
        break
      case 'BEGIN-VENDOR':
        this.#beginVendor(line)
        break
      case 'END-VENDOR':
        this.#vendor = undefined
        this.#carrier = undefined
        break
      case 'BEGIN-TLV':
        this.#beginTlv(line)
        break
      case 'END-TLV':
        this.#tlvs.pop()
        break
      case 'PROTOCOL':
      case 'BEGIN-PROTOCOL':
      case 'END-PROTOCOL':
      case 'FLAGS':
        break
      default:
        fail(
          line,
          `${JSON.stringify(keyword)}, expected ATTRIBUTE, VALUE, VENDOR, BEGIN-VENDOR, END-VENDOR, BEGIN-TLV or END-TLV`,
        )
    }
  }

  #beginTlv(line: DictionaryLine): void {
    const name = word(line, 1, 'name of a TLV')
    this.#tlvs.push(this.#find(name, this.#vendor) ?? fail(line, `BEGIN-TLV ${name}: there is no such attribute`))
  }

  #addVendor(line: DictionaryLine): void {
    const name = word(line, 1, 'name of a vendor')
    const id = wholeNumber(line, word(line, 2, 'number of a vendor'))
    const format = line.words[3]
    const [, typeSize = '1', lengthSize = '1', continuation] =
      format === undefined
        ? []
        : (/^format=([124]),([012])(,c)?$/.exec(format) ?? fail(line, `${format}, expected format=1|2|4,0|1|2[,c]`))
    const vendor = {
      name,
      id,
      typeSize: Number(typeSize),
      lengthSize: Number(lengthSize),
      hasContinuation: continuation !== undefined,
    }
    this.#tables.vendors.set(id, vendor)
    this.#tables.vendorsByName.set(name, vendor)
  }

  #beginVendor(line: DictionaryLine): void {
    const name = word(line, 1, 'name of a vendor')
    this.#vendor =
      this.#tables.vendorsByName.get(name) ?? fail(line, `BEGIN-VENDOR ${name}: there is no VENDOR line of it`)
    const carrier = line.words.slice(2).flatMap((each) => /^(?:format|parent)=(.+)$/.exec(each)?.[1] ?? [])[0]
    this.#carrier =
      carrier === undefined
        ? undefined
        : (this.#tables.byName.get(carrier) ?? fail(line, `BEGIN-VENDOR ${name}: there is no attribute ${carrier}`))
  }

  #addAttribute(line: DictionaryLine): void {
    const name = word(line, 1, 'name of an attribute')
    const parts = word(line, 2, 'number of an attribute')
      .split('.')
      .map((each) => wholeNumber(line, each))
    const { type, size } = typeOf(line, word(line, 3, 'type of an attribute'))
    const flags = (line.words[4] ?? '').split(',')
    // Old files name the vendor where flags stand now.
    const vendor = this.#vendor ?? this.#tables.vendorsByName.get(flags[0] ?? '')
    const parent = this.#tlvs.at(-1)
    const numbers = [...this.#outer(vendor, parent), ...parts]
    if (!this.#canBe(parts, parent, vendor)) return
    const isPassword = numbers.length === 1 && numbers[0] === 2
    const encryption = isPassword
      ? 1
      : Number(/^encrypt=([123])$/.exec(flags.find((flag) => flag.startsWith('encrypt=')) ?? '')?.[1] ?? 0)
    const held = this.#find(name, vendor)
    const key = numbers.join('.')
    const definition: Draft = {
      name,
      vendor,
      numbers,
      key,
      type,
      size,
      hasTag: flags.includes('has_tag'),
      encryption: encryption as Encryption,
      isConcatenated: flags.includes('concat'),
      // The same attribute again, as files of several vendors have it, keeps its values.
      nameOfValue: held?.key === key ? held.nameOfValue : new Map(),
      valueOfName: held?.key === key ? held.valueOfName : new Map(),
    }
    this.#tables.byKey.set(key, definition)
    if (vendor === undefined) this.#tables.byName.set(name, definition)
    else attributesOf(this.#tables, vendor).set(name, definition)
  }

  /** Numbers that stand before those of the line. */
  #outer(vendor: Vendor | undefined, parent: Draft | undefined): readonly number[] {
    if (parent !== undefined) return parent.numbers
    if (vendor === undefined) return []
    return [...(this.#carrier?.numbers ?? [VENDOR_SPECIFIC]), vendor.id]
  }

  /** Whether the number fits its field in a packet: what does not is for the server's own use. */
  #canBe([first = 0, ...inner]: readonly number[], parent: Draft | undefined, vendor: Vendor | undefined): boolean {
    const size = parent !== undefined || this.#carrier !== undefined ? 1 : (vendor?.typeSize ?? 1)
    // `245.26.V.n` names a vendor by its number.
    const innerLimit = vendor === undefined && inner[0] === VENDOR_SPECIFIC ? 0xffffffff : 0xff
    return (
      first <= (LARGEST[size] ?? 0xff) &&
      (first > 0 || vendor !== undefined) &&
      inner.every((each) => each <= innerLimit)
    )
  }

  #addValue(line: DictionaryLine, vendor: Vendor | undefined): void {
    const attribute = word(line, 1, 'name of an attribute')
    const name = word(line, 2, 'name of a value')
    const text = word(line, 3, 'number of a value')
    const definition = this.#find(attribute, vendor) ?? this.#anywhere(attribute)
    // FreeRADIUS has files with names for attributes of other files, or of none.
    if (definition === undefined) return
    if (!/^(?:0x[\da-f]+|-?\d+)$/i.test(text))
      fail(line, `VALUE ${name}: ${JSON.stringify(text)}, expected a whole number`)
    const number = String(text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text))
    definition.nameOfValue.set(number, name)
    definition.valueOfName.set(name, number)
  }

  #find(name: string, vendor: Vendor | undefined): Draft | undefined {
    return vendor === undefined ? this.#tables.byName.get(name) : this.#tables.ofVendor.get(vendor.name)?.get(name)
  }

  #anywhere(name: string): Draft | undefined {
    const standard = this.#tables.byName.get(name)
    if (standard !== undefined) return standard
    for (const attributes of this.#tables.ofVendor.values()) {
      const found = attributes.get(name)
      if (found !== undefined) return found
    }
    return undefined
  }
}

function attributesOf({ ofVendor }: Tables, { name }: Vendor): Map<string, Draft> {
  const held = ofVendor.get(name)
  if (held !== undefined) return held
  const made = new Map<string, Draft>()
  ofVendor.set(name, made)
  return made
}

function typeOf(line: DictionaryLine, text: string): { type: RadiusType; size: number | undefined } {
  const [, name = '', size] = /^([a-z\d-]+)(?:\[(\d+)\])?$/.exec(text.toLowerCase()) ?? []
  const type = TYPE_ALIASES.get(name) ?? name
  const known = RADIUS_TYPES.find((each) => each === type)
  if (known === undefined) fail(line, `type ${JSON.stringify(text)}, expected one of: ${RADIUS_TYPES.join(', ')}`)
  return { type: known, size: size === undefined || isContainer(known) ? undefined : Number(size) }
}

function word({ place, words }: DictionaryLine, index: number, what: string): string {
  const found = words[index]
  if (found !== undefined) return found
  throw new RadiusDictionaryError(`${place}: ${words.join(' ')}: the ${what} is missing`)
}

function wholeNumber(line: DictionaryLine, text: string): number {
  const value = /^(?:0x[\da-f]{1,8}|\d{1,10})$/i.test(text) ? Number(text) : Number.NaN
  return value <= 0xffffffff ? value : fail(line, `${JSON.stringify(text)}, expected a whole number of at most 32 bits`)
}

function fail({ place }: DictionaryLine, problem: string): never {
  throw new RadiusDictionaryError(`${place}: ${problem}`)
}
