import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Decimal } from '../../src/core/decimal.ts'
import {
  ask,
  balances,
  cdrCosts,
  connectGateway,
  type Gateway,
  rpcText,
  sampleFolder,
  startGateway,
  stopGateway,
  sumOf,
} from '../support/gateway.ts'
import { ratedGateway } from '../support/rpc-steps.ts'

const MIB = 1n << 20n

async function gatewayOf(t: Test, overrides: object = {}): Promise<Gateway> {
  const gateway = await startGateway(sampleFolder(t, overrides))
  t.teardown(() => stopGateway(gateway, 'SIGKILL'))
  return gateway
}

async function call(gateway: Gateway, method: string, params: object): Promise<unknown> {
  const { result, error } = JSON.parse(await rpcText(gateway.httpPort, method, params)) as Record<string, unknown>
  return error ?? result
}

const set = (gateway: Gateway, Config: object) => call(gateway, 'ConfigSv1.SetConfig', { Config })

/** Waits until the gateway has printed something. */
async function printed(gateway: Gateway, pattern: RegExp): Promise<void> {
  while (!pattern.test(gateway.output())) await new Promise((next) => setImmediate(next))
}

t.test('values count from the next request on; the session and the peer stay', async (t) => {
  const gateway = await gatewayOf(t)
  const client = await connectGateway(gateway.diameterPort)
  const first = await ask(client, 's1', 1, 0, [{ ratingGroup: 1, requested: 'default' }])
  t.equal(first.groups[0]?.granted, 10n * MIB)
  t.equal(await set(gateway, { sessions: { default_usage: { '*data': String(3n * MIB) } } }), 'OK')
  const second = await ask(client, 's1', 2, 1, [{ ratingGroup: 1, requested: 'default', used: 10n * MIB }])
  t.equal(second.groups[0]?.granted, 3n * MIB)
  t.equal(
    await set(gateway, {
      diameter_agent: {
        request_processors: [
          { id: 'free-groups', filters: ['*string:~*vars.*cmd:CCR', '*string:~*item.Rating-Group:77'] },
          { id: 'update', filters: ['*string:~*req.CC-Request-Type:2', '*notstring:~*item.Rating-Group:77'] },
        ],
      },
    }),
    'OK',
  )
  const third = await ask(client, 's1', 2, 2, [{ ratingGroup: 77, requested: MIB }])
  t.equal(third.groups[0]?.resultCode, 4011)
  const end = await ask(client, 's1', 3, 3, [{ ratingGroup: 1, used: 2n * MIB }])
  t.equal(end.resultCode, 2001)
  await client.close()
  const costs = await cdrCosts(gateway.httpPort)
  t.equal((await balances(gateway.httpPort, '1001'))['MONEY'], Decimal.of(10).minus(sumOf(costs)).toString())
})

t.test('the agent goes and comes; its sessions go on where they were', async (t) => {
  const gateway = await gatewayOf(t)
  const client = await connectGateway(gateway.diameterPort)
  await ask(client, 's1', 1, 0, [{ ratingGroup: 1, requested: 5n * MIB }])
  t.equal(await set(gateway, { diameter_agent: { enabled: false } }), 'OK')
  await t.rejects(connectGateway(gateway.diameterPort))
  t.match(await call(gateway, 'SessionSv1.GetActiveSessionsCount', {}), 1)
  t.equal(await set(gateway, { sessions: { enabled: false } }), 'OK', 'nothing needs the sessions any more')
  t.equal(await call(gateway, 'SessionSv1.Ping', {}), "rpc: can't find service SessionSv1.Ping")
  t.match(
    await set(gateway, { diameter_agent: { enabled: true } }),
    '<SessionS> not enabled but requested by <DiameterAgent> component',
  )
  const address = `127.0.0.1:${gateway.diameterPort}`
  t.equal(
    await set(gateway, { sessions: { enabled: true }, diameter_agent: { enabled: true, listeners: [{ address }] } }),
    'OK',
  )
  const again = await connectGateway(gateway.diameterPort)
  const end = await ask(again, 's1', 3, 1, [{ ratingGroup: 1, used: 5n * MIB }])
  t.equal(end.resultCode, 2001)
  await again.close()
  const costs = await cdrCosts(gateway.httpPort)
  t.equal(costs.length, 1)
  t.equal((await balances(gateway.httpPort, '1001'))['MONEY'], Decimal.of(10).minus(sumOf(costs)).toString())
})

