/**
 * Load generator: CALLS JSON-RPC calls over some connections, each with up to DEPTH calls under way; prints one JSON line of
 * figures. Arguments: transport(tcp|http|ws|gob) port connections depth calls method argument(JSON)
 */
import { connect } from 'node:net'
import { WebSocket } from 'ws'
import { describedRegistry } from '../src/commands/methods.ts'
import { DEFAULT_LIMITS } from '../src/protocol/gob/decoder.ts'
import { GobTypes } from '../src/rpc/gob/gob-types.ts'
import { GobWire } from '../src/rpc/gob/gob-wire.ts'

const [transport = '', port = '0', connections = '1', depth = '1', calls = '1', method = '', argument = '{}'] =
  process.argv.slice(2)
const perConnection = Math.floor(Number(calls) / Number(connections))
const latencies: number[] = []
let errors = 0

/** What came back for a call: its id, and whether it is an error. */
type Reply = { id: number; isError: boolean }

const requestText = (id: number) => `{"method":"${method}","params":[${argument}],"id":${id}}\n`

function replyOf(text: string): Reply {
  return { id: Number(/^\{"id":(\d+)/.exec(text)?.[1]), isError: !text.endsWith('"error":null}') }
}

/** One connection: `send` writes the requests of some ids at once, `feed` is told every reply. */
class Load {
  readonly #sent = new Float64Array(perConnection)
  #next = 0
  #answered = 0
  readonly #send: (ids: number[]) => void
  readonly #done: () => void

  constructor(send: (ids: number[]) => void, done: () => void) {
    this.#send = send
    this.#done = done
  }

  begin(): void {
    this.#sendSome(Number(depth))
  }

  /** Replies that came together. */
  feed(replies: readonly Reply[]): void {
    const now = performance.now()
    for (const { id, isError } of replies) {
      latencies.push(now - (this.#sent[id] ?? 0))
      if (isError) errors++
    }
    this.#answered += replies.length
    if (this.#answered === perConnection) this.#done()
    else this.#sendSome(replies.length)
  }

  #sendSome(count: number): void {
    const ids: number[] = []
    for (; count > 0 && this.#next < perConnection; count--) {
      this.#sent[this.#next] = performance.now()
      ids.push(this.#next++)
    }
    if (ids.length > 0) this.#send(ids)
  }
}

function overTcp(): Promise<void> {
  return new Promise((done) => {
    const socket = connect(Number(port), '127.0.0.1')
    socket.setNoDelay(true)
    socket.setEncoding('latin1')
    let held = ''
    const load = new Load(
      (ids) => socket.write(ids.map(requestText).join('')),
      () => socket.end(done),
    )
    socket.on('data', (text: string) => {
      const lines = (held + text).split('\n')
      held = lines.pop() ?? ''
      if (lines.length > 0) load.feed(lines.map(replyOf))
    })
    socket.on('connect', () => load.begin())
  })
}

function withHead(head: string, text: string): string {
  return `${head}${text.length}\r\n\r\n${text}`
}

/** One request at a time, as HTTP clients do. */
function overHttp(): Promise<void> {
  return new Promise((done) => {
    const socket = connect(Number(port), '127.0.0.1')
    socket.setNoDelay(true)
    socket.setEncoding('latin1')
    let held = ''
    const head = 'POST /jsonrpc HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: '
    const load = new Load(
      (ids) => socket.write(ids.map((id) => withHead(head, requestText(id))).join('')),
      () => socket.end(done),
    )
    socket.on('data', (text: string) => {
      held += text
      const end = held.indexOf('\r\n\r\n')
      if (end < 0 || held.length < end + 4 + Number(/content-length: (\d+)/i.exec(held)?.[1])) return
      const body = held.slice(end + 4).trimEnd()
      held = ''
      load.feed([replyOf(body)])
    })
    socket.on('connect', () => load.begin())
  })
}

function overWebSocket(): Promise<void> {
  return new Promise((done) => {
    const client = new WebSocket(`ws://127.0.0.1:${port}/ws`, { origin: 'http://127.0.0.1', perMessageDeflate: false })
    const load = new Load(
      (ids) => {
        for (const id of ids) client.send(requestText(id))
      },
      () => {
        client.on('close', () => done())
        client.close()
      },
    )
    client.on('message', (data) => load.feed([replyOf(String(data).trimEnd())]))
    client.on('open', () => load.begin())
  })
}

/** As Go's net/rpc: ids are its sequence numbers. */
function overGob(): Promise<void> {
  const shapes = describedRegistry().shapesOf(method)
  if (shapes === undefined) throw new Error(`there is no method ${method}`)
  const types = new GobTypes('json')
  const params = types.of(shapes.params)
  const result = types.of(shapes.reply)
  const value: unknown = JSON.parse(argument)
  return new Promise((done) => {
    const socket = connect(Number(port), '127.0.0.1')
    socket.setNoDelay(true)
    const wire = new GobWire(DEFAULT_LIMITS, ({ error }) => (error === '' ? result : undefined))
    const load = new Load(
      (ids) => socket.write(Buffer.concat(ids.map((id) => wire.call(id, method, params, value)))),
      () => socket.end(done),
    )
    socket.on('data', (bytes: Buffer) => {
      wire.push(bytes)
      const replies: Reply[] = []
      for (let next = wire.next(); next !== undefined; next = wire.next())
        replies.push({ id: Number(next.header.seq), isError: next.header.error !== '' || next.fault !== undefined })
      if (replies.length > 0) load.feed(replies)
    })
    socket.on('connect', () => load.begin())
  })
}

const runs = { tcp: overTcp, http: overHttp, ws: overWebSocket, gob: overGob }
const run = runs[transport as keyof typeof runs]
const began = performance.now()
await Promise.all(Array.from({ length: Number(connections) }, run))
const seconds = (performance.now() - began) / 1_000
latencies.sort((a, b) => a - b)
const at = (share: number) => latencies[Math.floor(latencies.length * share)] ?? 0
process.stdout.write(
  JSON.stringify({
    perSecond: latencies.length / seconds,
    p50: at(0.5),
    p99: at(0.99),
    calls: latencies.length,
    errors,
  }),
)
