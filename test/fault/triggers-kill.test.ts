import { join } from 'node:path'
import t from 'tap'
import { ROOT, startGateway, stopGateway } from '../support/gateway.ts'
import { accountFolder, callText } from '../support/rpc-steps.ts'

const TARIFF = join(ROOT, 'test/fixtures/04-triggers')

t.test('kill -9 while triggers refill: each refill is there with its debit and its CDR, or none of them', async (t) => {
  const folder = accountFolder(t, {
    data_db: { db_type: '*lmdb', opts: { lmdbPath: 'records' } },
    stor_db: { db_type: '*sqlite', opts: { sqlitePath: 'cdrs.sqlite' } },
    cdrs: { ees_conns: [], online_cdr_exports: [], chargers_conns: [] },
  })
  let gateway = await startGateway(folder, TARIFF)
  t.teardown(() => stopGateway(gateway))
  const call = async (method: string, argument: object): Promise<unknown> =>
    (JSON.parse(await callText(gateway, method, argument)) as { result: unknown }).result
  const main = { Account: 'k', BalanceType: '*data', Value: 1024, Balance: { ID: 'main' } }
  t.equal(await call('APIerSv1.SetBalance', main), 'OK')
  t.equal(await call('APIerSv1.AddAccountActionTriggers', { Account: 'k', ActionTriggerIDs: ['MAIN'] }), 'OK')
  let number = 0
  const debit = async (): Promise<void> => {
    const event = { ToR: '*data', RequestType: '*postpaid', Account: 'k', OriginID: `k${number++}`, Usage: 512 }
    const times = { SetupTime: '2026-01-01T10:00:00Z', AnswerTime: '2026-01-01T10:00:00Z', Category: 'call' }
    await call('CDRsV1.ProcessEvent', { Flags: ['*rals'], Event: { ...event, ...times, Destination: '0723' } })
  }
  for (let kills = 0; kills < 3; kills++) {
    const before = number
    const running = Array.from({ length: 8 }, async () => {
      while (number < before + 150) await debit()
    })
    const ended = Promise.allSettled(running)
    while (number < before + 75) await new Promise((resolve) => setImmediate(resolve))
    await stopGateway(gateway, 'SIGKILL')
    const outcomes = await ended
    t.ok(
      outcomes.some(({ status }) => status === 'rejected'),
      'some were under way',
    )
    gateway = await startGateway(folder, null)
    const count = async (filter: object) => Number(await call('CDRsV1.GetCDRsCount', { Accounts: ['k'], ...filter }))
    const debits = await count({ RunIDs: ['*default'] })
    const refills = await count({ RunIDs: ['*topup'] })
    const { BalanceMap: map } = (await call('APIerSv2.GetAccount', { Account: 'k' })) as {
      BalanceMap: Record<string, { Value: number }[]>
    }
    t.ok(debits > 0 && refills > 0, `${debits} debits, ${refills} refills`)
    t.equal(map['*data']?.[0]?.Value, 1024 + 1024 * refills - 512 * debits)
  }
})
