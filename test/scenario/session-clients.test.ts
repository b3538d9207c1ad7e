import { join } from 'node:path'
import t, { type Test } from 'tap'
import { originHash } from '../../src/core/event-values.ts'
import { BiClient } from '../support/bi-client.ts'
import { balances, type Gateway, ROOT, rpcText, startGateway, stopGateway } from '../support/gateway.ts'
import { accountFolder } from '../support/rpc-steps.ts'

const RETAIL = join(ROOT, 'test/conformance/tariffs/retail')
const CALL = {
  ToR: '*voice',
  Category: 'call',
  RequestType: '*prepaid',
  Destination: '49171',
  SetupTime: '2024-03-05T12:00:00Z',
  AnswerTime: '2024-03-05T12:00:01Z',
  OriginHost: 'sip1',
}

export type Host = { gateway: Gateway; port: number }

async function start(t: Test, sessions: object = {}, overrides: object = {}): Promise<Host> {
  const folder = accountFolder(t, {
    listen: { rpc_json: '127.0.0.1:0', http: '127.0.0.1:0', rpc_gob: '', birpc_json: '127.0.0.1:0' },
    diameter_agent: { enabled: false },
    sessions,
    ...overrides,
  })
  const gateway = await startGateway(folder, RETAIL)
  t.teardown(() => stopGateway(gateway))
  return { gateway, port: Number(/^BiRPC +[\d.]+:(\d+)/m.exec(gateway.output())?.[1]) }
}

async function connect(t: Test, { port }: Host): Promise<BiClient> {
  const client = await BiClient.connect(port)
  t.teardown(() => client.close())
  return client
}

const event = (fields: object, options: object = {}) => ({
  Tenant: 'cgrates.org',
  ID: 'e',
  Event: { ...CALL, ...fields },
  APIOpts: options,
})

async function call({ gateway }: Host, method: string, argument: object): Promise<unknown> {
  const reply = JSON.parse(await rpcText(gateway.httpPort, method, argument)) as { result: unknown; error: unknown }
  return reply.error ?? reply.result
}

/** Free seconds of an account, per `granularity`. */
function seconds(host: Host, account: string, value: number, granularity = '*zero1ms'): Promise<unknown> {
  return call(host, 'APIerSv1.SetBalance', {
    Account: account,
    BalanceType: '*voice',
    Value: value,
    Balance: { ID: 'V', RatingSubject: granularity },
  })
}

const initiate = (fields: object, options: object = {}) => ({ InitSession: true, ...event(fields, options) })
const terminate = (fields: object) => ({ TerminateSession: true, ...event(fields) })

t.test('05 6.13: the client of a session is told to change it and to end it', async (t) => {
  const host = await start(t)
  const client = await connect(t, host)
  await seconds(host, 'a', 60e9)
  await client.call('SessionSv1.InitiateSession', initiate({ Account: 'a', OriginID: 'o1', Usage: '10s', Note: 'n' }))
  const filter = { Filters: ['*string:~*req.OriginID:o1'] }

  t.equal(
    await call(host, 'SessionSv1.AlterSessions', { ...filter, Event: { Codec: 'opus' }, APIOpts: { a: 1 } }),
    'OK',
  )
  const altered = await client.called()
  t.equal(altered.method, 'AgentV1.AlterSession')
  t.match(altered.argument, { Tenant: '', ID: /^[0-9a-f-]{36}$/, Time: /^20\d\d-.*Z$/, APIOpts: { a: 1 } })
  t.strictSame(altered.argument['Event'], {
    ...CALL,
    CGRID: originHash('o1', 'sip1'),
    Account: 'a',
    Codec: 'opus',
    Note: 'n',
    OriginID: 'o1',
    Usage: '10s',
  })
  t.strictSame(
    Object.keys(altered.argument['Event'] as object),
    Object.keys(altered.argument['Event'] as object).sort(),
  )

  client.answer = () => ({ error: 'no such call' })
  t.equal(await call(host, 'SessionSv1.AlterSessions', filter), 'PARTIALLY_EXECUTED', 'what the client refuses')
  await client.called()

  t.equal(
    await call(host, 'SessionSv1.ForceDisconnect', { ...filter, Event: { DisconnectCause: 'ADMIN' } }),
    'OK',
    'ended here, whatever the client says',
  )
  const ended = await client.called()
  t.equal(ended.method, 'AgentV1.DisconnectSession')
  t.match(ended.argument, { Event: { DisconnectCause: 'ADMIN', OriginID: 'o1', Usage: 10e9 }, APIOpts: null })
  t.equal(await call(host, 'SessionSv1.GetActiveSessionsCount', {}), 0)
  t.match(await call(host, 'CDRsV1.GetCDRs', { Accounts: ['a'] }), [{ Usage: 10e9, CostSource: '*sessions' }])
  t.equal(await call(host, 'SessionSv1.AlterSessions', filter), 'NOT_FOUND')
})

