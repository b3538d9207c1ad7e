import { join } from 'node:path'
import t, { type Test } from 'tap'
import { loadConfig } from '../../src/config/load-config.ts'
import { Evaluations } from '../../src/core/evaluations.ts'
import type { EventFields } from '../../src/core/event.ts'
import { Reputation } from '../../src/engine/reputation.ts'
import { FILTERED_EVENT_READER } from '../../src/filters/event-reader.ts'
import { FilterCompiler } from '../../src/filters/filter-compiler.ts'
import { MappingError, TemplateError } from '../../src/mapping/value.ts'
import { HttpClient, httpClientOptions } from '../../src/rpc/client/http-client.ts'
import { decide as decideAlone, eventOf, filterSources } from '../support/filters.ts'
import { ROOT, sampleFolder } from '../support/gateway.ts'
import { startWeb } from '../support/web-server.ts'

type Settings = { apibanUrl?: string; apiban?: object; sentrypeer?: object; timeout?: string; now?: () => number }

/** What filters decide with the two services at these addresses. */
async function decider(t: Test, { apibanUrl = '', apiban = {}, sentrypeer = {}, timeout = '5s', now }: Settings) {
  const overrides = { general: { reply_timeout: timeout }, apiban, sentrypeer }
  const folder = join(sampleFolder(t, overrides), 'config')
  const { config } = await loadConfig(folder, {}, join(ROOT, 'config/tollgate.json'))
  const evaluations = new Evaluations()
  const client = new HttpClient(httpClientOptions(config.http))
  t.teardown(() => client.close())
  const reputation = new Reputation({ evaluations, client, config: () => config, apibanUrl, ...(now && { now }) })
  const sources = { ...filterSources(), reputation }
  const compiler = new FilterCompiler(FILTERED_EVENT_READER, { separator: ';', group: undefined }, sources)
  const passes = (filter: string, event: EventFields) => compiler.compile([filter])(eventOf(event))
  return {
    passes,
    decide: async (filter: string, event: EventFields) => {
      try {
        return String(await evaluations.run(() => passes(filter, event)))
      } catch (cause) {
        if (cause instanceof MappingError || cause instanceof TemplateError) return cause.message
        throw cause
      }
    },
  }
}

t.test('02, 6.3: *sentrypeer passes what the service does not know, and asks once', async (t) => {
  // Questions and outcomes are those of the reference engine against the same server.
  let refused = ''
  const web = await startWeb(t, ({ url = '', headers }, body, response) => {
    if (url === '/token') response.end(JSON.stringify({ access_token: `tok${web.asked.length}`, token_type: 'Bearer' }))
    else if (headers.authorization === refused) response.writeHead(401).end()
    else if (url.includes('500')) response.writeHead(500).end('boom')
    else response.writeHead(url.includes('666') ? 200 : 404).end(body)
  })
  const at = `http://${web.address}`
  const sentrypeer = {
    client_id: 'cid',
    client_secret: 'sec',
    token_url: `${at}/token`,
    ips_url: `${at}/ips`,
    numbers_url: `${at}/numbers`,
    audience: 'aud',
  }
  const { decide, passes } = await decider(t, { sentrypeer })
  t.equal(await decide('*sentrypeer:~*req.D:*number', { D: '123' }), 'true')
  t.same(web.asked, [
    'POST /token {"audience":"aud","client_id":"cid","client_secret":"sec","grant_type":"client_credentials"}',
    'GET /numbers/123',
  ])
  web.asked.length = 0
  t.equal(await decide('*sentrypeer:~*req.D:*number', { D: '+49 666' }), 'false')
  t.equal(await decide('*sentrypeer:~*req.D:*number', { D: '+49 666' }), 'false')
  t.equal(await decide('*notsentrypeer:~*req.D:*number', { D: '+49 666' }), 'true')
  t.equal(passes('*sentrypeer:~*req.D:*number', { D: '+49 666' }), false, 'what is known is not waited for')
  t.equal(await decide('*sentrypeer:~*req.D:*ip', { D: '10.0.0.1' }), 'true')
  t.same(web.asked, ['GET /numbers/+49%20666', 'GET /ips/10.0.0.1'])
  t.equal(await decide('*sentrypeer:~*req.None:*ip', {}), 'false')
  t.equal(await decide('*notsentrypeer:~*req.None:*ip', {}), 'true')
  t.equal(await decide('*sentrypeer:~*req.D:*foo', {}), 'invalid value for sentrypeer filter: <*foo>')
  t.equal(await decide('*sentrypeer:~*req.D:', {}), 'invalid value for sentrypeer filter: <>')
  const failed = 'sentrypeer api got server err <500 Internal Server Error>'
  t.equal(await decide('*sentrypeer:~*req.D:*number', { D: '500' }), failed)
  web.asked.length = 0
  refused = 'Bearer tok1'
  t.equal(await decide('*sentrypeer:~*req.D:*ip', { D: '10.0.0.2' }), 'true', 'a token that is refused is renewed')
  t.equal(web.asked.length, 3)
  t.throws(() => passes('*sentrypeer:~*req.D:*ip', { D: '10.0.0.9' }), {
    message: '*sentrypeer cannot be asked here: nothing waits for it',
  })
})

