import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import t from 'tap'
import { engineOf } from '../support/engine.ts'
import { ROOT, sampleFolder } from '../support/gateway.ts'
import { PASSWORD, startSqlServers, USER } from '../support/sql-servers.ts'

const servers = await startSqlServers(t)
const PAGE = readFileSync(join(ROOT, 'docs/stores.md'), 'utf8')

/** Blocks of a language on the page about stores that match a pattern. */
function blocks(language: string, pattern: RegExp): string[] {
  const all = [...PAGE.matchAll(/^```(\w+)\n(.*?)^```/gms)]
  return all.filter(([, each, text = '']) => each === language && pattern.test(text)).map(([, , text = '']) => text)
}

const event = (OriginID: string, fields: object = {}) => ({
  ...{ OriginID, ToR: '*sms', Category: 'sms', RequestType: '*postpaid', Account: '1001', Destination: '+40123' },
  ...{ SetupTime: '2026-01-07T17:00:00Z', AnswerTime: '2026-01-07T17:00:10Z', Usage: 2, ...fields },
})
const rated = (OriginID: string, fields: object = {}) => ({
  Flags: ['*rals', '*chargers:false'],
  Event: event(OriginID, fields),
})

for (const server of servers) {
  const { type } = server
  const database = server.newDatabase()
  const overrides = {
    stor_db: server.config(database),
    ees: { enabled: false },
    cdrs: { ees_conns: [], online_cdr_exports: [] },
  }

  t.test(`${type}: what docs/stores.md shows can be pasted`, async (t) => {
    const name = server.newDatabase()
    const [pasted = ''] = blocks('json', new RegExp(`"\\${type}"`))
    const { stor_db } = JSON.parse(pasted) as { stor_db: object }
    const here = { stor_db: { ...stor_db, db_port: server.port, db_name: name } }
    const { engine } = await engineOf(t, sampleFolder(t, { ...overrides, ...here }))
    await engine.close()
    const other = type === '*mysql' ? /TYPE/ : /MODIFY/
    const statements = blocks('sql', /./).filter((text) => !other.test(text))
    t.equal(statements.length, 2)
    for (const text of statements) t.equal(server.sql(name, text), '', text)
  })

  t.test(`${type}: CDRs are made, rated again and removed as with SQLite`, async (t) => {
    const { engine, folder, call } = await engineOf(t, sampleFolder(t, overrides))
    await engine.start()
    t.teardown(() => engine.close())
    await engine.tariff.load(join(folder, 'config/tariff'))
    const balance = async () =>
      JSON.parse(await call('APIerSv2.GetAccount', { Account: '1001' })).BalanceMap['*monetary'][0].Value
    const before = await balance()
    t.equal(await call('CDRsV1.ProcessEvent', rated('s1')), '"OK"')
    const paid = 0.1
    t.equal(before, 10)
    t.equal(await balance(), 9.9)
    const found = JSON.parse(await call('CDRsV1.GetCDRs', { OriginIDs: ['s1'] }))
    t.match(found, [{ OrderID: 1, Account: '1001', Usage: 2, Cost: paid, SetupTime: '2026-01-07T17:00:00Z' }])
    t.match(JSON.parse(await call('APIerSv1.GetEventCost', { CgrId: found[0].CGRID })), { Cost: paid })
    for (let at = 0; at < 3; at++)
      t.equal(await call('CDRsV1.RateCDRs', { Flags: ['*rerate', '*chargers:false'], OriginIDs: ['s1'] }), '"OK"')
    t.equal(await balance(), 9.9, 'what was given back is what was paid')
    t.match(JSON.parse(await call('CDRsV1.GetCDRs', {})), [{ OrderID: 1, Cost: paid, CostSource: '*cdrs' }])
    t.equal(await call('CDRsV1.RateCDRs', { Flags: ['*refund', '*chargers:false'], OriginIDs: ['s1'] }), '"OK"')
    t.equal(await balance(), before)
    t.equal(await call('CDRsV1.GetCDRsCount', { Costs: [-1], ExtraArgs: { MaxCost: 0 } }), '1')
    t.equal(await call('APIerSv1.RemoveCDRs', { OriginIDs: ['s1'] }), '"OK"')
    t.equal(server.sql(database, 'SELECT count(*) FROM cdrs;'), '0')
  })

  t.test(`${type}: costs of sessions, versions, backups`, async (t) => {
    const { engine, call } = await engineOf(t, sampleFolder(t, overrides))
    await engine.start()
    t.teardown(() => engine.close())
    const CostDetails = { CGRID: 'sc', RunID: '*default', StartTime: '2026-01-07T17:00:00Z', Charges: [] }
    const Cost = {
      CGRID: 'sc',
      RunID: '*default',
      OriginHost: 'h',
      OriginID: 'o',
      CostSource: '*sessions',
      Usage: 60_000_000_000,
      CostDetails,
    }
    t.equal(await call('CDRsV1.StoreSessionCost', { Cost, CheckDuplicate: true }), '"OK"')
    t.equal(await call('CDRsV1.StoreSessionCost', { Cost, CheckDuplicate: true }), 'SERVER_ERROR: EXISTS')
    t.equal(await call('CDRsV1.GetCDRsCount', {}), '0', 'a cost is no CDR')
    t.equal(
      server.sql(
        database,
        `SELECT cgrid, run_id, origin_host, origin_id, cost_source, ${type === '*mysql' ? '`usage`' : 'usage'} FROM session_costs;`,
      ),
      'sc\t*default\th\to\t*sessions\t60000000000',
    )
    t.match(JSON.parse(await call('APIerSv1.GetStorDBVersions', '' as never)), {
      CDRs: 2,
      CostDetails: 2,
      SessionSCosts: 3,
      TpRates: 1,
    })
    t.equal(await call('APIerSv1.BackupStorDB', { BackupFolderPath: 'b' }), 'NOT_IMPLEMENTED')
  })

  t.test(`${type}: tariff plans of the loader and of calls`, async (t) => {
    const folder = sampleFolder(t, overrides)
    const tariff = join(folder, 'config/tariff')
    const loader = (...args: string[]) => promisify(execFile)(join(ROOT, 'bin/cgr-loader'), args, { cwd: folder })
    const flags = [`-stordb_type=${type}`, `-stordb_port=${server.port}`, `-stordb_name=${database}`]
    await loader(
      '-to_stordb',
      '-tpid=A',
      `-path=${tariff}`,
      ...flags,
      `-stordb_user=${USER}`,
      `-stordb_passwd=${PASSWORD}`,
    )
    await loader('-to_stordb', '-tpid=B', `-path=${tariff}`, `-config_path=${join(folder, 'config')}`)
    t.equal(server.sql(database, 'SELECT DISTINCT tpid FROM tp_rates ORDER BY tpid;'), 'A\nB')
    const { engine, call } = await engineOf(t, folder)
    t.teardown(() => engine.close())
    t.equal(await call('APIerSv1.GetTPIds', {}), '["A","B"]')
    t.equal(await call('APIerSv1.LoadTariffPlanFromStorDb', { TPid: 'A' }), '"OK"')
    t.match(engine.tariff.counts(), { RatingPlans: 2 })
    t.equal(await call('APIerSv1.RemTP', { TPid: 'B' }), '"OK"')
    t.equal(await call('APIerSv1.GetTPIds', {}), '["A"]')
  })

  t.test(`${type}: while the server is away CDRs wait, and charging goes on`, async (t) => {
    const { engine, folder, call } = await engineOf(t, sampleFolder(t, overrides))
    await engine.start()
    t.teardown(() => engine.close())
    await engine.tariff.load(join(folder, 'config/tariff'))
    t.equal(await call('CDRsV1.ProcessEvent', rated('w1')), '"OK"')
    t.equal(await call('CDRsV1.GetCDRsCount', { OriginIDs: ['w1'] }), '1')
    await server.stop()
    for (const id of ['w2', 'w3', 'w4']) t.equal(await call('CDRsV1.ProcessEvent', rated(id)), '"OK"')
    t.match(
      await call('CDRsV1.GetCDRs', {}),
      new RegExp(`\\${type} at 127\\.0\\.0\\.1:${server.port}, database ${database}: `),
    )
    t.match(await call('APIerSv1.GetTPIds', {}), /^SERVER_ERROR: .*ECONNREFUSED/)
    t.match(await call('CDRsV1.RateCDRs', { Flags: ['*rerate'], OriginIDs: ['w1'] }), /SERVER_ERROR/)
    await server.start()
    const ids = { OriginIDs: ['w1', 'w2', 'w3', 'w4'] }
    while ((await call('CDRsV1.GetCDRsCount', ids)) !== '4') await wait(50)
    t.equal(server.sql(database, 'SELECT count(*) FROM cdrs;'), '4', 'each once')
  })

  t.test(`${type}: what waited is stored after a restart of the gateway`, async (t) => {
    const folder = sampleFolder(t, overrides)
    const first = await engineOf(t, folder)
    await first.engine.start()
    await first.engine.tariff.load(join(folder, 'config/tariff'))
    await server.stop()
    t.equal(await first.call('CDRsV1.ProcessEvent', rated('r1')), '"OK"')
    await first.engine.close()
    await server.start()
    const second = await engineOf(t, folder)
    await second.engine.start()
    t.teardown(() => second.engine.close())
    t.equal(await second.call('CDRsV1.GetCDRsCount', { OriginIDs: ['r1'] }), '1')
  })
}
