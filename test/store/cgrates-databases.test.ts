import t from 'tap'
import { ConfigError } from '../../src/config/config-error.ts'
import { StoreFailure } from '../../src/core/errors.ts'
import { STOR_DB_VERSIONS } from '../../src/engine/versions.ts'
import { cgratesColumns, cgratesScript } from '../support/cgrates-tables.ts'
import { startSqlServers } from '../support/sql-servers.ts'
import { costText, outboxCdr, storDbOf } from '../support/stor-db.ts'

const servers = await startSqlServers(t)
const added = (table: string, ...rows: string[][]) => ({ table, removed: [], added: rows })

for (const server of servers) {
  const { type } = server
  const quote = type === '*mysql' ? '`' : '"'
  /** A database of CGRateS's setup scripts. */
  const ofScripts = () => {
    const name = server.newDatabase()
    server.sql(name, cgratesScript(type))
    return name
  }

  t.test(`${type}: 10 A10, an empty database gets tables and versions`, async (t) => {
    const name = server.newDatabase()
    const { opened, versions, told } = await storDbOf(t, server.config(name))
    await opened()
    t.match(told, [{ level: 'info', message: 'stor_db: tables are made' }])
    t.same(await versions?.read(), STOR_DB_VERSIONS)
    t.equal(server.sql(name, `SELECT version FROM versions WHERE item = 'SessionSCosts';`), '3', '10 E2')
    const again = await storDbOf(t, server.config(name))
    await again.opened()
    t.same(again.told, [])
    await versions?.write({ CDRs: 2, Own: 7 }, false)
    t.same(await versions?.read(), { ...STOR_DB_VERSIONS, Own: 7 })
    await versions?.write({ CDRs: 1 }, true)
    t.equal(server.sql(name, 'SELECT item, version FROM versions;'), 'CDRs\t1', 'an item is there once')
  })

  t.test(`${type}: 10 A9, our tables have the columns of CGRateS`, async (t) => {
    const name = server.newDatabase()
    await (await storDbOf(t, server.config(name))).opened()
    const columns = (table: string) =>
      server
        .sql(
          name,
          `SELECT column_name FROM information_schema.columns WHERE table_name = '${table}'
           AND table_schema IN ('${name}', 'public') ORDER BY ordinal_position;`,
        )
        .split('\n')
    for (const table of ['cdrs', 'session_costs', 'versions'])
      t.same(columns(table), ['id', ...cgratesColumns(table, type)], table)
    for (const table of ['tp_rates', 'tp_rating_profiles', 'tp_attributes', 'tp_stats', 'tp_dispatcher_hosts'])
      t.same(columns(table).slice(1, -1), cgratesColumns(table, type), table)
  })

  t.test(`${type}: 10 A10, versions that do not fit stop the start`, async (t) => {
    const name = ofScripts()
    const opening = async (options = {}) => (await storDbOf(t, server.config(name), options)).opened()
    server.sql(name, `INSERT INTO tp_destinations (tpid, tag, prefix) VALUES ('P', 'D', '49');`)
    await t.rejects(opening(), {
      message: /No versions defined: please backup cgrates data and run: <cgr-migrator -exec=\*set_versions>/,
    })
    await opening({ setsVersions: true })
    await opening()
    server.sql(name, `UPDATE versions SET version = 1 WHERE item = 'CDRs';`)
    await t.rejects(opening(), {
      message: /stor_db\.db_type: Migration needed: please backup cgr data and run: <cgr-migrator -exec=\*cdrs>/,
    })
  })

  t.test(`${type}: 10 A9, a table without a column of CGRateS is refused`, async (t) => {
    const name = ofScripts()
    server.sql(name, 'ALTER TABLE cdrs DROP COLUMN extra_info;')
    const { opened } = await storDbOf(t, server.config(name))
    await t.rejects(opened(), { message: /table cdrs has no column extra_info: it is not that of CGRateS/ })
  })

  t.test(`${type}: tables of CGRateS's scripts are used as they are`, async (t) => {
    const name = ofScripts()
    const { opened, cdrs, told } = await storDbOf(t, server.config(name))
    await opened()
    t.match(told, [{ level: 'warn', fields: { column: 'cdrs.cost', decimals: 4 } }])
    const made = outboxCdr(1, { cgrId: 'x', cost: '0.00017', details: costText('x', '0.00017') })
    const replaced = outboxCdr(2, { cgrId: 'x', cost: '0.00023', details: costText('x', '0.00023'), replaces: true })
    const raw = outboxCdr(3, { cgrId: 'x', runId: 'raw', cost: '0.12345', account: 'a'.repeat(130) })
    await cdrs.write([made])
    await cdrs.write([made, replaced, raw])
    await cdrs.write([made, replaced, raw])
    t.same(
      (await cdrs.find({})).map(({ orderId, cdr }) => [orderId, cdr.cost.toString(), cdr.account.length]),
      [
        [1, '0.00023', 4],
        [2, '0.1235', 128],
      ],
      'costs with details lose no digit; what is too long is cut',
    )
    t.match(
      told.filter(({ message }) => /is cut$/.test(message)),
      [{ fields: { column: 'account', cgrId: 'x' } }, {}],
    )
    t.equal(server.sql(name, 'SELECT cost FROM cdrs ORDER BY id;'), '0.0002\n0.1235')

    await cdrs.write([
      outboxCdr(5_000_000, { cgrId: 'x', originId: 'o2', cost: '9' }),
      outboxCdr(5_000_001, { cgrId: 'y' }),
    ])
    t.same(
      (await cdrs.find({})).map(({ cdr }) => cdr.cgrId),
      ['x', 'x', 'y'],
      'others do not wait behind it',
    )
    const refused = told.filter(({ level }) => level === 'error')
    t.match(refused, [{ fields: { record: /"cgrId":"x".*"cost":"9"/ } }], 'a CDR whose key is taken is in the log')

    await cdrs.write([
      outboxCdr(6_000_000, { cgrId: 'z', account: 'Ä🎈', extraInfo: '\u0000', extraFields: { F: '🎈\u0000\\u0000' } }),
    ])
    const [odd] = await cdrs.find({ is: { cgrId: ['z'] } })
    t.match(odd?.cdr.account, /^Ä(🎈|\ufffd)$/)
    t.ok(['🎈\u0000\\u0000', '🎈\ufffd\\u0000'].includes(String(odd?.cdr.extraFields['F'])))
  })

  t.test(`${type}: CDRs that CGRateS has written are found, and rated again`, async (t) => {
    const name = ofScripts()
    const { opened, cdrs } = await storDbOf(t, { ...server.config(name), opts: { mysqlLocation: 'UTC' } })
    await opened()
    const columns = `cgrid, run_id, origin_host, source, origin_id, tor, request_type, tenant, category, account, subject,
      destination, setup_time, answer_time, ${quote}usage${quote}, extra_fields, cost_source, cost, cost_details, extra_info, created_at, updated_at`
    const common = `'*default', '10.0.0.1', 'SRC', 'o', '*voice', '*prepaid', 'cgrates.org', 'call', '1001', '1001', '1002'`
    const stamp = `'2025-01-07 17:01:00'`
    server.sql(
      name,
      `INSERT INTO cdrs (${columns}) VALUES ('old', ${common}, '2025-01-07 16:59:50', '2025-01-07 17:00:00', 60000000000,
        '{"Zone":"\\u003cEU\\u003e","N":"1"}', '*sessions', 0.6, '${costText('old', '0.6').replaceAll('\n', ' ')}', '', ${stamp}, ${stamp});
      INSERT INTO cdrs (${columns}) VALUES ('missed', ${common}, '2025-01-07 16:59:50', NULL, 0, '{}', '', -1, 'null', NULL, ${stamp}, ${stamp});`.replaceAll(
        '\\u',
        type === '*mysql' ? '\\\\u' : '\\u',
      ),
    )
    const [old, missed] = await cdrs.find({ orderBy: 'OrderID' })
    t.match(old?.cdr, {
      cgrId: 'old',
      usage: 60_000_000_000n,
      extraFields: { Zone: '<EU>', N: '1' },
      originHost: '10.0.0.1',
    })
    t.equal(old?.cdr.cost.toString(), '0.6')
    t.equal(old?.cdr.answerTime.ns, BigInt(Date.UTC(2025, 0, 7, 17)) * 1_000_000n)
    t.match(old?.cdr.costDetails?.charges[0]?.increments[0]?.accounting, {
      balanceUuid: 'u1',
      accountId: 'cgrates.org:1001',
    })
    t.match(missed?.cdr, {
      cgrId: 'missed',
      costDetails: undefined,
      extraInfo: '',
      answerTime: { ns: -62_135_596_800_000_000_000n },
    })
    t.equal((await cdrs.find({ is: { extraFields: { Zone: '<EU>' } } })).length, 1)
    await cdrs.write([
      outboxCdr(1, {
        ...old?.cdr,
        cgrId: 'old',
        cost: '0.7',
        details: costText('old', '0.7'),
        replaces: true,
      } as never),
    ])
    const found = await cdrs.find({ is: { cgrId: ['old'] } })
    t.same(
      found.map(({ orderId, cdr }) => [orderId, cdr.cost.toString()]),
      [[old?.orderId, '0.7']],
    )
    server.sql(
      name,
      `UPDATE cdrs SET cost_details = ${type === '*mysql' ? `'H4sIAAAA'` : `'"H4sIAAAA"'`} WHERE cgrid = 'missed';`,
    )
    await t.rejects(cdrs.find({}), { message: /cost_details of the CDR missed \*default cannot be read/ })
  })

  t.test(`${type}: tariff plans in tables of CGRateS's scripts`, async (t) => {
    const name = ofScripts()
    const { plans } = await storDbOf(t, server.config(name))
    await plans.change('P', [added('tp_rates', ['RT', '0.1', '0.0123', '60s', '1s', '0s'])])
    t.same(await plans.rows('P', 'tp_rates', {}), [['RT', '0.1', '0.0123', '60s', '1s', '0s']])
    await t.rejects(plans.change('P', [added('tp_rates', ['R2', '0', '0.00017', '60s', '1s', '0s'])]), {
      message: /tp_rates\.rate: 0\.00017 has more than the 4 decimals that the column keeps/,
    })
    await t.rejects(plans.change('P', [added('tp_rates', ['R'.repeat(65), '0', '0', '', '', ''])]), {
      message: /tp_rates\.tag: "R{65}" is longer than 64 characters/,
    })
    t.equal((await plans.rows('P', 'tp_rates', {})).length, 1, 'nothing of it is stored')
    const route = ['t', 'R', '', '', '*weight', '', 'r1', '', '', 'RP', '', '', '10', 'true', '', '20']
    const pool = ['t', 'IP', '', '', '1s', 'true', '10', 'POOL', '', '*ipv4', '10.0.0.0/24', '*asc', '', '5', 'false']
    await plans.change('P', [added('tp_routes', route), added('tp_ips', pool)])
    t.same(await plans.rows('P', 'tp_routes', {}), [route], 'columns that nobody reads are filled')
    t.same(await plans.rows('P', 'tp_ips', {}), [pool], 'columns that are missing are added')
    server.sql(
      name,
      `INSERT INTO tp_account_actions (tpid, loadid, tenant, account, action_plan_tag, allow_negative, disabled)
      VALUES ('S', 'l', 't', 'a', NULL, TRUE, FALSE);`,
    )
    t.same(await plans.rows('S', 'tp_account_actions', {}), [['l', 't', 'a', '', '', 'true', 'false']])
  })

  t.test(`${type}: times are those of their zone`, async (t) => {
    const name = server.newDatabase()
    if (type === '*postgres') server.sql(name, 'CREATE SCHEMA billing;')
    const opts = { mysqlLocation: 'Europe/Berlin', pgSchema: 'billing', sqlLogLevel: 4 }
    const { cdrs, told } = await storDbOf(t, { ...server.config(name), opts }, { timeZone: 'America/New_York' })
    const times = { setup: '2026-07-07T16:59:50Z', answer: '2026-01-07T23:30:00Z' }
    await cdrs.write([outboxCdr(123_456, times)])
    const [found] = await cdrs.find({})
    t.same(found?.cdr.setupTime, {
      ns: BigInt(Date.UTC(2026, 6, 7, 16, 59, 50)) * 1_000_000n,
      zone: 'America/New_York',
    })
    t.equal(
      type === '*mysql'
        ? server.sql(name, 'SELECT setup_time, answer_time, UNIX_TIMESTAMP(created_at) FROM cdrs;')
        : server.sql(
            name,
            `SET TIME ZONE 'Europe/Berlin'; SELECT to_char(setup_time, 'YYYY-MM-DD HH24:MI:SS.US'),
              to_char(answer_time, 'YYYY-MM-DD HH24:MI:SS.US'), extract(epoch FROM created_at) FROM billing.cdrs;`,
          ),
      '2026-07-07 18:59:50.000000\t2026-01-08 00:30:00.000000\t1790000000.123456',
    )
    const statements = told.filter(({ message }) => message === 'stor_db: statement')
    t.ok(
      statements.some(({ fields }) => String(fields['sql']).startsWith('INSERT INTO cdrs')),
      'sqlLogLevel 4',
    )
    t.notMatch(JSON.stringify(statements), /1002/, 'without values')
  })

  t.test(`${type}: 10 A2.2, TLS`, async (t) => {
    const { certificates: made, host } = server
    const name = server.newDatabase()
    const rootCert = { pgSSLRootCert: made.path('ca', 'crt') }
    const stranger = { pgSSLRootCert: made.path('stranger', 'crt') }
    const own = { pgSSLCert: made.path('client', 'crt'), pgSSLKey: made.path('client', 'key'), pgSSLCertMode: 'allow' }
    const cases: readonly [opts: object, refused: RegExp | undefined][] =
      type === '*postgres'
        ? [
            [{ pgSSLMode: 'allow' }, undefined],
            [{ pgSSLMode: 'prefer' }, undefined],
            [{ pgSSLMode: 'require' }, undefined],
            [{ pgSSLMode: 'require', ...stranger }, /certificate/],
            [{ pgSSLMode: 'verify-ca' }, /certificate/],
            [{ pgSSLMode: 'verify-ca', ...rootCert }, undefined],
            [{ pgSSLMode: 'verify-full', ...rootCert, ...own }, undefined],
            [{ pgSSLMode: 'verify-full', ...stranger }, /certificate/],
            [{ pgSchema: 'no, ,schema' }, /search_path/],
            [{ pgSSLMode: 'verify-full', pgSSLRootCert: '/none.pem' }, /pgSSLMode: ENOENT.*none\.pem/],
          ]
        : [
            [{ mysqlDSNParams: { tls: 'skip-verify' } }, undefined],
            [{ mysqlDSNParams: { tls: 'true' } }, /certificate/],
            [{ mysqlDSNParams: { tls: 'maybe' } }, /mysqlDSNParams: tls=maybe: expected true, false or skip-verify/],
            [
              { mysqlDSNParams: { innodb_lock_wait_timeout: '5', lock_wait_timeout: `'x' OR 1` } },
              /lock_wait_timeout='x' OR 1: expected/,
            ],
            [{ mysqlDSNParams: { innodb_lock_wait_timeout: '5', parseTime: 'true', timeout: '3s' } }, undefined],
            [{ mysqlLocation: 'Nowhere/Land' }, /mysqlLocation: unknown time zone/],
          ]
    for (const [opts, refused] of cases) {
      const open = async () => (await storDbOf(t, { ...server.config(name), db_host: host, opts })).opened()
      if (refused === undefined) await t.resolves(open(), JSON.stringify(opts))
      else await t.rejects(open(), { message: refused }, JSON.stringify(opts))
    }
  })

  t.test(`${type}: a server that is away stops the start, by host and port`, async (t) => {
    const place = new RegExp(`stor_db\\.db_type: \\${type} at 127\\.0\\.0\\.1:1, database cgrates: .*ECONNREFUSED`)
    const away = await storDbOf(t, { ...server.config('cgrates'), db_port: 1 })
    await t.rejects(away.opened(), ConfigError)
    await t.rejects(away.opened(), { message: place })
    await t.rejects(away.cdrs.find({}), StoreFailure)
    const stranger = await storDbOf(t, { ...server.config('cgrates'), db_password: 'wrong' })
    await t.rejects(stranger.opened(), { message: /authentication failed|Access denied/ })
    const nowhere = await storDbOf(t, server.config('no_such_database'))
    await t.rejects(nowhere.opened(), { message: /no_such_database/ })
  })
}
