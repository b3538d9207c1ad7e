import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { originHash } from '../../src/core/event-values.ts'
import { balances, type Gateway, ROOT, rpcText, startGateway, stopGateway } from '../support/gateway.ts'
import { deadAddress } from '../support/rpc-hosts.ts'
import { accountFolder } from '../support/rpc-steps.ts'

const RETAIL = join(ROOT, 'test/conformance/tariffs/retail')
const CALL = {
  ToR: '*voice',
  Category: 'call',
  RequestType: '*prepaid',
  Account: 'a',
  Destination: '49171',
  SetupTime: '2024-03-05T12:00:00Z',
  AnswerTime: '2024-03-05T12:00:01Z',
  OriginHost: 'sip1',
}
const event = (fields: object) => ({ Tenant: 'cgrates.org', ID: 'e', Event: { ...CALL, ...fields } })

/** An engine that listens on an address and sends copies of its sessions to another. */
async function start(t: Test, own: string, other: string, transport: string, sessions: object = {}): Promise<Gateway> {
  const folder = accountFolder(t, {
    listen: {
      [transport === '*gob' ? 'rpc_gob' : 'rpc_json']: own,
      [transport === '*gob' ? 'rpc_json' : 'rpc_gob']: '127.0.0.1:0',
      http: '127.0.0.1:0',
      birpc_json: '',
    },
    rpc_conns: { twin: { conns: [{ address: other, transport }] } },
    sessions: { replication_conns: ['twin'], ...sessions },
  })
  const gateway = await startGateway(folder, RETAIL)
  t.teardown(() => stopGateway(gateway))
  await call(gateway, 'APIerSv1.SetBalance', {
    Account: 'a',
    BalanceType: '*voice',
    Value: 3_600e9,
    Balance: { ID: 'V', RatingSubject: '*zero1s' },
  })
  return gateway
}

async function twins(t: Test, transport = '*json', sessions: object = {}): Promise<[Gateway, Gateway]> {
  const [a, b] = [await deadAddress(), await deadAddress()]
  return [await start(t, a, b, transport, sessions), await start(t, b, a, transport, sessions)]
}

async function call({ httpPort }: Gateway, method: string, argument: object = {}): Promise<unknown> {
  const reply = JSON.parse(await rpcText(httpPort, method, argument)) as { result: unknown; error: unknown }
  return reply.error ?? reply.result
}

/** Asks until the answer is as wanted: copies come after the answer that they are of. */
async function until(gateway: Gateway, method: string, isWanted: (answer: unknown) => boolean): Promise<unknown> {
  for (;;) {
    const answer = await call(gateway, method)
    if (isWanted(answer)) return answer
    await new Promise((next) => setImmediate(next))
  }
}

const active = 'SessionSv1.GetActiveSessionsCount'
const passive = 'SessionSv1.GetPassiveSessionsCount'
const is = (count: number) => (answer: unknown) => answer === count

for (const transport of ['*json', '*gob'])
  t.test(`05 6.16: a session goes on with the engine that has its copy, over ${transport}`, async (t) => {
    const [one, other] = await twins(t, transport)
    const opened = { InitSession: true, ...event({ OriginID: 'o1', Usage: '60s', Note: 'n' }) }
    t.strictSame(await call(one, 'SessionSv1.InitiateSession', opened), { MaxUsage: 60e9 })
    await until(other, passive, is(1))
    t.same(await call(other, 'SessionSv1.GetPassiveSessions', {}), await listed(one, other), 'as it is there')
    t.equal(await call(other, active), 0)

    const update = { UpdateSession: true, ...event({ OriginID: 'o1', Usage: '30s', LastUsed: '50s' }) }
    t.strictSame(await call(other, 'SessionSv1.UpdateSession', update), { MaxUsage: 30e9 })
    t.equal(await call(other, active), 1, 'it is charged there now')
    t.strictSame(await balances(other.httpPort, 'a'), { V: String(3_580e9) }, 'the 10 s that were left are used')
    await until(one, active, is(0))
    t.equal(await call(one, passive), 1, 'and its former engine has the copy')

    const ended = { TerminateSession: true, ...event({ OriginID: 'o1', Usage: '75s' }) }
    t.equal(await call(other, 'SessionSv1.TerminateSession', ended), 'OK')
    t.strictSame(await balances(other.httpPort, 'a'), { V: String(3_585e9) })
    await until(one, passive, is(0))
    t.equal(await call(other, 'SessionSv1.ProcessCDR', event({ OriginID: 'o1' })), 'OK')
    t.match(await call(other, 'CDRsV1.GetCDRs', { Accounts: ['a'] }), [
      { Usage: 75e9, Cost: 0, CostSource: '*sessions', CostDetails: { Usage: 75e9 }, ExtraFields: { Note: 'n' } },
    ])
  })

/** The active runs of an engine, as another one would list them. */
async function listed(engine: Gateway, _as: Gateway): Promise<unknown> {
  return call(engine, 'SessionSv1.GetActiveSessions')
}