t.test('05 6.13: a session without a client is ended all the same, and cannot be changed', async (t) => {
  const host = await start(t)
  await seconds(host, 'a', 60e9)
  await call(host, 'SessionSv1.InitiateSession', initiate({ Account: 'a', OriginID: 'o1', Usage: '10s' }))
  t.equal(await call(host, 'SessionSv1.AlterSessions', {}), 'PARTIALLY_EXECUTED')
  t.equal(await call(host, 'SessionSv1.ForceDisconnect', {}), 'OK')
  t.equal(await call(host, 'SessionSv1.GetActiveSessionsCount', {}), 0)
})

t.test('05 6.13: a client that comes back is told of the sessions that it goes on with', async (t) => {
  const host = await start(t)
  const first = await connect(t, host)
  await seconds(host, 'a', 60e9)
  await first.call('SessionSv1.InitiateSession', initiate({ Account: 'a', OriginID: 'o1', Usage: '10s' }))
  await first.close()
  const second = await connect(t, host)
  await second.call('SessionSv1.UpdateSession', {
    UpdateSession: true,
    ...event({ Account: 'a', OriginID: 'o1', Usage: '5s' }),
  })
  await call(host, 'SessionSv1.ForceDisconnect', {})
  t.match(await second.called(), { method: 'AgentV1.DisconnectSession', argument: { Event: { Usage: 15e9 } } })
})

t.test('05 6.13: older clients are called by their own names', async (t) => {
  for (const [version, method] of [
    [0, 'SMGClientV1.DisconnectSession'],
    [1.0, 'SessionSv1.DisconnectSession'],
  ] as const) {
    const host = await start(t, { client_protocol: version })
    const client = await connect(t, host)
    await seconds(host, 'a', 60e9)
    await client.call('SessionSv1.InitiateSession', initiate({ Account: 'a', OriginID: 'o1', Usage: '10s' }))
    await call(host, 'SessionSv1.ForceDisconnect', { Event: { DisconnectCause: 'ADMIN' } })
    t.match(await client.called(), { method, argument: { EventStart: { OriginID: 'o1' }, Reason: 'ADMIN' } })
  }
})

t.test('05 7.9: DisconnectPeer goes to every client', async (t) => {
  const host = await start(t)
  const clients = [await connect(t, host), await connect(t, host)]
  // Both are known before the call is made.
  for (const client of clients) await client.call('SessionSv1.Ping', {})
  const peer = { OriginHost: 'h', OriginRealm: 'r', RemoteAddr: '', DisconnectCause: 1 }
  t.equal(await call(host, 'SessionSv1.DisconnectPeer', peer), 'OK')
  for (const client of clients)
    t.strictSame(await client.called(), { method: 'AgentV1.DisconnectPeer', argument: peer })
  for (const client of clients) client.answer = () => ({ error: 'NOT_IMPLEMENTED' })
  t.equal(await call(host, 'SessionSv1.DisconnectPeer', peer), 'PARTIALLY_EXECUTED')
})

