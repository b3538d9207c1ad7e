import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { loadConfig } from '../../src/config/load-config.ts'
import type { EventFields, EventValue } from '../../src/core/event.ts'
import { eventJson } from '../../src/core/event-values.ts'
import { Engine } from '../../src/engine/engine.ts'
import { FILTER_TYPES } from '../../src/filters/filter-types.ts'
import { errorText, NOBODY } from '../../src/rpc/method.ts'
import { buildRegistry } from '../../src/rpc/methods/all.ts'
import { CHARGER_INDEX, PROFILE_KINDS } from '../../src/rpc/shapes/profile-kinds.ts'
import { decide } from '../support/filters.ts'
import { ROOT, sampleFolder } from '../support/gateway.ts'

const PAGE = readFileSync(join(ROOT, 'docs/filters.md'), 'utf8')
const blocks = (language: string) =>
  [...PAGE.matchAll(/^```(\S+)(?: (\S+))?\n(.*?)^```/gms)]
    .filter(([, each]) => each === language)
    .map(([, , name = '', text = '']) => ({ name, text }))

t.test('every filter of docs/filters.md decides as it says', async (t) => {
  const rows = blocks('text').flatMap(({ text }) => text.trim().split('\n'))
  t.ok(rows.length > 15)
  for (const row of rows) {
    const [, filter = '', event = '', outcome = ''] = /^(\S+) +(\{.*\}) +(passes|fails|error .*)$/.exec(row) ?? []
    const expected = { passes: 'true', fails: 'false' }[outcome] ?? outcome.replace('error ', '')
    t.equal(decide([filter], JSON.parse(event || 'null') as EventFields), expected, row)
  }
})

t.test('every type that there is stands on the page, and no other', async (t) => {
  const table = PAGE.slice(PAGE.indexOf('| type |'), PAGE.indexOf('```text', PAGE.indexOf('| type |')))
  t.same([...table.matchAll(/`(\*\w+)`/g)].map(([, type]) => type).sort(), FILTER_TYPES.toSorted())
})

/** The sample with the configuration and the files of the page. */
async function engineOfPage(t: Test): Promise<{ engine: Engine; tariff: string }> {
  const folder = sampleFolder(t, {
    data_db: { db_type: '*internal' },
    stor_db: { db_type: '*internal' },
    ees: { enabled: false },
    cdrs: { ees_conns: [], online_cdr_exports: [] },
  })
  for (const [i, { text }] of blocks('json').entries()) writeFileSync(join(folder, `config/zzz-page-${i}.json`), text)
  const tariff = join(folder, 'tariff')
  mkdirSync(tariff)
  for (const { name, text } of blocks('csv')) writeFileSync(join(tariff, name), text)
  const loaded = await loadConfig(join(folder, 'config'), {}, join(ROOT, 'config/tollgate.json'))
  const engine = new Engine({ loaded, root: ROOT, log: () => undefined })
  t.teardown(() => engine.close())
  await engine.openTariff()
  return { engine, tariff }
}

t.test('every kind of profile stands on the page with its file and index, and no other', (t) => {
  const table = PAGE.slice(PAGE.indexOf('| profile |'))
  const rows = [...table.matchAll(/^\| `(\w+)` \| `(\w+)\.csv` \| (?:`(\*\w+)`)? ?\|/gm)]
  const kinds = Object.entries(PROFILE_KINDS).map(([name, { file, ...kind }]) => [
    name,
    file,
    'index' in kind ? kind.index.itemType : undefined,
  ])
  t.same(
    rows.map(([, name, file, itemType]) => [name, file, itemType]),
    [['ChargerProfile', 'Chargers', CHARGER_INDEX.itemType], ...kinds],
  )
  t.end()
})

t.test('the files load and the calls are answered as the page shows', async (t) => {
  const { engine, tariff } = await engineOfPage(t)
  t.same(
    blocks('csv').map(({ name }) => name),
    ['Filters.csv', 'Chargers.csv'],
  )
  await engine.tariff.load(tariff)
  const defaults = {
    tenant: 'cgrates.org',
    category: 'call',
    timeZone: 'UTC',
    roundingDecimals: 5,
    nodeId: '',
    version: '',
  }
  const registry = buildRegistry(engine, defaults, () => true)
  const lines = blocks('jsonl').flatMap(({ text }) => text.trim().split('\n'))
  t.ok(lines.length >= 12 && lines.length % 2 === 0)
  for (let i = 0; i < lines.length; i += 2) {
    const { method, params } = JSON.parse(lines[i] ?? '') as { method: string; params: unknown[] }
    const answer = await registry
      .call(method, params, NOBODY)
      .then((reply) => eventJson(reply as EventValue), errorText)
    t.equal(answer, lines[i + 1], method)
  }
})
