import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type LoadedConfig, loadConfig } from '../src/config/load-config.ts'
import type { EventFields } from '../src/core/event.ts'
import { dryRun } from '../src/engine/dry-run/dry-run.ts'
import { fieldTemplates } from '../src/engine/field-templates.ts'
import { OrderedEntries } from '../src/mapping/context.ts'
import { compileFieldList } from '../src/mapping/field-plan.ts'
import { pcap, udp4 } from './support/captures.ts'
import { curl } from './support/curl.ts'
import { ROOT } from './support/gateway.ts'
import { contextOf, type EventContext, environmentOf } from './support/mapping.ts'
import { radclient } from './support/radclient.ts'

const FOLDER = join(ROOT, 'templates')

/** A configuration folder that holds one shipped file. */
async function configOf(t: Test, file: string, overrides: object = {}): Promise<LoadedConfig> {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-templates-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  cpSync(join(FOLDER, file), join(folder, file))
  writeFileSync(join(folder, 'a.json'), JSON.stringify({ general: { default_timezone: 'UTC' }, ...overrides }))
  return loadConfig(folder, {}, join(ROOT, 'config/tollgate.json'))
}

/** The events of a dry run. */
function eventsOf(lines: readonly string[]): EventFields[] {
  const events = lines.flatMap((line) => /^ {2}event of tenant [^:]+: (\{.+\})$/.exec(line)?.[1] ?? [])
  return events.map((json) => JSON.parse(json) as EventFields)
}

/** The methods that it would have called. */
function callsOf(lines: readonly string[]): string[] {
  return lines.flatMap((line) => /^ {2}calls (S\S+)/.exec(line)?.[1] ?? [])
}

type Mapped = { events: EventFields[]; calls: string[]; answer: string[] }

/** What a Diameter template makes of the wire bytes of a message. */
async function mapped(t: Test, file: string, message: string, reply: EventFields): Promise<Mapped> {
  const bytes = readFileSync(join(FOLDER, 'messages', `${message}.hex`))
  const lines = await dryRun('diameter', bytes, { loaded: await configOf(t, file), root: ROOT, reply })
  const answer = lines.slice(lines.findIndex((line) => line.startsWith('answer')) + 1, -1)
  return {
    events: eventsOf(lines),
    calls: callsOf(lines),
    answer: answer.map((line) => line.trim()),
  }
}

const GY = {
  ToR: '*data',
  OriginHost: 'pgw.operator.example',
  RequestType: '*prepaid',
  Category: 'data',
  Account: '491701234567',
  SetupTime: '2026-05-10T17:22:09Z',
  AnswerTime: '2026-05-10T17:22:09Z',
  APN: 'internet',
  VisitedMCCMNC: '26201',
  Cell: '36984440',
}
const SESSION = 'pgw.operator.example;1778433729;1'

t.test('gy-data.json maps a CCR-I of two rating groups', async (t) => {
  const { events, calls, answer } = await mapped(t, 'gy-data.json', 'gy-initial', { Error: '', MaxUsage: 5_242_880n })
  t.match(events, [
    { ...GY, OriginID: `${SESSION}_1`, Destination: 'rg1', Usage: '10485760' },
    { ...GY, OriginID: `${SESSION}_10`, Destination: 'rg10' },
  ])
  t.equal(events[1]?.['Usage'], undefined, 'a group that asks without a number gets the default')
  t.same(calls, ['SessionSv1.InitiateSession', 'SessionSv1.InitiateSession'])
  const group = (rating: number, ...more: string[]) => [
    ...[
      'Multiple-Services-Credit-Control',
      `Rating-Group ${rating}`,
      'Granted-Service-Unit',
      'CC-Total-Octets 5242880',
    ],
    ...['Result-Code 2001', 'Validity-Time 3600', ...more],
  ]
  t.same(answer.slice(7), [...group(1, 'Final-Unit-Indication', 'Final-Unit-Action 0'), ...group(10)])
})

t.test('gy-data.json maps a CCR-U and a CCR-T', async (t) => {
  const update = await mapped(t, 'gy-data.json', 'gy-update', { Error: '', MaxUsage: 10_485_760n })
  t.match(update.events, [{ ...GY, Usage: '10485760', LastUsed: '7340032' }])
  t.same(update.calls, ['SessionSv1.UpdateSession'])
  const terminate = await mapped(t, 'gy-data.json', 'gy-terminate', { Error: '' })
  t.match(terminate.events, [{ ...GY, LastUsed: '1048576' }])
  t.equal(terminate.events[0]?.['Usage'], undefined)
  t.same(terminate.calls, ['SessionSv1.TerminateSession', 'SessionSv1.ProcessCDR'])
  t.same(terminate.answer.slice(7), ['Multiple-Services-Credit-Control', 'Rating-Group 1', 'Result-Code 2001'])
})