t.test('05 6.11: a session that is silent is ended, and its client told', async (t) => {
  const host = await start(t, { session_ttl: '100ms' })
  const client = await connect(t, host)
  await seconds(host, 'a', 60e9)
  await client.call('SessionSv1.InitiateSession', initiate({ Account: 'a', OriginID: 'o1', Usage: '10s' }))
  t.match(await client.called(), {
    method: 'AgentV1.DisconnectSession',
    argument: { Event: { DisconnectCause: 'SESSION_TIMEOUT', Usage: 10e9 } },
  })
  t.equal(await call(host, 'SessionSv1.GetActiveSessionsCount', {}), 0)
})

t.test('05 6.15: sessions that their client does not know are ended, and no others', async (t) => {
  const host = await start(t)
  const [knowing, failing, gone] = [await connect(t, host), await connect(t, host), await connect(t, host)]
  const named = [{ OriginHost: 'sip1', OriginID: 'known' }]
  knowing.answer = ({ method }) => ({ result: method === 'AgentV1.GetActiveSessionIDs' ? named : 'OK' })
  failing.answer = () => ({ error: 'SERVER_ERROR: no channels' })
  await seconds(host, 'a', 600e9)
  const open = (client: BiClient, id: string) =>
    client.call('SessionSv1.InitiateSession', initiate({ Account: 'a', OriginID: id, Usage: '1s' }))
  await open(knowing, 'known')
  await open(knowing, 'stale')
  await open(failing, 'of one that fails')
  await open(gone, 'of one that is gone')
  await call(host, 'SessionSv1.InitiateSession', initiate({ Account: 'a', OriginID: 'of nobody', Usage: '1s' }))
  await gone.close()
  const live = async () =>
    ((await call(host, 'SessionSv1.GetActiveSessions', {})) as { OriginID: string }[]).map((run) => run.OriginID).sort()

  t.equal(await call(host, 'SessionSv1.SyncSessions', {}), 'OK')
  t.strictSame(await live(), ['known', 'of nobody', 'of one that fails', 'of one that is gone'])
  t.equal((await knowing.called()).method, 'AgentV1.GetActiveSessionIDs')
  t.match(await knowing.called(), { argument: { Event: { OriginID: 'stale', DisconnectCause: 'FORCED_DISCONNECT' } } })

  failing.answer = () => ({ error: 'NO_ACTIVE_SESSION' })
  t.equal(await call(host, 'SessionSv1.SyncSessions', {}), 'OK', 'now that all clients say what they have')
  t.strictSame(await live(), ['known', 'of nobody'])
})

t.test('05 6.15: clients are asked by themselves, one that does not answer in time ends nothing', async (t) => {
  const host = await start(t, { channel_sync_interval: '50ms', channel_sync_timeout: '50ms' })
  const client = await connect(t, host)
  let asked = 0
  client.answer = ({ method }) => {
    if (method !== 'AgentV1.GetActiveSessionIDs') return { result: 'OK' }
    return ++asked < 3 ? undefined : { result: [] }
  }
  await seconds(host, 'a', 60e9)
  await client.call('SessionSv1.InitiateSession', initiate({ Account: 'a', OriginID: 'o1', Usage: '1s' }))
  for (;;) {
    const { method, argument } = await client.called()
    if (method === 'AgentV1.GetActiveSessionIDs') continue
    t.match(argument, { Event: { DisconnectCause: 'FORCED_DISCONNECT' } })
    break
  }
  t.equal(asked, 3)
  t.equal(await call(host, 'SessionSv1.GetActiveSessionsCount', {}), 0)
})

