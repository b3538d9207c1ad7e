import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, connect as dial, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Framer } from '../../src/protocol/diameter/framing.ts'
import { requirePrograms, run } from '../support/debian-packages.ts'
import { ask, connectGateway, sampleFolder, startGateway, stopGateway } from '../support/gateway.ts'

requirePrograms({ tshark: 'tshark', text2pcap: 'wireshark-common' })

type Captured = { fromGateway: boolean; message: Buffer }

/** A TCP relay before the gateway that keeps every Diameter message which passes. */
async function capturing(t: Test, gatewayPort: number): Promise<{ port: number; captured: Captured[] }> {
  const captured: Captured[] = []
  const relay = (from: Socket, to: Socket, fromGateway: boolean) => {
    const framer = new Framer()
    from.on('data', (chunk: Buffer) => {
      framer.push(chunk, (frame) => captured.push({ fromGateway, message: Buffer.from(frame) }))
      to.write(chunk)
    })
    from.on('end', () => to.end())
  }
  const server = createServer((peer) => {
    const gateway = dial(gatewayPort, '127.0.0.1')
    relay(peer, gateway, false)
    relay(gateway, peer, true)
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  t.teardown(() => server.close())
  const address = server.address()
  return { port: typeof address === 'object' && address !== null ? address.port : 0, captured }
}

/** A capture file of the messages, each one TCP segment. */
function captureFile(t: Test, captured: readonly Captured[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-tshark-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const dump = captured.map(({ fromGateway, message }) => {
    const lines = Array.from({ length: Math.ceil(message.length / 16) }, (_, line) => {
      const octets = message.subarray(line * 16, line * 16 + 16).toString('hex')
      return `${(line * 16).toString(16).padStart(6, '0')} ${octets.replaceAll(/../g, '$& ')}`
    })
    return `${fromGateway ? 'I' : 'O'}\n${lines.join('\n')}\n`
  })
  writeFileSync(join(folder, 'dump.txt'), dump.join('\n'))
  const file = join(folder, 'session.pcap')
  run('text2pcap', ['-q', '-D', '-T', '40000,3868', join(folder, 'dump.txt'), file])
  return file
}

t.test('tshark decodes a whole Gy session without a malformed mark', async (t) => {
  const gateway = await startGateway(sampleFolder(t))
  t.teardown(() => stopGateway(gateway))
  const { port, captured } = await capturing(t, gateway.diameterPort)
  const client = await connectGateway(port)
  const groups = (requested?: bigint, used?: bigint) =>
    [1, 2, 100].map((ratingGroup) => ({
      ratingGroup,
      ...(requested === undefined ? {} : { requested }),
      ...(used === undefined ? {} : { used }),
    }))
  await ask(client, 'ts;1;1', 1, 0, groups(1048576n))
  await ask(client, 'ts;1;1', 2, 1, groups(2097152n, 1048576n))
  await ask(client, 'ts;1;1', 2, 2, groups(50n << 30n, 2097152n))
  await ask(client, 'ts;1;1', 3, 3, groups(undefined, 65536n))
  await ask(client, 'ts;1;2', 1, 0, groups(1048576n), '999')
  await client.close()
  t.equal(captured.length, 14)

  const file = captureFile(t, captured)
  const fields = (filter: string, ...names: string[]) =>
    run('tshark', ['-r', file, '-Y', filter, '-T', 'fields', ...names.flatMap((name) => ['-e', name])])
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split('\t'))
  t.equal(fields('diameter', 'diameter.cmd.code').length, 14, 'every message is seen as Diameter')
  const marks = run('tshark', [
    '-r',
    file,
    '-Y',
    '_ws.malformed || _ws.expert.severity >= "Warning" || diameter.avp.unknown',
  ])
  t.equal(marks, '', 'nothing is malformed, unknown or worth a warning')

  const answers = 'diameter.cmd.code == 272 && diameter.flags.request == 0'
  t.same(
    fields(answers, 'diameter.Session-Id', 'diameter.CC-Request-Number'),
    [0, 1, 2, 3].map((number) => ['ts;1;1', String(number)]).concat([['ts;1;2', '0']]),
  )
  const [first = []] = fields(answers, 'diameter.Result-Code', 'diameter.Rating-Group', 'diameter.CC-Total-Octets')
  t.same(first, ['2001,4011,2001,2001', '100,1,2', '1048576,1048576'])
  const finals = fields(
    `${answers} && diameter.Final-Unit-Action`,
    'diameter.CC-Request-Number',
    'diameter.Final-Unit-Action',
  )
  // How many of its groups end the credit depends on the hour: the sample has evening rates.
  t.match(finals, [['2', /^0(,0)?$/]], 'Final-Unit-Indication TERMINATE with the grants that end the credit')
  t.equal(finals.length, 1)
  const last = fields(answers, 'diameter.Result-Code').at(-1)
  t.same(last, ['2001,4011,5030,5030'], 'an unknown user')
})