t.test('requests under way while the configuration changes are all answered and charged once', async (t) => {
  const gateway = await gatewayOf(t)
  const client = await connectGateway(gateway.diameterPort)
  const sessions = Array.from({ length: 20 }, (_, i) => `busy-${i}`)
  const sizes = [1n, 2n]
  const work = sessions.map(async (id) => {
    const codes = [(await ask(client, id, 1, 0, [{ ratingGroup: 2, requested: 65_536n }])).resultCode]
    for (let number = 1; number <= 10; number++)
      codes.push((await ask(client, id, 2, number, [{ ratingGroup: 2, requested: 65_536n, used: 65_536n }])).resultCode)
    codes.push((await ask(client, id, 3, 11, [{ ratingGroup: 2, used: 65_536n }])).resultCode)
    return codes
  })
  let isDone = false
  const answered = Promise.all(work).finally(() => {
    isDone = true
  })
  for (let i = 0; !isDone; i++) {
    const usage = String((sizes[i % 2] ?? 1n) * MIB)
    const filters = ['*string:~*vars.*cmd:CCR', `*string:~*item.Rating-Group:${100 + (i % 2)}`]
    const change = {
      general: { default_category: 'data' },
      sessions: { default_usage: { '*data': usage } },
      diameter_agent: { request_processors: [{ id: 'free-groups', filters }] },
    }
    t.equal(await set(gateway, change), 'OK')
  }
  for (const codes of await answered) t.same(new Set(codes), new Set([2001]))
  await client.close()
  const costs = await cdrCosts(gateway.httpPort)
  t.equal(costs.length, sessions.length)
  t.equal((await balances(gateway.httpPort, '1001'))['MONEY'], Decimal.of(10).minus(sumOf(costs)).toString())
})

t.test('a listener that cannot be opened refuses the change', async (t) => {
  const gateway = await gatewayOf(t)
  const listeners = [{ address: `127.0.0.1:${gateway.httpPort}` }]
  t.match(await set(gateway, { diameter_agent: { listeners } }), /cannot listen on 127\.0\.0\.1/)
  const client = await connectGateway(gateway.diameterPort)
  t.equal((await ask(client, 's1', 1, 0, [{ ratingGroup: 1, requested: MIB }])).resultCode, 2001)
  const shown = (await call(gateway, 'ConfigSv1.GetConfig', { Section: 'diameter_agent' })) as Record<string, unknown>
  t.match(shown['diameter_agent'], { listeners: [{ address: '127.0.0.1:0' }] })
  await client.close()
})

t.test('exporters change; each CDR is in one file', async (t) => {
  const gateway = await gatewayOf(t, { ees: { exporters: [{ id: 'cdrs_csv', export_path: 'before' }] } })
  const client = await connectGateway(gateway.diameterPort)
  const session = async (id: string) => {
    await ask(client, id, 1, 0, [{ ratingGroup: 1, requested: MIB }])
    await ask(client, id, 3, 1, [{ ratingGroup: 1, used: MIB }])
  }
  const shown = (await call(gateway, 'ConfigSv1.GetConfig', { Section: 'ees' })) as {
    ees: { exporters: { id: string }[] }
  }
  const { id = '' } = shown.ees.exporters.find((each) => each.id !== '*default') ?? {}
  t.equal(await set(gateway, { ees: { exporters: [{ id, export_path: join(gateway.folder, 'one') }] } }), 'OK')
  await session('first')
  t.equal(await set(gateway, { ees: { exporters: [{ id, export_path: join(gateway.folder, 'two') }] } }), 'OK')
  await session('second')
  const exporter = { id, export_path: join(gateway.folder, 'three'), fields: [{ type: '*template', value: 'columns' }] }
  const columns = (name: string, value: string) => ({ columns: [{ tag: name, path: `*exp.${name}`, value }] })
  t.equal(await set(gateway, { templates: columns('A', '~*req.RunID'), ees: { exporters: [exporter] } }), 'OK')
  t.equal(await set(gateway, { templates: columns('B', '~*req.OriginID') }), 'OK')
  await session('third')
  await client.close()
  await stopGateway(gateway)
  const rows = (folder: string) =>
    readdirSync(join(gateway.folder, folder)).flatMap((name) =>
      readFileSync(join(gateway.folder, folder, name), 'utf8')
        .trim()
        .split('\n')
        .filter((row) => !row.startsWith('CGRID,')),
    )
  t.match(rows('one'), [/first/])
  t.match(rows('two'), [/second/])
  t.match(rows('three'), [/^third/], 'by the template as it was changed')
})

