import { readdirSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { gyRequest, readGyAnswer, retransmission } from '../../src/commands/gy-gateway.ts'
import { Decimal } from '../../src/core/decimal.ts'
import { DiameterMessage } from '../../src/protocol/diameter/message.ts'
import {
  ask,
  balances,
  cdrCosts,
  connectGateway,
  type Gateway,
  rpcText,
  sampleFolder,
  startGateway,
  stopGateway,
  sumOf,
} from '../support/gateway.ts'

const MIB = 1n << 20n

async function gatewayOf(t: Test, overrides: object = {}): Promise<Gateway> {
  const gateway = await startGateway(sampleFolder(t, overrides))
  t.teardown(() => stopGateway(gateway, 'SIGKILL'))
  return gateway
}

t.test('a Gy session of two rating groups is granted, charged and billed to the last digit', async (t) => {
  const gateway = await gatewayOf(t)
  const client = await connectGateway(gateway.diameterPort)
  const initial = await ask(client, 's1', 1, 0, [
    { ratingGroup: 1, requested: 5n * MIB },
    { ratingGroup: 2, requested: 'default' },
  ])
  t.equal(initial.resultCode, 2001)
  t.same(
    initial.groups.map(({ ratingGroup, granted, resultCode }) => [ratingGroup, granted, resultCode]),
    [
      [1, 5n * MIB, 2001],
      [2, 10n * MIB, 2001],
    ],
  )
  // 80 increments of 64 KiB at 0.00063 and 160 at 0.00025 (in the evening 0.00013) are reserved.
  const evening = new Date().getUTCHours() >= 20
  t.equal((await balances(gateway.httpPort, '1001'))['MONEY'], evening ? '9.9288' : '9.9096')
  const sessions = await rpcText(gateway.httpPort, 'SessionSv1.GetActiveSessionsCount', {})
  t.match(sessions, '"result":2')
  await ask(client, 's1', 2, 1, [{ ratingGroup: 1, requested: 5n * MIB, used: 5n * MIB }])
  const end = await ask(client, 's1', 3, 2, [
    { ratingGroup: 1, used: 3n * MIB },
    { ratingGroup: 2, used: MIB },
  ])
  t.equal(end.resultCode, 2001)
  await client.close()
  const left = (await balances(gateway.httpPort, '1001'))['MONEY']
  const cdrs = await rpcText(gateway.httpPort, 'CDRsV1.GetCDRs', { Accounts: ['1001'] })
  const costs = await cdrCosts(gateway.httpPort, { Accounts: ['1001'] })
  t.equal(costs.length, 2)
  t.equal(left, Decimal.of(10).minus(sumOf(costs)).toString())
  t.match(cdrs, `"OriginID":"s1_1"`)
  t.match(cdrs, '"Usage":8388608')
  t.equal(await stopGateway(gateway), 0, 'SIGTERM drains and leaves with 0')
  const [file = ''] = readdirSync(join(gateway.folder, 'data/cdrs'))
  const rows = readFileSync(join(gateway.folder, 'data/cdrs', file), 'utf8')
    .trim()
    .split('\n')
  t.equal(rows.length, 3, 'a header and two CDRs')
})

t.test('RFC 8506 8.33: a grant says how long it is valid', async (t) => {
  const gateway = await gatewayOf(t)
  const client = await connectGateway(gateway.diameterPort)
  const { message } = await ask(client, 'valid', 1, 0, [{ ratingGroup: 1, requested: MIB }])
  const validity = message.avps
    .filter(({ code }) => code === 456)
    .flatMap((mscc) => message.group(mscc))
    .filter(({ code }) => code === 448)
    .map(({ dataStart }) => message.bytes.readUInt32BE(dataStart))
  t.same(validity, [3600])
  client.destroy()
})

t.test('all rating groups of a request are one commit', async (t) => {
  const gateway = await gatewayOf(t)
  const client = await connectGateway(gateway.diameterPort)
  const commits = async () => {
    const metrics = await (await fetch(`http://127.0.0.1:${gateway.httpPort}/metrics`)).text()
    return Number(/^tollgate_commits_total (\d+)$/m.exec(metrics)?.[1])
  }
  const before = await commits()
  await ask(client, 'one', 1, 0, [
    { ratingGroup: 1, requested: MIB },
    { ratingGroup: 2, requested: MIB },
  ])
  t.equal((await commits()) - before, 1, 'two sessions, one account and the answer')
  client.destroy()
})

t.test('RFC 8506 6.4: CCR-E is charged once, at once, with its CDR', async (t) => {
  const gateway = await gatewayOf(t)
  const client = await connectGateway(gateway.diameterPort)
  const request = gyRequest(client, {
    sessionId: 'event',
    type: 4,
    number: 0,
    account: '1001',
    originHost: 'pgw',
    groups: [{ ratingGroup: 1, requested: 5n * MIB }],
  })
  const first = await client.send(request)
  const [group] = readGyAnswer(first).groups
  t.same([group?.resultCode, group?.granted], [2001, 5n * MIB])
  const again = await client.send(retransmission(request, 779))
  t.same(again.bytes.subarray(20), first.bytes.subarray(20), 'a retransmission gets the stored answer')
  const costs = await cdrCosts(gateway.httpPort, { OriginIDs: ['event_1'] })
  t.equal(costs.length, 1)
  t.equal((await balances(gateway.httpPort, '1001'))['MONEY'], Decimal.of(10).minus(sumOf(costs)).toString())
  const unknown = await ask(client, 'nobody', 4, 0, [{ ratingGroup: 1, requested: MIB }], '9999')
  t.same(unknown.groups[0]?.resultCode, 5030)
  const cdr = await rpcText(gateway.httpPort, 'CDRsV1.GetCDRs', { OriginIDs: ['nobody_1'] })
  t.match(cdr, '"Usage":0,', 'what was refused is not charged by its CDR')
  t.match(await rpcText(gateway.httpPort, 'SessionSv1.GetActiveSessions', {}), '"error":"NOT_FOUND"')
  client.destroy()
})

t.test('a data pack is used before money; when credit ends the group is told so', async (t) => {
  const gateway = await gatewayOf(t)
  const client = await connectGateway(gateway.diameterPort)
  await ask(client, 'pack', 1, 0, [{ ratingGroup: 1, requested: 100n * MIB }], '1002')
  const held = await balances(gateway.httpPort, '1002')
  t.equal(held['DATA_PACK'], '0')
  t.equal(held['MONEY'], '10')
  const more = await ask(client, 'pack', 2, 1, [{ ratingGroup: 1, requested: 5000n * MIB, used: 100n * MIB }], '1002')
  const [group] = more.groups
  t.ok(group?.finalUnit, 'Final-Unit-Indication with the last grant')
  t.ok(
    (group?.granted ?? 0n) > 900n * MIB && (group?.granted ?? 0n) < 1000n * MIB,
    `10 at about 0.01 per MiB: ${group?.granted}`,
  )
  const none = await ask(client, 'pack', 2, 2, [{ ratingGroup: 1, requested: MIB, used: group?.granted ?? 0n }], '1002')
  t.equal(none.groups[0]?.resultCode, 4012)
  client.destroy()
})

t.test('4011 for a free group, 5030 for an unknown user, 5031 for a group without a price', async (t) => {
  const gateway = await gatewayOf(t)
  const client = await connectGateway(gateway.diameterPort)
  const codes = async (sessionId: string, ratingGroup: number, account?: string) =>
    (await ask(client, sessionId, 1, 0, [{ ratingGroup, requested: MIB }], account)).groups.map(
      ({ resultCode }) => resultCode,
    )
  t.same(await codes('a', 100), [4011])
  t.same(await codes('b', 1, '9999'), [5030])
  t.same(await codes('c', 77), [5031])
  t.equal((await balances(gateway.httpPort, '1001'))['MONEY'], '10')
  t.match(
    await rpcText(gateway.httpPort, 'SessionSv1.GetActiveSessions', {}),
    '"error":"NOT_FOUND"',
    'no session stays open',
  )
  client.destroy()
})

t.test('a retransmitted request gets the stored answer and no second charge, after a restart as well', async (t) => {
  const folder = sampleFolder(t)
  let gateway = await startGateway(folder)
  let client = await connectGateway(gateway.diameterPort)
  const request = gyRequest(client, {
    sessionId: 'again',
    type: 1,
    number: 0,
    account: '1001',
    originHost: 'pgw',
    groups: [{ ratingGroup: 1, requested: 5n * MIB }],
  })
  const first = await client.send(request)
  const charged = await balances(gateway.httpPort, '1001')
  const second = await client.send(retransmission(request, 777))
  t.same(second.bytes.subarray(20), first.bytes.subarray(20), 'the same answer')
  t.equal(second.hopByHopId, 777)
  await stopGateway(gateway, 'SIGKILL')
  gateway = await startGateway(folder)
  t.teardown(() => stopGateway(gateway, 'SIGKILL'))
  client = await connectGateway(gateway.diameterPort)
  const third = await client.send(retransmission(request, 778))
  t.same(third.bytes.subarray(20), first.bytes.subarray(20), 'the same answer after kill -9')
  t.same(await balances(gateway.httpPort, '1001'), charged)
  const end = await ask(client, 'again', 3, 1, [{ ratingGroup: 1, used: 0n }])
  t.equal(end.resultCode, 2001)
  t.equal(
    (await balances(gateway.httpPort, '1001'))['MONEY'],
    '10',
    'the session went on: its reservation is given back',
  )
  client.destroy()
})

t.test('CCR-T ends the groups that it does not name: what they reserved goes back', async (t) => {
  const gateway = await gatewayOf(t)
  const client = await connectGateway(gateway.diameterPort)
  await ask(client, 'left', 1, 0, [
    { ratingGroup: 1, requested: 5n * MIB },
    { ratingGroup: 2, requested: 5n * MIB },
  ])
  await ask(client, 'left', 3, 1, [{ ratingGroup: 1, used: 0n }])
  t.equal((await balances(gateway.httpPort, '1001'))['MONEY'], '10')
  t.match(await rpcText(gateway.httpPort, 'SessionSv1.GetActiveSessions', {}), '"error":"NOT_FOUND"')
  client.destroy()
})

/** Sends bytes on an open peer connection and collects the answers by Result-Code. */
const faults: { name: string; resultCode: number; change: (request: Buffer) => void }[] = [
  {
    name: 'RFC 6733 7.1.3: 3001 for an unknown command',
    resultCode: 3001,
    change: (bytes) => bytes.writeUIntBE(999, 5, 3),
  },
  {
    name: 'RFC 6733 7.1.3: 3007 for an unknown application',
    resultCode: 3007,
    change: (bytes) => bytes.writeUInt32BE(4711, 8),
  },
  {
    name: 'RFC 6733 7.1.3: 3008 for a request with the E bit',
    resultCode: 3008,
    change: (bytes) => bytes.writeUInt8(0xe0, 4),
  },
  {
    name: 'RFC 6733 7.1.3: 3009 for reserved AVP flags',
    resultCode: 3009,
    change: (bytes) => bytes.writeUInt8(0x41, 24),
  },
  {
    name: 'RFC 6733 7.1.5: 5013 for reserved command flags',
    resultCode: 5013,
    change: (bytes) => bytes.writeUInt8(0xc1, 4),
  },
  {
    name: 'RFC 6733 7.1.5: 5014 for an AVP longer than the message',
    resultCode: 5014,
    change: (bytes) => bytes.writeUIntBE(9999, 25, 3),
  },
]
t.test('bad messages get the Result-Code of the standard, and the peer stays', async (t) => {
  const gateway = await gatewayOf(t)
  const client = await connectGateway(gateway.diameterPort)
  for (const { name, resultCode, change } of faults) {
    const request = gyRequest(client, {
      sessionId: 'bad',
      type: 1,
      number: 0,
      account: '1001',
      originHost: 'pgw',
      groups: [{ ratingGroup: 1, requested: MIB }],
    })
    change(request)
    const answer = readGyAnswer(await client.send(request))
    t.equal(answer.resultCode, resultCode, name)
    t.equal((answer.message.flags & 0x20) !== 0, resultCode < 4000, `${name}: the E bit only for protocol errors`)
  }
  const missing = client.begin(272, 4).text(263, 'no-type').finish()
  t.equal(readGyAnswer(await client.send(missing)).resultCode, 5005, 'RFC 6733 7.1.5: 5005 for a missing AVP')
  t.equal((await ask(client, 'fine', 1, 0, [{ ratingGroup: 1, requested: MIB }])).resultCode, 2001)
  client.destroy()
})

t.test('RFC 6733 7.1.5: 5015 and 5011 end the connection after the answer', async (t) => {
  const gateway = await gatewayOf(t)
  for (const [name, change, resultCode] of [
    ['length 21', (bytes: Buffer) => bytes.writeUIntBE(21, 1, 3), 5015],
    ['version 2', (bytes: Buffer) => bytes.writeUInt8(2, 0), 5011],
  ] as const) {
    const client = await connectGateway(gateway.diameterPort)
    const request = client.begin(272, 4).text(263, 'x').finish()
    change(request)
    t.equal(readGyAnswer(await client.send(request)).resultCode, resultCode, name)
    client.destroy()
  }
})

t.test('RFC 6733 5.3: a peer without a common application gets 5010 and is closed', async (t) => {
  const gateway = await gatewayOf(t)
  await t.rejects(connectGateway(gateway.diameterPort, 4711), {
    message: 'capabilities were answered with Result-Code 5010, expected 2001',
  })
  const idle = connect(gateway.diameterPort, '127.0.0.1')
  idle.write(new DiameterMessage(Buffer.alloc(20)).bytes)
  await new Promise((closed) => idle.once('close', closed))
  t.pass('a header of zeroes ends the connection')
})

t.test('a wrong configuration stops the start with file, line, key and the nearest known key', async (t) => {
  const folder = sampleFolder(t, { diameter_agent: { origin_hots: 'x' }, general: { log_level: 'high' } })
  const failure = await startGateway(folder).then(
    () => '',
    (cause: Error) => cause.message,
  )
  t.match(failure, /zz-overrides\.json:1:\d+: diameter_agent\.origin_hots: unknown key, did you mean "origin_host"\?/)
  t.match(failure, /zz-overrides\.json:1:\d+: general\.log_level: "high": expected number/)
})

t.test('metrics and health are served, unknown methods get the texts of CGRateS', async (t) => {
  const gateway = await gatewayOf(t)
  const get = async (path: string) => (await fetch(`http://127.0.0.1:${gateway.httpPort}${path}`)).text()
  t.equal(await get('/healthz'), '{"status":"ok"}')
  const client = await connectGateway(gateway.diameterPort)
  await ask(client, 'm', 1, 0, [{ ratingGroup: 1, requested: MIB }])
  const metrics = await get('/metrics')
  t.match(metrics, 'tollgate_diameter_answers_total{result_code="2001"} 1')
  t.match(metrics, 'tollgate_diameter_requests_total{request="CCR-I"} 1')
  t.match(metrics, 'tollgate_diameter_latency_seconds_count 1')
  t.match(metrics, 'tollgate_diameter_peers 1')
  t.match(metrics, 'tollgate_diameter_requests_waiting 0')
  t.match(metrics, 'tollgate_sessions 1')
  t.match(metrics, 'tollgate_accounts 3')
  t.match(metrics, /^tollgate_commits_total [1-9]\d*$/m)
  t.match(metrics, 'tollgate_commits_waiting 0')
  t.match(metrics, 'tollgate_cdrs_waiting 0')
  t.match(metrics, 'tollgate_failed 0')
  await ask(client, 'm', 3, 1, [{ ratingGroup: 1, used: MIB }])
  await cdrCosts(gateway.httpPort)
  const ended = await get('/metrics')
  t.match(ended, 'tollgate_diameter_requests_total{request="CCR-T"} 1')
  t.match(ended, 'tollgate_diameter_answers_total{result_code="2001"} 2')
  t.match(ended, 'tollgate_sessions 0')
  t.match(await rpcText(gateway.httpPort, 'CoreSv1.Nothing', {}), `"error":"rpc: can't find method CoreSv1.Nothing"`)
  t.match(await rpcText(gateway.httpPort, 'NoSv1.Ping', {}), `"error":"rpc: can't find service NoSv1.Ping"`)
  const socket = connect(gateway.rpcPort, '127.0.0.1')
  socket.write('{"id":1,"method":"CoreSv1.Ping","params":[{}]}{"id":2,"met')
  const replies: string[] = []
  await new Promise<void>((done) => {
    socket.on('data', (chunk) => {
      replies.push(...chunk.toString().trim().split('\n'))
      if (replies.length === 1) socket.write('hod":"CoreSv1.Ping","params":[{}]}')
      else done()
    })
  })
  t.same(replies, ['{"id":1,"result":"Pong","error":null}', '{"id":2,"result":"Pong","error":null}'])
  socket.destroy()
  client.destroy()
})
