import fc from 'fast-check'
import t from 'tap'
import { Caps } from '../../../src/rpc/server/caps.ts'
import { talk } from '../../support/raw-socket.ts'
import { PROBES, rpcListeners } from '../../support/rpc-server.ts'

const sleep = (id: number, service = 'CoreSv1') =>
  `{"method":"${service}.Sleep","params":[{"Duration":10000000}],"id":${id}}`
const REFUSED = 'MAX_CONCURRENT_RPC_EXCEEDED'

t.test('01 ex. 11: *busy refuses what is above the limit, over all listeners', async (t) => {
  const caps = new Caps(2, '*busy')
  const any = '127.0.0.1:0'
  const listeners = rpcListeners(PROBES, { rpc_json: any, http: any, birpc_json: any }, { caps })
  await listeners.open()
  t.teardown(() => listeners.close())
  const five = [1, 2, 3, 4, 5].map((id) => sleep(id, 'SessionSv1')).join('')
  const post = `POST /jsonrpc HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${five.length}\r\n\r\n${five}`
  for (const [key, input] of [
    ['rpc_json', five],
    ['birpc_json', five],
    ['http', post],
  ] as const) {
    const replies = await talk(listeners.address(key), [input], { ends: key !== 'http' })
    t.equal(replies.match(new RegExp(REFUSED, 'g'))?.length, 3, key)
    t.equal(replies.match(/"OK"/g)?.length, 2, key)
    t.equal(caps.allocated, 0, 'every call has left')
  }
  const asked = talk(listeners.address('rpc_json'), [sleep(1) + sleep(2)], { ends: true })
  const other = await talk(listeners.address('birpc_json'), [five], { ends: true })
  t.ok((other.match(new RegExp(REFUSED, 'g'))?.length ?? 0) >= 3, 'one count for all')
  await asked
  t.equal(caps.peak, 2)
})

t.test('01 ex. 11: *queue lets them wait, in their order', async (t) => {
  const caps = new Caps(2, '*queue')
  const listeners = rpcListeners(PROBES, { rpc_json: '127.0.0.1:0' }, { caps })
  await listeners.open()
  t.teardown(() => listeners.close())
  const replies = await talk(listeners.address('rpc_json'), [[1, 2, 3, 4, 5].map((id) => sleep(id)).join('')], {
    ends: true,
  })
  t.same(
    [...replies.matchAll(/"id":(\d),"result":"OK"/g)].map(([, id]) => id),
    ['1', '2', '3', '4', '5'],
  )
  t.equal(caps.allocated, 0)
})

t.test('01 13: what cannot be called takes no place and is answered when all are taken', async (t) => {
  const caps = new Caps(1, '*busy')
  const listeners = rpcListeners(PROBES, { rpc_json: '127.0.0.1:0' }, { caps })
  await listeners.open()
  t.teardown(() => listeners.close())
  const wrong = [
    '{"method":"CoreSv1.Nope","params":[{}],"id":1}',
    '{"method":"CoreSv1.Ping","params":[5],"id":1}',
    '{"id":1}',
    'null ',
  ].join('')
  const input = [sleep(1), wrong.repeat(20), sleep(2), '{"method":"CoreSv1.Fail","params":["x"],"id":3}']
  const replies = await talk(listeners.address('rpc_json'), [input.join('')], { ends: true })
  t.equal(replies.match(new RegExp(REFUSED, 'g'))?.length, 2)
  t.match(replies, '{"id":1,"result":"OK","error":null}')
  t.equal(replies.split('\n').length, 84)
  const failing = '{"method":"CoreSv1.Fail","params":["x"],"id":1}'.repeat(20) + sleep(2)
  t.notMatch(await talk(listeners.address('rpc_json'), [failing], { ends: true }), REFUSED)
  t.equal(caps.allocated, 0)
})

t.test('property: as many run as may, everyone gets a turn, nobody keeps one', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 4 }),
      fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 30 }),
      async (limit, ticks) => {
        const caps = new Caps(limit, '*queue')
        let running = 0
        let ended = 0
        await Promise.all(
          ticks.map(async (count) => {
            await caps.enter()
            if (++running > limit || caps.allocated < running) throw new Error('too many')
            for (let tick = 0; tick < count; tick++) await undefined
            running--
            ended++
            caps.leave()
          }),
        )
        return ended === ticks.length && caps.allocated === 0 && caps.peak <= limit
      },
    ),
  )
})
