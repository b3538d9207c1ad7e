import t from 'tap'
import { rpcText } from '../support/gateway.ts'
import { ratedGateway } from '../support/rpc-steps.ts'

const CALL =
  'OriginID=h1&OriginHost=hh&ToR=*voice&RequestType=*rated&Account=1001&Destination=1003&Category=call&' +
  'SetupTime=2024-03-05T12:00:00Z&AnswerTime=2024-03-05T12:00:00Z&Usage=10s&Foo=bar'
const FREESWITCH = {
  variables: {
    uuid: '3da8bf84-c133-4959-9e24-e72875cb33a1',
    user_name: '1006',
    dialed_extension: '1003',
    billsec: '68',
  },
  callflow: [{ caller_profile: { ani: '55' } }],
}

t.test('05 9.8: CDRs that are posted', async (t) => {
  const gateway = await ratedGateway(t, {
    cdrs: { ees_conns: [], online_cdr_exports: [], extra_fields: ['~*req.ani:s/^5/+5/'] },
    rpc_conns: { pool: { conns: [{ id: 'H1', address: '127.0.0.1:1', transport: '*json' }] } },
  })
  const site = `http://127.0.0.1:${gateway.httpPort}`
  const post = async (path: string, body?: string, type = 'application/x-www-form-urlencoded') => {
    const request = body === undefined ? {} : { method: 'POST', body, headers: { 'content-type': type } }
    const response = await fetch(site + path, request)
    return `${response.status} ${await response.text()}`
  }
  const cdrs = async (query: object) => {
    const { result } = JSON.parse(await rpcText(gateway.httpPort, 'CDRsV1.GetCDRs', query)) as {
      result: Record<string, unknown>[] | null
    }
    return result ?? []
  }
  const json = (value: unknown) => post('/freeswitch_json', JSON.stringify(value), 'application/json')

  for (const reply of [await post(`/cdr_http?${CALL}`), await post('/cdr_http', CALL)])
    t.equal(reply, '200 ', 'by query or form, and again')
  t.match(await cdrs({ Accounts: ['1001'] }), [
    {
      CGRID: '3ed2d146f713bcc4cce0747b40996063341512a0',
      Source: /^127\.0\.0\.1:\d+$/,
      Usage: 10_000_000_000,
      ExtraFields: { Foo: 'bar' },
      Cost: 0.1,
    },
  ])
  for (let i = 0; i < 2; i++) t.equal(await post('/cdr_http?Account=x', 'Account=1002&Usage=5'), '200 ')
  t.equal(await post('/cdr_http', 'Account=1002&Usage=6'), '200 ')
  t.same((await cdrs({ Accounts: ['1002'] })).map(({ Usage }) => Usage).sort(), [5, 6], 'one a form without ids')

  for (let i = 0; i < 2; i++) t.equal(await json(FREESWITCH), '200 ')
  t.match(await cdrs({ Sources: ['freeswitch_json'] }), [
    {
      CGRID: '24b5766be325fa751fab5a0a06373e106f33a257',
      Account: '1006',
      Usage: 68_000_000_000,
      ExtraFields: { ani: '+5' },
    },
  ])
  t.equal((await cdrs({ Sources: ['freeswitch_json'] })).length, 1)

  t.equal(await post('/cdr_http', 'OriginID=b1&Usage=abc'), '400 time: invalid duration "abc"\n')
  t.equal(await post('/cdr_http', ''), '400 MANDATORY_IE_MISSING: [CGRID OriginID Account]\n')
  t.match(await post('/freeswitch_json', 'garbage'), /^400 the body is no JSON/)
  t.match(gateway.output(), /a CDR that was posted is not taken/)
  const off = { Config: { cdrs: { enabled: false }, sessions: { cdrs_conns: [] }, schedulers: { cdrs_conns: [] } } }
  t.match(await rpcText(gateway.httpPort, 'ConfigSv1.SetConfig', off), '"OK"')
  t.match(await post('/cdr_http', CALL), /^404 /)

  const registrar = (method: string, argument: unknown) =>
    post('/registrar', JSON.stringify({ id: 1, method: `RegistrarSv1.${method}`, params: [argument] }))
  const hosts = { Hosts: [{ ID: 'H1', Port: '2222', Transport: '*gob', TLS: true }] }
  for (const name of ['RPCHosts', 'DispatcherHosts']) {
    t.equal(await registrar(`Register${name}`, hosts), '200 {"id":1,"result":"OK","error":null}\n')
    t.equal(await registrar(`Unregister${name}`, { IDs: ['H1'] }), '200 {"id":1,"result":"OK","error":null}\n')
  }
  t.match(
    await rpcText(gateway.httpPort, 'ConfigSv1.GetConfig', { Section: 'rpc_conns' }),
    /"pool":\{"conns":\[\{"address":"127\.0\.0\.1:2222","id":"H1","tls":true,"transport":"\*gob"\}\]/,
  )
  for (const [headers, address] of [
    [{ 'x-real-ip': '10.1.1.1', 'x-forwarded-for': '10.2.2.2' }, '10.1.1.1:2222'],
    [{ 'x-forwarded-for': '10.2.2.2, 10.3.3.3' }, '10.2.2.2:2222'],
    [{ 'x-real-ip': '2001:db8::1' }, '[2001:db8::1]:2222'],
  ] as const) {
    const body = JSON.stringify({ id: 1, method: 'RegistrarSv1.RegisterRPCHosts', params: [hosts] })
    await fetch(`${site}/registrar`, { method: 'POST', body, headers })
    t.match(
      await rpcText(gateway.httpPort, 'ConfigSv1.GetConfig', { Section: 'rpc_conns' }),
      `"address":"${address}"`,
      '01 6.3: the address that a proxy names',
    )
  }
  t.match(await registrar('Nope', {}), `"rpc: can't find service RegistrarSv1.Nope"`)
  t.match(
    await registrar('UnregisterRPCHosts', 'x'),
    /cannot unmarshal string into Go value of type registrarc\.UnregisterArgs/,
  )
  t.equal(await post('/registrar', ''), '200 {"id":0,"result":null,"error":"EOF"}\n')
})
