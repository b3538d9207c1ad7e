import { TollgateError } from '../core/errors.ts'

/** A refusal of the sessions API: its text is what CGRateS clients see. Reference 05, 7 and 11. */
export class SessionRefused extends TollgateError {
  override readonly name = 'SessionRefused'

  constructor(text: string) {
    super(text, text)
  }
}
