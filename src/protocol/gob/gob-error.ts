import { TollgateError } from '../../core/errors.ts'

/** A gob that cannot be read into what was wanted, or a value that its type cannot carry. Its text is what Go says, where Go says it. */
export class GobError extends TollgateError {
  constructor(text: string) {
    super('GOB_ERROR', `gob: ${text}`)
  }
}
