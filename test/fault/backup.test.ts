import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type GroupRequest, gyRequest, readGyAnswer } from '../../src/commands/gy-gateway.ts'
import { restore } from '../../src/commands/restore.ts'
import { Decimal } from '../../src/core/decimal.ts'
import type { DiameterClient } from '../../src/protocol/diameter/client.ts'
import {
  cdrCosts,
  connectGateway,
  type Gateway,
  ROOT,
  restarted,
  rpcText,
  sampleFolder,
  startGateway,
  stopGateway,
  sumOf,
} from '../support/gateway.ts'

/** Sessions before the first backup, and between one and the next. */
const SESSIONS = 40
const AT_ONCE = 12
const UPDATES = 6
const MIB = 1n << 20n
const OK = '{"id":1,"result":"OK","error":null}\n'
const ACCOUNTS = Array.from({ length: 100 }, (_, i) => `2${String(i).padStart(3, '0')}`)
const STORES = {
  data_db: { opts: { internalDBBackupPath: 'backups/data' } },
  stor_db: { opts: { internalDBBackupPath: 'backups/cdrs' } },
  ees: { enabled: false },
  cdrs: { ees_conns: [], online_cdr_exports: [] },
}

function tariffOf(folder: string): string {
  const tariff = join(folder, 'tariff')
  cpSync(join(ROOT, 'config/samples/gy-data/tariff'), tariff, { recursive: true })
  mkdirSync(tariff, { recursive: true })
  const rows = ACCOUNTS.map((account) => `cgrates.org,${account},AP_PREPAID,,false,false\n`)
  writeFileSync(join(tariff, 'AccountActions.csv'), rows.join(''))
  return tariff
}

const accountOf = (session: number) => ACCOUNTS[session % ACCOUNTS.length] ?? ''

async function send(client: DiameterClient, session: number, type: number, number: number, groups: GroupRequest[]) {
  const sessionId = `backup;${session}`
  const request = { sessionId, type, number, account: accountOf(session), originHost: 'pgw', groups }
  const { resultCode } = readGyAnswer(await client.send(gyRequest(client, request)))
  if (resultCode !== 2001) throw new Error(`${sessionId}: ${resultCode}`)
}

/** Plays sessions one after the other, so many at once, until no more are wanted. */
class Load {
  readonly #client: DiameterClient
  readonly #lines: Promise<void>[]
  readonly #reached = new Map<number, () => void>()
  #isWanted = true
  sessions = 0

  constructor(client: DiameterClient) {
    this.#client = client
    this.#lines = Array.from({ length: AT_ONCE }, () => this.#line())
  }