t.test(
  '05 W14: a session that debits by itself warns its client, and has it end the session with its credit',
  async (t) => {
    const host = await start(t, { debit_interval: '100ms', min_dur_low_balance: '60ms' })
    const client = await connect(t, host)
    await seconds(host, 'a', 250e6)
    t.strictSame(
      await client.call('SessionSv1.InitiateSession', initiate({ Account: 'a', OriginID: 'o1', Usage: '10s' })),
      {
        MaxUsage: -1,
      },
    )
    t.match(await client.called(), { method: 'AgentV1.WarnDisconnect', argument: { OriginID: 'o1', Usage: '10s' } })
    const { method, argument } = await client.called()
    t.equal(method, 'AgentV1.DisconnectSession')
    t.match(argument, {
      Event: { Usage: 250e6, DisconnectCause: 'INSUFFICIENT_CREDIT', OriginID: 'o1' },
      APIOpts: null,
    })
    t.equal(await call(host, 'SessionSv1.GetActiveSessionsCount', {}), 1, 'it waits for its client to end it')
    t.equal(
      await client.call('SessionSv1.TerminateSession', terminate({ Account: 'a', OriginID: 'o1', Usage: 230e6 })),
      'OK',
    )
    t.strictSame(await balances(host.gateway.httpPort, 'a'), { V: '20000000' }, 'what was not used is given back')
    t.equal(client.callsLeft, 0)
  },
)

t.test('05 6.7: what a session debits by itself', async (t) => {
  const host = await start(t)
  const client = await connect(t, host)
  const own = { '*sessionsDebitInterval': '1h' }
  await seconds(host, 'a', 36_000e9, '*zero1s')
  const first = (client: BiClient, fields: object) =>
    client.call('SessionSv1.InitiateSession', initiate({ Account: 'a', ...fields }, own))

  t.strictSame(await first(client, { OriginID: 'o1', Usage: '10s' }), { MaxUsage: -1 }, 'the first hour at once')
  t.strictSame(await balances(host.gateway.httpPort, 'a'), { V: '32400000000000' })
  t.match(await call(host, 'SessionSv1.GetActiveSessions', {}), [
    { Usage: 3_600e9, LoopIndex: 1, DebitInterval: 3_600e9, NextAutoDebit: /^20\d\d-/ },
  ])
  const update = { UpdateSession: true, ...event({ Account: 'a', OriginID: 'o1', Usage: '7s' }) }
  t.strictSame(await client.call('SessionSv1.UpdateSession', update), { MaxUsage: 7e9 }, 'an update echoes')
  t.strictSame(await balances(host.gateway.httpPort, 'a'), { V: '32400000000000' }, 'and debits nothing')

  t.strictSame(
    await first(client, { OriginID: 'o2', RequestType: '*postpaid', Usage: '10s' }),
    { MaxUsage: 10e9 },
    'a run that is paid later has no debits',
  )
  const unknown = { UpdateSession: true, ...event({ Account: 'a', OriginID: 'o3', Usage: '7s' }, own) }
  t.strictSame(await client.call('SessionSv1.UpdateSession', unknown), { MaxUsage: 7e9 }, 'an update that opens it')
  t.strictSame(await balances(host.gateway.httpPort, 'a'), { V: '28800000000000' })

  const flags = { Flags: ['*rals:*initiate'], ...event({ Account: 'a', OriginID: 'o4', Usage: '7s' }, own) }
  t.strictSame(await call(host, 'SessionSv1.ProcessEvent', flags), { MaxUsage: { '*raw': 10_800e9 } })
  t.equal(
    await call(
      host,
      'SessionSv1.InitiateSession',
      initiate({ Account: 'a', OriginID: 'o5' }, { '*sessionsDebitInterval': 'x' }),
    ),
    'RALS_ERROR:time: invalid duration "x"',
  )
  for (const OriginID of ['o1', 'o3', 'o4'])
    t.equal(await client.call('SessionSv1.TerminateSession', terminate({ Account: 'a', OriginID, Usage: '90s' })), 'OK')
  t.strictSame(await balances(host.gateway.httpPort, 'a'), { V: String(36_000e9 - 3 * 90e9) }, 'settled exactly')
})