t.test('gy-data.json says why there is no credit', async (t) => {
  const codes = async (reply: EventFields) =>
    (await mapped(t, 'gy-data.json', 'gy-update', reply)).answer.filter((line) => line.startsWith('Result-Code'))
  t.same(await codes({ Error: '', MaxUsage: 0n }), ['Result-Code 2001', 'Result-Code 4012'])
  t.same(await codes({ Error: 'RALS_ERROR:ACCOUNT_NOT_FOUND' }), ['Result-Code 2001', 'Result-Code 5030'])
  t.same(await codes({ Error: 'RALS_ERROR:UNAUTHORIZED_DESTINATION' }), ['Result-Code 2001', 'Result-Code 5031'])
})

const CALL = {
  ToR: '*voice',
  OriginID: 'scscf.operator.example;1778433729;7',
  OriginHost: 'scscf.operator.example',
  RequestType: '*prepaid',
  Category: 'call',
  Account: '491701234567',
  Destination: '4930901820',
  CallerID: '491701234567',
  CallID: 'b2f0@10.0.0.1',
  ICID: 'icid-1',
  AnswerTime: '2026-05-10T17:22:09Z',
  SetupTime: '2026-05-10T17:22:09Z',
}

t.test('ro-voice.json maps a call', async (t) => {
  const reply = { Error: '', MaxUsage: 90_500_000_000n }
  const initial = await mapped(t, 'ro-voice.json', 'ro-voice-initial', reply)
  t.same(initial.events, [{ ...CALL, Usage: '300s' }])
  t.same(initial.calls, ['SessionSv1.InitiateSession'])
  t.ok(initial.answer.includes('CC-Time 90') && initial.answer.includes('Final-Unit-Action 0'))
  const update = await mapped(t, 'ro-voice.json', 'ro-voice-update', { ...reply, MaxUsage: 300_000_000_000n })
  t.same(update.events, [{ ...CALL, Usage: '300s', LastUsed: '300s' }])
  t.notOk(update.answer.includes('Final-Unit-Action 0'))
  const terminate = await mapped(t, 'ro-voice.json', 'ro-voice-terminate', { Error: '' })
  t.same(terminate.events, [{ ...CALL, LastUsed: '42s' }])
  t.same(terminate.calls, ['SessionSv1.TerminateSession', 'SessionSv1.ProcessCDR'])
  t.ok(terminate.answer.includes('Result-Code 2001'))
})

t.test('ro-sms.json maps a short message', async (t) => {
  const { events, calls, answer } = await mapped(t, 'ro-sms.json', 'ro-sms', { Error: '', MaxUsage: 1n })
  t.match(events, [
    {
      ToR: '*sms',
      Account: '491701234567',
      Destination: '4930901820',
      Usage: '1',
      OriginID: 'smsc.operator.example;1778433729;9_0',
    },
  ])
  t.same(calls, ['SessionSv1.ProcessMessage', 'SessionSv1.ProcessCDR'])
  t.ok(answer.includes('CC-Service-Specific-Units 1'))
  const refused = await mapped(t, 'ro-sms.json', 'ro-sms', { Error: '', MaxUsage: 0n })
  t.ok(refused.answer.includes('Result-Code 4012'))
})

/** Runs a shipped field list over a message object. */
async function listed(
  t: Test,
  file: string,
  id: string,
  message: EventFields,
  context = contextOf(message),
): Promise<EventContext> {
  const { config } = await configOf(t, file)
  const fields = fieldTemplates(config.templates[id] ?? [], id, () => file)
  compileFieldList(fields, { ...environmentOf(), builds: ['*rep', '*exp'] })(context)
  return context
}

t.test('radius-accounting.json maps the packets that radclient sends, and radclient takes the replies', async (t) => {
  const loaded = await configOf(t, 'radius-accounting.json', {
    radius_agent: { client_secrets: { '*default': 'testing123' } },
  })
  const sent = async (...attributes: string[]) => {
    let lines: readonly string[] = []
    const { output } = await radclient('acct', attributes, 'testing123', async (request, remote) => {
      const capture = pcap(101, [udp4(remote, 1813, request)])
      lines = await dryRun('radius', capture, { loaded, root: ROOT, reply: { Error: '', MaxUsage: 0n } })
      return Buffer.from(lines.at(-1)?.trim() ?? '', 'hex')
    })
    t.match(output, /Received Accounting-Response/)
    return { lines, events: eventsOf(lines), calls: callsOf(lines) }
  }
  const session = [
    'Acct-Session-Id = "5F2A"',
    'User-Name = "alice"',
    'NAS-IP-Address = 10.0.0.9',
    'Called-Station-Id = "internet"',
  ]
  const event = {
    ToR: '*data',
    OriginID: '5F2A',
    OriginHost: '10.0.0.9',
    RequestType: '*prepaid',
    Category: 'data',
    Account: 'alice',
    Destination: 'internet',
  }
  const start = await sent('Acct-Status-Type = Start', 'Event-Timestamp = 1778433729', ...session)
  t.same(start.events, [{ ...event, AnswerTime: '2026-05-10T17:22:09Z', SetupTime: '2026-05-10T17:22:09Z' }])
  t.same(start.calls, ['SessionSv1.InitiateSession'])
  t.match(start.lines[0], /^request 1: AccountingRequest of \d+ octets from 127\.0\.0\.1:\d+$/)
  const update = await sent(
    'Acct-Status-Type = Interim-Update',
    'Acct-Input-Gigawords = 1',
    'Acct-Input-Octets = 10',
    'Acct-Output-Octets = 2000',
    ...session,
  )
  t.match(update.events, [{ ...event, TotalUsage: 4_294_969_306 }])
  t.same(update.calls, ['SessionSv1.UpdateSession'])
  const stop = await sent('Acct-Status-Type = Stop', 'Acct-Input-Octets = 10', 'Acct-Output-Octets = 5', ...session)
  t.match(stop.events, [{ ...event, TotalUsage: 15, Usage: '15' }])
  t.same(stop.calls, ['SessionSv1.TerminateSession', 'SessionSv1.ProcessCDR'])
  const on = await sent('Acct-Status-Type = Accounting-On', 'NAS-IP-Address = 10.0.0.9')
  t.ok(on.lines.includes('processor radius_nas: matches') && on.calls.length === 0)
  const without = await dryRun('radius', Buffer.from('{"Acct-Status-Type": "Start", "User-Name": "alice"}'), {
    loaded,
    root: ROOT,
    reply: undefined,
  })
  t.equal(without.at(-1), 'no answer: NOT_FOUND:OriginID')
})

