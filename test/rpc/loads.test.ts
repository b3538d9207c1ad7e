import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { startGateway, stopGateway } from '../support/gateway.ts'
import { error, value } from '../support/replies.ts'
import { accountFolder, callText, RATED_TARIFF } from '../support/rpc-steps.ts'

const LOADED = [
  '*charger_profiles',
  '*destinations',
  '*rating_plans',
  '*rating_profiles',
  '*reverse_destinations',
  '*timings',
]
const json = (result: unknown) => value(JSON.stringify(result))
const loadReply = (id: string) =>
  json({ LoadID: '', RatingLoadID: id, AccountingLoadID: id, LoadTime: '0001-01-01T00:00:00Z' })

t.test('03 3.1, 3.2: loads of folders, and what is told of them', async (t) => {
  const folder = accountFolder(t, { data_db: { db_type: '*lmdb', opts: { lmdbPath: 'records' } } })
  const empty = join(folder, 'empty')
  mkdirSync(empty)
  let gateway = await startGateway(folder, empty)
  t.teardown(() => stopGateway(gateway))
  const call = (method: string, params: unknown) => callText(gateway, method, params)
  const loadIds = async (item = '') =>
    (JSON.parse(await call('APIerSv1.GetLoadIDs', item)) as { result: Record<string, number> }).result
  const partitions = async () => Object.keys(await loadIds())

  t.same(await partitions(), ['*timings'], '03 3.1: an empty folder')
  const load = (params: object) => call('APIerSv2.LoadTariffPlanFromFolder', params)
  t.equal(await load({}), error('MANDATORY_IE_MISSING:FolderPath'))
  t.equal(await load({ FolderPath: join(folder, 'none') }), error('INVALID_PATH'))
  t.equal(await load({ FolderPath: RATED_TARIFF, DryRun: true }), loadReply('dry_run'))
  t.equal(await call('APIerSv1.GetRatingPlanIDs', {}), error('NOT_FOUND'), 'a dry run loads nothing')
  t.same(await partitions(), ['*timings'])
  t.equal(await load({ FolderPath: RATED_TARIFF, Validate: true }), loadReply(''))
  t.equal(await call('APIerSv1.GetRatingPlanIDs', {}), json(['RP_1001', 'RP_D']))

  const gaps = join(folder, 'gaps')
  mkdirSync(gaps)
  writeFileSync(join(gaps, 'Timings.csv'), 'DAYTIME,*any,*any,*any,*any,08:00:00\n')
  writeFileSync(join(gaps, 'Rates.csv'), 'R20,0,1,60s,60s,0s\n')
  writeFileSync(join(gaps, 'DestinationRates.csv'), 'DR_20,*any,R20,*up,4,0,\n')
  writeFileSync(join(gaps, 'RatingPlans.csv'), 'RP_GAPS,DR_20,DAYTIME,10\n')
  t.equal(await load({ FolderPath: gaps, Validate: true }), error('invalid data'))
  t.equal(await call('APIerSv1.GetRatingPlanIDs', { Search: 'GAPS' }), error('NOT_FOUND'), 'nothing of it is in force')

  t.same(await partitions(), LOADED)
  const [ns, ...others] = new Set(Object.values(await loadIds()))
  t.same(others, [], '03 3.1: one time for all')
  t.same(await loadIds('*rating_plans'), { '*rating_plans': ns })
  t.same(await loadIds('junk'), { junk: 0 })
  const times = (params: object) => call('APIerSv1.GetLoadTimes', params)
  t.match(
    await times({ Item: '*timings' }),
    /"result":{"\*timings":"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,3})? \+0000 UTC"}/,
  )
  t.match(await times({ Item: '*timings', Timezone: 'Asia/Kolkata' }), / \+0530 IST"}/)
  t.equal(await times({ Item: 'junk' }), json({ junk: '0001-01-01 00:00:00 +0000 UTC' }))
  t.equal(await times({ Timezone: 'junk' }), error('unknown time zone junk'))
  t.equal(await call('APIerSv1.GetLoadHistory', {}), error('NOT_FOUND'))

  await call('APIerSv1.SetDestination', { Id: 'D9', Prefixes: ['9'] })
  t.same(await partitions(), LOADED, 'a destination leaves them')
  await call('APIerSv1.SetTiming', { ID: 'T9', StartTime: '09:00:00' })
  const held = await loadIds()
  t.same(Object.keys(held), ['*timings'], '03 3.1: each change replaces the whole')
  await stopGateway(gateway)
  gateway = await startGateway(folder, empty)
  t.same(await loadIds(), held, 'a restart keeps them')
  await call('APIerSv1.RemoveTPFromFolder', { FolderPath: RATED_TARIFF })
  t.same(await partitions(), LOADED, 'a removal is told as a load is')
  t.equal(await call('APIerSv1.GetRatingPlanIDs', {}), error('NOT_FOUND'))
})
