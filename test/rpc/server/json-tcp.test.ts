import { once } from 'node:events'
import { connect } from 'node:net'
import t, { type Test } from 'tap'
import type { ListenerKey } from '../../../src/rpc/server/listeners.ts'
import { portOf, talk } from '../../support/raw-socket.ts'
import { PROBES, rpcListeners, type ServerChanges } from '../../support/rpc-server.ts'

async function openServer(t: Test, changes: ServerChanges = {}, key: ListenerKey = 'rpc_json') {
  const listeners = rpcListeners(PROBES, { [key]: '127.0.0.1:0' }, changes)
  await listeners.open()
  t.teardown(() => listeners.close())
  return { listeners, address: listeners.address(key) }
}

const PING = '{"method":"CoreSv1.Ping","params":[{}],"id":1}'
/** Sent after the input of a row: its reply shows that the connection goes on. */
const LAST = '{"method":"CoreSv1.Echo","params":["goes on"],"id":"last"}'
const LAST_REPLY = '{"id":"last","result":"goes on","error":null}\n'
const ILL_FORMED = 'rpc: service/method request ill-formed: '

const ping = (id: string) => `{"id":${id},"result":"Pong","error":null}\n`
const failed = (error: string, id = '1') => `{"id":${id},"result":null,"error":${JSON.stringify(error)}}\n`
const call = (method: string, params: string, id = '1') => `{"method":"${method}","params":${params},"id":${id}}`