t.test('05 7.9: copies that are moved and sent by hand', async (t) => {
  const [one, other] = await twins(t, '*json', { replication_conns: [] })
  for (const OriginID of ['o1', 'o2'])
    await call(one, 'SessionSv1.InitiateSession', { InitSession: true, ...event({ OriginID, Usage: '10s' }) })
  const [first, second] = [originHash('o1', 'sip1'), originHash('o2', 'sip1')]

  t.equal(await call(one, 'SessionSv1.ReplicateSessions', { ConnIDs: [] }), 'OK', 'to nobody')
  t.equal(await call(other, passive), 0)
  t.equal(await call(one, 'SessionSv1.ReplicateSessions', { CGRID: first, ConnIDs: ['twin'] }), 'OK')
  t.equal(await call(other, passive), 1)
  t.equal(await call(one, 'SessionSv1.ReplicateSessions', { ConnIDs: ['twin'] }), 'OK')
  t.equal(await call(other, passive), 2)
  t.equal(
    await call(one, 'SessionSv1.ReplicateSessions', { ConnIDs: ['nowhere'] }),
    'connection with id: <nowhere> not defined',
  )

  t.equal(await call(other, 'SessionSv1.ActivateSessions', { IDs: [first] }), 'OK')
  t.same([await call(other, active), await call(other, passive)], [1, 1])
  t.equal(await call(other, 'SessionSv1.ActivateSessions', { IDs: [first, second] }), 'PARTIALLY_EXECUTED')
  t.same([await call(other, active), await call(other, passive)], [2, 0])
  t.equal(await call(one, 'SessionSv1.DeactivateSessions', {}), 'OK', 'all of them')
  t.same([await call(one, active), await call(one, passive)], [0, 2])
  t.equal(await call(one, 'SessionSv1.DeactivateSessions', { IDs: ['unknown'] }), 'PARTIALLY_EXECUTED')

  t.equal(await call(one, 'SessionSv1.SetPassiveSession', {}), 'MANDATORY_IE_MISSING: [CGRID]')
  t.equal(await call(one, 'SessionSv1.SetPassiveSession', { CGRID: 'unknown' }), 'NOT_FOUND')
  t.equal(await call(one, 'SessionSv1.SetPassiveSession', { CGRID: first, EventStart: {} }), 'OK', 'it has ended')
  t.equal(await call(one, passive), 1)
  t.equal(await call(one, 'SessionSv1.ReplicateSessions', { CGRID: 'gone', ConnIDs: ['twin'] }), 'OK')
})

t.test('05 6.16: a copy of the reference engine is charged from where it stands', async (t) => {
  const [one] = await twins(t)
  const copy = JSON.parse(readFileSync(join(ROOT, 'test/fixtures/reference-passive-session.json'), 'utf8')) as object
  await call(one, 'APIerSv1.SetBalance', {
    Account: 'a1',
    BalanceType: '*voice',
    Value: 100e9,
    Balance: { ID: 'v', RatingSubject: '*zero1s' },
  })
  t.equal(await call(one, 'SessionSv1.SetPassiveSession', copy), 'OK')
  t.match(await call(one, 'SessionSv1.GetPassiveSessions'), [
    { OriginID: 'r1', RunID: '*default', Usage: 5e9, LoopIndex: 2, DurationIndex: 5e9, Account: 'a1' },
  ])
  const fields = { Account: 'a1', OriginID: 'r1', OriginHost: 'h' }
  const update = { UpdateSession: true, ...event({ ...fields, Usage: '4s', LastUsed: '3s' }) }
  t.strictSame(await call(one, 'SessionSv1.UpdateSession', update), { MaxUsage: 4e9 })
  t.strictSame(await balances(one.httpPort, 'a1'), { v: String(96e9) })
  const ended = { TerminateSession: true, ...event({ ...fields, Usage: '8s' }) }
  t.equal(await call(one, 'SessionSv1.TerminateSession', ended), 'OK')
  t.strictSame(await balances(one.httpPort, 'a1'), { v: String(97e9) })
  await call(one, 'SessionSv1.ProcessCDR', event(fields))
  t.match(await call(one, 'CDRsV1.GetCDRs', { Accounts: ['a1'] }), [{ Usage: 8e9, CostDetails: { Usage: 8e9 } }])
})

t.test('05 6.16: the debits of a session go on with the engine that takes it over', async (t) => {
  const [one, other] = await twins(t, '*json', { debit_interval: '1h' })
  const opened = { InitSession: true, ...event({ OriginID: 'o1', Usage: '60s' }) }
  t.strictSame(await call(one, 'SessionSv1.InitiateSession', opened), { MaxUsage: -1 })
  await until(other, passive, is(1))
  await stopGateway(one, 'SIGKILL')
  t.equal(await call(other, 'SessionSv1.ActivateSessions', {}), 'OK')
  t.match(await call(other, 'SessionSv1.GetActiveSessions', {}), [
    { Usage: 3_600e9, DebitInterval: 3_600e9, LoopIndex: 1, NextAutoDebit: /^20/ },
  ])
  t.strictSame(await balances(other.httpPort, 'a'), { V: String(3_600e9) }, 'what is paid is not paid again')
})
