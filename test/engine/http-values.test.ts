import t, { type Test } from 'tap'
import { Evaluations } from '../../src/core/evaluations.ts'
import type { EventFields } from '../../src/core/event.ts'
import { HttpValues } from '../../src/engine/http-values.ts'
import { EVENT_READER } from '../../src/filters/event-reader.ts'
import { FilterCompiler } from '../../src/filters/filter-compiler.ts'
import { textOf } from '../../src/mapping/context.ts'
import { HttpClient } from '../../src/rpc/client/http-client.ts'
import { contextOf, environmentOf, OPTIONS, run } from '../support/mapping.ts'
import { deadAddress } from '../support/rpc-hosts.ts'
import { HTTP_DEFAULTS, startWeb } from '../support/web-server.ts'

function valuesOf(t: Test, timeoutMs = 5_000) {
  const evaluations = new Evaluations()
  const client = new HttpClient(HTTP_DEFAULTS)
  const values = new HttpValues(evaluations, client, () => timeoutMs)
  t.teardown(() => client.close())
  const sources = { filter: () => undefined, destination: () => undefined, timing: () => undefined }
  const filters = new FilterCompiler(EVENT_READER, OPTIONS, { ...sources, http: values.lookup })
  return {
    decide: (filter: string, event: EventFields) => {
      const passes = filters.compile([filter])
      return evaluations.run(() => passes(contextOf(event)))
    },
    field: (type: string, event: EventFields) =>
      evaluations.run(() => {
        const environment = { ...environmentOf(), http: values.lookup }
        return textOf(run([{ path: '*vars.V', type }], event, environment).vars['V'] ?? '')
      }),
    lookup: values.lookup,
  }
}

t.test('02 6.3: a *http filter asks with the element as parameter, or with the event as body', async (t) => {
  const web = await startWeb(t, ({ url = '' }, body, response) => {
    const word = new URL(url, 'http://x').searchParams.get('~*req.A')
    response.end(word ?? (JSON.parse(body) as { '*req': { A: string } })['*req'].A)
  })
  const { decide } = valuesOf(t)
  const type = `*http#[http://${web.address}/x]`
  for (const word of ['1', 't', 'T', 'TRUE', 'true', 'True'])
    t.equal(await decide(`${type}:~*req.A:`, { A: word }), true)
  for (const word of ['0', 'f', 'F', 'FALSE', 'false', 'False'])
    t.equal(await decide(`${type}:~*req.A:`, { A: word }), false)
  t.equal(web.asked.at(-1), 'GET /x?~%2Areq.A=False')
  t.equal(await decide(`${type}:*any:`, { A: 'true' }), true)
  t.equal(web.asked.at(-1), 'GET /x {"*opts":{},"*req":{"A":"true"},"*tenant":"cgrates.org","*vars":{}}')
  t.equal(await decide(`${type}:~*req.B:`, { A: '1' }), false, 'an element that is not there')
  await t.rejects(Promise.resolve(decide(`${type}:~*req.A:`, { A: 'a b' })), {
    message: 'strconv.ParseBool: parsing "a b": invalid syntax',
  })
  t.equal(web.asked.at(-1), 'GET /x?~%2Areq.A=a+b')
  t.equal(await decide(`*http#[http://${web.address}/x?k=v]:~*req.A:`, { A: '1' }), true)
  t.equal(web.asked.at(-1), 'GET /x?k=v&~%2Areq.A=1')
})

t.test('02 5.3: the answer is the value of a *http field; one that fails is an error', async (t) => {
  const web = await startWeb(t, ({ url }, body, response) => {
    if (url === '/gone') response.writeHead(404).end('nobody')
    else if (url === '/moved') response.writeHead(302, { location: '/here' }).end()
    else if (url === '/circle') response.writeHead(302, { location: '/circle' }).end()
    else if (url === '/long') response.end('x'.repeat((1 << 20) + 1))
    else if (url === '/never') response.write('a')
    else response.end(`${url} ${body}`)
  })
  const { field } = valuesOf(t)
  const type = (path: string) => `*http#[http://${web.address}${path}]`
  const body = '{"*opts":{},"*req":{"A":1},"*tenant":"cgrates.org","*vars":{}}'
  t.equal(await field(type('/a'), { A: 1 }), `/a ${body}`)
  t.equal(await field(type('/moved'), { A: 1 }), `/here ${body}`)
  const fails = async (path: string, message: string | RegExp) =>
    t.rejects(Promise.resolve(field(type(path), {})), { message }, path)
  await fails('/gone', 'http request returned non-OK status code: 404 ,body: nobody ,err: %!w(<nil>)')
  await fails('/circle', /^http request returned non-OK status code: 302/)
  await fails('/long', 'the answer of an HTTP request is longer than 1048576 octets')
  const dead = await deadAddress()
  await t.rejects(Promise.resolve(field(`*http#[http://${dead}/]`, {})), {
    message: `error processing the request: Get "http://${dead}/": dial tcp ${dead}: connect: connection refused`,
  })
  await t.rejects(Promise.resolve(valuesOf(t, 100).field(type('/never'), {})), {
    message: `error processing the request: Get "http://${web.address}/never": context deadline exceeded`,
  })
})

t.test('what is no URL, and where nobody can wait, is told', async (t) => {
  const { lookup } = valuesOf(t)
  const environment = environmentOf()
  for (const type of ['*http#', '*http#[]', '*http#[ftp://x/]', '*http#[nowhere]']) {
    t.throws(() => run([{ path: '*vars.V', type }], {}, { ...environment, http: lookup }), {
      message: /expected a URL/,
    })
    const sources = { filter: () => undefined, destination: () => undefined, timing: () => undefined, http: lookup }
    const filters = new FilterCompiler(EVENT_READER, OPTIONS, sources)
    t.throws(() => filters.compile([`${type}:~*req.A:`]), { message: /expected a URL/ })
  }
  t.throws(() => run([{ path: '*vars.V', type: '*http#[http://x/]' }], {}), { message: /a URL cannot be asked here/ })
  t.throws(() => lookup('http://x/', undefined), { message: 'http://x/ cannot be asked here: nothing waits for it' })
})
