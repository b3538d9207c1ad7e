import { cpSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ROOT } from './server.ts'

const SAMPLE = join(ROOT, 'config/samples/gy-data')
/** Accounts of the load, `100000` on; sessions share them when there are more sessions. */
const MOST_ACCOUNTS = 50_000

/** A scratch folder with the sample's configuration and tariff, the accounts of the load, and the store and increment given. */
export function sampleFolder(sessions: number, store: '*lmdb' | '*internal', increment: string): string {
  const folder = newFolder(sessions, increment)
  cpSync(SAMPLE, join(folder, 'config'), { recursive: true, filter: (path) => !path.endsWith('.csv') })
  const cdrStore = store === '*internal' ? '*internal' : '*sqlite'
  writeFileSync(
    join(folder, 'config', 'z-bench.json'),
    JSON.stringify({
      general: { log_level: 3 },
      listen: { rpc_json: '127.0.0.1:0', http: '127.0.0.1:0', rpc_gob: '', birpc_json: '' },
      data_db: { db_type: store },
      stor_db: { db_type: cdrStore },
      diameter_agent: { listeners: [{ address: '127.0.0.1:0' }] },
    }),
  )
  return folder
}

/**
 * The same work as a configuration that every engine of CGRateS's configuration runs: one processor per request type and rating
 * group with `*continue`, memory only, fixed ports.
 */
export function commonFolder(sessions: number, increment: string, ports: { diameter: number; rpc: number }): string {
  const folder = newFolder(sessions, increment)
  const conns = ['*internal']
  const group = '~*req.Multiple-Services-Credit-Control'
  const event = (type: number) => [
    { path: '*cgreq.ToR', type: '*constant', value: '*data' },
    { path: '*cgreq.OriginID', type: '*variable', value: '~*req.Session-Id;_1', mandatory: true },
    { path: '*cgreq.OriginHost', type: '*variable', value: '~*req.Origin-Host', mandatory: true },
    { path: '*cgreq.RequestType', type: '*constant', value: '*prepaid' },
    { path: '*cgreq.Category', type: '*constant', value: 'data' },
    {
      path: '*cgreq.Account',
      type: '*variable',
      value: '~*req.Subscription-Id.Subscription-Id-Data[~Subscription-Id-Type(0)]',
    },
    { path: '*cgreq.Destination', type: '*constant', value: 'rg1' },
    { path: '*cgreq.SetupTime', type: '*datetime', value: '*now' },
    { path: '*cgreq.AnswerTime', type: '*datetime', value: '*now' },
    ...(type === 3
      ? []
      : [
          {
            path: '*cgreq.Usage',
            type: '*variable',
            value: `${group}.Requested-Service-Unit.CC-Total-Octets[~Rating-Group(1)]`,
          },
        ]),
    ...(type === 1
      ? []
      : [
          {
            path: '*cgreq.LastUsed',
            type: '*variable',
            value: `${group}.Used-Service-Unit.CC-Total-Octets[~Rating-Group(1)]`,
          },
        ]),
  ]
  const answer = [
    { path: '*rep.Multiple-Services-Credit-Control.Rating-Group', type: '*constant', value: '1' },
    {
      path: '*rep.Multiple-Services-Credit-Control.Granted-Service-Unit.CC-Total-Octets',
      type: '*variable',
      value: '~*cgrep.MaxUsage{*duration_nanoseconds}',
    },
    { path: '*rep.Multiple-Services-Credit-Control.Result-Code', type: '*constant', value: '2001' },
  ]
  const cca = { tag: 'cca', type: '*template', value: '*cca' }
  const config = {
    general: { node_id: 'bench', log_level: 3 },
    listen: { rpc_json: `127.0.0.1:${ports.rpc}`, http: '', rpc_gob: '', birpc_json: '' },
    data_db: { db_type: '*internal' },
    stor_db: { db_type: '*internal' },
    rals: { enabled: true, max_increments: 100_000_000 },
    schedulers: { enabled: true },
    chargers: { enabled: true },
    cdrs: { enabled: true, rals_conns: conns },
    sessions: { enabled: true, chargers_conns: conns, rals_conns: conns, cdrs_conns: conns },
    apiers: { enabled: true, scheduler_conns: conns },
    diameter_agent: {
      enabled: true,
      dictionaries_path: '',
      listeners: [{ address: `127.0.0.1:${ports.diameter}`, network: 'tcp' }],
      sessions_conns: ['*birpc_internal'],
      request_processors: ['*initiate', '*update', '*terminate'].map((flag, i) => ({
        id: flag.slice(1),
        filters: ['*string:~*vars.*cmd:CCR', `*string:~*req.CC-Request-Type:${i + 1}`],
        flags: [flag, '*accounts', '*continue', ...(flag === '*terminate' ? ['*cdrs'] : [])],
        request_fields: event(i + 1),
        reply_fields: [cca, ...(flag === '*terminate' ? [] : answer)],
      })),
    },
  }
  mkdirSync(join(folder, 'config'))
  writeFileSync(join(folder, 'config', 'bench.json'), JSON.stringify(config))
  return folder
}

function newFolder(sessions: number, increment: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-bench-'))
  const tariff = join(folder, 'tariff')
  cpSync(join(SAMPLE, 'tariff'), tariff, { recursive: true })
  const write = (file: string, rows: string) => writeFileSync(join(tariff, file), rows)
  write('Rates.csv', readFileSync(join(tariff, 'Rates.csv'), 'utf8').replaceAll('65536', increment))
  const accounts = Array.from(
    { length: Math.min(sessions + 1, MOST_ACCOUNTS) },
    (_, i) => `cgrates.org,${100_000 + i},AP_RICH,,false,false\n`,
  )
  write('AccountActions.csv', accounts.join(''))
  write('Actions.csv', 'ACT_RICH,*topup_reset,,,MONEY,*monetary,,*any,,,*unlimited,,1000000000,10,false,false,10\n')
  write('ActionPlans.csv', 'AP_RICH,ACT_RICH,*asap,10\n')
  return folder
}
