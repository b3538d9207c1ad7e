import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { gyRequest, readGyAnswer, retransmission } from '../../src/commands/gy-gateway.ts'
import { Decimal } from '../../src/core/decimal.ts'
import {
  ask,
  balances,
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
import { type RedisServer, startRedis } from '../support/redis.ts'
import { until } from '../support/until.ts'

const TARIFF = join(ROOT, 'config/samples/gy-data/tariff')
const MIB = 1n << 20n

/** A gateway on a Redis, with its own CDRs. */
async function start(t: Test, redis: RedisServer, node: string, folder?: string): Promise<Gateway> {
  const own =
    folder ??
    sampleFolder(t, {
      general: { node_id: node },
      data_db: { db_type: 'redis', db_host: '127.0.0.1', db_port: redis.port, db_name: '10' },
    })
  const gateway = await startGateway(own, TARIFF)
  t.teardown(() => stopGateway(gateway, 'SIGKILL'))
  return gateway
}

const durable = ['--appendonly', 'yes', '--appendfsync', 'always']
const group = (requested: bigint, used?: bigint) => [
  { ratingGroup: 1, ...(requested > 0n ? { requested } : {}), ...(used === undefined ? {} : { used }) },
]

t.test('10 A2: a configuration of CGRateS that names redis; kill -9, restart, and the session goes on', async (t) => {
  const redis = await startRedis(t, durable)
  await redis.inTen('SET', 'acc_cgrates.org:1001', 'of CGRateS')
  const first = await start(t, redis, 'n1')
  const client = await connectGateway(first.diameterPort)
  t.equal((await ask(client, 's', 1, 0, group(MIB))).resultCode, 2001)
  const script = { sessionId: 's', type: 2, number: 1, account: '1001', originHost: 'pgw', groups: group(MIB, MIB) }
  const request = gyRequest(client, script)
  const before = readGyAnswer(await client.send(request))
  const held = await balances(first.httpPort, '1001')
  await stopGateway(first, 'SIGKILL')
  client.destroy()

  const second = await start(t, redis, 'n1', first.folder)
  const again = await connectGateway(second.diameterPort)
  const fresh = gyRequest(again, script)
  const repeated = readGyAnswer(await again.send(retransmission(request, fresh.readUInt32BE(12))))
  t.same(repeated.groups, before.groups, 'the stored answer')
  t.same(await balances(second.httpPort, '1001'), held, 'nothing is charged twice')
  t.equal((await ask(again, 's', 3, 2, group(0n, MIB / 2n))).resultCode, 2001)
  const costs = await cdrCosts(second.httpPort)
  t.equal(costs.length, 1)
  const { MONEY = '' } = await balances(second.httpPort, '1001')
  t.equal(Decimal.of(10).minus(Decimal.parse(MONEY)).toString(), sumOf(costs).toString())
  t.equal(await redis.inTen('GET', 'acc_cgrates.org:1001'), 'of CGRateS')
  t.match(await rpcText(second.httpPort, 'APIerSv1.BackupDataDB', {}), 'NOT_IMPLEMENTED')
  again.destroy()
  t.equal(await stopGateway(second), 0)
})

t.test('a Redis that is gone: 5012, 503 and an RPC error; it comes back, and nothing was charged', async (t) => {
  const redis = await startRedis(t, durable)
  const gateway = await start(t, redis, 'n1')
  const client = await connectGateway(gateway.diameterPort)
  t.equal((await ask(client, 's', 1, 0, group(MIB))).resultCode, 2001)
  const health = async () => (await fetch(`http://127.0.0.1:${gateway.httpPort}/healthz`)).status
  await redis.kill()
  await until(async () => (await health()) === 503)
  t.equal((await ask(client, 's', 2, 1, group(MIB, MIB))).resultCode, 5012)
  t.match(await rpcText(gateway.httpPort, 'APIerSv2.GetAccount', { Account: '1001' }), 'Redis cannot be reached')
  await redis.restart()
  await until(async () => (await health()) === 200)
  t.equal((await ask(client, 's', 2, 1, group(MIB, MIB))).resultCode, 2001)
  t.equal((await ask(client, 's', 3, 2, group(0n, MIB))).resultCode, 2001)
  const costs = await cdrCosts(gateway.httpPort)
  const { MONEY = '' } = await balances(gateway.httpPort, '1001')
  t.equal(Decimal.of(10).minus(Decimal.parse(MONEY)).toString(), sumOf(costs).toString())
  client.destroy()
})

t.test('10 D3, D5: two gateways charge the same accounts, one is killed: exact sums, one CDR a session', async (t) => {
  const redis = await startRedis(t, durable)
  const [one, two] = [await start(t, redis, 'n1'), await start(t, redis, 'n2')]
  const [first, second] = [await connectGateway(one.diameterPort), await connectGateway(two.diameterPort)]
  const sessions = Array.from({ length: 24 }, (_, i) => ({
    id: `s${i}`,
    number: 0,
    account: i % 2 === 0 ? '1001' : '1002',
  }))
  const updates = 10
  let answered = 0
  let killed: Promise<unknown> | undefined
  const play = async (session: (typeof sessions)[number], i: number) => {
    let unanswered: Buffer | undefined
    while (session.number <= updates + 1) {
      // Each request goes to either gateway; a client that has lost one repeats at the other.
      const client = killed === undefined && (i + session.number) % 3 === 0 ? first : second
      const type = session.number === 0 ? 1 : session.number <= updates ? 2 : 3
      const groups = type === 1 ? group(MIB) : type === 2 ? group(MIB, MIB / 2n) : group(0n, MIB / 4n)
      const fresh = gyRequest(client, {
        ...{ sessionId: session.id, type, number: session.number, account: session.account, originHost: 'pgw', groups },
      })
      const request = unanswered === undefined ? fresh : retransmission(unanswered, fresh.readUInt32BE(12))
      unanswered ??= fresh
      const answer = await client.send(request).then(readGyAnswer, (cause: unknown) => {
        if (client !== first || killed === undefined) throw cause
        return undefined
      })
      if (answer === undefined) continue
      if (answer.resultCode !== 2001) throw new Error(`${session.id}/${session.number}: ${answer.resultCode}`)
      unanswered = undefined
      session.number++
      if (++answered === 100) killed = stopGateway(one, 'SIGKILL')
    }
  }
  await Promise.all(sessions.map(play))
  await killed
  first.destroy()
  second.destroy()
  t.match(await rpcText(two.httpPort, 'SessionSv1.GetActiveSessions', {}), '"error":"NOT_FOUND"')
  const restarted = await start(t, redis, 'n1', one.folder)
  const costs = [...(await cdrCosts(restarted.httpPort)), ...(await cdrCosts(two.httpPort))]
  t.equal(costs.length, sessions.length, 'each session has one CDR, at the gateway that has ended it')
  let spent = Decimal.ZERO
  for (const account of ['1001', '1002'])
    spent = spent.plus(Decimal.of(10).minus(Decimal.parse((await balances(two.httpPort, account))['MONEY'] ?? '')))
  t.equal(spent.toString(), sumOf(costs).toString(), 'initial - final balances = sum of the CDR costs')
  const metrics = await (await fetch(`http://127.0.0.1:${two.httpPort}/metrics`)).text()
  t.comment(/tollgate_units_overtaken_total \d+/.exec(metrics)?.[0] ?? '')
})

t.test('10 B5: a tariff, a profile and an account plan of one gateway are in force at the other', async (t) => {
  const redis = await startRedis(t)
  const [one, two] = [await start(t, redis, 'n1'), await start(t, redis, 'n2')]
  const price = async ({ httpPort }: Gateway) =>
    rpcText(httpPort, 'APIerSv1.GetCost', {
      Category: 'data',
      Subject: '1001',
      Destination: 'rg1',
      AnswerTime: '2026-11-25T12:00:00Z',
      Usage: '1048576',
    })
  const before = await price(two)
  const folder = sampleFolder(t)
  for (const [file, row] of [
    ['Rates.csv', 'RT_NEW,0,7,1048576,1048576,0s'],
    ['DestinationRates.csv', 'DR_NEW,*any,RT_NEW,*up,4,0,'],
    ['RatingPlans.csv', 'RP_NEW,DR_NEW,*any,10'],
    ['RatingProfiles.csv', 'cgrates.org,data,1001,2026-01-01T00:00:00Z,RP_NEW,'],
  ])
    writeFileSync(join(folder, file ?? ''), `${row}\n`)
  t.match(await rpcText(one.httpPort, 'APIerSv1.LoadTariffPlanFromFolder', { FolderPath: folder }), '"OK"')
  await until(async () => (await price(two)) !== before)
  t.match(await price(two), '"Cost":7')
  const filter = { Tenant: 'cgrates.org', ID: 'F', Rules: [{ Type: '*string', Element: '~*req.A', Values: ['1'] }] }
  t.match(await rpcText(two.httpPort, 'APIerSv1.SetFilter', filter), '"OK"')
  const found = () => rpcText(one.httpPort, 'APIerSv1.GetFilter', { Tenant: 'cgrates.org', ID: 'F' })
  await until(async () => (await found()).includes('"ID":"F"'))
  t.match(await rpcText(two.httpPort, 'APIerSv1.RemoveFilter', { Tenant: 'cgrates.org', ID: 'F' }), '"OK"')
  await until(async () => (await found()).includes('NOT_FOUND'))
})

t.test('what a start with redis ends with', async (t) => {
  const redis = await startRedis(t)
  await redis.kill()
  const at = String.raw`config/zz-overrides\.json:1:\d+: data_db\.`
  for (const [data_db, expected] of [
    [
      { db_port: redis.port, opts: { redisConnectAttempts: 2 } },
      `db_(host|type).*cannot be reached \\(2 attempts\\)|cannot be reached \\(2 attempts\\)`,
    ],
    [{ db_name: 'ten' }, `${at}db_name: Redis db name must be an integer! <ten>`],
    [
      { opts: { redisTLS: true, redisCACertificate: '/nowhere.pem' } },
      'cannot read the CA certificate /nowhere.pem: ENOENT',
    ],
  ] as const) {
    const folder = sampleFolder(t, { data_db: { db_type: '*redis', ...data_db } })
    const failure = await startGateway(folder).then(
      (gateway) => stopGateway(gateway).then(() => 'started'),
      (cause: Error) => cause.message,
    )
    t.match(failure, new RegExp(`^left with 1: (.*\\n)*?tollgate: .*${expected}`))
    t.notMatch(failure, /\n {4}at /, 'no stack')
  }
})
