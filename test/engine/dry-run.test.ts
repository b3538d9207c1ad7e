import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { loadConfig } from '../../src/config/load-config.ts'
import type { EventFields } from '../../src/core/event.ts'
import { dryRun } from '../../src/engine/dry-run/dry-run.ts'
import { ipv4, pcap } from '../support/captures.ts'
import { ROOT, sampleFolder } from '../support/gateway.ts'

const GY = readFileSync(join(ROOT, 'templates/messages/gy-initial.hex'))
const octets = Buffer.from(GY.toString().replace(/^#.*$/m, '').replace(/\s/g, ''), 'hex')

async function report(t: Test, input: Buffer | object, reply?: EventFields, overrides: object = {}): Promise<string> {
  const loaded = await loadConfig(join(sampleFolder(t, overrides), 'config'), {}, join(ROOT, 'config/tollgate.json'))
  const bytes = input instanceof Buffer ? input : Buffer.from(JSON.stringify(input))
  return dryRun('diameter', bytes, { loaded, root: ROOT, reply }).join('\n')
}

t.test('tells which processor matched, and which filter failed in the others', async (t) => {
  const text = await report(t, GY)
  t.match(text, /^request 1: CCR of 472 octets$/m)
  t.match(text, /^processor initial: matches$/m)
  t.match(text, /^processor update: filter \*string:~\*req\.CC-Request-Type:2 does not pass$/m)
})

t.test('tells every field with its source and value, the event and the call', async (t) => {
  const text = await report(t, GY)
  t.match(
    text,
    /Account \*cgreq\.Account \(\*variable\): = "491701234567"\n +~\*req\.Subscription-Id\.Subscription-Id-Data\[~Subscription-Id-Type\(0\)\] "491701234567"/,
  )
  t.match(text, /LastUsed \*cgreq\.LastUsed \(\*variable\): skipped, its source is not there/)
  t.match(
    text,
    /NoUsage \*cgreq\.Usage \(\*constant\): skipped, filter \*notexists:~\*item\.Requested-Service-Unit: does not pass/,
  )
  t.match(text, /event of tenant cgrates\.org: \{"ToR":"\*data","OriginID":"pgw\.operator\.example;1778433729;1_1",/)
  t.match(text, /calls SessionSv1\.InitiateSession \{"InitSession":true\}/)
  t.notMatch(text, /reply fields/, 'without a reply there is no answer')
})

t.test('given a reply it builds the answer, and tells converter steps', async (t) => {
  const text = await report(t, GY, { Error: '', MaxUsage: 4000n })
  t.match(text, /~\*cgrep\.MaxUsage "4µs" -> \*duration_nanoseconds "4000"/)
  t.match(text, /Rating-Group 1\n +Granted-Service-Unit\n +CC-Total-Octets 4000\n +Result-Code 2001/)
  const refused = await report(t, GY, { Error: 'RALS_ERROR:ACCOUNT_NOT_FOUND' })
  t.match(refused, /Rating-Group 1\n +Result-Code 5030/)
})

t.test('reads a capture and JSON as well', async (t) => {
  const capture = pcap(101, [ipv4(7, octets.subarray(0, 100)), ipv4(107, octets.subarray(100))])
  t.match(await report(t, capture), /^request 1: CCR of 472 octets from 10\.0\.0\.1:40000$/m)
  const request = {
    'Session-Id': 's',
    'Origin-Host': 'pgw',
    'CC-Request-Type': 1,
    'CC-Request-Number': 0,
    'Subscription-Id': { 'Subscription-Id-Type': 0, 'Subscription-Id-Data': '1001' },
    'Multiple-Services-Credit-Control': [{ 'Rating-Group': 1 }, { 'Rating-Group': 2 }],
  }
  const text = await report(t, request)
  t.match(text, /"OriginID":"s_1"[\s\S]*"OriginID":"s_2"/)
})

t.test('a field that fails is told, and so is the answer', async (t) => {
  const text = await report(
    t,
    { 'Session-Id': 's', 'CC-Request-Type': 1, 'Multiple-Services-Credit-Control': { 'Rating-Group': 1 } },
    { Error: '' },
  )
  t.match(text, /CCRequestNumber \*rep\.CC-Request-Number \(\*variable\): FAILS: NOT_FOUND:CCRequestNumber/)
  t.match(text, /answer 5012: NOT_FOUND:CCRequestNumber$/)
})

t.test('a stored filter is none that a dry run reads', async (t) => {
  const processors = [{ id: 'initial', filters: ['FLTR_STORED'] }]
  t.match(
    await report(t, GY, undefined, { diameter_agent: { request_processors: processors } }),
    /processor initial: filter FLTR_STORED \(NOT_FOUND:FLTR_STORED\) does not pass/,
  )
})

t.test('a wrong template is told with file, line, tag and character', async (t) => {
  const processors = [
    { id: 'initial', request_fields: [{ tag: 'T', path: '*cgreq.X', value: 'a;~*req.Session-Id{*foo}' }] },
  ]
  await t.rejects(report(t, GY, undefined, { diameter_agent: { request_processors: processors } }), {
    message: /zz-overrides\.json:1: field T: .*<\*foo> \(at character 20 of "a;~\*req\.Session-Id\{\*foo\}"\)/,
  })
})

t.test('what it cannot map is refused', async (t) => {
  const loaded = await loadConfig(join(sampleFolder(t), 'config'), {}, join(ROOT, 'config/tollgate.json'))
  const request = { loaded, root: ROOT, reply: undefined }
  t.throws(() => dryRun('dns', GY, request), {
    message: 'this version has no agent for DNS queries yet; it has: diameter, radius',
  })
  t.throws(() => dryRun('foo', GY, request), { message: 'agent "foo": expected one of: diameter, radius' })
  const refused: readonly [input: string, message: string][] = [
    ['', 'the file of messages is empty'],
    ['a=1&b=2', 'a Diameter message is hexadecimal octets, a pcap or JSON, not a query string'],
    ['1001,1002', 'a Diameter message is hexadecimal octets, a pcap or JSON, not a CSV row'],
    ['{"Session', 'JSON messages: '],
    ['[1]', 'JSON messages: expected an object, or a list of objects'],
    ['{"Foo": 1}', 'AVP "Foo" is in no dictionary'],
    ['{"CC-Request-Type": "x"}', 'AVP CC-Request-Type of type Enumerated cannot hold "x"'],
    ['01000018', 'a Diameter message of 4 octets names a length of 24'],
  ]
  for (const [input, message] of refused)
    t.throws(() => dryRun('diameter', Buffer.from(input), request), {
      message: new RegExp(`^${message.replace(/[[\]{}]/g, '.')}`),
    })
})