t.test('02, 6.3: *sentrypeer without a token, or refused for good, is an error', async (t) => {
  const web = await startWeb(t, ({ url = '' }, _, response) => {
    if (url === '/no-token') response.end('{}')
    else if (url === '/broken') response.end('{')
    else if (url === '/token') response.end('{"access_token":"t"}')
    else response.writeHead(403).end()
  })
  const at = `http://${web.address}`
  const urls = { ips_url: `${at}/ips`, numbers_url: `${at}/numbers` }
  const ask = async (path: string) => {
    const { decide } = await decider(t, { sentrypeer: { ...urls, token_url: `${at}${path}` } })
    return decide('*sentrypeer:~*req.D:*ip', { D: '10.0.0.1' })
  }
  t.equal(await ask('/no-token'), 'sentrypeer gives no token: <200 OK>')
  t.equal(await ask('/broken'), 'sentrypeer gives no token: <200 OK>')
  t.equal(await ask('/other'), 'sentrypeer gives no token: <403 Forbidden>')
  t.equal(await ask('/token'), 'sentrypeer api got client err <403 Forbidden>')
})

/** A server as https://apiban.org/doc.html describes it: two pages, keys `k1` (used up) and `k2`. */
async function startApiban(t: Test, banned: string[][]) {
  return startWeb(t, ({ url = '' }, _, response) => {
    const [, key, verb, argument] = url.split('/')
    const say = (status: number, ipaddress: string | string[], ID: string) =>
      response.writeHead(status).end(JSON.stringify({ ipaddress, ID }))
    if (key === 'k1') say(429, 'rate limit exceeded', 'unauthorized')
    else if (key !== 'k2') say(403, 'none', 'unauthorized')
    else if (verb === 'check') {
      if (banned.flat().includes(argument ?? '')) say(200, [argument ?? ''], '987654321')
      else say(400, ['not blocked'], 'none')
    } else {
      const page = argument === undefined ? 0 : Number(argument)
      const addresses = banned[page]
      if (addresses === undefined) say(400, ['no new bans'], 'none')
      else say(200, addresses, String(page + 1))
    }
  })
}

t.test('02, 6.3: *apiban asks about one address, with the next key when one is used up', async (t) => {
  const web = await startApiban(t, [['1.2.3.4'], ['1.2.3.5']])
  const { decide } = await decider(t, { apibanUrl: `http://${web.address}`, apiban: { keys: ['k1', 'k2'] } })
  t.equal(await decide('*apiban:~*req.IP:*single', { IP: '1.2.3.5' }), 'true')
  t.equal(await decide('*apiban:~*req.IP:*single', { IP: '1.2.3.6' }), 'false')
  t.same(web.asked, [
    'GET /k1/check/1.2.3.5',
    'GET /k2/check/1.2.3.5',
    'GET /k1/check/1.2.3.6',
    'GET /k2/check/1.2.3.6',
  ])
  web.asked.length = 0
  t.equal(await decide('*apiban:~*req.IP:*single', { IP: '1.2.3.5' }), 'true')
  t.equal(await decide('*notapiban:~*req.IP:*single', { IP: '1.2.3.6' }), 'true')
  t.equal(await decide('*apiban:~*req.IP:*single', { IP: 'nobody' }), 'false', 'what is no address is not asked')
  t.same(web.asked, [])
  t.equal(await decide('*apiban:~*req.IP:*foo', {}), 'invalid value for apiban filter: <*foo>')
  t.equal(await decide('*apiban:~*req.IP:', {}), 'invalid value for apiban filter: <>')
})

