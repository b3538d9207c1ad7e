/** Base of every error that Tollgate means: `code` is stable and can be matched on. */
export class TollgateError extends Error {
  readonly code: string

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.name = new.target.name
  }
}

/** A record was written by somebody else since it was read: nothing of the batch was applied. */
export class VersionConflict extends TollgateError {
  constructor(table: string, key: string, expected: number, found: number) {
    super('VERSION_CONFLICT', `${table}/${key}: version ${expected} was expected, the store holds ${found}`)
  }
}

/** The store cannot make anything durable any more (disk full, I/O error): nothing may be answered from it. */
export class StoreFailure extends TollgateError {
  constructor(message: string, options?: ErrorOptions) {
    super('STORE_FAILURE', message, options)
  }
}

/** Another process that lives owns the store. */
export class StoreInUse extends TollgateError {
  constructor(message: string) {
    super('STORE_IN_USE', message)
  }
}

/** A text that is not what it should be: a number, a duration, a time. The message is what clients see. */
export class InvalidText extends TollgateError {
  constructor(message: string) {
    super('INVALID_TEXT', message)
  }
}

/** Something asked for is not there. */
export class NotFound extends TollgateError {
  constructor(message = 'NOT_FOUND') {
    super('NOT_FOUND', message)
  }
}
