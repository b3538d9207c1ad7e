import { connect } from 'node:net'
import fc from 'fast-check'
import t from 'tap'
import { Decimal } from '../../src/core/decimal.ts'
import { Framer } from '../../src/protocol/diameter/framing.ts'
import { Avp, Command, CommandFlag, DiameterMessage } from '../../src/protocol/diameter/message.ts'
import { MessageWriter } from '../../src/protocol/diameter/writer.ts'
import {
  balances,
  cdrCosts,
  type Gateway,
  rpcText,
  sampleFolder,
  startGateway,
  stopGateway,
  sumOf,
} from '../support/gateway.ts'

/** Frames whose header stays whole, so that each request must be answered: RUNS connections of about FRAMES each. */
const RUNS = 420
const FRAMES = 500
/** Streams of any bytes, one connection each. */
const STREAMS = 400

const CREDIT_CONTROL = 4
const HEADER = 20

function request(commandCode: number, applicationId: number): MessageWriter {
  return new MessageWriter(512).begin({
    flags: CommandFlag.REQUEST | CommandFlag.PROXIABLE,
    commandCode,
    applicationId,
    hopByHopId: 0,
    endToEndId: 0,
  })
}

function origin(writer: MessageWriter): MessageWriter {
  return writer.text(Avp.ORIGIN_HOST, 'fuzz').text(Avp.ORIGIN_REALM, 'operator.example')
}

function capabilities(): Buffer {
  return origin(request(Command.CAPABILITIES_EXCHANGE, 0))
    .octets(Avp.HOST_IP_ADDRESS, Buffer.from([0, 1, 127, 0, 0, 1]))
    .unsigned32(Avp.VENDOR_ID, 0)
    .text(Avp.PRODUCT_NAME, 'fuzz')
    .unsigned32(Avp.AUTH_APPLICATION_ID, CREDIT_CONTROL)
    .finish()
}

function creditControl(sessionId: string, type: number, number: number, account: string): Buffer {
  const writer = origin(request(Command.CREDIT_CONTROL, CREDIT_CONTROL).text(Avp.SESSION_ID, sessionId))
  writer.text(Avp.DESTINATION_REALM, 'tollgate.example').unsigned32(Avp.AUTH_APPLICATION_ID, CREDIT_CONTROL)
  writer.text(461, '32251@3gpp.org').unsigned32(Avp.CC_REQUEST_TYPE, type).unsigned32(Avp.CC_REQUEST_NUMBER, number)
  writer.openGroup(443).unsigned32(450, 0).text(444, account).closeGroup()
  for (const ratingGroup of [1, 2]) {
    writer.openGroup(456).openGroup(437).unsigned64(421, 1_000_000n).closeGroup()
    if (type !== 1) writer.openGroup(446).unsigned64(421, 400_000n).closeGroup()
    writer.unsigned32(432, ratingGroup).closeGroup()
  }
  return writer.finish()
}

/** What is changed at a place of a message: a share of its length, so that it fits every message. */
type Edit = { kind: 'flip' | 'set' | 'length' | 'cut' | 'double' | 'drop' | 'nest'; at: number; value: number }

const edits = fc.array(
  fc.record({
    kind: fc.constantFrom<Edit['kind']>('flip', 'flip', 'set', 'length', 'cut', 'double', 'drop', 'nest'),
    at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
    value: fc.nat(0xffffff),
  }),
  { minLength: 1, maxLength: 4 },
)
const mutation = fc.record({ base: fc.nat(5), session: fc.nat(7), number: fc.nat(5), edits })
type Mutation = { base: number; session: number; number: number; edits: Edit[] }

function baseOf({ base, session, number }: Mutation): Buffer {
  const id = `fuzz;${session}`
  switch (base) {
    case 0:
      return origin(request(Command.DEVICE_WATCHDOG, 0)).finish()
    case 1:
      return creditControl(id, 1, 0, '1001')
    case 2:
      return creditControl(id, 3, number, '1001')
    case 3:
      return origin(request(258, CREDIT_CONTROL).text(Avp.SESSION_ID, id)).finish()
    default:
      return creditControl(id, 2, number, '1001')
  }
}

