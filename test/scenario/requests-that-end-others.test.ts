import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { DiameterClient } from '../../src/protocol/diameter/client.ts'
import { Avp, Command, type DiameterMessage } from '../../src/protocol/diameter/message.ts'
import { balances, connectGateway, type Gateway, rpcText, startGateway, stopGateway } from '../support/gateway.ts'

/** Each processor serves one Service-Context-Id; its flags and fields are what the reference engine does not survive. */
const CASES = {
  'authorize-nothing': { flags: ['*authorize', '*accounts'], fields: [] },
  'initiate-nothing': { flags: ['*initiate', '*accounts'], fields: [] },
  'update-nothing': { flags: ['*update', '*accounts'], fields: [] },
  'terminate-nothing': { flags: ['*terminate', '*accounts'], fields: [] },
  'message-nothing': { flags: ['*message', '*accounts'], fields: [] },
  'cdrs-nothing': { flags: ['*cdrs'], fields: [] },
  'last-of-many': { flags: ['*message', '*accounts'], fields: event('*prepaid', 'covered') },
  'uncovered-prepaid': { flags: ['*initiate', '*accounts'], fields: event('*prepaid', 'uncovered') },
  'uncovered-max': { flags: ['*authorize', '*accounts'], fields: event('*prepaid', 'uncovered') },
  'uncovered-rated': { flags: ['*cdrs'], fields: event('*rated', 'uncovered') },
  'uncovered-postpaid': { flags: ['*cdrs'], fields: event('*postpaid', 'uncovered') },
  'late-group-prepaid': { flags: ['*initiate', '*accounts'], fields: event('*prepaid', 'late') },
  'late-group-rated': { flags: ['*cdrs'], fields: event('*rated', 'late') },
  'direct-debit': { flags: ['*cdrs'], fields: event('*directdebit', 'covered') },
} satisfies Readonly<Record<string, { flags: string[]; fields: object[] }>>

function event(requestType: string, destination: string): object[] {
  const constant = (name: string, value: string) => ({ path: `*cgreq.${name}`, type: '*constant', value })
  return [
    constant('ToR', '*data'),
    constant('RequestType', requestType),
    constant('Category', 'data'),
    constant('Destination', destination),
    constant('Usage', '100'),
    { path: '*cgreq.OriginID', value: '~*req.Session-Id' },
    { path: '*cgreq.Account', value: '~*req.Subscription-Id.Subscription-Id-Data[-1]' },
    { path: '*cgreq.SetupTime', type: '*datetime', value: '*now' },
    { path: '*cgreq.AnswerTime', type: '*datetime', value: '*now' },
  ]
}

const TARIFF: Readonly<Record<string, string>> = {
  'Timings.csv': 'ALWAYS,*any,*any,*any,*any,00:00:00\nLONG_AGO,2001,*any,*any,*any,00:00:00\n',
  'Destinations.csv': 'DST_COVERED,covered\nDST_UNCOVERED,uncovered\nDST_LATE,late\n',
  'Rates.csv': 'RT_ONE,0,0.01,1,1,0\nRT_LATE,0,0.01,1,1,60\n',
  'DestinationRates.csv':
    'DR_COVERED,DST_COVERED,RT_ONE,*up,4,0,\nDR_UNCOVERED,DST_UNCOVERED,RT_ONE,*up,4,0,\nDR_LATE,DST_LATE,RT_LATE,*up,4,0,\n',
  'RatingPlans.csv': 'RP_DATA,DR_COVERED,ALWAYS,10\nRP_DATA,DR_UNCOVERED,LONG_AGO,10\nRP_DATA,DR_LATE,ALWAYS,10\n',
  'RatingProfiles.csv':
    'cgrates.org,data,*any,2001-01-01T00:00:00Z,RP_DATA,\ncgrates.org,call,*any,2001-01-01T00:00:00Z,RP_DATA,\n',
  'Chargers.csv': 'cgrates.org,CHG_DEFAULT,,,*default,*none,10\n',
  'Actions.csv': 'ACT_TEN,*topup_reset,,,MONEY,*monetary,,*any,,,*unlimited,,10,10,false,false,10\n',
  'ActionPlans.csv': 'AP_TEN,ACT_TEN,*asap,10\n',
  'AccountActions.csv': 'cgrates.org,1001,AP_TEN,,false,false\n',
}

function writeTariff(folder: string, changes: Readonly<Record<string, string>> = {}): string {
  mkdirSync(folder, { recursive: true })
  for (const [file, rows] of Object.entries({ ...TARIFF, ...changes })) writeFileSync(join(folder, file), rows)
  return folder
}

