import { readFileSync } from 'node:fs'
import t from 'tap'
import { accountGateway, callText, masked } from '../support/rpc-steps.ts'

type Request = { id: number; method: string; params: [unknown] }

t.test('the calls of docs/accounts.md are answered as they stand there', async (t) => {
  const gateway = await accountGateway(t)
  const page = readFileSync(new URL('../../docs/accounts.md', import.meta.url), 'utf8')
  const calls = [...page.matchAll(/^> (.*)\n< (.*)$/gm)]
  t.equal(calls.length, 16)
  for (const [, request = '', reply = ''] of calls) {
    const { id, method, params } = JSON.parse(request) as Request
    const answer = masked(await callText(gateway, method, params[0]))
    t.equal(answer.replace(/^\{"id":1,/, `{"id":${id},`), reply, method)
  }
  t.match(await callText(gateway, 'CDRsV1.GetCDRs', { Accounts: ['2001'] }), /"RunID":"\*topup".*"Cost":10,/)
  t.match(await callText(gateway, 'APIerSv2.GetAccount', { Account: '2001' }), /"ID":"NIGHT","Value":1073741824,/)
})
