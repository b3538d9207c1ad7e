import { once } from 'node:events'
import { Agent, get, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { WebSocket } from 'ws'
import { type Gateway, sampleFolder, startGateway, stopGateway } from '../support/gateway.ts'

/** Clients at once, by what they speak. */
const CLIENTS = { tcp: 1_300, ws: 400, http: 300 } as const
/** How long the crowd stays, and the one that goes before it, ms. */
const STAY_MS = 60_000
const WARM_UP_MS = 5_000
/** Longest time that a client does nothing between two rounds, ms: the connections are held, and other tests run too. */
const MAX_PAUSE_MS = 6_000
/** What a client may leave behind: less than its smallest object, over all that connect again. */
const MAX_HEAP_GROWTH = 6 << 20

const seed = Date.now() % 1_000_000

/** Numbers from 0 to below 1 (mulberry32). */
function randomOf(start: number): () => number {
  let state = start
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const tally = { connections: 0, asked: 0, answered: 0, wrong: 0, cut: 0 }

const PING = (id: string) => `{"method":"CoreSv1.Ping","params":[{"Tenant":"cgrates.org"}],"id":"${id}"}\n`

/** Counts what came in for some ids: each is to be there once, with its result. */
function check(ids: readonly string[], received: string): void {
  const replies = received.split('\n').filter((line) => line !== '')
  tally.asked += ids.length
  tally.answered += replies.length
  const wanted = new Set(ids.map((id) => `{"id":"${id}","result":"Pong","error":null}`))
  for (const reply of replies) if (!wanted.delete(reply)) tally.wrong++
  tally.wrong += wanted.size
}

function idsOf(client: number, round: number, random: () => number): string[] {
  return Array.from({ length: 1 + Math.floor(random() * 5) }, (_, i) => `${client}-${round}-${i}`)
}

/** A crowd on its gateway, and when it goes. */
type Crowd = { readonly gateway: Gateway; readonly untilMs: number }

/**
 * Rounds of one client: it sends some requests and waits for their replies, on as many connections as its luck wants, until the
 * crowd goes.
 */
async function* roundsOf({ untilMs }: Crowd, random: () => number): AsyncGenerator<number> {
  for (let round = 0; Date.now() < untilMs; round++) {
    await wait(Math.min(random() * MAX_PAUSE_MS, Math.max(0, untilMs - Date.now())))
    yield round
  }
}

async function openTcp({ rpcPort }: Gateway): Promise<Socket> {
  const socket = connect({ port: rpcPort, host: '127.0.0.1', allowHalfOpen: true })
  socket.setEncoding('utf8')
  tally.connections++
  await once(socket, 'connect')
  return socket
}

async function openWebSocket({ httpPort }: Gateway): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${httpPort}/ws`, { origin: 'http://127.0.0.1' })
  tally.connections++
  await once(socket, 'open')
  return socket
}

async function tcpClient(crowd: Crowd, client: number): Promise<void> {
  const random = randomOf(seed + client)
  let socket = await openTcp(crowd.gateway)
  for await (const round of roundsOf(crowd, random)) {
    const ids = idsOf(client, round, random)
    const text = ids.map(PING).join('')
    const luck = random()
    if (luck < 0.15) {
      // Gone in the middle of a request, with others unanswered.
      socket.write(text.slice(0, Math.floor(random() * text.length)))
      await new Promise((sent) => setImmediate(sent))
      socket.destroy()
      tally.cut++
      socket = await openTcp(crowd.gateway)
      continue
    }
    let received = ''
    const read = (chunk: string) => {
      received += chunk
    }
    socket.on('data', read)
    const cut = Math.floor(random() * text.length)
    socket.write(text.slice(0, cut))
    if (luck < 0.3) {
      // The last requests, and no more: every reply comes, then the end.
      socket.end(text.slice(cut))
      await once(socket, 'end')
      socket = await openTcp(crowd.gateway)
    } else {
      socket.write(text.slice(cut))
      while (received.split('\n').length <= ids.length) await once(socket, 'data')
      socket.off('data', read)
    }
    check(ids, received)
  }
  socket.destroy()
}

async function webSocketClient(crowd: Crowd, client: number): Promise<void> {
  const random = randomOf(seed + client)
  let socket = await openWebSocket(crowd.gateway)
  for await (const round of roundsOf(crowd, random)) {
    const ids = idsOf(client, round, random)
    if (random() < 0.25) {
      for (const id of ids) socket.send(PING(id))
      socket.terminate()
      tally.cut++
      socket = await openWebSocket(crowd.gateway)
      continue
    }
    let received = ''
    const read = (data: unknown) => {
      received += String(data)
    }
    socket.on('message', read)
    for (const id of ids) socket.send(PING(id))
    while (received.split('\n').length <= ids.length) await once(socket, 'message')
    socket.off('message', read)
    check(ids, received)
  }
  socket.close()
}

async function httpClient(crowd: Crowd, client: number): Promise<void> {
  const agent = new Agent({ keepAlive: true })
  const random = randomOf(seed + client)
  for await (const round of roundsOf(crowd, random)) {
    const ids = idsOf(client, round, random)
    const isCut = random() < 0.2
    await new Promise<void>((done, failed) => {
      const options = { agent, port: crowd.gateway.httpPort, host: '127.0.0.1', path: '/jsonrpc', method: 'POST' }
      const asked = request(options, (response) => {
        let received = ''
        response.setEncoding('utf8')
        response.on('data', (text: string) => {
          received += text
        })
        response.on('end', () => {
          check(ids, received)
          done()
        })
      })
      asked.on('socket', () => {
        if (!asked.reusedSocket) tally.connections++
      })
      if (!isCut) asked.on('error', failed).end(ids.map(PING).join(''))
      else {
        tally.cut++
        asked.on('error', () => done())
        asked.write(ids.map(PING).join('').slice(0, 40), () => asked.destroy(new Error('cut')))
      }
    })
  }
  agent.destroy()
}

/** Clients that come, stay for a while, and go. Gives the most connections that were held. */
async function stay(gateway: Gateway, share: number, forMs: number): Promise<number> {
  const crowd = { gateway, untilMs: Date.now() + forMs }
  const clients = (kind: keyof typeof CLIENTS, run: (client: number) => Promise<void>) =>
    Array.from({ length: Math.ceil(CLIENTS[kind] * share) }, (_, client) => run(client))
  let isOver = false
  const counted = mostConnections(gateway, () => isOver)
  await Promise.all([
    ...clients('tcp', (client) => tcpClient(crowd, client)),
    ...clients('ws', (client) => webSocketClient(crowd, 10_000 + client)),
    ...clients('http', (client) => httpClient(crowd, 20_000 + client)),
  ])
  isOver = true
  return counted
}

async function mostConnections(gateway: Gateway, isOver: () => boolean): Promise<number> {
  let most = 0
  while (!isOver()) {
    most = Math.max(most, sumOf(await page(gateway, '/metrics'), 'tollgate_rpc_connections'))
    await wait(500)
  }
  return most
}

/** Of a metric over all its labels. */
function sumOf(metrics: string, name: string): number {
  const found = metrics.matchAll(new RegExp(`^${name}(?:{[^}]*})? (\\S+)$`, 'gm'))
  return [...found].reduce((total, [, value]) => total + Number(value), 0)
}

function page(gateway: Gateway, path: string): Promise<string> {
  return new Promise((done, failed) => {
    const asked = get({ port: gateway.httpPort, host: '127.0.0.1', path, agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () => done(text))
    })
    asked.on('error', failed)
  })
}

type State = { heap: number; files: number; handles: number; connections: number }

/** What the gateway holds when its garbage is collected and all its clients are gone. */
async function settled(gateway: Gateway): Promise<State> {
  for (;;) {
    await page(gateway, '/debug/pprof/heap?gc=1&seconds=0.05')
    const metrics = await page(gateway, '/metrics')
    const state = {
      heap: sumOf(metrics, 'nodejs_heap_size_used_bytes'),
      files: sumOf(metrics, 'process_open_fds'),
      handles: sumOf(metrics, 'nodejs_active_handles_total'),
      connections: sumOf(metrics, 'tollgate_rpc_connections'),
    }
    // That of this page is one.
    if (state.connections === 1) return state
  }
}

t.test('2,000 clients that come and go for a minute: every reply is there, nothing is left behind', async (t) => {
  t.comment(`seed ${seed}`)
  const gateway = await startGateway(
    sampleFolder(t, { data_db: { db_type: '*internal' }, stor_db: { db_type: '*internal' } }),
  )
  t.teardown(() => stopGateway(gateway, 'SIGKILL'))
  await stay(gateway, 0.25, WARM_UP_MS)
  const before = await settled(gateway)
  const warm = { ...tally }
  const most = await stay(gateway, 1, STAY_MS)
  const after = await settled(gateway)
  const calls = tally.asked - warm.asked
  t.comment(`${tally.connections - warm.connections} connections, ${tally.cut - warm.cut} cut, ${calls} calls`)
  t.comment(`before ${JSON.stringify(before)}, after ${JSON.stringify(after)}`)
  t.equal(tally.wrong, 0, 'each reply once, and right')
  t.equal(tally.answered, tally.asked)
  t.ok(most > 1_800, `${most} connections were held at once`)
  t.ok(calls > 10_000)
  t.ok(after.heap - before.heap < MAX_HEAP_GROWTH, 'the heap returns')
  t.equal(after.files, before.files, 'open files return')
  t.equal(after.handles, before.handles, 'handles return')
  t.equal(await stopGateway(gateway), 0)
})