/** Changes the message behind its header; the header's length is set right again. */
function mutate(message: Buffer, changes: readonly Edit[]): Buffer {
  let body = Buffer.from(message.subarray(HEADER))
  for (const { kind, at, value } of changes) {
    const avps = new DiameterMessage(Buffer.concat([message.subarray(0, HEADER), body])).avps
    const avp = avps[Math.floor(at * avps.length)]
    const place = Math.floor(at * body.length)
    if (body.length === 0) break
    switch (kind) {
      case 'flip':
        body[place] = (body[place] ?? 0) ^ (1 << (value & 7))
        break
      case 'set':
        body[place] = value & 0xff
        break
      case 'length':
        if (avp !== undefined) body.writeUIntBE(value, avp.start - HEADER + 5, 3)
        break
      case 'cut':
        body = body.subarray(0, place & ~3)
        break
      case 'double':
        if (avp !== undefined) body = Buffer.concat([body, body.subarray(avp.start - HEADER, avp.end - HEADER)])
        break
      case 'drop':
        if (avp !== undefined)
          body = Buffer.concat([body.subarray(0, avp.start - HEADER), body.subarray(avp.end - HEADER)])
        break
      case 'nest':
        for (let depth = 0; depth < (value & 0x3ff); depth++) {
          const group = Buffer.from('000001c840000000', 'hex')
          group.writeUIntBE(8 + Math.min(body.length, 0xffff00), 5, 3)
          if (depth % 100 === 99) body = Buffer.concat([group, body])
        }
        break
    }
  }
  const whole = Buffer.concat([message.subarray(0, HEADER), body, Buffer.alloc(-body.length & 3)])
  whole.writeUIntBE(whole.length, 1, 3)
  return whole
}

/** Sends all and resolves to the answers by Hop-by-Hop id, the CEA under 0xffffffff; rejects on one too many. */
function converse(port: number, frames: readonly Buffer[]): Promise<Map<number, DiameterMessage>> {
  return new Promise((done, failed) => {
    const answers = new Map<number, DiameterMessage>()
    const framer = new Framer()
    const socket = connect(port, '127.0.0.1')
    const cer = capabilities()
    cer.writeUInt32BE(0xffffffff, 12)
    socket.on('connect', () => socket.write(Buffer.concat([cer, ...frames])))
    socket.on('error', failed)
    socket.on('close', () => failed(new Error(`closed after ${answers.size} of ${frames.length + 1} answers`)))
    socket.on('data', (chunk: Buffer) => {
      framer.push(chunk, (frame) => {
        const message = new DiameterMessage(Buffer.from(frame))
        if (message.isRequest) return
        if (answers.has(message.hopByHopId)) failed(new Error(`answered twice: ${frame.toString('hex')}`))
        answers.set(message.hopByHopId, message)
        if (answers.size <= frames.length) return
        socket.removeAllListeners('close')
        socket.destroy()
        done(answers)
      })
    })
  })
}

/** Sends a stream of any bytes and waits until the gateway is done with the connection. */
function pour(port: number, chunks: readonly Uint8Array[], opened: boolean): Promise<void> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => undefined)
    socket.on('close', () => done())
    socket.on('data', () => undefined)
    socket.on('connect', () => {
      if (opened) socket.write(capabilities())
      for (const chunk of chunks) socket.write(chunk)
      socket.end()
    })
  })
}

