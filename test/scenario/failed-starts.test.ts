import { existsSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { sampleFolder, startGateway } from '../support/gateway.ts'

/** What the gateway prints when it does not start. */
async function failureOf(folder: string, tariff?: string): Promise<string> {
  const started = await startGateway(folder, tariff).catch((cause: Error) => cause)
  if (started instanceof Error) return started.message
  started.process.kill('SIGKILL')
  return `started: ${started.output()}`
}

/** A port that somebody else listens on. */
async function takenPort(t: Test): Promise<number> {
  const server = createServer()
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', () => listening()))
  t.teardown(() => server.close())
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

const AT = String.raw`config/zz-overrides\.json:1:\d+: `
const ROWS: readonly { name: string; overrides: (port: number) => object; error: string }[] = [
  {
    name: 'a Diameter port that is taken',
    overrides: (port) => ({ diameter_agent: { listeners: [{ address: `127.0.0.1:${port}` }] } }),
    error: String.raw`diameter_agent\.listeners\[0\]\.address: cannot listen on 127\.0\.0\.1:\d+: another process listens there`,
  },
  {
    name: 'a JSON-RPC port that is taken',
    overrides: (port) => ({ listen: { rpc_json: `127.0.0.1:${port}` } }),
    error: String.raw`listen\.rpc_json: cannot listen on 127\.0\.0\.1:\d+: another process listens there`,
  },
  {
    name: 'an HTTP port that is taken',
    overrides: (port) => ({ listen: { http: `127.0.0.1:${port}` } }),
    error: String.raw`listen\.http: cannot listen on 127\.0\.0\.1:\d+: another process listens there`,
  },
  {
    name: 'an address that this machine does not have',
    overrides: () => ({ listen: { http: '203.0.113.7:2080' } }),
    error: String.raw`listen\.http: cannot listen on 203\.0\.113\.7:2080: this machine does not have that address`,
  },
  {
    name: 'an address without a port',
    overrides: () => ({ listen: { rpc_json: '127.0.0.1' } }),
    error: `${AT}listen\\.rpc_json: "127\\.0\\.0\\.1": expected an address such as "127\\.0\\.0\\.1:2012"`,
  },
  {
    name: 'a port above 65535',
    overrides: () => ({ diameter_agent: { listeners: [{ address: '127.0.0.1:99999' }] } }),
    error: `${AT}diameter_agent\\.listeners\\[0\\]\\.address: "127\\.0\\.0\\.1:99999": expected an address`,
  },
  {
    name: 'a data folder that cannot be made',
    overrides: () => ({ data_db: { opts: { lmdbPath: 'file/records' } } }),
    error: `${AT}data_db\\.opts\\.lmdbPath: cannot create the data folder .*/file/records: ENOTDIR`,
  },
  {
    name: 'an SQLite file that cannot be made',
    overrides: () => ({ stor_db: { opts: { sqlitePath: 'file/cdrs.sqlite' } } }),
    error: `${AT}stor_db\\.opts\\.sqlitePath: CDR store .*/file/cdrs\\.sqlite: .*(ENOTDIR|EEXIST)`,
  },
  {
    name: 'an SQLite file that is none',
    overrides: () => ({ stor_db: { opts: { sqlitePath: 'file' } } }),
    error: `${AT}stor_db\\.opts\\.sqlitePath: CDR store .*/file: .*file is not a database`,
  },
  {
    name: 'a folder of CSV files that cannot be made',
    overrides: () => ({ ees: { exporters: [{ id: 'csv', export_path: 'file/cdrs' }] } }),
    error: `${AT}ees\\.exporters\\[\\d\\]\\.export_path: cannot create the folder: ENOTDIR`,
  },
  {
    name: 'a time zone that is none',
    overrides: () => ({ general: { default_timezone: 'Mars/Base' } }),
    error: `${AT}general\\.default_timezone: unknown time zone Mars/Base, expected UTC or a name such as Europe/Berlin`,
  },
  {
    name: 'a folder of dictionaries that is not there',
    overrides: () => ({ diameter_agent: { dictionaries_path: 'nowhere' } }),
    error: `${AT}diameter_agent\\.dictionaries_path: <DiameterAgent> Invalid dictionaries folder: <nowhere>`,
  },
]

for (const { name, overrides, error } of ROWS) {
  t.test(`${name}: the start ends with the key and the reason`, async (t) => {
    const folder = sampleFolder(t, overrides(await takenPort(t)))
    writeFileSync(join(folder, 'file'), 'no folder, and no database either')
    const failure = await failureOf(folder)
    t.match(failure, new RegExp(`^left with 1: (.*\\n)*?tollgate: .*${error}`))
    t.notMatch(failure, /\n {4}at /, 'no stack')
    t.notMatch(failure, /^next/m)
    t.notOk(existsSync(join(folder, 'data/records/owner.lock')), 'the store is closed')
  })
}

t.test('a tariff folder that is not there ends the start and leaves the store closed', async (t) => {
  const folder = sampleFolder(t)
  const failure = await failureOf(folder, join(folder, 'nowhere'))
  t.match(failure, /^left with 1: tollgate: .*nowhere: cannot be read as a tariff folder/)
  t.notOk(existsSync(join(folder, 'data/records/owner.lock')))
})

t.test('a file of records that is damaged ends the start with its name', async (t) => {
  const folder = sampleFolder(t)
  const first = await startGateway(folder)
  await new Promise((ended) => {
    first.process.once('exit', ended)
    first.process.kill('SIGTERM')
  })
  writeFileSync(join(folder, 'data/records/records.mdb'), Buffer.alloc(65_536, 0x5a))
  t.match(
    await failureOf(folder),
    /^left with 1: tollgate: .*lmdbPath: cannot open .*records\.mdb: it is damaged, or no LMDB file/,
  )
  t.notOk(existsSync(join(folder, 'data/records/owner.lock')))
})
