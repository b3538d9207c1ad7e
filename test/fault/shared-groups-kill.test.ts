import { join } from 'node:path'
import t from 'tap'
import { ROOT, startGateway, stopGateway } from '../support/gateway.ts'
import { accountFolder, callText } from '../support/rpc-steps.ts'

const TARIFF = join(ROOT, 'test/conformance/tariffs/groups')
const MEMBERS = ['k0', 'k1', 'k2', 'k3']
const START = 100_000

t.test('kill -9 while members pay for each other: the group has lost what CDRs and live sessions say', async (t) => {
  const folder = accountFolder(t, {
    data_db: { db_type: '*lmdb', opts: { lmdbPath: 'records' } },
    stor_db: { db_type: '*sqlite', opts: { sqlitePath: 'cdrs.sqlite' } },
    cdrs: { ees_conns: [], online_cdr_exports: [], chargers_conns: [] },
  })
  let gateway = await startGateway(folder, TARIFF)
  t.teardown(() => stopGateway(gateway))
  const call = async (method: string, argument: object): Promise<unknown> => {
    const { result, error } = JSON.parse(await callText(gateway, method, argument)) as {
      result: unknown
      error: unknown
    }
    if (error !== null) throw new Error(`${method}: ${error}`)
    return result
  }
  for (const [at, account] of MEMBERS.entries()) {
    const balance = { ID: 'M', SharedGroups: 'SG_RANDOM' }
    const value = at === 0 ? 0 : START
    await call('APIerSv1.SetBalance', { Account: account, BalanceType: '*monetary', Value: value, Balance: balance })
  }
  const left = async (): Promise<number> => {
    const accounts = await Promise.all(MEMBERS.map((account) => call('APIerSv2.GetAccount', { Account: account })))
    return (accounts as { BalanceMap: Record<string, { Value: number }[]> }[])
      .flatMap(({ BalanceMap: map }) => map['*monetary'] ?? [])
      .reduce((sum, { Value: value }) => sum + value, 0)
  }
  let number = 0
  /** A session of one member: 7 s at first, 5 s more, 4 s of all used; each step is a commit of its own. */
  const session = async (): Promise<void> => {
    const account = MEMBERS[number % MEMBERS.length]
    const event = {
      ToR: '*voice',
      RequestType: '*prepaid',
      Account: account,
      OriginID: `k${number++}`,
      Category: 'call',
    }
    const times = { SetupTime: '2026-01-01T10:00:00Z', AnswerTime: '2026-01-01T10:00:00Z', Destination: '491001' }
    const told = (usage: string) => ({ Tenant: 'cgrates.org', ID: 'k', Event: { ...event, ...times, Usage: usage } })
    await call('SessionSv1.InitiateSession', { InitSession: true, ...told('7s') })
    await call('SessionSv1.UpdateSession', { UpdateSession: true, ...told('5s') })
    await call('SessionSv1.TerminateSession', { TerminateSession: true, ...told('4s') })
    await call('SessionSv1.ProcessCDR', told('4s'))
  }
  for (let kills = 0; kills < 2; kills++) {
    const before = number
    const running = Array.from({ length: 8 }, async () => {
      while (number < before + 200) await session()
    })
    const ended = Promise.allSettled(running)
    while (number < before + 60) await new Promise((resolve) => setImmediate(resolve))
    await stopGateway(gateway, 'SIGKILL')
    const outcomes = await ended
    t.ok(
      outcomes.some(({ status }) => status === 'rejected'),
      'some were under way',
    )
    gateway = await startGateway(folder, null)
    // A session that was under way ends as it would have done; one that has ended already gets its CDR.
    for (let at = before; at < number; at++) {
      const event = { OriginID: `k${at}`, Account: MEMBERS[at % MEMBERS.length], Usage: '4s' }
      const told = { Tenant: 'cgrates.org', ID: 'k', Event: event }
      const open = (await call('SessionSv1.GetActiveSessionsCount', {
        Tenant: 'cgrates.org',
        Filters: [`*string:~*req.OriginID:k${at}`],
      })) as number
      if (open > 0) await call('SessionSv1.TerminateSession', { TerminateSession: true, ...told })
      await call('SessionSv1.ProcessCDR', told).catch(() => undefined)
    }
    const cdrs = (await call('CDRsV1.GetCDRs', { Accounts: MEMBERS }).catch(() => [])) as { Cost: number }[]
    const cost = cdrs.reduce((sum, { Cost: each }) => sum + Math.max(each, 0), 0)
    t.ok(cdrs.length > 60 * (kills + 1) - 20, `${cdrs.length} CDRs`)
    t.equal(await left(), START * (MEMBERS.length - 1) - cost, 'the sum over all members')
  }
})