async function gatewayOf(t: Test): Promise<Gateway> {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  mkdirSync(join(folder, 'config'))
  const conns = ['*internal']
  const config = {
    general: { log_level: 3 },
    data_db: { db_type: '*internal' },
    stor_db: { db_type: '*internal' },
    listen: { rpc_json: '127.0.0.1:0', http: '127.0.0.1:0', rpc_gob: '', birpc_json: '' },
    rals: { enabled: true },
    chargers: { enabled: true },
    cdrs: { enabled: true, rals_conns: conns },
    sessions: { enabled: true, chargers_conns: conns, rals_conns: conns, cdrs_conns: conns },
    apiers: { enabled: true },
    schedulers: { enabled: true },
    diameter_agent: {
      enabled: true,
      listeners: [{ address: '127.0.0.1:0' }],
      sessions_conns: ['*birpc_internal'],
      request_processors: Object.entries(CASES).map(([id, { flags, fields }]) => ({
        id,
        filters: [`*string:~*req.Service-Context-Id:${id}`],
        flags,
        request_fields: fields,
        reply_fields: [
          { type: '*template', value: '*cca' },
          { path: '*rep.Error-Message', value: '~*cgrep.Error' },
          { path: '*rep.User-Name', value: '~*cgrep.MaxUsage{*duration_nanoseconds}' },
        ],
      })),
    },
  }
  writeFileSync(join(folder, 'config', 'tollgate.json'), JSON.stringify(config))
  const gateway = await startGateway(folder, writeTariff(join(folder, 'tariff')))
  t.teardown(() => stopGateway(gateway, 'SIGKILL'))
  return gateway
}

const USER_NAME = 1
const ERROR_MESSAGE = 281
const UNAUTHORIZED = 'RALS_ERROR:UNAUTHORIZED_DESTINATION'

/** One request per row, to one gateway, in this order; error and granted are what `*cgrep` held. */
const REQUESTS: readonly { name: string; id: keyof typeof CASES; error?: string; granted?: string; money: string }[] = [
  {
    name: '07 1.3: *authorize of an empty event',
    id: 'authorize-nothing',
    error: 'MANDATORY_IE_MISSING: [CGREvent]',
    money: '10',
  },
  {
    name: '07 1.3: *initiate of an empty event',
    id: 'initiate-nothing',
    error: 'MANDATORY_IE_MISSING: [CGREvent]',
    money: '10',
  },
  {
    name: '07 1.3: *update of an empty event',
    id: 'update-nothing',
    error: 'MANDATORY_IE_MISSING: [CGREvent]',
    money: '10',
  },
  {
    name: '07 1.3: *terminate of an empty event',
    id: 'terminate-nothing',
    error: 'MANDATORY_IE_MISSING: [CGREvent]',
    money: '10',
  },
  {
    name: '07 1.3: *message of an empty event',
    id: 'message-nothing',
    error: 'MANDATORY_IE_MISSING: [CGREvent]',
    money: '10',
  },
  {
    name: '07 1.3, 05 12.37: *cdrs of an empty event',
    id: 'cdrs-nothing',
    error: 'MANDATORY_IE_MISSING: [Event]',
    money: '10',
  },
  {
    name: '03 4.6.7: a prepaid session in a time that no timing covers',
    id: 'uncovered-prepaid',
    error: UNAUTHORIZED,
    money: '10',
  },
  { name: '03 4.6.7: the longest usage in such a time', id: 'uncovered-max', error: UNAUTHORIZED, money: '10' },
  { name: '03 4.6.7: a *rated CDR of such a time', id: 'uncovered-rated', money: '10' },
  { name: '03 4.6.7: a *postpaid CDR of such a time', id: 'uncovered-postpaid', money: '10' },
  {
    name: '03 4.6.8: a rate without a group at 0, prepaid',
    id: 'late-group-prepaid',
    error: UNAUTHORIZED,
    money: '10',
  },
  { name: '03 4.6.8: a *rated CDR of such a rate', id: 'late-group-rated', money: '10' },
  {
    name: '07 2.4: Name[-1] is the last one, whose account is charged',
    id: 'last-of-many',
    error: '',
    granted: '100',
    money: '9',
  },
  {
    name: '05 9.4: a *directdebit CDR without Cost',
    id: 'direct-debit',
    error: 'MANDATORY_IE_MISSING: [Cost]',
    money: '9',
  },
]

function requestOf(client: DiameterClient, id: string): Buffer {
  const writer = client.begin(Command.CREDIT_CONTROL, 4)
  writer.text(Avp.SESSION_ID, id).text(Avp.ORIGIN_HOST, 'pgw').text(Avp.ORIGIN_REALM, 'operator.example')
  writer.unsigned32(Avp.CC_REQUEST_TYPE, 4).unsigned32(Avp.CC_REQUEST_NUMBER, 0).text(461, id)
  for (const account of ['9999', '1001']) writer.openGroup(443).unsigned32(450, 0).text(444, account).closeGroup()
  return writer.finish()
}

function textOf(message: DiameterMessage, code: number): string | undefined {
  const avp = message.avps.find((each) => each.code === code)
  return avp && message.data(avp).toString()
}