t.test('SIGHUP reads the folder again; what is wrong with it changes nothing', async (t) => {
  const gateway = await gatewayOf(t)
  const file = join(gateway.folder, 'config', 'zz-overrides.json')
  writeFileSync(file, '{"general": {"default_category": "sms"}, "apiers": {"enabled": false}}')
  gateway.process.kill('SIGHUP')
  await printed(gateway, /"configuration changed"/)
  t.equal(
    await call(gateway, 'APIerSv2.GetAccount', { Account: '1001' }),
    "rpc: can't find service APIerSv2.GetAccount",
  )
  writeFileSync(file, '{"general": {"default_category" "x"}}')
  gateway.process.kill('SIGHUP')
  await printed(gateway, /Error reloading configuration: <file </)
  t.match(await call(gateway, 'ConfigSv1.GetConfig', { Section: 'general' }), { general: { default_category: 'sms' } })
  gateway.process.kill('SIGTERM')
  t.same(await once(gateway.process, 'exit'), [0, null])
})

t.test('reference 01, 6.3: configuration for other nodes', async (t) => {
  const folder = sampleFolder(t, { configs: { enabled: true, root_dir: 'served', url: '/configs/' } })
  mkdirSync(join(folder, 'served/node1'), { recursive: true })
  mkdirSync(join(folder, 'served/empty'))
  mkdirSync(join(folder, 'served/broken'))
  const own = '{"general": {"node_id": "*env:NODE"}, "stats": {"enabled": true}} // theirs'
  writeFileSync(join(folder, 'served/node1/a.json'), own)
  writeFileSync(join(folder, 'served/broken/a.json'), '{"general" 1}')
  const gateway = await startGateway(folder)
  t.teardown(() => stopGateway(gateway, 'SIGKILL'))
  const get = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${gateway.httpPort}/configs/${path}`)
    t.equal(response.headers.get('content-type'), 'application/json')
    return { status: response.status, body: await response.text() }
  }
  t.same(await get('node1/a.json'), { status: 200, body: own })
  const { status, body } = await get('node1')
  t.equal(status, 200)
  t.match(JSON.parse(body), {
    general: { node_id: '*env:NODE', default_tenant: 'cgrates.org' },
    stats: { enabled: true },
    mailer: { auth_password: 'CGRateS.org' },
    janus_agent: {},
  })
  t.match(await get('nope'), { status: 404, body: /^stat .*served\/nope: no such file or directory$/ })
  t.match(await get('..%2f..%2fconfig/tollgate.json'), { status: 404 })
  t.match(await get('empty'), { status: 500, body: /No config file found on path .*empty$/ })
  t.match(await get('broken'), { status: 500, body: /invalid character '1' after object key around line 1/ })
})

t.test('another default time zone: times that name none, and the days of the tariff', async (t) => {
  const gateway = await ratedGateway(t, { general: { default_timezone: 'UTC' } })
  const set = (Config: object) => call(gateway, 'ConfigSv1.SetConfig', { Config })
  const timing = { TimingID: 'PEAK', Time: '2019-03-11T07:30:00' }
  t.equal(await call(gateway, 'APIerSv1.TimingIsActiveAt', timing), false)
  t.equal(await set({ general: { default_timezone: 'Europe/Berlin' } }), 'OK')
  t.equal(await call(gateway, 'APIerSv1.TimingIsActiveAt', { ...timing, Time: '2019-03-11T08:30:00' }), true)
  const berlin = '2019-03-11T07:30:00Z'
  t.equal(await call(gateway, 'APIerSv1.TimingIsActiveAt', { ...timing, Time: berlin }), false, 'a time with its zone')
  const cdr = {
    OriginID: 'zone',
    Account: '1001',
    SetupTime: '2024-03-05 12:00:00',
    Usage: '1s',
    PreRated: true,
    Cost: 1,
  }
  t.equal(await call(gateway, 'CDRsV1.ProcessExternalCDR', cdr), 'OK')
  t.match(await call(gateway, 'CDRsV1.GetCDRs', { OriginIDs: ['zone'] }), [{ SetupTime: '2024-03-05T12:00:00+01:00' }])
})

t.test('who may call what changes with the next call', async (t) => {
  const gateway = await gatewayOf(t)
  const ping = () => call(gateway, 'CoreSv1.Ping', {})
  t.equal(await ping(), 'Pong')
  t.equal(await set(gateway, { access: { listeners: ['http'], identities: [] } }), 'OK')
  t.equal(await ping(), 'UNKNOWN_API_KEY')
})