t.test('http.json maps the requests that curl sends, and its answer', async (t) => {
  const loaded = await configOf(t, 'http.json')
  const mapped = async (...args: string[]) => {
    const request = await curl('/credit', args)
    const reply = { Error: '', MaxUsage: 59_900_000_000n }
    const lines = await dryRun('http', request, { loaded, root: ROOT, reply })
    return { events: eventsOf(lines), calls: callsOf(lines), lines }
  }
  const event = { OriginID: '7', Account: '491701234567', Destination: '4930901820', Usage: '60s' }
  const form = [
    '--data-urlencode',
    'account=+491701234567',
    '--data-urlencode',
    'to=004930901820',
    '-d',
    'id=7&seconds=60',
  ]
  const answer = [
    'answer 200 of 81 octets',
    '  Content-Type: text/xml; charset=utf-8',
    '  <?xml version="1.0" encoding="UTF-8"?>',
    '  <answer>',
    '    <seconds>59</seconds>',
    '  </answer>',
  ]
  for (const args of [
    form,
    ['-G', ...form],
    ['-F', 'id=7', '-F', 'account=+491701234567', '-F', 'to=004930901820', '-F', 'seconds=60'],
  ]) {
    const { events, calls, lines } = await mapped(...args)
    t.match(events, [event], args.join(' '))
    t.same(calls, ['SessionSv1.AuthorizeEvent'])
    t.same(lines.slice(-answer.length), answer)
  }
  const { lines } = await mapped('-d', 'id=7')
  t.equal(lines.at(-1), 'answer 200, empty: Empty source value for fieldID: <Account>')
})

t.test('csv.json maps a row to an event, and a CDR to a row', async (t) => {
  const file = [
    '# what the switch says',
    '8f01,491701234567,+4930901820,2026-05-10 17:22:09,42,voice',
    '"8f02","49170123456""7",004930901821,2026-05-10 17:23:09,1,voice',
    '8f03,,004930901821,2026-05-10 17:23:09,1,voice',
  ]
  const lines = await dryRun('csv:csv_cdrs', Buffer.from(file.join('\n')), {
    loaded: await configOf(t, 'csv.json'),
    root: ROOT,
    reply: undefined,
    file: '/spool/cdrs.csv',
  })
  const [request, quoted] = eventsOf(lines)
  t.same(callsOf(lines), ['SessionSv1.ProcessCDR', 'SessionSv1.ProcessCDR'])
  t.match(quoted, { OriginID: '8f02', Account: '49170123456"7', Destination: '4930901821' })
  t.equal(lines.at(-1), 'not processed: Empty source value for fieldID: <Account>')
  t.same(request, {
    ToR: '*voice',
    OriginID: '8f01',
    RequestType: '*rated',
    Account: '491701234567',
    Destination: '4930901820',
    AnswerTime: '2026-05-10T17:22:09Z',
    SetupTime: '2026-05-10T17:22:09Z',
    Usage: '42s',
  })
  const built = new OrderedEntries()
  const cdr = {
    Account: '491701234567',
    Destination: '493090182012345678',
    AnswerTime: '2026-05-10T17:22:09Z',
    Cost: 1.2345,
  }
  await listed(t, 'csv.json', 'csv_cdr_row', cdr, { ...contextOf(cdr), built: { '*exp': built } })
  t.equal(
    built.entries.map(({ value }) => value).join('|'),
    'CDR  |   491701234567|49309018201234x|20260510172209|0000012345|   ',
  )
})

t.test('every shipped file is mapped here', async (t) => {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith('.json'))
  t.same(files.toSorted(), [
    'csv.json',
    'gy-data.json',
    'http.json',
    'radius-accounting.json',
    'ro-sms.json',
    'ro-voice.json',
  ])
})
