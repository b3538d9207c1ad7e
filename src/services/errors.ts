import { TollgateError } from '../core/errors.ts'

/** A refusal by sessions or charging: its text is what CGRateS clients see. Reference 05, 7 and 11. */
export class SessionRefused extends TollgateError {
  constructor(text: string) {
    super(text, text)
  }
}
