import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { type GroupRequest, gyRequest, readGyAnswer, retransmission } from '../../src/commands/gy-gateway.ts'
import { Decimal } from '../../src/core/decimal.ts'
import type { DiameterClient } from '../../src/protocol/diameter/client.ts'
import {
  cdrCosts,
  connectGateway,
  type Gateway,
  ROOT,
  rpcText,
  sampleFolder,
  startGateway,
  stopGateway,
  sumOf,
} from '../support/gateway.ts'

const SESSIONS = 200
const KILLS = 20
const UPDATES = 12
const MIB = 1n << 20n

/** One packet-gateway session: what it wants to send next, and the request that was not answered yet. */
type Script = { id: string; account: string; number: number; unanswered: Buffer | undefined; done: boolean }

function nextGroups(script: Script): { type: number; groups: GroupRequest[] } {
  if (script.number === 0) return { type: 1, groups: [{ ratingGroup: 1, requested: MIB }] }
  if (script.number <= UPDATES) return { type: 2, groups: [{ ratingGroup: 1, requested: MIB, used: MIB / 2n }] }
  return { type: 3, groups: [{ ratingGroup: 1, used: MIB / 4n }] }
}

t.test(
  `${SESSIONS} sessions, kill -9 at ${KILLS} random moments: no answered debit is lost, none is doubled`,
  async (t) => {
    const folder = sampleFolder(t)
    const tariff = join(folder, 'tariff')
    cpSync(join(ROOT, 'config/samples/gy-data/tariff'), tariff, { recursive: true })
    const accounts = Array.from({ length: SESSIONS / 4 }, (_, i) => `2${String(i).padStart(3, '0')}`)
    mkdirSync(tariff, { recursive: true })
    writeFileSync(
      join(tariff, 'AccountActions.csv'),
      accounts.map((account) => `cgrates.org,${account},AP_PREPAID,,false,false\n`).join(''),
    )
    const seed = Number(process.env['TOLLGATE_SEED'] ?? Date.now() % 1_000_000)
    t.comment(`TOLLGATE_SEED=${seed}`)
    const random = randomOf(seed)
    const scripts = Array.from(
      { length: SESSIONS },
      (_, i): Script => ({
        id: `fault;${i}`,
        account: accounts[i % accounts.length] ?? '',
        number: 0,
        unanswered: undefined,
        done: false,
      }),
    )
    let gateway = await startGateway(folder, tariff)
    t.teardown(() => stopGateway(gateway, 'SIGKILL'))
    for (let kill = 0; kill <= KILLS; kill++) {
      const client = await connectGateway(gateway.diameterPort)
      // The last life runs to the end, the others are cut after a random number of answers.
      const killAfter =
        kill === KILLS
          ? Number.POSITIVE_INFINITY
          : Math.floor(random() * 2 * ((SESSIONS * (UPDATES + 2)) / (KILLS + 1)))
      await play(client, gateway, scripts, killAfter)
      if (kill < KILLS) gateway = await startGateway(folder, tariff)
    }
    t.ok(
      scripts.every(({ done }) => done),
      'every session came to its end',
    )
    const cdrs = JSON.parse(await rpcText(gateway.httpPort, 'CDRsV1.GetCDRs', {})) as {
      result: { CGRID: string; OriginID: string; Usage: number }[]
    }
    t.equal(cdrs.result.length, SESSIONS, 'one CDR per session')
    t.equal(new Set(cdrs.result.map(({ OriginID }) => OriginID)).size, SESSIONS, 'none twice')
    const expected = Number(BigInt(UPDATES) * (MIB / 2n) + MIB / 4n)
    t.same([...new Set(cdrs.result.map(({ Usage }) => Usage))], [expected], 'every update counted once')
    t.equal(
      (await spent(gateway, accounts)).toString(),
      sumOf(await cdrCosts(gateway.httpPort)).toString(),
      'initial - final balance = sum of the CDR costs',
    )
    t.match(await rpcText(gateway.httpPort, 'SessionSv1.GetActiveSessions', {}), '"error":"NOT_FOUND"')
    await stopGateway(gateway)
    const rows = csvRows(join(folder, 'data/cdrs'))
    t.same(rows.toSorted(), cdrs.result.map(({ CGRID: id }) => id).toSorted(), 'each CDR is in the CSV files once')
  },
)

/** First columns (CGRID) of all rows of all files. */
function csvRows(folder: string): string[] {
  return readdirSync(folder).flatMap((file) =>
    readFileSync(join(folder, file), 'utf8')
      .split('\n')
      .slice(1)
      .filter((row) => row !== '')
      .map((row) => row.split(',')[0] ?? ''),
  )
}

/** Plays all sessions at once until they end or, after `killAfter` answers, the gateway is killed. */
async function play(
  client: DiameterClient,
  gateway: Gateway,
  scripts: readonly Script[],
  killAfter: number,
): Promise<void> {
  let answered = 0
  let killed: Promise<unknown> | undefined
  const run = async (script: Script) => {
    while (!script.done) {
      const { type, groups } = nextGroups(script)
      const fresh = gyRequest(client, {
        sessionId: script.id,
        type,
        number: script.number,
        account: script.account,
        originHost: 'pgw',
        groups,
      })
      const request =
        script.unanswered === undefined ? fresh : retransmission(script.unanswered, fresh.readUInt32BE(12))
      script.unanswered ??= fresh
      const answer = readGyAnswer(await client.send(request))
      if (answer.resultCode !== 2001) throw new Error(`${script.id}: ${answer.resultCode}`)
      script.unanswered = undefined
      script.number++
      script.done = type === 3
      if (++answered >= killAfter) killed ??= stopGateway(gateway, 'SIGKILL')
    }
  }
  const outcomes = await Promise.allSettled(scripts.map(run))
  const failed = outcomes.find((outcome) => outcome.status === 'rejected' && !/closed/.test(String(outcome.reason)))
  if (failed?.status === 'rejected') throw failed.reason
  if (killed === undefined && killAfter !== Number.POSITIVE_INFINITY) killed = stopGateway(gateway, 'SIGKILL')
  await killed
  client.destroy()
}

async function spent({ httpPort }: Gateway, accounts: readonly string[]): Promise<Decimal> {
  let total = Decimal.ZERO
  for (const account of accounts) {
    const text = await rpcText(httpPort, 'APIerSv2.GetAccount', { Account: account })
    for (const [, value = ''] of text.matchAll(/"Value":(-?[\d.]+)/g)) total = total.plus(Decimal.parse(value))
  }
  return Decimal.of(10 * accounts.length).minus(total)
}

/** mulberry32: the same numbers for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
