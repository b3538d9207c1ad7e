import { TollgateError } from '../../core/errors.ts'

/** A dry run that cannot be: an agent or a kind of message that there is not. */
export class DryRunError extends TollgateError {
  constructor(message: string) {
    super('DRY_RUN', message)
  }
}
