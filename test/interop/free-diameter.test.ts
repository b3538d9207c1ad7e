import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { requirePrograms, run } from '../support/debian-packages.ts'
import { type Gateway, sampleFolder, startGateway, stopGateway } from '../support/gateway.ts'

requirePrograms({ freeDiameterd: 'freediameter', openssl: 'openssl' })

/** freeDiameter wants TLS credentials even when no peer uses TLS. */
function configuration(folder: string, port: number): string {
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')]
  const subject = ['-subj', '/CN=fd.operator.example', '-days', '2']
  run('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', certificate, ...subject])
  const path = join(folder, 'freeDiameter.conf')
  writeFileSync(
    path,
    `Identity = "fd.operator.example";
Realm = "operator.example";
Port = 0;
SecPort = 0;
No_SCTP;
No_IPv6;
ListenOn = "127.0.0.1";
TwTimer = 6;
TLS_Cred = "${certificate}", "${key}";
TLS_CA = "${certificate}";
LoadExtension = "dict_nasreq.fdx";
LoadExtension = "dict_dcca.fdx";
LoadExtension = "dict_dcca_3gpp.fdx";
LoadExtension = "dbg_msg_dumps.fdx" : "0x0080";
ConnectPeer = "ocs.tollgate.example" { ConnectTo = "127.0.0.1"; Port = ${port}; No_TLS; TcTimer = 1; };
`,
  )
  return path
}

/** Resolves when the text has turned up as often as wanted; the tap timeout ends a wait that never does. */
function watch(
  t: Test,
  gateway: Gateway,
): { seen: (pattern: RegExp, times?: number) => Promise<void>; stop: () => Promise<void> } {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-freediameter-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const child = spawn('freeDiameterd', ['-c', configuration(folder, gateway.diameterPort), '-d'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  let output = ''
  const waiting = new Set<() => void>()
  const read = (chunk: Buffer) => {
    output += chunk.toString()
    for (const check of waiting) check()
  }
  child.stdout.on('data', read)
  child.stderr.on('data', read)
  const left = new Promise<void>((done) => child.once('exit', () => done()))
  return {
    seen: (pattern, times = 1) =>
      new Promise((found, failed) => {
        const check = () => {
          if ((output.match(new RegExp(pattern, 'g')) ?? []).length < times) return
          waiting.delete(check)
          found()
        }
        waiting.add(check)
        check()
        left.then(() => failed(new Error(`freeDiameter left before ${pattern}: ${output}`)))
      }),
    stop: () => {
      child.kill('SIGTERM')
      return left
    },
  }
}

t.test('freeDiameter connects, exchanges watchdogs and disconnects', async (t) => {
  const gateway = await startGateway(sampleFolder(t, { diameter_agent: { watchdog_interval: '2s' } }))
  t.teardown(() => stopGateway(gateway))
  const peer = watch(t, gateway)
  await peer.seen(/'STATE_[A-Z_]+'\s*->\s*'STATE_OPEN'.*ocs\.tollgate\.example/)
  t.pass('the peer is open on the side of freeDiameter')
  t.match(gateway.output(), /"originHost":"fd\.operator\.example".*diameter peer connected/)
  await peer.seen(/Device-Watchdog-Request/, 2)
  await peer.seen(/Device-Watchdog-Answer/, 2)
  t.pass('watchdogs are asked and answered')
  await peer.stop()
  t.match(gateway.output(), /"originHost":"fd\.operator\.example".*diameter peer disconnected/)
})
