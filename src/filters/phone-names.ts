import { longestPrefixIn, type PrefixTable, readPrefixTable } from './prefix-table.ts'

/** Names by prefixes of one country's numbers. */
export type PhoneTable = 'carrier' | 'geocodes'

/** Octets of a table, as `readPrefixTable` takes them; undefined: the country has none. */
export type ReadPhoneTable = (kind: PhoneTable, countryCode: number) => Buffer | undefined

/** The region of numbers that are no country's. */
const WORLD = '001'

/** Who numbers were given to, and where they are, in English. Each country's table is read when it is first asked, and kept. */
export class PhoneNames {
  readonly #read: ReadPhoneTable
  readonly #tables = new Map<string, PrefixTable | undefined>()

  constructor(read: ReadPhoneTable) {
    this.#read = read
  }

  /** The carrier that a number's range was given to; empty: not known. national: digits, zeros in front included. */
  carrier(countryCode: number, national: string): string {
    return this.#find('carrier', countryCode, national) ?? ''
  }

  /**
   * The place of a number, else its country, in the language whose code is the region's (`Deutschland` for DE) where there is one; empty: not
   * known. region: ISO 3166 code, 001 for the world, empty when it is not known. Reference 02, 6.5.
   */
  place(countryCode: number, national: string, region: string): string {
    return this.#find('geocodes', countryCode, national) ?? countryName(region)
  }

  #find(kind: PhoneTable, countryCode: number, national: string): string | undefined {
    const name = `${kind}/${countryCode}`
    if (!this.#tables.has(name)) {
      const octets = this.#read(kind, countryCode)
      this.#tables.set(name, octets === undefined ? undefined : readPrefixTable(octets))
    }
    const table = this.#tables.get(name)
    return table === undefined ? undefined : longestPrefixIn(table, national)
  }
}

function countryName(region: string): string {
  if (region === '') return ''
  if (region === WORLD) return 'World'
  const [language = 'en'] = Intl.DisplayNames.supportedLocalesOf([region.toLowerCase()])
  return new Intl.DisplayNames([language, 'en'], { type: 'region', fallback: 'none' }).of(region) ?? ''
}