t.test('05 6.7: a session that cannot be debited is ended by its client, or else here', async (t) => {
  const host = await start(t, { debit_interval: '1h', terminate_attempts: 3 })
  const client = await connect(t, host)
  const open = (account: string, id: string) =>
    client.call('SessionSv1.InitiateSession', initiate({ Account: account, OriginID: id, Usage: '10s' }))

  t.strictSame(await open('nobody', 'o1'), { MaxUsage: -1 })
  t.match(await client.called(), { argument: { Event: { DisconnectCause: 'SERVER_ERROR', Usage: 0, OriginID: 'o1' } } })

  client.answer = () => ({ error: 'cannot' })
  await seconds(host, 'empty', 0)
  t.strictSame(await open('empty', 'o2'), { MaxUsage: -1 })
  const causes: unknown[] = []
  for (let i = 0; i < 4; i++) causes.push((await client.called()).argument['Event'])
  t.match(causes, [
    ...Array.from({ length: 3 }, () => ({ DisconnectCause: 'INSUFFICIENT_CREDIT', OriginID: 'o2' })),
    { DisconnectCause: 'FORCED_DISCONNECT' },
  ])
  t.match(await call(host, 'SessionSv1.GetActiveSessions', {}), [{ OriginID: 'o1' }], 'and it has ended')
  t.match(await call(host, 'CDRsV1.GetCDRs', { Accounts: ['empty'] }), [{ OriginID: 'o2' }])
})

t.test('05 W16: two prepaid runs debit by themselves, and are ended by force', async (t) => {
  const host = await start(t)
  await seconds(host, 'a', 36_000e9, '*zero1s')
  const options = { '*sessionsDebitInterval': '1h' }
  const opened = initiate({ Account: 'a', OriginID: 'o1', Usage: 0, Reseller: 'true' }, options)
  t.strictSame(await call(host, 'SessionSv1.InitiateSession', opened), { MaxUsage: -1 })
  t.equal(await call(host, 'SessionSv1.GetActiveSessionsCount', {}), 2)
  t.strictSame(await balances(host.gateway.httpPort, 'a'), { V: '28800000000000' })
  t.equal(await call(host, 'SessionSv1.ForceDisconnect', {}), 'OK')
  t.match(await call(host, 'CDRsV1.GetCDRs', { Accounts: ['a'] }), [{ Usage: 3_600e9 }, { Usage: 3_600e9 }])
})

t.test('05 6.7: debits go on over a crash, and end exactly with the credit', async (t) => {
  const folder = accountFolder(t, {
    listen: { rpc_json: '127.0.0.1:0', http: '127.0.0.1:0', rpc_gob: '', birpc_json: '127.0.0.1:0' },
    data_db: { db_type: '*lmdb' },
    stor_db: { db_type: '*sqlite' },
    sessions: { debit_interval: '400ms' },
  })
  const gateway = await startGateway(folder, RETAIL)
  const host = { gateway, port: 0 }
  await seconds(host, 'a', 1_000e6)
  t.strictSame(
    await call(host, 'SessionSv1.InitiateSession', initiate({ Account: 'a', OriginID: 'o1', Usage: '9s' })),
    {
      MaxUsage: -1,
    },
  )
  await stopGateway(gateway, 'SIGKILL')
  const again = await startGateway(folder, null)
  t.teardown(() => stopGateway(again))
  const restarted = { gateway: again, port: 0 }
  let cdrs: unknown
  do cdrs = await call(restarted, 'CDRsV1.GetCDRs', { Accounts: ['a'] })
  while (cdrs === 'SERVER_ERROR: NOT_FOUND')
  t.match(cdrs, [{ OriginID: 'o1', Usage: 1_000e6, CostSource: '*sessions' }])
  t.strictSame(await balances(again.httpPort, 'a'), { V: '0' })
  t.equal(await call(restarted, 'SessionSv1.GetActiveSessionsCount', {}), 0)
})
