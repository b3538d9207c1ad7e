import { fitText } from './fit-text.ts'
import type { SqlConnection } from './sql-connection.ts'
import { SqlError, type SqlSession, sqlFailure } from './sql-database.ts'
import type { SqlTable } from './sql-tables.ts'

/** What a session has paid, by the columns of table `session_costs`. usage: ns or plain units; costDetails: JSON. Reference 10, A9. */
export type SqlSessionCost = {
  readonly cgrId: string
  readonly runId: string
  readonly originHost: string
  readonly originId: string
  readonly costSource: string
  readonly usage: bigint
  readonly costDetails: string
  /** When it was kept, in microseconds since the epoch. */
  readonly madeUs: bigint
}

export const COST_TABLE: SqlTable = {
  name: 'session_costs',
  number: 'id',
  columns: [
    { name: 'cgrid', type: 'VARCHAR(40)', isNull: false },
    { name: 'run_id', type: 'VARCHAR(64)', isNull: false },
    { name: 'origin_host', type: 'VARCHAR(64)', isNull: false },
    { name: 'origin_id', type: 'VARCHAR(128)', isNull: false },
    { name: 'cost_source', type: 'VARCHAR(64)', isNull: false },
    { name: 'usage', type: 'BIGINT', isNull: false },
    { name: 'cost_details', type: 'largeJson', isNull: true },
    { name: 'created_at', type: 'moment', isNull: true },
    { name: 'deleted_at', type: 'moment', isNull: true },
  ],
  unique: ['cgrid', 'run_id'],
  indexes: [['origin_host', 'origin_id'], ['run_id', 'origin_id'], ['deleted_at']],
}

/** Costs of sessions in a database of a server, for those who read them there by SQL. A cost that is there stays. */
export class SqlSessionCosts {
  readonly #connection: SqlConnection

  constructor(connection: SqlConnection) {
    this.#connection = connection
  }

  /** Stores costs. Rejects with StoreFailure. */
  async write(costs: readonly SqlSessionCost[]): Promise<void> {
    const { database, onEvent } = this.#connection
    await this.#connection.opened()
    for (const cost of costs) {
      try {
        await database.transaction((session) => this.#write(session, cost))
      } catch (cause) {
        if (!(cause instanceof SqlError && cause.isOfData)) throw sqlFailure(database, cause)
        onEvent({
          kind: 'refused',
          problem: cause.message,
          record: JSON.stringify({ ...cost, usage: String(cost.usage), madeUs: String(cost.madeUs) }),
        })
      }
    }
  }

  async #write(session: SqlSession, cost: SqlSessionCost): Promise<void> {
    const { cgrId, runId, originHost, originId, costSource, usage, costDetails, madeUs } = cost
    const { dialect } = this.#connection
    const key = [this.#fit('cgrid', cgrId), this.#fit('run_id', runId)]
    const { rows } = await session.query('SELECT 1 FROM session_costs WHERE cgrid = ? AND run_id = ?', key)
    if (rows.length > 0) return
    const names = ['cgrid', 'run_id', 'origin_host', 'origin_id', 'cost_source', 'usage', 'cost_details', 'created_at']
    await session.query(
      `INSERT INTO session_costs (${names.map((name) => dialect.quoted(name)).join(', ')}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      [
        ...key,
        this.#fit('origin_host', originHost),
        this.#fit('origin_id', originId),
        this.#fit('cost_source', costSource),
        String(usage),
        costDetails,
        dialect.written(madeUs),
      ],
    )
  }

  #fit(column: string, text: string): string {
    const { dialect, tables } = this.#connection
    return fitText(text, tables.get('session_costs')?.get(column), dialect)
  }
}
