import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { loadConfig } from '../../src/config/load-config.ts'
import { dryRun } from '../../src/engine/dry-run/dry-run.ts'
import { pcap, udp4 } from '../support/captures.ts'
import { requirePrograms, run } from '../support/debian-packages.ts'
import { ROOT } from '../support/gateway.ts'
import { radclient } from '../support/radclient.ts'

requirePrograms({ tshark: 'tshark' })

const SECRET = 'testing123'
const CLIENT_PORT = 40_000
const field = (path: string, value: string, more: object = {}) => ({
  path: `*rep.${path}`,
  type: '*variable',
  value,
  ...more,
})

t.test('tshark decodes the replies that templates make without a malformed mark', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-tshark-radius-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const processors = [
    {
      id: 'auth',
      flags: ['*none'],
      request_fields: [],
      reply_fields: [
        field('Reply-Message', 'welcome'),
        field('Framed-IP-Address', '10.1.2.3'),
        field('Session-Timeout', '3600'),
        field('Framed-IPv6-Prefix', '2001:db8:2::/48'),
        field('Tunnel-Type', ':1:3'),
        field('Tunnel-Password', ':1:open sesame'),
        field('Class', '~*req.State'),
        field('Microsoft.MS-Service-Class', 'gold'),
        field('Microsoft.MS-MPPE-Send-Key', 'sixteen octets!!'),
        field('SAML-Protocol', 'x'.repeat(600)),
      ],
    },
  ]
  const config = { radius_agent: { client_secrets: { '*default': SECRET }, request_processors: processors } }
  writeFileSync(join(folder, 'a.json'), JSON.stringify(config))
  const loaded = await loadConfig(folder, {}, join(ROOT, 'config/tollgate.json'))
  let reply = Buffer.alloc(0)
  const attributes = ['User-Name = "alice"', 'User-Password = "secret"', 'State = 0xff00c3', 'Proxy-State = 0x0102']
  const { request, output } = await radclient('auth', attributes, SECRET, async (octets) => {
    const lines = await dryRun('radius', Buffer.from(octets.toString('hex')), { loaded, root: ROOT, reply: {} })
    reply = Buffer.from(lines.at(-1)?.trim() ?? '', 'hex')
    return reply
  })
  t.match(output, /Received Access-Accept/)
  t.match(output, /Class = 0xff00c3/, 'octets that are no text come back as they were')
  const file = join(folder, 'radius.pcap')
  const frames = [udp4(`127.0.0.1:${CLIENT_PORT}`, 1812, request), udp4('127.0.0.1:1812', CLIENT_PORT, reply)]
  writeFileSync(file, pcap(101, frames))
  const options = ['-r', file, '-o', `radius.shared_secret:${SECRET}`, '-o', 'radius.validate_authenticator:TRUE']
  const fields = (...names: string[]) =>
    run('tshark', [...options, '-Y', 'radius.code == 2', '-T', 'fields', ...names.flatMap((name) => ['-e', name])])
      .trim()
      .split('\t')
  t.equal(
    run('tshark', [...options, '-Y', '_ws.malformed || _ws.expert.severity >= "Warning"']),
    '',
    'nothing is malformed',
  )
  t.same(fields('radius.Framed-IP-Address', 'radius.Session_Timeout', 'radius.Reply_Message'), [
    '10.1.2.3',
    '3600',
    'welcome',
  ])
  const [valid = '', proxyState] = fields('radius.authenticator.valid', 'radius.Proxy_State')
  t.match(valid, /^(?:1|True)$/, 'versions print it differently')
  t.equal(proxyState, '0102')
})
