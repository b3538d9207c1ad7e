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
import { ROOT } from './support/gateway.ts'
import { contextOf, type EventContext, environmentOf } from './support/mapping.ts'

const FOLDER = join(ROOT, 'templates')

/** A configuration folder that holds one shipped file. */
async function configOf(t: Test, file: string): Promise<LoadedConfig> {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-templates-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  cpSync(join(FOLDER, file), join(folder, file))
  writeFileSync(join(folder, 'a.json'), JSON.stringify({ general: { default_timezone: 'UTC' } }))
  return loadConfig(folder, {}, join(ROOT, 'config/tollgate.json'))
}

type Mapped = { events: EventFields[]; calls: string[]; answer: string[] }

/** What a Diameter template makes of the wire bytes of a message. */
async function mapped(t: Test, file: string, message: string, reply: EventFields): Promise<Mapped> {
  const bytes = readFileSync(join(FOLDER, 'messages', `${message}.hex`))
  const lines = dryRun('diameter', bytes, { loaded: await configOf(t, file), root: ROOT, reply })
  const found = (pattern: RegExp) => lines.flatMap((line) => pattern.exec(line)?.[1] ?? [])
  const answer = lines.slice(lines.findIndex((line) => line.startsWith('answer')) + 1, -1)
  return {
    events: found(/^ {2}event of tenant [^:]+: (\{".*\})$/).map((json) => JSON.parse(json) as EventFields),
    calls: found(/^ {2}calls (S\S+)/),
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

t.test('radius-accounting.json maps an Interim-Update', async (t) => {
  const packet = {
    'Acct-Session-Id': '5F2A',
    'NAS-IP-Address': '10.0.0.9',
    'User-Name': 'alice',
    'Called-Station-Id': 'internet',
    'Event-Timestamp': '1778433729',
    'Acct-Input-Gigawords': '1',
    'Acct-Input-Octets': '10',
    'Acct-Output-Octets': '2000',
  }
  const { request } = await listed(t, 'radius-accounting.json', 'radius_accounting_event', packet)
  t.match(request, {
    OriginID: '5F2A',
    Account: 'alice',
    AnswerTime: '2026-05-10T17:22:09Z',
    TotalUsage: 4_294_969_306,
  })
  await t.rejects(listed(t, 'radius-accounting.json', 'radius_accounting_event', {}), { message: 'NOT_FOUND:OriginID' })
})

t.test('http.json maps a query and its answer', async (t) => {
  const query = Object.fromEntries(new URLSearchParams('id=7&account=%2B491701234567&to=004930901820&seconds=60'))
  const context = await listed(t, 'http.json', 'http_event', query)
  t.match(context.request, { OriginID: '7', Account: '491701234567', Destination: '4930901820', Usage: '60s' })
  context.reply = { Error: '', MaxUsage: 59_900_000_000n }
  const { rep } = await listed(t, 'http.json', 'http_answer', query, context)
  t.same(
    rep.entries.map(({ path, value }) => `${path}=${value}`),
    ['answer.seconds=59'],
  )
})

t.test('csv.json maps a row to an event, and a CDR to a row', async (t) => {
  const row = '8f01,491701234567,+4930901820,2026-05-10 17:22:09,42,voice'.split(',')
  const { request } = await listed(t, 'csv.json', 'csv_cdr_event', Object.fromEntries(row.entries()))
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
