import type { Socket } from 'node:net'
import t, { type Test } from 'tap'
import { Connections } from '../../../src/rpc/client/connections.ts'
import { isOutcomeUnknown } from '../../../src/rpc/client/errors.ts'
import type { HostSettings, PoolSettings, Strategy } from '../../../src/rpc/client/settings.ts'
import { deadAddress, hostSettings, startRawServer } from '../../support/rpc-hosts.ts'

type Call = { id: number; params: [Record<string, unknown>] }

/** A server that treats its nth call as `handle` says; `calls` are those that it got. */
async function serverOf(t: Test, handle: (n: number, answer: () => void, socket: Socket) => void) {
  const calls: Record<string, unknown>[] = []
  const server = await startRawServer(t, (line, socket) => {
    const { id, params } = JSON.parse(line) as Call
    if (line.includes('_goRPC_.Cancel')) return
    calls.push(params[0])
    handle(calls.length, () => socket.write(`{"id":${id},"result":"done","error":null}\n`), socket)
  })
  return { address: server.address, calls }
}

function clientOf(t: Test, pools: Readonly<Record<string, PoolSettings>>) {
  const connections = new Connections(
    new Map(Object.entries(pools)),
    2,
    async () => 'local',
    () => undefined,
  )
  t.teardown(() => connections.close())
  return connections.client(Object.keys(pools))
}

const pool = (isIdempotent: boolean, strategy: Strategy, ...hosts: HostSettings[]): PoolSettings => ({
  strategy,
  hosts,
  isIdempotent,
})

t.test(
  '10 D2: a call that may have been done is not sent again, to no host of a pool that does not know keys',
  async (t) => {
    const other = await serverOf(t, (_, answer) => answer())
    for (const strategy of ['*first', '*next', '*random', '*first_positive'] as const) {
      const lossy = await serverOf(t, (_, __, socket) => socket.destroy())
      const hosts = [hostSettings(lossy.address), hostSettings(lossy.address)]
      const client = clientOf(t, {
        a: pool(false, strategy, ...hosts),
        b: pool(true, '*first', hostSettings(other.address)),
      })
      const cause: unknown = await client.callOnce('T.M', {}, 'k').catch((failure: unknown) => failure)
      t.match(cause, { code: 'NETWORK_ERROR', message: /^(unexpected EOF|read ECONNRESET)$/ }, strategy)
      t.equal(isOutcomeUnknown(cause), true)
      t.same(lossy.calls, [{}], 'sent once, without a key')
    }
    const slow = await serverOf(t, () => undefined)
    const client = clientOf(t, {
      a: pool(false, '*first', hostSettings(slow.address, { replyTimeoutMs: 500 }), hostSettings(other.address)),
    })
    await t.rejects(client.callOnce('T.M', {}, 'k'), { message: 'context deadline exceeded' })
    t.same([slow.calls.length, other.calls.length], [1, 0])
  },
)

t.test('01 3.3: a host that was not reached, or does not have the service, is passed over', async (t) => {
  const dead = hostSettings(await deadAddress(), { connectAttempts: 1 })
  const without = await startRawServer(t, (line, socket) => {
    const { id } = JSON.parse(line) as Call
    socket.write(`{"id":${id},"result":null,"error":"rpc: can't find service T.M"}\n`)
  })
  const other = await serverOf(t, (_, answer) => answer())
  const first = pool(false, '*first', dead, hostSettings(without.address))
  const client = clientOf(t, { a: first, b: pool(false, '*first', hostSettings(other.address)) })
  t.equal(await client.callOnce('T.M', {}, 'k'), 'done')
  const nobody = clientOf(t, { a: pool(false, '*first', dead) })
  const cause: unknown = await nobody.callOnce('T.M', {}, 'k').catch((failure: unknown) => failure)
  t.match(cause, { message: /connect: connection refused$/ })
  t.equal(isOutcomeUnknown(cause), false, 'nothing was sent')
})

t.test('10 D2, D7: under a key a call is sent until it is answered, to the same host and to the next', async (t) => {
  const lossy = await serverOf(t, (n, answer, socket) => (n < 4 ? socket.destroy() : answer()))
  const client = clientOf(t, { a: pool(true, '*first', hostSettings(lossy.address)) })
  t.equal(await client.callOnce('T.M', { APIOpts: { a: 1 } }, 'k1'), 'done')
  t.same(lossy.calls, Array(4).fill({ APIOpts: { a: 1, '*idempotencyKey': 'k1' } }))
  const slow = await serverOf(t, () => undefined)
  const other = await serverOf(t, (_, answer) => answer())
  const hosts = [hostSettings(slow.address, { replyTimeoutMs: 500 }), hostSettings(other.address)]
  const two = clientOf(t, { a: pool(true, '*first', ...hosts) })
  t.equal(await two.callOnce('T.M', {}, 'k2'), 'done')
  t.same(
    [slow.calls, other.calls],
    [[{ APIOpts: { '*idempotencyKey': 'k2' } }], [{ APIOpts: { '*idempotencyKey': 'k2' } }]],
  )
  const pools = clientOf(t, {
    a: pool(true, '*first', hostSettings(slow.address, { replyTimeoutMs: 500 })),
    b: pool(true, '*first', hostSettings(other.address)),
  })
  await t.rejects(pools.callOnce('T.M', {}, 'k3'), { message: 'context deadline exceeded' })
  t.equal(other.calls.length, 1, 'another pool is another store: it does not know the key')
})