/** Octets in and out; what the reference engine gave where it has the method. closes: the server ends the connection then. */
const rows: { name: string; input: string | Buffer; output: string | Buffer; closes?: true }[] = [
  { name: 'a request of a Go client', input: `${PING}\n`, output: ping('1') },
  { name: 'an id is echoed as it came', input: call('CoreSv1.Ping', '[{}]', '1.50'), output: ping('1.50') },
  { name: 'also one that no float holds', input: call('CoreSv1.Ping', '[{}]', '1e400'), output: ping('1e400') },
  {
    name: 'an id of more than one blank',
    input: call('CoreSv1.Ping', '[{}]', '{"a" : "<x>&", "b":[1, 2]}'),
    output: ping('{"a":"\\u003cx\\u003e\\u0026","b":[1,2]}'),
  },
  {
    name: 'an id with line separators',
    input: call('CoreSv1.Ping', '[{}]', '"\\u2028 \u2028 \\/"'),
    output: ping('"\\u2028 \\u2028 \\/"'),
  },
  { name: 'no id', input: '{"method":"CoreSv1.Ping","params":[{}]}', output: ping('null') },
  { name: 'keys in any letter case', input: '{"METHOD":"CoreSv1.Ping","Params":[{}],"iD":7}', output: ping('7') },
  { name: 'escaped keys', input: '{"m\\u0065thod":"CoreSv1.Ping","params":[{}],"id":1}', output: ping('1') },
  {
    name: 'of repeated keys the last',
    input: '{"method":"x.y","method":"CoreSv1.Ping","params":[{}],"id":1,"id":2}',
    output: ping('2'),
  },
  {
    name: 'a method of null, an id of null',
    input: '{"method":"CoreSv1.Ping","method":null,"params":[{}],"id":1,"id":null}',
    output: ping('null'),
  },
  {
    name: 'other keys are ignored',
    input: '{"x":[{"id":5}],"method":"CoreSv1.Ping","params":[{}],"id":1}',
    output: ping('1'),
  },
  { name: 'joined requests', input: PING + call('CoreSv1.Ping', '[{}]', '2'), output: ping('1') + ping('2') },
  { name: 'no argument', input: call('CoreSv1.Ping', '[]'), output: ping('1') },
  { name: 'an argument of null', input: call('CoreSv1.Ping', '[null]'), output: ping('1') },
  { name: 'arguments after the first', input: call('CoreSv1.Ping', '[{},5]'), output: ping('1') },
  {
    name: 'octets that are no UTF-8',
    input: Buffer.from(call('CoreSv1.Pi\xff\xe2\x82ng', '[{}]'), 'latin1'),
    output: failed("rpc: can't find method CoreSv1.Pi\ufffd\ufffd\ufffdng"),
  },
  {
    name: 'half a surrogate pair',
    input: call('CoreSv1.Pi\\ud800<ng', '[{}]'),
    output: '{"id":1,"result":null,"error":"rpc: can\'t find method CoreSv1.Pi\ufffd\\u003cng"}\n',
  },
  {
    name: 'errors are escaped as Go does',
    input: call('CoreSv1.Get<>&Account\u2028', '[{}]'),
    output: '{"id":1,"result":null,"error":"rpc: can\'t find method CoreSv1.Get\\u003c\\u003e\\u0026Account\\u2028"}\n',
  },
  {
    name: 'results are escaped as Go does',
    input: call('CoreSv1.Echo', '[{"a<":"<b>&\u2028"}]'),
    output: '{"id":1,"result":{"a\\u003c":"\\u003cb\\u003e\\u0026\\u2028"},"error":null}\n',
  },
  {
    name: 'numbers keep their digits',
    input: call('CoreSv1.Echo', '[12345678901234567890.123456789]'),
    output: '{"id":1,"result":12345678901234567890.123456789,"error":null}\n',
  },
  { name: 'an empty object', input: '{}', output: failed(ILL_FORMED, 'null') },
  { name: 'null', input: 'null\n', output: failed(ILL_FORMED, 'null') },
  { name: 'null and an object', input: 'null{}', output: failed(ILL_FORMED, 'null').repeat(2) },
  { name: 'an empty method', input: '{"method":"","params":[{}],"id":9}', output: failed(ILL_FORMED, '9') },
  { name: 'no dot in the method', input: call('Ping', '[{}]'), output: failed(`${ILL_FORMED}Ping`) },
  { name: 'an unknown service', input: call('A.B', '[{}]'), output: failed("rpc: can't find service A.B") },
  {
    name: 'a method splits at its last dot',
    input: call('a.b.c', '[{}]'),
    output: failed("rpc: can't find service a.b.c"),
  },
  { name: 'an empty service', input: call('.Ping', '[{}]'), output: failed("rpc: can't find service .Ping") },
  {
    name: 'an unknown method',
    input: call('CoreSv1.Nope', '[{}]'),
    output: failed("rpc: can't find method CoreSv1.Nope"),
  },
  {
    name: 'the method is looked up first',
    input: call('CoreSv1.Nope', '5'),
    output: failed("rpc: can't find method CoreSv1.Nope"),
  },
  {
    name: 'params missing',
    input: '{"method":"CoreSv1.Ping","id":9}',
    output: failed('jsonrpc: request body missing params', '9'),
  },
  { name: 'params null', input: call('CoreSv1.Ping', 'null'), output: failed('jsonrpc: request body missing params') },
  ...['object {}', 'string "x"', 'number 5', 'bool true'].map((each) => {
    const [kind, params = ''] = each.split(' ')
    return {
      name: `params of kind ${kind}`,
      input: call('CoreSv1.Ping', params),
      output: failed(`json: cannot unmarshal ${kind} into Go value of type [1]interface {}`),
    }
  }),
  {
    name: 'an argument of a wrong kind',
    input: call('CoreSv1.Ping', '["x"]'),
    output: failed('json: cannot unmarshal string into Go value of type utils.CGREvent'),
  },
  {
    name: 'an object for a text',
    input: call('CoreSv1.Fail', '[{}]'),
    output: failed('json: cannot unmarshal object into Go value of type string'),
  },
  {
    name: 'a member of a wrong kind',
    input: call('CoreSv1.Ping', '[{"Tenant":5}]'),
    output: failed('json: cannot unmarshal number into Go struct field CGREvent.Tenant of type string'),
  },
  {
    name: 'a text for a duration',
    input: call('CoreSv1.Sleep', '[{"Duration":"1s"}]'),
    output: failed('json: cannot unmarshal string into Go struct field DurationArgs.Duration of type time.Duration'),
  },
  {
    name: 'a fraction for a duration',
    input: call('CoreSv1.Sleep', '[{"Duration":1.5}]'),
    output: failed(
      'json: cannot unmarshal number 1.5 into Go struct field DurationArgs.Duration of type time.Duration',
    ),
  },
  {
    name: 'what a Go client sends when it waits no longer',
    input: call('_goRPC_.Cancel', '[{"Seq":1}]', '77'),
    output: '{"id":77,"result":false,"error":null}\n',
  },
  { name: 'an error of a method', input: call('CoreSv1.Fail', '["NOT_FOUND"]'), output: failed('NOT_FOUND') },

  { name: 'a wrong bracket', input: '{]', output: '', closes: true },
  { name: 'a word', input: '{"method" x', output: '', closes: true },
  { name: 'a closing bracket', input: '}', output: '', closes: true },
  { name: 'a byte order mark', input: `\ufeff${PING}`, output: '', closes: true },
  { name: 'a comma too much', input: '{"method":"CoreSv1.Ping","params":[{}],"id":1,}', output: '', closes: true },
  { name: 'a number with a leading zero', input: call('CoreSv1.Ping', '[{}]', '01'), output: '', closes: true },
  { name: 'a control character', input: call('CoreSv1.Ping', '[{"Tenant":"\u0001"}]'), output: '', closes: true },
  {
    name: 'nesting past the limit of Go',
    input: call('CoreSv1.Ping', '[{}]', `${'['.repeat(10_000)}${']'.repeat(10_000)}`),
    output: '',
    closes: true,
  },
  { name: 'an empty array', input: '[]', output: '', closes: true },
  { name: 'an array of 1.0 requests', input: `[${PING}]`, output: '', closes: true },
  { name: 'a method that is no text', input: '{"method":5,"params":[{}],"id":1}', output: '', closes: true },
  { name: 'a number', input: '1 ', output: '', closes: true },
  { name: 'a text', input: '"a" ', output: '', closes: true },
  { name: 'a truth value', input: 'true ', output: '', closes: true },
  { name: 'garbage after a null', input: 'nullx', output: failed(ILL_FORMED, 'null'), closes: true },
  {
    name: 'garbage after requests: they are answered',
    input: `${call('CoreSv1.Sleep', '[{"Duration":20000000}]')}${call('CoreSv1.Ping', '[{}]', '2')}garbage`,
    output: `${ping('2')}{"id":1,"result":"OK","error":null}\n`,
    closes: true,
  },
]

