import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { startGateway, stopGateway } from '../support/gateway.ts'
import { accountFolder, callText, RATED_TARIFF } from '../support/rpc-steps.ts'

const FIELDS = ['OriginID', 'RunID', 'Cost'].map((tag) => ({ tag, path: `*exp.${tag}`, value: `~*req.${tag}` }))
const exporter = (id: string, more: object) => ({ id, type: '*file_csv', export_path: 'out', fields: FIELDS, ...more })

const folder = accountFolder(t, {
  ees: {
    enabled: true,
    exporters: [
      exporter('online', {}),
      exporter('raw', { filters: ['*string:~*req.RunID:*raw'] }),
      exporter('all', {}),
    ],
  },
  cdrs: { ees_conns: ['*internal'], online_cdr_exports: ['online'], chargers_conns: [] },
  apiers: { ees_conns: ['*internal'] },
})
const gateway = await startGateway(folder, RATED_TARIFF)
t.teardown(() => stopGateway(gateway))

async function call(method: string, argument: object): Promise<string> {
  const { result, error } = JSON.parse(await callText(gateway, method, argument)) as { result: unknown; error: string }
  return error ?? JSON.stringify(result)
}

/** Rows of an exporter, without its header. */
function rows(id: string): string[] {
  const name = readdirSync(join(folder, 'out')).find((each) => each.startsWith(`${id}_`))
  return name === undefined
    ? []
    : readFileSync(join(folder, 'out', name), 'utf8')
        .trim()
        .split('\n')
}

const CDR = {
  ToR: '*voice',
  RequestType: '*rated',
  Tenant: 'cgrates.org',
  Category: 'call',
  Account: '1001',
  Destination: '+4986517174963',
  SetupTime: '2018-10-04T15:03:10Z',
  AnswerTime: '2018-10-04T15:03:10Z',
  PreRated: true,
  Cost: 1.01,
}

t.test('05 9.3: *export decides what goes to the exporters', async (t) => {
  const event = { ...CDR, OriginID: 'flag-on', Usage: 1 }
  t.equal(await call('CDRsV1.ProcessEvent', { Flags: ['*rals:false'], Event: event }), '"OK"')
  const silent = { Flags: ['*rals:false', '*export:false'], Event: { ...event, OriginID: 'flag-off' } }
  t.equal(await call('CDRsV1.ProcessEvent', silent), '"OK"')
  t.equal(await call('CDRsV1.GetCDRsCount', { OriginIDs: ['flag-on', 'flag-off'] }), '2', 'both are stored')
  const again = { Flags: ['*export'], OriginIDs: ['flag-off'] }
  t.equal(await call('CDRsV1.ReprocessCDRs', again), '"OK"')
  // A CDR that is written after them shows that they were.
  t.equal(await call('APIerSv1.ExportCDRs', { ExporterIDs: ['online'], OriginIDs: ['flag-on'] }), '{"online":{}}')
  t.same(rows('online'), ['flag-on,*default,1.01', 'flag-off,*default,1.01', 'flag-on,*default,1.01'])
  t.same([rows('raw'), rows('all')], [[], []], 'those that are not online take nothing by themselves')
  t.equal(await call('CDRsV1.GetCDRsCount', { OriginIDs: ['flag-on', 'flag-off'] }), '2')
})

t.test('09 C20: offline export', async (t) => {
  for (const [i, [usage, run]] of [
    [10e9, '*raw'],
    [5e9, '*default'],
    [30e9, '*raw'],
    [0, '*default'],
  ].entries()) {
    const cdr = { ...CDR, OriginID: `Cdr${i + 1}`, RunID: run, Usage: usage }
    t.equal(await call('CDRsV1.ProcessCDR', cdr), '"OK"')
  }
  const four = { OriginIDs: ['Cdr1', 'Cdr2', 'Cdr3', 'Cdr4'] }
  const exported = JSON.parse(await call('APIerSv1.ExportCDRs', { ...four, ExporterIDs: ['all'], Verbose: true })) as {
    all: Record<string, unknown>
  }
  const { PositiveExports: ids, TimeNow: _, ...metrics } = exported.all
  t.equal((ids as string[]).length, 4)
  t.match(metrics, {
    NumberOfEvents: 4,
    NegativeExports: [],
    TotalCost: 4.04,
    TotalDuration: 45_000_000_000,
    FirstExpOrderID: 3,
    LastExpOrderID: 6,
    FirstEventATime: '2018-10-04T15:03:10Z',
    LastEventATime: '2018-10-04T15:03:10Z',
    ExportPath: /all_\d+\.csv$/,
  })
  t.same(rows('all'), ['Cdr1,*raw,1.01', 'Cdr2,*default,1.01', 'Cdr3,*raw,1.01', 'Cdr4,*default,1.01'])
  t.equal(await call('APIerSv1.ExportCDRs', { ...four, ExporterIDs: ['all', 'raw'] }), '{"raw":{},"all":{}}')
  t.same(rows('raw'), ['Cdr1,*raw,1.01', 'Cdr3,*raw,1.01'])
  t.equal(
    await call('APIerSv1.ExportCDRs', { ...four, ExporterIDs: ['raw'] }),
    'PARTIALLY_EXECUTED',
    'two find no exporter',
  )
  t.equal(rows('raw').length, 4, 'the others are written')
  t.equal(await call('APIerSv1.ExportCDRs', { ...four, ExporterIDs: ['none'] }), 'PARTIALLY_EXECUTED')
  t.equal(await call('APIerSv1.ExportCDRs', { OriginIDs: ['nobody'] }), 'NOT_FOUND')
  t.equal(await call('APIerSv1.ExportCDRs', { MinUsage: 'zz' }), 'SERVER_ERROR: time: invalid duration "zz"')
})

t.test('09 11: no connection to exporters', async (t) => {
  const plain = await startGateway(accountFolder(t), RATED_TARIFF)
  t.teardown(() => stopGateway(plain))
  const reply = await callText(plain, 'APIerSv1.ExportCDRs', {})
  t.equal(reply, '{"id":1,"result":null,"error":"NOT_CONNECTED: EEs"}')
})
