import { join } from 'node:path'
import t, { type Test } from 'tap'
import { loadConfig } from '../../src/config/load-config.ts'
import { Engine } from '../../src/engine/engine.ts'
import type { TariffChanges, TariffRow } from '../../src/tariffs/tariff-rows.ts'
import { ROOT, sampleFolder } from '../support/gateway.ts'

/** Opens an engine; nothing listens. */
async function open(folder: string): Promise<Engine> {
  const engine = new Engine({
    loaded: await loadConfig(join(folder, 'config'), {}, join(ROOT, 'config/tollgate.json')),
    root: ROOT,
    log: () => undefined,
  })
  await engine.openTariff()
  return engine
}

function folderOf(t: Test): string {
  const data = t.testdir()
  return sampleFolder(t, {
    data_db: { opts: { lmdbPath: join(data, 'lmdb') } },
    stor_db: { db_type: '*internal' },
    ees: { enabled: false },
    cdrs: { ees_conns: [], online_cdr_exports: [] },
  })
}

const row = (...values: string[]): TariffRow => ({ values, place: 'a test' })
const destination = (id: string, ...prefixes: string[]): TariffChanges =>
  new Map([['Destinations', new Map([[id, prefixes.map((prefix) => row(id, prefix))]])]])

t.test('a change is in force when it resolves, and after a restart', async (t) => {
  const folder = folderOf(t)
  const engine = await open(folder)
  await engine.tariff.change(() => destination('DST', '1', '2'))
  await engine.tariff.change((rows) => {
    t.equal(rows.get('Destinations')?.get('DST')?.length, 2, 'a change sees the one before it')
    return destination('DST', '3')
  })
  t.same(engine.tariff.rows.get('Destinations')?.get('DST'), [row('DST', '3')])
  await engine.tariff.change(() => destination('GONE', '4'))
  await engine.tariff.change(() => new Map([['Destinations', new Map([['GONE', undefined]])]]))
  await engine.close()
  const again = await open(folder)
  t.same([...(again.tariff.rows.get('Destinations') ?? [])], [['DST', [row('DST', '3')]]])
  await again.close()
})

t.test('changes and loads that are asked for at the same time are made one after the other', async (t) => {
  const engine = await open(folderOf(t))
  const append = (prefix: string) =>
    engine.tariff.change((rows) => {
      const held = rows.get('Destinations')?.get('DST') ?? []
      return destination('DST', ...held.map(({ values }) => values[1] ?? ''), prefix)
    })
  await Promise.all([
    append('1'),
    engine.tariff.load(join(ROOT, 'config/samples/gy-data/tariff')),
    append('2'),
    t.rejects(
      engine.tariff.change(() => {
        throw new RangeError('no')
      }),
      /no/,
    ),
    append('3'),
  ])
  t.same(
    engine.tariff.rows
      .get('Destinations')
      ?.get('DST')
      ?.map(({ values }) => values[1]),
    ['1', '2', '3'],
  )
  t.ok(engine.tariff.counts()['Actions'])
  await engine.close()
})

t.test('a change that cannot be compiled changes nothing', async (t) => {
  const engine = await open(folderOf(t))
  const rate = new Map([['Rates', new Map([['R', [row('R', 'x', '1', '60s', '60s', '0s')]]])]] as const)
  await t.rejects(
    engine.tariff.change(() => rate),
    /ConnectFee "x": invalid value "x", expected a number/,
  )
  t.same(engine.tariff.counts(), {})
  await engine.close()
})

t.test('04 12.1: a plan keeps the times and the accounts of its load over a restart', async (t) => {
  const folder = folderOf(t)
  const engine = await open(folder)
  await engine.tariff.load(join(ROOT, 'config/samples/gy-data/tariff'))
  const { plans } = engine.tariff.actions
  await engine.close()
  const again = await open(folder)
  t.ok(plans.size > 0)
  t.same([...again.tariff.actions.plans], [...plans])
  await again.close()
})
