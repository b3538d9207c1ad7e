import { appendFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { loadActionPlan } from '../../src/accounting/action-plans.ts'
import { runActions } from '../../src/accounting/actions.ts'
import { compileAccounts, compileActions, stampActions } from '../../src/accounting/tariff-actions.ts'
import { NotFound } from '../../src/core/errors.ts'
import { readTariffFolder } from '../../src/tariffs/tariff-rows.ts'
import { contextOf, show } from '../support/accounts.ts'
import { at } from '../support/tariffs.ts'

t.test('the example of docs/accounts.md does what it says', async (t) => {
  const text = readFileSync(new URL('../../docs/accounts.md', import.meta.url), 'utf8')
  const folder = t.testdir()
  const files = [...text.matchAll(/^`(\w+\.csv)`\n\n```csv\n([\s\S]*?)```/gm)]
  for (const [, name = '', content = ''] of files) appendFileSync(join(folder, name), content)
  t.equal(files.length, 8)

  const now = at('2026-11-23T06:06:58Z')
  const { newUuid } = contextOf()
  const { rows } = readTariffFolder(folder)
  const stamped = stampActions(rows, rows, now, newUuid)
  const { actions, plans, triggers } = compileActions(stamped)
  const accounts = compileAccounts(stamped, plans, triggers)
  const environment = {
    now,
    newUuid,
    roundingDecimals: 5,
    removeExpired: true,
    passes: () => true,
    accountOf: () => undefined,
    lastSummary: () => {
      throw new NotFound()
    },
    setOf: () => undefined,
    failed: () => undefined,
  }
  const tasks = [...plans].flatMap(
    ([id, timings]) => loadActionPlan({ id, timings, accountIds: ['cgrates.org:1001'] }, newUuid).tasks,
  )
  const sets = tasks.flatMap(({ actionsId }) => actions.get(actionsId) ?? [])
  const outcome = runActions({ tenant: 'cgrates.org', id: '1001' }, undefined, sets, environment)
  t.equal(actions.get('ACT_LOW')?.length, 2)
  t.match(accounts, [{ tenant: 'cgrates.org', id: '1001', planId: 'AP_DATA' }])
  t.equal(outcome.ok && outcome.account && show(outcome.account), 'MONTHLY 1073741824, MONEY 10')
})
