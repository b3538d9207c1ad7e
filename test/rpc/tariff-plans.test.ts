import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import t, { type Test } from 'tap'
import { unzip } from '../../src/tariffs/plan-zip.ts'
import { type Gateway, ROOT, startGateway, stopGateway } from '../support/gateway.ts'
import { error } from '../support/replies.ts'
import { accountFolder, callText, RATED_TARIFF } from '../support/rpc-steps.ts'

const EVERY_KIND = join(ROOT, 'test/fixtures/tariff-plan')
const OK = '{"id":1,"result":"OK","error":null}'

function temporary(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-plan-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A gateway with its plans in a file. */
async function planGateway(t: Test) {
  const stores = {
    data_db: { db_type: '*internal' },
    stor_db: { db_type: '*sqlite', opts: { sqlitePath: 'stor.sqlite' } },
    general: { tpexport_dir: temporary(t) },
  }
  const folder = accountFolder(t, stores)
  const empty = temporary(t)
  let gateway: Gateway = await startGateway(folder, empty)
  t.teardown(() => stopGateway(gateway))
  return {
    folder,
    call: (method: string, params: unknown = {}) => callText(gateway, `APIerSv1.${method}`, params),
    result: async (method: string, params: unknown = {}) =>
      (JSON.parse(await callText(gateway, `APIerSv1.${method}`, params)) as { result: unknown }).result,
    async restart() {
      await stopGateway(gateway)
      gateway = await startGateway(folder, empty)
    },
  }
}

const filesOf = (folder: string) =>
  Object.fromEntries(readdirSync(folder).map((file) => [file, readFileSync(join(folder, file), 'utf8')]))

const { folder: home, call, result, restart } = await planGateway(t)

t.test('01 ex. 12: what is missing, what is unknown, a filter that is none', async (t) => {
  t.equal(await call('SetTPRate'), error('MANDATORY_IE_MISSING: [TPid ID RateSlots]'))
  t.equal(await call('GetActions', 'ACTS_1'), error('SERVER_ERROR: NOT_FOUND'))
  const reference =
    'broken reference to filter: \\u003cFLTR_NotFound\\u003e for item with ID: cgrates.org:TEST_PROFILE1'
  const profile = { ID: 'TEST_PROFILE1', FilterIDs: ['FLTR_NotFound'], RunID: 'r', AttributeIDs: ['*none'] }
  t.equal(await call('SetChargerProfile', profile), `{"id":1,"result":null,"error":"SERVER_ERROR: ${reference}"}`)
})

t.test('03 3.2: a folder, imported and exported again, is the same', async (t) => {
  t.equal(await call('ImportTariffPlanFromFolder', { TPid: 'A', FolderPath: EVERY_KIND }), OK)
  const [first, second, zipped] = [temporary(t), temporary(t), temporary(t)]
  const names = readdirSync(EVERY_KIND).sort()
  const exported = (await result('ExportTPToFolder', { TPid: 'A', ExportPath: first })) as { ExportedFiles: string[] }
  t.same([...exported.ExportedFiles].sort(), names, 'every file')
  t.same(readdirSync(first).sort(), names)

  t.equal(await call('ImportTariffPlanFromFolder', { TPid: 'B', FolderPath: first, RunId: 'b' }), OK)
  await restart()
  await call('ExportTPToFolder', { TPid: 'B', ExportPath: second, FileFormat: 'csv', FieldSeparator: ',' })
  t.same(filesOf(second), filesOf(first))
  t.match(filesOf(first)['Rates.csv'], 'RT_1,0,0.123456789,60s,30s,60s', 'no digit is lost')

  t.same(await result('ExportTPToFolder', { TPid: 'B', ExportPath: zipped, Compress: true }), {
    ExportPath: zipped,
    ExportedFiles: exported.ExportedFiles,
    Compressed: true,
  })
  t.same(readdirSync(zipped), ['tpexport.zip'])
  const zip = String(await result('ExportTPToZipString', { TPid: 'B' }))
  const texts = await unzip(Buffer.from(zip, 'base64'))
  t.same(Object.fromEntries(texts.map(({ path, text }) => [path, text])), filesOf(first))
  t.equal(await call('ImportTPZipFile', { TPid: 'C', File: zip }), OK)
  t.equal(
    await result('ExportTPToZipString', { TPid: 'C' })
      .then(String)
      .then((again) => again.length > 0),
    true,
  )
  t.same(await result('GetTPIds'), ['A', 'B', 'C'])
  t.same(await result('GetTPRatingProfileLoadIds', { TPid: 'B' }), ['CSVLOAD_b'])
  t.same(await result('GetTPRatingProfileLoadIds', { TPid: 'C' }), ['CSVLOAD'])

  t.equal(await call('RemTP', { TPid: 'B' }), OK)
  t.same(await result('GetTPIds'), ['A', 'C'], 'the others stay')
})

t.test('an export that cannot be written is told', async (t) => {
  await call('SetTPDestination', { TPid: 'D', ID: 'D', Prefixes: ['49', '1'] })
  t.equal(
    await call('ExportTPToFolder', { TPid: 'D', ExportPath: '/no/such/folder' }),
    error('SERVER_ERROR: open /no/such/folder/Destinations.csv: no such file or directory'),
  )
  const { ExportPath: folder } = (await result('ExportTPToFolder', { TPid: 'D', FieldSeparator: ';;' })) as {
    ExportPath: string
  }
  t.same(filesOf(folder), { 'Destinations.csv': 'D;49\nD;1\n' }, 'general.tpexport_dir; one character separates')
})

t.test('an import that fails changes nothing, and says where', async (t) => {
  const bad = temporary(t)
  writeFileSync(join(bad, 'Destinations.csv'), '#\nD,49\n')
  mkdirSync(join(bad, 'sub'))
  writeFileSync(join(bad, 'sub', 'Rates.csv'), 'RT,0,1,60s,1s,0s\nRT,0,1.2.3,60s,1s,60s\n')
  await call('SetTPDestination', { TPid: 'E', ID: 'D', Prefixes: ['1'] })
  t.equal(
    await call('ImportTariffPlanFromFolder', { TPid: 'E', FolderPath: bad }),
    error(`SERVER_ERROR: ${join(bad, 'sub', 'Rates.csv')}:2: Rate "1.2.3": invalid value, expected a number`),
  )
  t.same(await result('GetTPDestination', { TPid: 'E', ID: 'D' }), { TPid: 'E', ID: 'D', Prefixes: ['1'] })
  t.same(await result('GetTPRateIds', { TPid: 'E' }), [])
  writeFileSync(join(bad, 'sub', 'Rates.csv'), 'RT;0;1;60s;1s;0s\n')
  writeFileSync(join(bad, 'Destinations.csv'), 'D;49\nE;48\n')
  t.equal(await call('ImportTariffPlanFromFolder', { TPid: 'E', FolderPath: bad, CsvSeparator: ';' }), OK)
  t.same(await result('GetTPDestination', { TPid: 'E', ID: 'D' }), { TPid: 'E', ID: 'D', Prefixes: ['49'] }, 'replaced')
  t.same(await result('GetTPDestinationIDs', { TPid: 'E', Search: 'E' }), ['E'])
  t.same(await result('GetTPDestinationIDs', { TPid: 'E', Limit: 1, Offset: 1 }), ['E'])
})

t.test('a plan in force: prices come from what SQL has changed', async (t) => {
  await call('ImportTariffPlanFromFolder', { TPid: 'F', FolderPath: RATED_TARIFF })
  t.equal(await call('LoadTariffPlanFromStorDb', { TPid: 'F', DryRun: true }), OK)
  t.equal(await call('GetRatingPlanIDs'), error('NOT_FOUND'))
  t.equal(await call('LoadTariffPlanFromStorDb', { TPid: 'F' }), OK)
  const cost = async () => {
    const call = {
      Category: 'call',
      Subject: '1001',
      AnswerTime: '2026-03-04T10:00:00Z',
      Destination: '1002',
      Usage: '1m',
    }
    return ((await result('GetCost', call)) as { Cost: number }).Cost
  }
  const before = await cost()
  t.ok(before > 0)
  const database = new DatabaseSync(join(home, 'stor.sqlite'))
  database.exec(`UPDATE tp_rates SET rate = 2 * rate, connect_fee = 2 * connect_fee WHERE tpid = 'F'`)
  t.equal(await cost(), before, 'not before it is loaded')
  t.equal(await call('LoadTariffPlanFromStorDb', { TPid: 'F' }), OK)
  t.equal(await cost(), 2 * before)
  database.exec(`UPDATE tp_rating_plans SET timing_tag = 'ALWAYZ' WHERE tpid = 'F' AND tag = 'RP_1001'`)
  database.close()
  t.match(
    await call('LoadTariffPlanFromStorDb', { TPid: 'F' }),
    /"SERVER_ERROR: stor_db F: tp_rating_plans RP_1001: TimingID \\"ALWAYZ\\": could not get timing for tag/,
  )
  t.equal(await cost(), 2 * before, 'nothing has changed')
  t.equal(await call('RemTP', { TPid: 'F' }), OK)
  t.equal(await cost(), 2 * before, 'what is in force stays')
})

t.test('the last load of an object counts', async (t) => {
  await call('ImportTariffPlanFromFolder', { TPid: 'G', FolderPath: RATED_TARIFF, RunId: '1' })
  const profile = { TPid: 'G', LoadId: 'own', Category: 'call', Subject: '1001' }
  const activation = { ActivationTime: '2020-01-01T00:00:00Z', RatingPlanId: 'RP_D' }
  t.equal(await call('SetTPRatingProfile', { ...profile, RatingPlanActivations: [activation] }), OK)
  t.equal(await call('LoadTariffPlanFromStorDb', { TPid: 'G' }), OK)
  const loaded = (await result('GetRatingProfile', { Category: 'call', Subject: '1001' })) as {
    RatingPlanActivations: { RatingPlanId: string }[]
  }
  t.same(
    loaded.RatingPlanActivations.map(({ RatingPlanId: id }) => id),
    ['RP_D'],
  )
})
