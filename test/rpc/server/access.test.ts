import { hash } from 'node:crypto'
import t, { type Test } from 'tap'
import { method } from '../../../src/rpc/method.ts'
import { Access, type IdentitySettings, NO_ACCESS_RULES } from '../../../src/rpc/server/access.ts'
import { EVERY_TENANT, tenantsOf } from '../../../src/rpc/server/argument-tenants.ts'
import type { Page } from '../../../src/rpc/server/http-listener.ts'
import { RateLimit } from '../../../src/rpc/server/rate-limit.ts'
import { any, list, map, struct, text } from '../../../src/rpc/shape.ts'
import { cdrFilterWithOptionsShape } from '../../../src/rpc/shapes/cdr-filter.ts'
import { embeddedEvent } from '../../../src/rpc/shapes/event.ts'
import { talk } from '../../support/raw-socket.ts'
import { PROBES, rpcListeners } from '../../support/rpc-server.ts'

const KEY = 'k-7f1d2c'
const identity = (changed: Partial<IdentitySettings>): IdentitySettings => ({
  id: 'portal',
  keySha256: [hash('sha256', KEY)],
  certificates: [],
  listeners: [],
  methods: ['CoreSv1.*'],
  tenants: [],
  rateLimit: 0,
  ...changed,
})

async function openServer(t: Test, changed: Partial<IdentitySettings> = {}, rateLimit = 0) {
  const any = '127.0.0.1:0'
  const access = { listeners: ['rpc_json', 'http', 'birpc_json'], identities: [identity(changed)], rateLimit }
  const page = { path: '/metrics', right: 'HTTP.metrics', page: PAGE }
  const legacy = method('APIerSv1.GetAccount', { summary: '', params: embeddedEvent, reply: text, run: () => 'OK' })
  const listeners = rpcListeners(
    [...PROBES, legacy],
    { rpc_json: any, http: any, birpc_json: any },
    { access, http: { pages: [page] } },
  )
  await listeners.open()
  t.teardown(() => listeners.close())
  return listeners
}

const PAGE: Page = (_, response) => response.end('all')

const call = (name: string, argument: object, id = 1) =>
  `{"method":"${name}","params":[${JSON.stringify(argument)}],"id":${id}}`
const withKey = (name: string, argument: object = {}, key = KEY) =>
  call(name, { ...argument, APIOpts: { '*apiKey': key } })
const failed = (error: string) => `{"id":1,"result":null,"error":"${error}"}\n`
const PONG = '{"id":1,"result":"Pong","error":null}\n'

t.test('keys in the call', async (t) => {
  const listeners = await openServer(t)
  for (const [name, input, output] of [
    ['a key', withKey('CoreSv1.Ping'), PONG],
    [
      'keys of the argument in any letter case',
      '{"method":"CoreSv1.Ping","params":[{"apiopts":{"*apikey":"k-7f1d2c"}}],"id":1}',
      PONG,
    ],
    ['none', call('CoreSv1.Ping', {}), failed('UNKNOWN_API_KEY')],
    ['another', withKey('CoreSv1.Ping', {}, 'k-other'), failed('UNKNOWN_API_KEY')],
    ['the digest is no key', withKey('CoreSv1.Ping', {}, hash('sha256', KEY)), failed('UNKNOWN_API_KEY')],
    ['none, and an unknown method', call('CoreSv1.Nope', {}), failed('UNKNOWN_API_KEY')],
    ['none, and params of a wrong kind', '{"method":"CoreSv1.Ping","params":5,"id":1}', failed('UNKNOWN_API_KEY')],
    ['a method without right', withKey('SessionSv1.Ping'), failed('UNAUTHORIZED_API')],
    ['an unknown method without right', withKey('SessionSv1.Nope'), failed('UNAUTHORIZED_API')],
    ['an unknown method with right', withKey('CoreSv1.Nope'), failed("rpc: can't find method CoreSv1.Nope")],
    [
      'JSON-RPC 2.0',
      withKey('CoreSv1.Ping').replace('{', '{"jsonrpc":"2.0",'),
      '{"jsonrpc":"2.0","id":1,"result":"Pong"}\n',
    ],
  ] as const)
    await t.test(name, async (t) => {
      const reply = await talk(listeners.address('rpc_json'), [input], { ends: true })
      t.equal(reply, output)
      t.notMatch(reply, 'k-')
    })
  t.equal(
    await talk(listeners.address('birpc_json'), [call('SessionSv1.Ping', {})], { ends: true }),
    failed('UNKNOWN_API_KEY'),
  )
})

