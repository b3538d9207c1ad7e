import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { loadConfig } from '../../src/config/load-config.ts'
import type { EventFields } from '../../src/core/event.ts'
import { dryRun } from '../../src/engine/dry-run/dry-run.ts'
import { ipv4, pcap, udp4 } from '../support/captures.ts'
import { ROOT, sampleFolder } from '../support/gateway.ts'

const GY = readFileSync(join(ROOT, 'templates/messages/gy-initial.hex'))
const octets = Buffer.from(GY.toString().replace(/^#.*$/m, '').replace(/\s/g, ''), 'hex')

async function report(t: Test, input: Buffer | object, reply?: EventFields, overrides: object = {}): Promise<string> {
  const loaded = await loadConfig(join(sampleFolder(t, overrides), 'config'), {}, join(ROOT, 'config/tollgate.json'))
  const bytes = input instanceof Buffer ? input : Buffer.from(JSON.stringify(input))
  return (await dryRun('diameter', bytes, { loaded, root: ROOT, reply })).join('\n')
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

const processorOf = (more: object) => ({
  diameter_agent: {
    request_processors: [
      { id: 'first', flags: ['*dryrun'], filters: [], request_fields: [], reply_fields: [], ...more },
    ],
  },
})

t.test('a filter of a field that cannot be told is told with its field', async (t) => {
  t.match(
    (
      await told(
        t,
        'diameter',
        processorOf({ request_fields: [{ tag: 'T', path: '*cgreq.X', value: 'a', filters: ['FLTR_STORED'] }] }),
        GY,
      )
    ).join('\n'),
    /T \*cgreq\.X \(\*variable\): FAILS: filter FLTR_STORED: NOT_FOUND:FLTR_STORED\nanswer 5012: NOT_FOUND:FLTR_STORED$/,
  )
})

t.test('02, 2.4: a name that is in no dictionary is told; in a filter it stops the start', async (t) => {
  const processors = (field: object) => processorOf({ request_fields: [field] })
  const value = { tag: 'T', path: '*cgreq.X', value: '~*req.Sesion-Id' }
  t.match(
    (await told(t, 'diameter', processors(value), GY)).join('\n'),
    /T .*: = ""\n +~\*req\.Sesion-Id \(in no dictionary\) ""/,
  )
  const filtered = { ...value, filters: ['*empty:~*req.Subscription-Id.Data:'] }
  await t.rejects(told(t, 'diameter', processors(filtered), GY), {
    message:
      /field T: filters \["\*empty:~\*req\.Subscription-Id\.Data:"\]: Could not find AVP "Data" in the dictionary$/,
  })
})

t.test('02, 5.1: an empty step of a path stops the start', async (t) => {
  const rows: [more: object, message: RegExp][] = [
    [{ tenant: '~*req..Origin-Realm' }, /request processor first: Empty field path $/],
    [
      { filters: ['*string:~*req.:a'] },
      /request processor first: Empty field path {2}for filter <\*string:~\*req\.:a>$/,
    ],
  ]
  for (const [more, message] of rows) await t.rejects(told(t, 'diameter', processorOf(more), GY), { message })
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

/** What a dry run of any agent tells, for a configuration of its own. */
async function told(
  t: Test,
  agent: string,
  config: object,
  input: string | Buffer,
  reply?: EventFields,
): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-dry-run-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'a.json'), JSON.stringify({ general: { default_timezone: 'UTC' }, ...config }))
  const loaded = await loadConfig(folder, {}, join(ROOT, 'config/tollgate.json'))
  return dryRun(agent, Buffer.from(input), { loaded, root: ROOT, reply, file: join(folder, 'in.csv') })
}

const field = (path: string, value: string, more: object = {}) => ({ path, type: '*variable', value, ...more })

t.test('RADIUS: 07 ex. 20 and 22, a challenge, and attributes of a vendor', async (t) => {
  const processor = {
    id: 'challenge',
    filters: ['*string:~*vars.*radReqCode:AccessRequest', '*notexists:~*req.User-Password:'],
    flags: ['*none'],
    request_fields: [field('*cgreq.Account', '~*req.User-Name')],
    reply_fields: [
      field('*rep.*radReplyCode', 'AccessChallenge'),
      field('*rep.Reply-Message', 'Missing User-Password'),
      field('*rep.Microsoft.MS-Service-Class', 'Class1'),
      field('*rep.Microsoft.MS-Service-Class', 'Class2', { type: '*group' }),
    ],
  }
  const input = '{"Code": "AccessRequest", "User-Name": "1001", "Proxy-State": ["a", "b"]}'
  const lines = await told(t, 'radius', { radius_agent: { request_processors: [processor] } }, input, {})
  t.match(lines[0], /^request 1: AccessRequest of \d+ octets$/)
  t.same(lines.slice(1, 5), ['  attributes', '    User-Name 1001', '    Proxy-State a', '    Proxy-State b'])
  const at = lines.findIndex((line) => line.startsWith('answer'))
  t.match(lines.slice(at), [
    /^answer AccessChallenge of \d+ octets$/,
    /^ {2}Message-Authenticator 0x[\da-f]{32}$/,
    '  Reply-Message Missing User-Password',
    '  Microsoft.MS-Service-Class Class1',
    '  Microsoft.MS-Service-Class Class2',
    '  Proxy-State a',
    '  Proxy-State b',
    // Vendor 311, type 42, 8 octets, `Class1`.
    /1a0e000001372a08436c61737331/,
  ])
})

t.test('RADIUS: what cannot be answered is told, and why', async (t) => {
  const agent = (...reply_fields: object[]) => ({
    radius_agent: { request_processors: [{ id: 'p', flags: ['*none'], request_fields: [], reply_fields }] },
  })
  const access = '{"Code": "AccessRequest", "User-Name": "1001"}'
  const rows: [string, object, string, RegExp][] = [
    [
      'an unknown attribute',
      agent(field('*rep.Nothing', 'x')),
      access,
      /Reply-Message DICTIONARY_NOT_FOUND, attributeName: <Nothing>/,
    ],
    [
      'of a vendor',
      agent(field('*rep.Acme.Nothing', 'x')),
      access,
      /DICTIONARY_NOT_FOUND, attributeName: <Nothing>, vendorName: <Acme>/,
    ],
    [
      'a number that is none',
      agent(field('*rep.Session-Timeout', 'abc')),
      access,
      /Reply-Message strconv\.Atoi: parsing "abc": invalid syntax/,
    ],
    [
      'an unknown code',
      agent(field('*rep.*radReplyCode', 'No')),
      access,
      /Reply-Message unsupported packet code name: <No>/,
    ],
    ['a value too long', agent(field('*rep.Reply-Message', 'x'.repeat(254))), access, /^answer AccessReject/m],
    [
      'a template that drops',
      agent(field('*rep.*radReplyCode', '*drop')),
      access,
      /^no answer: the template drops the request$/m,
    ],
    [
      'no processor',
      { radius_agent: { request_processors: [] } },
      access,
      /^no answer: no request processor matches$/m,
    ],
    ['a cut packet', agent(), '01010040aabb', /^no answer: octet 6: a packet of 6 octets, its header has 20$/m],
    [
      'a wrong secret',
      agent(),
      `04010014${'00'.repeat(16)}`,
      /the secret of the configuration is not that of this packet/,
    ],
  ]
  for (const [name, config, input, expected] of rows)
    t.match((await told(t, 'radius', config, input, {})).join('\n'), expected, name)
  t.match(
    (
      await told(
        t,
        'radius',
        { radius_agent: { client_secrets: { '10.0.0.0/8': 'a', '*default': 'b' } } },
        pcap(101, [udp4('10.1.2.3:9', 1813, Buffer.from(`04010014${'00'.repeat(16)}`, 'hex'))]),
      )
    ).join('\n'),
    /^request 1: AccountingRequest of 20 octets from 10\.1\.2\.3:9$/m,
  )
})

t.test('HTTP: a query, XML, JSON and the text of requests go to the entry of their URL', async (t) => {
  const entry = (id: string, url: string, request_payload: string, reply_payload: string, path: string) => ({
    id,
    url,
    request_payload,
    reply_payload,
    request_processors: [
      {
        id: `p_${id}`,
        flags: ['*none'],
        request_fields: [field('*cgreq.Account', path), field('*cgreq.Path', '~*vars.*path')],
        reply_fields: [field('*rep.r.Account', '~*cgreq.Account')],
      },
    ],
  })
  const config = {
    http_agent: [
      entry('url', '/url', '*url', '*text_plain', '~*req.account'),
      entry('xml', '/xml/', '*xml', '*xml', '~*req.a.@id'),
      entry('json', '/json', '*json', '*json', '~*req.a.b[0]'),
    ],
  }
  const run = async (agent: string, input: string) => (await told(t, agent, config, input, {})).join('\n')
  t.match(
    await run('http', 'account=1001&x=1\n?account=1002'),
    /request 1: GET \/\?account=1001&x=1 for url[\s\S]*"Account":"1001"[\s\S]*request 2[\s\S]*r\.Account=1002/,
  )
  t.match(
    await run('http:xml', '<a id="7"/>'),
    /answer 200 of \d+ octets\n {2}Content-Type: text\/xml; charset=utf-8\n[\s\S]*<Account>7<\/Account>/,
  )
  t.match(await run('http:json', '{"a": {"b": ["c"]}}'), /\{"r":\{"Account":"c"\}\}$/)
  const posted =
    'POST /xml/credit?x HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n<a id="8"/>GET /url?account=9 HTTP/1.1\r\n\r\n'
  t.match(
    await run('http', posted),
    /POST \/xml\/credit\?x for xml\n[\s\S]*"Account":"8","Path":"\/xml\/credit"[\s\S]*request 2: GET \/url\?account=9 for url[\s\S]*"Account":"9"/,
  )
  const chunked =
    'POST /json HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"a":\r\nb\r\n{"b":["d"]}\r\n1;x=y\r\n}\r\n0\r\n\r\n'
  t.match(await run('http', chunked), /"Account":"d"/)
  t.match(await run('http:xml', '<a>'), /^answer 200, empty: XML syntax error/m)
  await t.rejects(run('http:no', 'a=1'), { message: 'http_agent "no": expected one of: url, xml, json' })
  await t.rejects(run('http', '1001'), {
    message: /^an HTTP request is its text, a pcap, a query string, XML or JSON, not hexadecimal octets$/,
  })
  await t.rejects(told(t, 'http', {}, 'a=1'), { message: 'the configuration has no http_agent' })
  const wrong = { http_agent: [{ ...entry('a', '/a', '*soap', '*xml', 'x') }] }
  await t.rejects(told(t, 'http', wrong, 'a=1'), { message: /<HTTPAgent> unsupported request payload \*soap/ })
})

t.test('CSV: rows go through the fields of a reader, by number and name', async (t) => {
  const reader = (id: string, more: object = {}) => ({
    id,
    type: '*file_csv',
    flags: ['*cdrs'],
    filters: ['*notstring:~*req.0:skip'],
    tenant: '~*req.Tenant',
    fields: [
      field('*cgreq.Account', '~*req.0'),
      field('*cgreq.Usage', '~*req.Usage;s'),
      field('*cgreq.Line', '~*vars.*fileName;:;~*vars.*fileLineNumber'),
    ],
    ...more,
  })
  const file = ':Account,Usage,Tenant\n1001,5,t.org\nskip,6,t.org\n1002,7,'
  const lines = await told(t, 'csv', { ers: { readers: [reader('r')] } }, file)
  t.match(lines.join('\n'), /^row 1 of 3 columns for reader r\nprocessor r: matches$/m)
  t.match(
    lines.join('\n'),
    /event of tenant t\.org: \{"Account":"1001","Usage":"5s","Line":"in\.csv:1"\}\n {2}calls SessionSv1\.ProcessCDR/,
  )
  t.match(
    lines.join('\n'),
    /processor r: filter \*notstring:~\*req\.0:skip does not pass\nnot processed: no request processor matches/,
  )
  t.match(lines.join('\n'), /event of tenant cgrates\.org: \{"Account":"1002","Usage":"7s","Line":"in\.csv:3"\}/)
  const two = { ers: { readers: [reader('r'), reader('s', { opts: { csvFieldSeparator: ';' } })] } }
  await t.rejects(told(t, 'csv', two, file), { message: 'there are several csv readers: name one of csv:r, csv:s' })
  t.match((await told(t, 'csv:s', two, ':A;Usage;Tenant\n1;2;3'))[0], 'row 1 of 3 columns for reader s')
  await t.rejects(told(t, 'csv:x', two, file), { message: 'csv reader "x": expected one of: r, s' })
  await t.rejects(
    told(t, 'csv', { ers: { readers: [reader('r', { fields: [field('*cgreq.A', 'a;~*req.0{*foo}')] })] } }, file),
    {
      message: /a\.json:1: field \*cgreq\.A: .*<\*foo> \(at character \d+/,
    },
  )
})

t.test('what it cannot map is refused', async (t) => {
  const loaded = await loadConfig(join(sampleFolder(t), 'config'), {}, join(ROOT, 'config/tollgate.json'))
  const request = { loaded, root: ROOT, reply: undefined }
  await t.rejects(dryRun('dns', GY, request), {
    message: 'this version has no agent for DNS queries yet; it has: diameter, radius, http, csv',
  })
  await t.rejects(dryRun('foo', GY, request), { message: 'agent "foo": expected one of: diameter, radius, http, csv' })
  const refused: readonly [input: string, message: string][] = [
    ['', 'the file of messages is empty'],
    ['a=1&b=2', 'a Diameter message is hexadecimal octets, a pcap or JSON, not a query string'],
    ['1001,1002', 'a Diameter message is hexadecimal octets, a pcap or JSON, not a CSV row'],
    ['{"Session', 'JSON messages: '],
    ['[1]', 'JSON messages: expected an object, or a list of objects'],
    ['{"Foo": 1}', 'AVP "Foo" is in no dictionary'],
    ['{"CC-Request-Type": "x"}', 'AVP CC-Request-Type of type Enumerated cannot hold "x"'],
    ['0100001', 'message 1 of hexadecimal octets has 7 digits: the last octet is cut'],
    ['01000018', 'a Diameter message of 4 octets names a length of 24'],
  ]
  for (const [input, message] of refused)
    await t.rejects(dryRun('diameter', Buffer.from(input), request), {
      message: new RegExp(`^${message.replace(/[[\]{}]/g, '.')}`),
    })
})
