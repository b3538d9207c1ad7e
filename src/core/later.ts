/**
 * Thrown where a synchronous evaluation needs what is known only later. Who runs the evaluation waits for `known` and runs it
 * again from its beginning; nothing that it did before may stay.
 */
export class Later {
  readonly known: Promise<void>

  constructor(known: Promise<void>) {
    this.known = known
  }
}