t.test('01 7.1: octets in, octets out', async (t) => {
  const { address } = await openServer(t)
  for (const { name, input, output, closes } of rows)
    await t.test(name, async (t) => {
      const wanted = Buffer.from(closes ? output : output + LAST_REPLY).toString('latin1')
      if (closes) t.equal(await talk(address, [input]), wanted)
      else t.equal(await talk(address, [input, LAST], { until: /"goes on","error":null}\n$/ }), wanted)
    })
})

t.test('01 7.1: the same octets one by one', async (t) => {
  const { address } = await openServer(t)
  const octets = [...Buffer.from(`${PING} ${PING.replace('"id":1', '"id":"ä"')}`)].map((octet) => Buffer.of(octet))
  t.equal(Buffer.from(await talk(address, octets, { ends: true }), 'latin1').toString(), ping('1') + ping('"ä"'))
})

t.test('01 7.1: at the end of the input running requests are answered, half a request is not', async (t) => {
  const { address } = await openServer(t)
  const sleep = call('CoreSv1.Sleep', '[{"Duration":20000000}]')
  t.equal(await talk(address, [`${sleep}{"met`], { ends: true }), '{"id":1,"result":"OK","error":null}\n')
  t.equal(await talk(address, ['null'], { ends: true }), failed(ILL_FORMED, 'null'))
  t.equal(await talk(address, ['1'], { ends: true }), '')
})

t.test('01 7.1: replies come as calls complete', async (t) => {
  const { address } = await openServer(t)
  const sleep = (ms: number, id: number) => call('CoreSv1.Sleep', `[{"Duration":${ms}000000}]`, String(id))
  const replies = await talk(address, [sleep(80, 1) + sleep(40, 2) + sleep(1, 3)], { ends: true })
  t.same(
    [...replies.matchAll(/"id":(\d)/g)].map(([, id]) => id),
    ['3', '2', '1'],
  )
})

