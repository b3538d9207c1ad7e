/**
 * Load generator: CALLS JSON-RPC calls over some connections, each with up to DEPTH calls under way; prints one JSON line of
 * figures. Arguments: transport(tcp|http|ws) port connections depth calls method argument(JSON)
 */
import { connect } from 'node:net'
import { WebSocket } from 'ws'

const [transport = '', port = '0', connections = '1', depth = '1', calls = '1', method = '', argument = '{}'] =
  process.argv.slice(2)
const perConnection = Math.floor(Number(calls) / Number(connections))
const latencies: number[] = []
let errors = 0

const requestText = (id: number) => `{"method":"${method}","params":[${argument}],"id":${id}}\n`

/** One connection: `send` writes some requests at once, `feed` is told every reply by its id. */
class Load {
  readonly #sent = new Float64Array(perConnection)
  #next = 0
  #answered = 0
  readonly #send: (texts: string[]) => void
  readonly #done: () => void

  constructor(send: (texts: string[]) => void, done: () => void) {
    this.#send = send
    this.#done = done
  }

  begin(): void {
    this.#sendSome(Number(depth))
  }

  /** Replies that came together. */
  feed(replies: readonly string[]): void {
    const now = performance.now()
    for (const reply of replies) {
      const id = Number(/^\{"id":(\d+)/.exec(reply)?.[1])
      latencies.push(now - (this.#sent[id] ?? 0))
      if (!reply.endsWith('"error":null}')) errors++
    }
    this.#answered += replies.length
    if (this.#answered === perConnection) this.#done()
    else this.#sendSome(replies.length)
  }

  #sendSome(count: number): void {
    const texts: string[] = []
    for (; count > 0 && this.#next < perConnection; count--) {
      this.#sent[this.#next] = performance.now()
      texts.push(requestText(this.#next++))
    }
    if (texts.length > 0) this.#send(texts)
  }
}

function overTcp(): Promise<void> {
  return new Promise((done) => {
    const socket = connect(Number(port), '127.0.0.1')
    socket.setNoDelay(true)
    socket.setEncoding('latin1')
    let held = ''
    const load = new Load(
      (texts) => socket.write(texts.join('')),
      () => socket.end(done),
    )
    socket.on('data', (text: string) => {
      const lines = (held + text).split('\n')
      held = lines.pop() ?? ''
      if (lines.length > 0) load.feed(lines)
    })
    socket.on('connect', () => load.begin())
  })
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
      (texts) => socket.write(texts.map((text) => `${head}${text.length}\r\n\r\n${text}`).join('')),
      () => socket.end(done),
    )
    socket.on('data', (text: string) => {
      held += text
      const end = held.indexOf('\r\n\r\n')
      if (end < 0 || held.length < end + 4 + Number(/content-length: (\d+)/i.exec(held)?.[1])) return
      const body = held.slice(end + 4).trimEnd()
      held = ''
      load.feed([body])
    })
    socket.on('connect', () => load.begin())
  })
}

function overWebSocket(): Promise<void> {
  return new Promise((done) => {
    const client = new WebSocket(`ws://127.0.0.1:${port}/ws`, { origin: 'http://127.0.0.1', perMessageDeflate: false })
    const load = new Load(
      (texts) => {
        for (const text of texts) client.send(text)
      },
      () => {
        client.on('close', () => done())
        client.close()
      },
    )
    client.on('message', (data) => load.feed([String(data).trimEnd()]))
    client.on('open', () => load.begin())
  })
}

const runs = { tcp: overTcp, http: overHttp, ws: overWebSocket }
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
