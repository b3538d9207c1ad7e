import { readFileSync } from 'node:fs'
import t from 'tap'
import { describedRegistry } from '../../src/commands/methods.ts'
import { callText, ratedGateway } from '../support/rpc-steps.ts'

const page = readFileSync(new URL('../../docs/methods.md', import.meta.url), 'utf8')

type Request = { id: number; method: string; params: [unknown] }

t.test('the calls of docs/methods.md are answered as they stand there', async (t) => {
  const gateway = await ratedGateway(t)
  const calls = [...page.matchAll(/^> (.*)\n< (.*)$/gm)]
  t.equal(calls.length, 9)
  for (const [, request = '', reply = ''] of calls) {
    const { id, method, params } = JSON.parse(request) as Request
    const answer = await callText(gateway, method, params[0])
    t.equal(answer.replace(/^\{"id":1,/, `{"id":${id},`), reply, method)
  }
})

t.test('every service that is there stands in docs/methods.md', async (t) => {
  const services = new Set(
    describedRegistry()
      .list()
      .map(({ name }) => name.slice(0, name.indexOf('.'))),
  )
  const missing = [...services].filter((service) => !page.includes(`\`${service}\``))
  t.same(missing, [])
})
