import { TollgateError } from '../core/errors.ts'

/** A tariff that cannot be loaded: `file:line: column: value, what was expected`. */
export class TariffError extends TollgateError {
  constructor(message: string) {
    super('TARIFF_ERROR', message)
  }
}
