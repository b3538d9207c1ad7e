import { readFileSync } from 'node:fs'
import t from 'tap'
import { callText, ratedGateway } from '../support/rpc-steps.ts'

type Request = { id: number; method: string; params: [unknown] }

t.test('the calls of docs/cdrs.md are answered as they stand there', async (t) => {
  const gateway = await ratedGateway(t)
  const page = readFileSync(new URL('../../docs/cdrs.md', import.meta.url), 'utf8')
  const calls = [...page.matchAll(/^> (.*)\n< (.*)$/gm)]
  t.equal(calls.length, 7)
  for (const [, request = '', reply = ''] of calls) {
    const { id, method, params } = JSON.parse(request) as Request
    const answer = await callText(gateway, method, params[0])
    t.equal(answer.replace(/^\{"id":1,/, `{"id":${id},`), reply, method)
  }
})
