import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import t from 'tap'
import { StoreFailure } from '../../src/core/errors.ts'
import { SqlitePlanStore } from '../../src/store/sqlite/sqlite-plan-store.ts'
import { PLAN_TABLES } from '../../src/tariffs/plan-tables.ts'

const folder = mkdtempSync(join(tmpdir(), 'tollgate-plans-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))

const TABLES = Object.values(PLAN_TABLES)
t.test('10 A9: rows that operators write by SQL are read', async (t) => {
  const path = join(folder, 'operators.sqlite')
  const store = new SqlitePlanStore(path, TABLES)
  t.teardown(() => store.close())
  t.same(await store.planIds(), [], 'the tables are there')
  const database = new DatabaseSync(path)
  database.exec(`
    INSERT INTO tp_rates (tpid, tag, rate, rate_unit) VALUES ('P', 'RT', 0.25, '60s');
    INSERT INTO tp_account_actions (tpid, loadid, tenant, account, action_plan_tag, allow_negative)
      VALUES ('P', 'l', 't', 'a', NULL, 1);
    INSERT INTO tp_resources (tpid, tenant, id, "limit") VALUES ('P', 't', 'RES', '10')`)
  t.strictSame(await store.rows('P', 'tp_rates', {}), [['RT', '0', '0.25', '60s', '', '']])
  t.strictSame(await store.rows('P', 'tp_account_actions', {}), [['l', 't', 'a', '', '', 'true', 'false']])
  t.equal((await store.rows('P', 'tp_resources', {}))[0]?.[5], '10')
  database.close()
})

t.test('a file that cannot be opened fails every call', async (t) => {
  const store = new SqlitePlanStore(folder, TABLES)
  await t.rejects(store.planIds(), StoreFailure)
  await t.rejects(store.planIds(), StoreFailure)
  await store.close()
})