t.test('keys in the head of an HTTP request', async (t) => {
  const listeners = await openServer(t, { methods: ['CoreSv1.Ping', 'HTTP.metrics'] })
  const ask = async (path: string, head: string) => {
    const body = call('CoreSv1.Ping', {})
    const input = `POST ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${head}Content-Length: ${body.length}\r\n\r\n${body}`
    return (await talk(listeners.address('http'), [input])).replace(/[\s\S]*\r\n\r\n/, '')
  }
  t.equal(await ask('/jsonrpc', `Authorization: Bearer ${KEY}\r\n`), PONG)
  t.equal(await ask('/jsonrpc', `X-API-Key: ${KEY}\r\n`), PONG)
  t.equal(await ask('/jsonrpc', ''), failed('UNKNOWN_API_KEY'))
  t.equal(await ask('/metrics', `X-API-Key: ${KEY}\r\n`), 'all')
  t.equal(await ask('/metrics', ''), 'UNAUTHORIZED_API\n')
  t.equal(await ask('/debug/pprof/', `X-API-Key: ${KEY}\r\n`), 'UNAUTHORIZED_API\n')
})

t.test('rights of an identity', async (t) => {
  for (const [name, changed, input, output] of [
    ['another listener', { listeners: ['http'] }, withKey('CoreSv1.Ping'), failed('UNAUTHORIZED_API')],
    ['this listener', { listeners: ['rpc_json'] }, withKey('CoreSv1.Ping'), PONG],
    [
      'a right by the name that a method is called by',
      { methods: ['ApierV2.Get*'] },
      withKey('ApierV2.GetAccount'),
      '"OK"',
    ],
    ['a right by its own name', { methods: ['APIerSv1.GetAccount'] }, withKey('ApierV2.GetAccount'), '"OK"'],
    ['everything', { methods: ['*'] }, withKey('APIerSv2.GetAccount'), '"OK"'],
    ['a tenant', { tenants: ['a', 'b'] }, withKey('CoreSv1.Sleep', { Tenant: 'b' }), '"OK"'],
    ['another tenant', { tenants: ['a'] }, withKey('CoreSv1.Sleep', { Tenant: 'b' }), failed('UNAUTHORIZED_API')],
    ['the default tenant', { tenants: ['cgrates.org'] }, withKey('CoreSv1.Sleep'), '"OK"'],
    ['not the default tenant', { tenants: ['a'] }, withKey('CoreSv1.Sleep'), failed('UNAUTHORIZED_API')],
    [
      'a method that is about no tenant',
      { tenants: ['a'] },
      withKey('CoreSv1.Echo', { Tenant: 'a' }),
      failed('UNAUTHORIZED_API'),
    ],
    ['Ping is for all', { tenants: ['a'] }, withKey('CoreSv1.Ping'), PONG],
  ] as const)
    await t.test(name, async (t) => {
      const listeners = await openServer(t, changed)
      t.match(await talk(listeners.address('rpc_json'), [input], { ends: true }), output)
    })
})

t.test('listeners that are not named ask nobody', async (t) => {
  const access = new Access({ ...NO_ACCESS_RULES, listeners: ['http'], identities: [identity({})] })
  const peer = { connectionId: '', listener: 'rpc_json', address: '::1', apiKey: '', certificateNames: [] }
  t.equal(access.admit(peer, '', 0), undefined)
  t.throws(() => access.admit({ ...peer, listener: 'http' }, '', 0), { message: 'UNKNOWN_API_KEY' })
})

t.test('the tenants that an argument is about', async (t) => {
  const event = struct('Args', { Flag: text, CGREvent: embeddedEvent })
  const filter = struct('Filter', { Tenants: list(text), Accounts: list(text) })
  for (const [shape, argument, tenants] of [
    [event, { Tenant: 'a' }, ['a']],
    [event, {}, ['default']],
    [event, { Tenant: 'a', Event: { Tenant: 'b' } }, ['a', 'b']],
    [filter, { Tenants: ['a', 'b'] }, ['a', 'b']],
    [filter, {}, [EVERY_TENANT]],
    [cdrFilterWithOptionsShape, { Tenant: 'a', Accounts: ['1001'] }, [EVERY_TENANT, 'a']],
    [cdrFilterWithOptionsShape, { Tenant: 'a', Tenants: ['b'] }, ['b', 'a']],
    [map(any), { Tenant: 'a' }, []],
    [text, 'a', []],
  ] as const)
    t.same(tenantsOf(shape, shape.decode(argument), 'default'), tenants)
})

t.test('calls a second', async (t) => {
  const rate = new RateLimit()
  const allowed = (count: number, atMs: number) =>
    Array.from({ length: count }, () => rate.allows('a', 3, atMs)).filter(Boolean).length
  t.equal(allowed(5, 0), 3)
  t.equal(allowed(5, 400), 1)
  t.equal(allowed(5, 5_000), 3, 'no more than those of one second')
  t.ok(rate.allows('b', 3, 5_000), 'each for itself')
  for (let caller = 0; caller < 20_000; caller++) rate.allows(String(caller), 3, 6_000 + caller)
  t.equal(allowed(5, 30_000), 3)

  const listeners = await openServer(t, { rateLimit: 2 }, 1)
  const replies = await talk(listeners.address('rpc_json'), [withKey('CoreSv1.Ping').repeat(4)], { ends: true })
  t.equal(replies, PONG.repeat(2) + failed('RATE_LIMIT_EXCEEDED').repeat(2))
})