t.test('02, 6.3: *apiban reads the list by pages, and later what has come', async (t) => {
  const banned = [['1.2.3.4'], ['1.2.3.5']]
  let nowMs = 1_000
  const web = await startApiban(t, banned)
  const settings = { apibanUrl: `http://${web.address}`, apiban: { keys: ['k2'] }, now: () => nowMs }
  const { decide, passes } = await decider(t, settings)
  t.equal(await decide('*apiban:~*req.IP:*all', { IP: '1.2.3.5' }), 'true')
  t.same(web.asked, ['GET /k2/banned', 'GET /k2/banned/1', 'GET /k2/banned/2'])
  t.equal(passes('*apiban:~*req.IP:*all', { IP: '1.2.3.6' }), false, 'the list is at hand')
  web.asked.length = 0
  banned.push(['1.2.3.6'])
  nowMs += 120_000
  t.equal(await decide('*apiban:~*req.IP:*all', { IP: '1.2.3.6' }), 'true')
  t.same(web.asked, ['GET /k2/banned/2', 'GET /k2/banned/3'])
  banned.splice(0, 3, ['1.2.3.6'])
  nowMs += 86_400_000
  t.equal(await decide('*apiban:~*req.IP:*all', { IP: '1.2.3.5' }), 'false', 'a day later it is read anew')
})

t.test('02, 6.3: what APIBAN does not tell is an error, or the list as it was; nothing hangs', async (t) => {
  const web = await startApiban(t, [['1.2.3.4']])
  const at = `http://${web.address}`
  const without = await decider(t, { apibanUrl: at, apiban: { keys: [] } })
  for (const how of ['*single', '*all'])
    t.equal(await without.decide(`*apiban:~*req.IP:${how}`, { IP: '1.2.3.4' }), 'API keys are required', how)
  const used = await decider(t, { apibanUrl: at, apiban: { keys: ['k0', 'k1'] } })
  for (const how of ['*single', '*all'])
    t.equal(
      await used.decide(`*apiban:~*req.IP:${how}`, { IP: '1.2.3.4' }),
      'apiban got error <429 Too Many Requests>',
      how,
    )
  const silent = await startWeb(t, () => undefined)
  const slow = await decider(t, { apibanUrl: `http://${silent.address}`, apiban: { keys: ['k'] }, timeout: '100ms' })
  t.match(await slow.decide('*apiban:~*req.IP:*all', { IP: '1.2.3.4' }), /context deadline exceeded$/)
  const broken = await startWeb(t, (_, __, response) => response.end('<html>'))
  const odd = await decider(t, { apibanUrl: `http://${broken.address}`, apiban: { keys: ['k'] } })
  t.equal(await odd.decide('*apiban:~*req.IP:*all', { IP: '1.2.3.4' }), 'apiban: the answer is no JSON')
  let nowMs = 0
  let isUp = true
  const failing = await startWeb(t, ({ url = '' }, _, response) => {
    if (!isUp) response.writeHead(503).end()
    else if (url.endsWith('banned')) response.end('{"ipaddress":["1.2.3.4"],"ID":"1"}')
    else response.writeHead(400).end()
  })
  const settings = { apibanUrl: `http://${failing.address}`, apiban: { keys: ['k'] }, now: () => nowMs }
  const { decide } = await decider(t, settings)
  t.equal(await decide('*apiban:~*req.IP:*all', { IP: '1.2.3.4' }), 'true')
  isUp = false
  nowMs += 600_000
  t.equal(await decide('*apiban:~*req.IP:*all', { IP: '1.2.3.4' }), 'true', 'a list that is old is better than none')
})

t.test('without the services the types are an error when they are asked', async (t) => {
  t.equal(decideAlone(['*apiban:~*req.IP:*all'], { IP: '1.2.3.4' }), '*apiban: nobody can be asked here')
  t.equal(decideAlone(['*sentrypeer:~*req.IP:*ip'], { IP: '1.2.3.4' }), '*sentrypeer: nobody can be asked here')
})