t.test('JSON-RPC 2.0', async (t) => {
  const { address } = await openServer(t)
  const v2 = (rest: string) => `{"jsonrpc":"2.0",${rest}}`
  const error = (code: number, message: string, id = '1') =>
    v2(`"id":${id},"error":{"code":${code},"message":"${message}"}`)
  for (const [name, input, output] of [
    ['a result', v2('"method":"CoreSv1.Ping","params":[{}],"id":1'), v2('"id":1,"result":"Pong"')],
    ['named params', v2('"method":"CoreSv1.Echo","params":{"a":1},"id":"x"'), v2('"id":"x","result":{"a":1}')],
    ['no params', v2('"method":"CoreSv1.Ping","id":1'), v2('"id":1,"result":"Pong"')],
    ['4.1: a notification', v2('"method":"CoreSv1.Fail","params":["x"]'), ''],
    [
      '5.1: an unknown method',
      v2('"method":"CoreSv1.Nope","id":1'),
      error(-32601, "rpc: can't find method CoreSv1.Nope"),
    ],
    [
      '5.1: wrong params',
      v2('"method":"CoreSv1.Fail","params":[5],"id":1'),
      error(-32602, 'json: cannot unmarshal number into Go value of type string'),
    ],
    ['5.1: no method', v2('"id":1'), error(-32600, ILL_FORMED)],
    ['an error of a method', v2('"method":"CoreSv1.Fail","params":["NOT_FOUND"],"id":1'), error(-32000, 'NOT_FOUND')],
    [
      '6: a batch',
      `[${[v2('"method":"CoreSv1.Ping","id":1'), v2('"method":"CoreSv1.Ping"'), '5', v2('"method":"CoreSv1.Sleep","params":[{"Duration":1}],"id":2')]}]`,
      `[${[v2('"id":1,"result":"Pong"'), error(-32600, 'Invalid Request', 'null'), v2('"id":2,"result":"OK"')]}]`,
    ],
    ['6: a batch of notifications', `[${v2('"method":"CoreSv1.Ping"')}]`, ''],
  ] as const)
    await t.test(name, async (t) => {
      t.equal(await talk(address, [input], { ends: true }), output === '' ? '' : `${output}\n`)
    })
})

t.test('a request above the limit ends its connection, others go on', async (t) => {
  const { address } = await openServer(t, { limits: { maxRequest: 1_000 } })
  const long = call('CoreSv1.Echo', `["${'x'.repeat(2_000)}"]`)
  t.equal(await talk(address, [PING, long]), ping('1'))
  t.equal(await talk(address, [PING.repeat(100)], { ends: true }), ping('1').repeat(100))
})

t.test('a connection that is silent, or does not finish its request, is ended', async (t) => {
  const { address } = await openServer(t, { limits: { idleTimeoutMs: 50, readTimeoutMs: 50 } })
  t.same(await Promise.all([talk(address, [PING]), talk(address, [PING, '{"method"'])]), [ping('1'), ping('1')])
})

t.test('connections above the limit are closed', async (t) => {
  const { address, listeners } = await openServer(t, { limits: { maxConnections: 1 } })
  const first = connect(portOf(address), '127.0.0.1')
  first.write(PING)
  await once(first, 'data')
  t.same(listeners.connectionCounts(), new Map([['rpc_json', 1]]))
  t.equal(await talk(address, []), '')
  first.end()
  await once(first, 'close')
})

t.test(
  'a client that does not read its replies is not read any more, and gets all of them when it reads on',
  async (t) => {
    const { address } = await openServer(t)
    const count = 200
    const big = call('CoreSv1.Echo', `["${'x'.repeat(100_000)}"]`)
    const socket = connect({ port: portOf(address), host: '127.0.0.1' })
    socket.pause()
    for (let i = 0; i < count; i++) socket.write(big)
    await once(socket, 'connect')
    // A server that reads on would have read all of it by then.
    await talk(address, [call('CoreSv1.Sleep', '[{"Duration":100000000}]')], { ends: true })
    t.ok(socket.writableLength > 0, 'the server has stopped reading')
    let received = 0
    socket.on('data', (chunk: Buffer) => {
      received += chunk.length
    })
    socket.resume()
    socket.end()
    await once(socket, 'close')
    t.equal(received, count * (100_000 + '{"id":1,"result":"","error":null}\n'.length))
  },
)

t.test('calls under way above the limit of a connection wait in the socket', async (t) => {
  const { address } = await openServer(t, { limits: { maxPending: 2 } })
  const sleep = call('CoreSv1.Sleep', '[{"Duration":5000000}]')
  t.equal(await talk(address, [sleep.repeat(9)], { ends: true }), '{"id":1,"result":"OK","error":null}\n'.repeat(9))
})

t.test('a call that takes too long is answered with REPLY_TIMEOUT, once', async (t) => {
  const { address } = await openServer(t, { replyTimeoutMs: 10 })
  t.equal(
    await talk(address, [call('CoreSv1.Sleep', '[{"Duration":60000000}]')], { ends: true }),
    failed('REPLY_TIMEOUT'),
  )
})

t.test('a listener that closes answers what is under way', async (t) => {
  const { listeners, address } = await openServer(t)
  const asked = talk(address, [call('CoreSv1.Sleep', '[{"Duration":50000000}]') + PING], {})
  const socket = connect(portOf(address), '127.0.0.1')
  socket.write(PING)
  await once(socket, 'data')
  await listeners.close()
  t.equal(await asked, `${ping('1')}{"id":1,"result":"OK","error":null}\n`)
})
