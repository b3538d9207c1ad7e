import type { Value } from './value.ts'

/** Told, while a message is mapped, what each step reads and makes. Only a dry run compiles with one. */
export interface Trace {
  /** A request processor was asked; failedFilter: the first that did not pass, with why when it could not be told. */
  processor(id: string, failedFilter: string | undefined): void
  /** A field begins; its values and its end follow. */
  field(tag: string, type: string, path: string): void
  /** The filters of the field have passed: what was read so far was theirs. */
  passed(): void
  /** One rule: its text, and the value after the selector, each search-and-replace and each converter. */
  rule(rule: string, steps: readonly TraceStep[]): void
  /** What became of the field. */
  done(outcome: FieldOutcome): void
}

/** what: the selector, search-and-replace or converter as it is written. value undefined: NOT_FOUND. */
export type TraceStep = { what: string; value: Value }

/** filter: the first that did not pass. value: what was written, as text. */
export type FieldOutcome =
  | { kind: 'skipped'; filter: string }
  | { kind: 'notFound' }
  | { kind: 'written'; value: string; path: string }
  | { kind: 'removed'; path: string }
  | { kind: 'nothing' }
  | { kind: 'failed'; message: string }