t.test('what ends the reference engine over Diameter is answered, and the next request too', async (t) => {
  const gateway = await gatewayOf(t)
  const client = await connectGateway(gateway.diameterPort)
  for (const { name, id, error, granted, money } of REQUESTS) {
    const answer = await client.send(requestOf(client, id))
    t.equal(answer.unsigned32(Avp.RESULT_CODE), 2001, name)
    t.equal(textOf(answer, ERROR_MESSAGE), error, `${name}: *cgrep.Error`)
    t.equal(textOf(answer, USER_NAME), granted, `${name}: *cgrep.MaxUsage`)
    t.equal((await balances(gateway.httpPort, '1001'))['MONEY'], money, `${name}: the account`)
  }
  const cdrs = JSON.parse(await rpcText(gateway.httpPort, 'CDRsV1.GetCDRs', {})) as {
    result: { OriginID: string; Cost: number; ExtraInfo: string }[]
  }
  t.same(
    cdrs.result.map(({ OriginID, Cost, ExtraInfo }) => [OriginID, Cost, ExtraInfo]),
    [
      ['uncovered-rated', -1, 'UNAUTHORIZED_DESTINATION'],
      ['uncovered-postpaid', -1, 'UNAUTHORIZED_DESTINATION'],
      ['late-group-rated', -1, 'UNAUTHORIZED_DESTINATION'],
    ],
    'a CDR that cannot be rated says why',
  )
  t.match(await rpcText(gateway.httpPort, 'SessionSv1.GetActiveSessions', {}), '"error":"NOT_FOUND"')
  client.destroy()
})

const NOTHING = { Usage: 0, Cost: 0, Charges: [] }
const CALLS: readonly { name: string; method: string; params: unknown[]; result?: object; error?: string }[] = [
  { name: '03 9.19: GetCost of {}', method: 'APIerSv1.GetCost', params: [{}], result: NOTHING },
  { name: '03 9.19: GetCost without parameters', method: 'APIerSv1.GetCost', params: [], result: NOTHING },
  {
    name: '03 4.6.7: GetCost of a time that no timing covers',
    method: 'APIerSv1.GetCost',
    params: [{ Category: 'call', Destination: 'uncovered', Usage: '10s', AnswerTime: '*now' }],
    error: 'SERVER_ERROR: UNAUTHORIZED_DESTINATION',
  },
  {
    name: '03 8: GetCost of a rate without a group at 0',
    method: 'APIerSv1.GetCost',
    params: [{ Category: 'call', Destination: 'late', Usage: '10s', AnswerTime: '*now' }],
    error: 'SERVER_ERROR: UNAUTHORIZED_DESTINATION',
  },
  {
    name: 'GetAccount of {}',
    method: 'APIerSv2.GetAccount',
    params: [{}],
    error: 'NOT_FOUND',
  },
  {
    name: 'LoadTariffPlanFromFolder of {}',
    method: 'APIerSv1.LoadTariffPlanFromFolder',
    params: [{}],
    error: 'MANDATORY_IE_MISSING:FolderPath',
  },
]

/** Tariffs that load there and end the engine when they are used. */
const TARIFFS: readonly { name: string; changes: Readonly<Record<string, string>>; error: RegExp }[] = [
  {
    name: '03 8: *asap as the timing of a rating plan',
    changes: { 'RatingPlans.csv': 'RP_DATA,DR_COVERED,*asap,10\n' },
    error: /RatingPlans\.csv:1: TimingID "\*asap": could not get timing for tag "\*asap"/,
  },
  ...['25:00:00', '08:60:00', '25:61:61'].map((time) => ({
    name: `03 8: ${time} as the time of a rating plan`,
    changes: { 'Timings.csv': `ALWAYS,*any,*any,*any,*any,${time}\n` },
    error: new RegExp(
      `RatingPlans\\.csv:1: TimingID "ALWAYS": timing ALWAYS starts at ${time}, expected a time of day`,
    ),
  })),
  {
    name: '04 12.2: 25:61:61 as the time of an action plan',
    changes: {
      'Timings.csv': `${TARIFF['Timings.csv']}NEVER,*any,*any,*any,*any,25:61:61\n`,
      'ActionPlans.csv': 'AP_TEN,ACT_TEN,NEVER,10\n',
    },
    error: /ActionPlans\.csv:1: .*25:61:61/,
  },
]

t.test('what ends the reference engine over JSON-RPC is answered, and the next call too', async (t) => {
  const gateway = await gatewayOf(t)
  const call = async (method: string, params: unknown[]) => {
    const response = await fetch(`http://127.0.0.1:${gateway.httpPort}/jsonrpc`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ id: 1, method, params }),
    })
    return (await response.json()) as { result: object | null; error: string | null }
  }
  for (const { name, method, params, result, error } of CALLS) {
    const answer = await call(method, params)
    t.equal(answer.error, error ?? null, name)
    if (result !== undefined) t.match(answer.result, result, name)
  }
  for (const [i, { name, changes, error }] of TARIFFS.entries()) {
    const FolderPath = writeTariff(join(gateway.folder, `tariff-${i}`), changes)
    t.match((await call('APIerSv1.LoadTariffPlanFromFolder', [{ FolderPath }])).error, error, name)
  }
  const client = await connectGateway(gateway.diameterPort)
  const answer = await client.send(requestOf(client, 'last-of-many'))
  t.equal(textOf(answer, USER_NAME), '100', 'the tariff in force is the one from before')
  client.destroy()
})
