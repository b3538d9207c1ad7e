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
const RATE = ['RT', '0.1', '0.123456789012345678', '60s', '1s', '0s']
const added = (table: string, ...rows: string[][]) => ({ table, removed: [], added: rows })

for (const path of [':memory:', join(folder, 'stor.sqlite')]) {
  const store = new SqlitePlanStore(path, TABLES)
  t.teardown(() => store.close())
  const rates = (planId: string) => store.rows(planId, 'tp_rates', {})

  t.test(`${path}: rows stay as they are, in order`, async (t) => {
    t.same(await store.planIds(), [])
    const slots = [RATE, ['RT', '0', '12', '60s', '1s', '60s'], ['AA', '0', '0', '', '', '']]
    await store.change('P', [added('tp_rates', ...slots)])
    t.strictSame(await rates('P'), slots, 'no digit is lost')
    t.strictSame(await store.rows('P', 'tp_rates', { tag: 'AA' }), [slots[2]])
    t.strictSame(await rates('Q'), [])
    const trigger = ['t', 'a', 'p', '', 'true', 'false']
    await store.change('Q', [added('tp_account_actions', ['l', ...trigger])])
    t.strictSame((await store.plan('Q')).get('tp_account_actions'), [['l', ...trigger]])
    t.same(await store.planIds(), ['P', 'Q'])
  })

  t.test(`${path}: objects are replaced, plans cleared`, async (t) => {
    await store.change('R', [added('tp_rates', RATE, ['AA', '0', '0', '', '', ''])])
    await store.change('R', [{ table: 'tp_rates', removed: [['RT']], added: [['RT', '0', '7', '', '', '']] }])
    t.strictSame(await rates('R'), [
      ['AA', '0', '0', '', '', ''],
      ['RT', '0', '7', '', '', ''],
    ])
    await store.change('R', [added('tp_destinations', ['D', '49'])], true)
    t.strictSame(await rates('R'), [])
    t.same(
      await store.objectIds('R', { table: 'tp_destinations', columns: ['tag'], search: '', limit: 9, offset: 0 }),
      ['D'],
    )
    await store.change('R', [], true)
    t.same(await store.planIds(), ['P', 'Q'])
  })

  t.test(`${path}: a change that fails changes nothing`, async (t) => {
    const before = await rates('P')
    const changes = [{ table: 'tp_rates', removed: [['RT']], added: [] }, added('tp_nothing', ['x'])]
    await t.rejects(store.change('P', changes, true), StoreFailure)
    t.strictSame(await rates('P'), before)
  })

  t.test(`${path}: ids that contain a text, page by page`, async (t) => {
    const chargers = ['b', 'a', 'c', 'ab'].map((id) => ['tenant', id, '', '', '', '', '0'])
    await store.change('S', [added('tp_chargers', ...chargers, ...chargers)])
    const ids = (search: string, limit: number | undefined, offset: number) =>
      store.objectIds('S', { table: 'tp_chargers', columns: ['tenant', 'id'], search, limit, offset })
    t.same(await ids('', undefined, 0), ['tenant:a', 'tenant:ab', 'tenant:b', 'tenant:c'])
    t.same(await ids('b', undefined, 0), ['tenant:ab', 'tenant:b'])
    t.same(await ids('', 2, 1), ['tenant:ab', 'tenant:b'])
    t.same(await ids('', undefined, 9), [])
  })
}

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
