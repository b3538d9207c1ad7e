import { join } from 'node:path'
import t from 'tap'
import { balances, ROOT, startGateway, stopGateway } from '../support/gateway.ts'
import { accountFolder, callText } from '../support/rpc-steps.ts'

t.test('05 7.13: session calls of earlier versions take a bare event and tell seconds', async (t) => {
  const gateway = await startGateway(
    accountFolder(t, { diameter_agent: { enabled: false } }),
    join(ROOT, 'test/conformance/tariffs/retail'),
  )
  t.teardown(() => stopGateway(gateway))
  await callText(gateway, 'APIerSv1.SetBalance', {
    Account: 'a',
    BalanceType: '*voice',
    Value: 100e9,
    Balance: { ID: 'V', RatingSubject: '*zero1s' },
  })
  const event = {
    Tenant: 'cgrates.org',
    OriginID: 'o1',
    OriginHost: 'h',
    ToR: '*voice',
    Category: 'call',
    RequestType: '*prepaid',
    Account: 'a',
    Destination: '49171',
    SetupTime: '2024-03-05T12:00:00Z',
    AnswerTime: '2024-03-05T12:00:01Z',
  }
  for (const [method, fields, wanted] of [
    ['GetMaxUsage', { Usage: '90500ms' }, 90.5],
    ['GetMaxUsage', { Usage: 'abc' }, 'time: invalid duration "abc"'],
    ['InitiateSession', { Usage: '30s' }, 30],
    ['InitiateSession', { Usage: '30s' }, 'EXISTS'],
    ['UpdateSession', { Usage: '20s', LastUsed: '30s' }, 20],
    ['TerminateSession', { OriginID: '' }, 'MANDATORY_IE_MISSING: [OriginID]'],
    ['TerminateSession', { Usage: '45s' }, 'OK'],
    ['ProcessCDR', {}, 'OK'],
  ] as const) {
    const reply = JSON.parse(await callText(gateway, `SMGenericV1.${method}`, { ...event, ...fields })) as {
      result: unknown
      error: unknown
    }
    t.equal(reply.error ?? reply.result, wanted, `${method} ${JSON.stringify(fields)}`)
  }
  t.strictSame(await balances(gateway.httpPort, 'a'), { V: '55000000000' })
  t.match(await callText(gateway, 'CDRsV1.GetCDRs', { Accounts: ['a'] }), /"Usage":45000000000/)
})