async function metric(gateway: Gateway, name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${gateway.httpPort}/metrics`)).text()
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1])
}

/** Ends every session that a mutated request has opened; nothing of the last grant was used. */
async function endAll(gateway: Gateway): Promise<void> {
  const text = await rpcText(gateway.httpPort, 'SessionSv1.GetActiveSessions', {})
  const { result } = JSON.parse(text) as { result: { OriginID: string }[] | null }
  const ids = new Set((result ?? []).map(({ OriginID: id }) => id.slice(0, id.lastIndexOf('_'))))
  const frames = [...ids].map((id, i) => {
    const frame = creditControl(id, 3, 1_000_000, '1001')
    frame.writeUInt32BE(i, 12)
    frame.writeUInt32BE(0x40000000 + i, 16)
    return frame
  })
  await converse(gateway.diameterPort, frames)
}

t.test(
  `${RUNS * FRAMES} mutated requests and ${STREAMS} streams of any bytes: each is answered once, no money is lost`,
  async (t) => {
    const seed = Number(process.env['TOLLGATE_SEED'] ?? Date.now() % 1_000_000)
    t.comment(`TOLLGATE_SEED=${seed}`)
    const folder = sampleFolder(t, {
      general: { log_level: 3 },
      data_db: { db_type: '*internal' },
      stor_db: { db_type: '*internal' },
      diameter_agent: { duplicate_ttl: '1s' },
    })
    const gateway = await startGateway(folder)
    t.teardown(() => stopGateway(gateway, 'SIGKILL'))
    const peersBefore = await metric(gateway, 'tollgate_diameter_peers')
    let endToEndId = 0
    let sent = 0
    await fc.assert(
      fc.asyncProperty(fc.array(mutation, { minLength: FRAMES, maxLength: FRAMES }), async (mutations) => {
        const frames = mutations.map((each, i) => {
          const frame = mutate(baseOf(each), each.edits)
          frame.writeUInt32BE(i, 12)
          frame.writeUInt32BE(endToEndId++, 16)
          return frame
        })
        sent += frames.length
        const answers = await converse(gateway.diameterPort, frames)
        for (const [i, frame] of frames.entries()) {
          const answer = answers.get(i)
          const resultCode = answer?.unsigned32(Avp.RESULT_CODE) ?? 0
          const isProtocolError = resultCode >= 3000 && resultCode < 4000
          const hasErrorBit = ((answer?.flags ?? 0) & CommandFlag.ERROR) !== 0
          if (resultCode === 0 || isProtocolError !== hasErrorBit) {
            throw new Error(`${frame.toString('hex')} was answered with ${answer?.bytes.toString('hex')}`)
          }
        }
      }),
      { numRuns: RUNS, seed, endOnFailure: true },
    )
    t.equal(sent, RUNS * FRAMES)
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 5 }),
        fc.boolean(),
        fc.array(fc.record({ at: fc.nat(HEADER - 1), value: fc.nat(255) }), { maxLength: 3 }),
        async (chunks, opened, headerEdits) => {
          const damaged = creditControl('fuzz;header', 2, 1, 'nobody')
          for (const { at, value } of headerEdits) damaged[at] = value
          await pour(gateway.diameterPort, headerEdits.length === 0 ? chunks : [damaged, ...chunks], opened)
        },
      ),
      { numRuns: STREAMS, seed, endOnFailure: true },
    )
    t.equal(gateway.process.exitCode, null, 'the gateway is alive')
    t.notMatch(gateway.output(), /"stack"/, 'no error that nobody foresaw')
    t.equal(await metric(gateway, 'tollgate_diameter_peers'), peersBefore, 'no connection is left over')

    await endAll(gateway)
    t.match(await rpcText(gateway.httpPort, 'SessionSv1.GetActiveSessions', {}), '"error":"NOT_FOUND"')
    await new Promise((r) => setTimeout(r, 3000))
    console.error(
      await rpcText(gateway.httpPort, 'SessionSv1.GetActiveSessions', {}).then((x) => x.slice(0, 300)),
      (await cdrCosts(gateway.httpPort, {})).length,
      (await rpcText(gateway.httpPort, 'CDRsV1.GetCDRs', {})).match(/"Cost":-1/g)?.length,
      sumOf(await cdrCosts(gateway.httpPort, {})).toString(),
      gateway.output().slice(-500),
    )
    const cost = sumOf(await cdrCosts(gateway.httpPort, { Accounts: ['1001'] }))
    t.ok(cost.isPositive, 'some of the mutated requests were still whole')
    const left = (await balances(gateway.httpPort, '1001'))['MONEY']
    t.equal(left, Decimal.of(10).minus(cost).toString(), 'balance = what it was - sum of the CDRs')
    t.equal((await balances(gateway.httpPort, '1002'))['MONEY'], '10', 'nobody else has paid')
  },
)
