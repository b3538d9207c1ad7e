/**
 * Load generator: SESSIONS Gy sessions at once on a few connections, each one CCR-I, UPDATES CCR-U and one CCR-T; prints one
 * JSON line of figures for the updates. Arguments: port sessions updates octets rate(0: as fast as it goes) echo(0|1)
 * live(0|1: a session that has sent its updates stays open; at most 1000 requests wait) seconds(0: each session once; else
 * sessions in mixed phases follow one another for so long after a settling time, and only that time is measured)
 */
import { connect, type Socket } from 'node:net'
import { Framer } from '../src/protocol/diameter/framing.ts'
import { MessageWriter } from '../src/protocol/diameter/writer.ts'

const [port = 0, sessions = 0, updates = 0, octets = 0, rate = 0, echo = 0, live = 0, seconds = 0] = process.argv
  .slice(2)
  .map(Number)
const CONNECTIONS = 4
const LIVE_WINDOW = 1_000
const SETTLE_SECONDS = 5
const CCR = { flags: 0xc0, commandCode: 272, applicationId: 4 }

type Session = { index: number; number: number; updates: number; sentNs: bigint }

const latencies: number[] = []
let errors = 0
let finished = 0
let firstUpdateNs = 0n
let lastUpdateNs = 0n
let answeredUpdates = 0
let answered = 0
const waiting: (() => void)[] = []

/** The bytes of a request; Hop-by-Hop id = session, so that an echo is matched as an answer is. */
function requestOf({ index, number, updates }: Session): Buffer {
  const type = number === 0 ? 1 : number <= updates ? 2 : 3
  const writer = new MessageWriter(512).begin({ ...CCR, hopByHopId: index, endToEndId: (index * 1000 + number) >>> 0 })
  writer
    .text(263, `bench;${process.pid};${index}`)
    .text(264, 'pgw')
    .text(296, 'operator.example')
    .text(283, 'tollgate.example')
  writer.unsigned32(258, 4).text(461, '32251@3gpp.org').unsigned32(416, type).unsigned32(415, number)
  writer
    .openGroup(443)
    .unsigned32(450, 0)
    .text(444, String(100_000 + (index % (seconds > 0 ? sessions : 50_000))))
    .closeGroup()
  writer.openGroup(456)
  if (type !== 3) writer.openGroup(437).unsigned64(421, BigInt(octets)).closeGroup()
  if (type !== 1) writer.openGroup(446).unsigned64(421, BigInt(octets)).closeGroup()
  return writer.unsigned32(432, 1).closeGroup().finish()
}

/** Of sessions in mixed phases, the first ones are cut short evenly, so that from then on starts and ends are spread. */
function updatesOf(index: number): number {
  return seconds > 0 && index <= sessions ? Math.ceil((updates * index) / sessions) : updates
}

class Peer {
  readonly #socket: Socket
  readonly #framer = new Framer()
  readonly #sessions = new Map<number, Session>()
  #out: Buffer[] = []

  constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => this.#framer.push(chunk, (frame) => this.#answered(frame)))
  }

  static async open(): Promise<Peer> {
    const socket = connect(port, '127.0.0.1')
    await new Promise<void>((resolve) => socket.once('connect', () => resolve()))
    const header = { flags: 0x80, commandCode: 257, applicationId: 0, hopByHopId: 0xffffffff, endToEndId: 1 }
    const cer = new MessageWriter().begin(header).text(264, 'pgw').text(296, 'operator.example')
    socket.write(
      cer
        .octets(257, Buffer.from([0, 1, 127, 0, 0, 1]))
        .unsigned32(266, 0)
        .text(269, 'bench')
        .unsigned32(258, 4)
        .finish(),
    )
    await new Promise<void>((resolve) => socket.once('data', () => resolve()))
    return new Peer(socket)
  }

  start(index: number): void {
    const session = { index, number: 0, updates: updatesOf(index), sentNs: 0n }
    this.#sessions.set(index, session)
    this.#send(session)
  }

  close(): void {
    this.#socket.destroy()
  }

  #send(session: Session): void {
    if (rate > 0) {
      waiting.push(() => this.#write(session))
      return
    }
    this.#write(session)
  }

  #write(session: Session): void {
    session.sentNs = process.hrtime.bigint()
    if (session.number === 1 && firstUpdateNs === 0n && session.sentNs >= measureFromNs) firstUpdateNs = session.sentNs
    if (this.#out.push(requestOf(session)) === 1) setImmediate(() => this.#flush())
  }

  #flush(): void {
    this.#socket.write(Buffer.concat(this.#out))
    this.#out = []
  }

  #answered(frame: Buffer): void {
    const session = this.#sessions.get(frame.readUInt32BE(12))
    // A watchdog of the server may have the Hop-by-Hop id of a session.
    if (session === undefined || frame.readUIntBE(5, 3) !== CCR.commandCode) return
    const now = process.hrtime.bigint()
    answered++
    if (echo === 0 && !frame.includes(OK)) errors++
    const isUpdate = session.number > 0 && session.number <= session.updates
    if (isUpdate && session.sentNs >= measureFromNs) {
      latencies.push(Number(now - session.sentNs) / 1e6)
      answeredUpdates++
      lastUpdateNs = now
    }
    session.number++
    if (session.number <= session.updates + 1 - live) this.#send(session)
    else {
      this.#sessions.delete(session.index)
      if (started < sessions || seconds > 0) startNext()
      if (++finished === sessions && seconds === 0) finish()
    }
  }
}

/** Result-Code 2001 as an AVP. */
const OK = Buffer.from('0000010c4000000c000007d1', 'hex')

let done: () => void = () => undefined
const ended = new Promise<void>((resolve) => {
  done = resolve
})
let isRunning = true
function finish(): void {
  isRunning = false
  done()
}

const peers = await Promise.all(Array.from({ length: CONNECTIONS }, () => Peer.open()))
let started = 0
function startNext(): void {
  started++
  peers[started % CONNECTIONS]?.start(started)
}
const measureFromNs = seconds > 0 ? process.hrtime.bigint() + BigInt(SETTLE_SECONDS * 1e9) : 0n
if (seconds > 0) setTimeout(finish, (SETTLE_SECONDS + seconds) * 1000)
while (started < Math.min(sessions, live === 0 ? sessions : LIVE_WINDOW)) startNext()
if (rate > 0) {
  const startedMs = performance.now()
  let released = 0
  const pace = () => {
    const due = Math.floor(((performance.now() - startedMs) * rate) / 1000)
    for (; released < due && waiting.length > 0; released++) waiting.shift()?.()
    released = Math.max(released, due - 50)
    if (isRunning) setTimeout(pace, 1)
  }
  pace()
}
await ended
for (const peer of peers) peer.close()
latencies.sort((a, b) => a - b)
const at = (share: number) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0
const measuredSeconds = Number(lastUpdateNs - firstUpdateNs) / 1e9
process.stdout.write(
  `${JSON.stringify({ perSecond: answeredUpdates / measuredSeconds, p50: at(0.5), p99: at(0.99), errors, requests: answered })}\n`,
)