  /** Resolves when so many more sessions have begun. */
  more(sessions: number): Promise<void> {
    return new Promise((resolve) => this.#reached.set(this.sessions + sessions, resolve))
  }

  /** Resolves when those that have begun are over. */
  async end(): Promise<void> {
    this.#isWanted = false
    await Promise.all(this.#lines)
  }

  async #line(): Promise<void> {
    const requested = { ratingGroup: 1, requested: MIB }
    while (this.#isWanted) {
      const session = this.sessions++
      this.#reached.get(this.sessions)?.()
      await send(this.#client, session, 1, 0, [requested])
      for (let update = 1; update <= UPDATES; update++)
        await send(this.#client, session, 2, update, [{ ...requested, used: MIB / 2n }])
      await send(this.#client, session, 3, UPDATES + 1, [{ ratingGroup: 1, used: MIB / 4n }])
    }
  }
}

/** Ids of the sessions that a gateway charges. */
async function activeSessions({ httpPort }: Gateway): Promise<number[]> {
  const text = await rpcText(httpPort, 'SessionSv1.GetActiveSessions', {})
  return [...text.matchAll(/"OriginID":"backup;(\d+)[^"]*"/g)].map(([, id]) => Number(id))
}

async function spent({ httpPort }: Gateway): Promise<string> {
  let total = Decimal.ZERO
  for (const account of ACCOUNTS) {
    const text = await rpcText(httpPort, 'APIerSv2.GetAccount', { Account: account })
    for (const [, value = ''] of text.matchAll(/"Value":(-?[\d.]+)/g)) total = total.plus(Decimal.parse(value))
  }
  return Decimal.of(10 * ACCOUNTS.length)
    .minus(total)
    .toString()
}

/** Ends the sessions that a backup has found in the middle; then all money that is gone must stand in CDRs. */
async function provesConsistent(t: Test, gateway: Gateway, sessions: number, name: string): Promise<void> {
  const active = await activeSessions(gateway)
  const { length: ended } = await cdrCosts(gateway.httpPort)
  t.ok(active.length > 0, `${name}: ${active.length} sessions were under way`)
  t.ok(ended > 0 && ended < sessions, `${name}: ${ended} CDRs were there`)
  const client = await connectGateway(gateway.diameterPort)
  for (const session of active) await send(client, session, 3, UPDATES + 1, [{ ratingGroup: 1, used: 0n }])
  client.destroy()
  const costs = await cdrCosts(gateway.httpPort)
  t.equal(costs.length, ended + active.length, `${name}: one CDR per session`)
  t.equal(await spent(gateway), sumOf(costs).toString(), `${name}: initial - final balance = sum of the CDR costs`)
}

t.test('10 D13: a backup under load is a consistent cut', async (t) => {
  const folder = sampleFolder(t, STORES)
  const tariff = tariffOf(folder)
  let gateway = await startGateway(folder, tariff)
  t.teardown(() => stopGateway(gateway))
  const client = await connectGateway(gateway.diameterPort)
  const load = new Load(client)
  await load.more(SESSIONS)
  const call = (method: string, params: object | string) => rpcText(gateway.httpPort, method, params)
  t.equal(await call('APIerSv1.BackupDataDB', {}), OK)
  await load.more(SESSIONS)
  t.equal(await call('APIerSv1.SnapshotStorDB', {}), OK)
  await load.more(SESSIONS)
  t.equal(await call('APIerSv1.SnapshotDataDB', { BackupFolderPath: 'zips', Zip: true }), OK)
  await load.more(SESSIONS)
  t.equal(await call('APIerSv1.BackupStorDB', { BackupFolderPath: 'zips/cdrs', Zip: true }), OK)
  await load.more(SESSIONS)
  await load.end()
  client.destroy()
  const { sessions } = load
  t.equal((await cdrCosts(gateway.httpPort)).length, sessions)
  t.equal(await spent(gateway), sumOf(await cdrCosts(gateway.httpPort)).toString(), 'charging went on')

  await t.test('restored elsewhere by command', async (t) => {
    const other = sampleFolder(t, {
      data_db: { opts: { lmdbPath: join(folder, 'other/records') } },
      stor_db: { opts: { sqlitePath: join(folder, 'other/cdrs.sqlite') } },
      ees: STORES.ees,
      cdrs: STORES.cdrs,
    })
    await restore({
      configPath: join(other, 'config'),
      data: join(folder, 'zips'),
      cdrs: join(folder, 'zips/cdrs'),
    })
    const second = await startGateway(other, null)
    t.teardown(() => stopGateway(second))
    await provesConsistent(t, second, sessions, 'zip')
  })

  await t.test('restored by call, one after the other', async (t) => {
    const again = restarted(gateway)
    t.equal(await call('APIerSv1.RestoreDataDB', ''), OK)
    gateway = await again
    t.equal((await cdrCosts(gateway.httpPort)).length, sessions, 'the CDR store is as it was')
    const oncemore = restarted(gateway)
    t.equal(await call('APIerSv1.RestoreStorDB', 'backups/cdrs'), OK)
    gateway = await oncemore
    await provesConsistent(t, gateway, sessions, 'folder')
    const kept = readdirSync(join(folder, 'data')).filter((name) => /^cdrs\.sqlite\.replaced_\d+$/.test(name))
    t.equal(kept.length, 1, 'the CDRs that were there are kept beside')
    const replaced = readdirSync(join(folder, 'data/records')).filter((name) => /^replaced_\d+$/.test(name))
    t.equal(replaced.length, 1, 'and the records')
    t.ok(existsSync(join(folder, 'data/records', replaced[0] ?? '', 'records.mdb')))
  })

  await t.test('10 E5, A8, D13: what cannot be done is refused, and nothing changes', async (t) => {
    const [name = '', ...others] = readdirSync(join(folder, 'backups/data'))
    t.match(name, /^backup_\d{13}$/)
    t.same(others, [])
    const refused = async (method: string, params: object | string, error: string) =>
      t.equal(await call(method, params), `${JSON.stringify({ id: 1, result: null, error })}\n`, error)
    const backup = join(folder, 'backups/data', name)
    await refused(
      'APIerSv1.BackupDataDB',
      { BackupFolderPath: 'data/records/x' },
      `backup folder ${join(folder, 'data/records/x')} is inside ${join(folder, 'data/records')}`,
    )
    await refused(
      'APIerSv1.BackupDataDB',
      { BackupFolderPath: '/proc/nope' },
      'mkdir /proc/nope: no such file or directory',
    )
    await refused(
      'APIerSv1.RestoreDataDB',
      'none',
      `failed to read backup directory: open ${join(folder, 'none')}: no such file or directory`,
    )
    await refused('APIerSv1.RestoreDataDB', 'config', `no valid backup found in ${join(folder, 'config')}`)
    const missing = join(folder, 'backup_17')
    await refused(
      'APIerSv1.RestoreDataDB',
      'backup_17',
      `failed to walk backup dir ${missing}: lstat ${missing}: no such file or directory`,
    )
    await refused('APIerSv1.RestoreStorDB', backup, `${backup} is a backup of data_db, not of stor_db`)
    const journal = readdirSync(backup).find((file) => file.startsWith('journal-')) ?? ''
    const bytes = readFileSync(join(backup, journal))
    const middle = bytes.length >> 1
    bytes.writeUInt8(bytes.readUInt8(middle) ^ 1, middle)
    writeFileSync(join(backup, journal), bytes)
    t.match(await call('APIerSv1.RestoreDataDB', backup), `${backup} is damaged: ${journal} has ${bytes.length} octets`)
    t.equal(await stopGateway(gateway), 0)
    t.notOk(existsSync(join(folder, 'data/records/restore')), 'nothing is ready')
  })
})
