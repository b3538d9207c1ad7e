import type { PlanColumnType } from '../plan-store.ts'
import type { CdrLayout } from './cdr-conditions.ts'
import type { SqlValue } from './sql-database.ts'

/** Types of columns that servers name in their own ways. `datetime`: a time of an event; `moment`: when a row was written. */
export type ColumnKind = 'datetime' | 'moment' | 'json' | 'largeJson' | 'cost' | 'text' | 'number' | PlanKind
type PlanKind = `plan ${PlanColumnType}` | 'plan key'

/** What differs between servers. */
export interface SqlDialect {
  readonly types: Readonly<Record<ColumnKind, string>>
  /** What follows the closing bracket of a CREATE TABLE. */
  readonly tableOptions: string
  /** Rows of the columns of the database's tables: see `readTables`. */
  readonly columnsQuery: string
  /** Expressions of the columns of CDRs. */
  readonly cdrs: CdrLayout
  /** Whether texts may hold U+0000. */
  readonly keepsZeros: boolean
  /** A name in quotes. */
  quoted(name: string): string
  /** The expression of a text by its octets: equal and in order letter by letter. */
  exact(expression: string): string
  /** Expressions joined by colons. */
  joined(expressions: readonly string[]): string
  /** A condition: the text contains what is bound. */
  contains(expression: string): string
  /** The expression of a column of texts, which one of JSON is only when it is cast. */
  text(column: string): string
  /** The expression by which a time of an event is read, and what it gives: ns since the epoch, undefined when it is null. */
  timeText(column: string): string
  timeOf(text: string | null): bigint | undefined
  /** What is bound for a time of an event; digits: those of a second that the column keeps. */
  time(ns: bigint, digits: number): SqlValue
  /** The expression by which the time at which a row was written is read: microseconds since the epoch. */
  writtenAt(column: string): string
  /** What is bound for such a time. */
  written(microseconds: bigint): SqlValue
}
