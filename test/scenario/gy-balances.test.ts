import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { DiameterClient } from '../../src/protocol/diameter/client.ts'
import { Avp, Command } from '../../src/protocol/diameter/message.ts'
import {
  balances,
  cdrCosts,
  connectGateway,
  type Gateway,
  rpcText,
  startGateway,
  stopGateway,
} from '../support/gateway.ts'

/**
 * A kind of usage, under its own Service-Context-Id: how it is counted on the wire, and what pays for it.
 * balance: type and units of the balance that pays before money; wire: what one unit is in the stored account.
 */
type Kind = { toR: string; avp: string; code: number; balance: string | undefined; wire: bigint }
const KINDS: Readonly<Record<string, Kind>> = {
  voice: { toR: '*voice', avp: 'CC-Time', code: 420, balance: '*voice,5s', wire: 1_000_000_000n },
  data: { toR: '*data', avp: 'CC-Total-Octets', code: 421, balance: '*data,5', wire: 1n },
  sms: { toR: '*sms', avp: 'CC-Service-Specific-Units', code: 417, balance: '*sms,5', wire: 1n },
  generic: { toR: '*sms', avp: 'CC-Service-Specific-Units', code: 417, balance: '*generic,5', wire: 1n },
  money: { toR: '*data', avp: 'CC-Total-Octets', code: 421, balance: undefined, wire: 1n },
}

const FLAGS = ['', '*initiate', '*update', '*terminate', '*message'] as const

function processors(kind: string, { toR, avp }: Kind): object[] {
  const constant = (name: string, value: string) => ({ path: `*cgreq.${name}`, type: '*constant', value })
  const suffix = toR === '*voice' ? ';s' : ''
  const requestFields = [
    constant('ToR', toR),
    constant('RequestType', '*prepaid'),
    constant('Category', 'usage'),
    constant('Destination', toR === '*voice' ? 'time' : 'units'),
    { path: '*cgreq.OriginID', value: '~*req.Session-Id' },
    { path: '*cgreq.Account', value: '~*req.Service-Context-Id' },
    { path: '*cgreq.SetupTime', type: '*datetime', value: '*now' },
    { path: '*cgreq.AnswerTime', type: '*datetime', value: '*now' },
    {
      path: '*cgreq.Usage',
      value: `~*req.Requested-Service-Unit.${avp}${suffix}`,
      filters: ['*exists:~*req.Requested-Service-Unit:'],
    },
    {
      path: '*cgreq.LastUsed',
      value: `~*req.Used-Service-Unit.${avp}${suffix}`,
      filters: ['*exists:~*req.Used-Service-Unit:'],
    },
  ]
  return [1, 2, 3, 4].map((type) => ({
    id: `${kind}-${type}`,
    filters: [`*string:~*req.Service-Context-Id:${kind}`, `*string:~*req.CC-Request-Type:${type}`],
    flags: [FLAGS[type], '*accounts', ...(type >= 3 ? ['*cdrs'] : [])],
    request_fields: requestFields,
    reply_fields: [
      { type: '*template', value: '*cca' },
      { path: '*rep.Error-Message', value: '~*cgrep.Error', filters: ['*notempty:~*cgrep.Error:'] },
      {
        path: `*rep.Granted-Service-Unit.${avp}`,
        value: `~*cgrep.MaxUsage{${toR === '*voice' ? '*duration_seconds' : '*duration_nanoseconds'}}`,
        filters: ['*notempty:~*cgrep.MaxUsage:'],
      },
    ],
  }))
}

/** 0.1 a second or unit; each kind has an account of its name. */
function tariff(): Record<string, string> {
  const action = (id: string, balance: string, weight: number) => {
    const [type = '', units = ''] = balance.split(',')
    return `ACT_${id},*topup_reset,,,${type.slice(1)},${type},,*any,,,*unlimited,,${units},${weight},false,false,10\n`
  }
  const kinds = Object.entries(KINDS)
  return {
    'Timings.csv': 'ALWAYS,*any,*any,*any,*any,00:00:00\n',
    'Destinations.csv': 'DST_TIME,time\nDST_UNITS,units\n',
    'Rates.csv': 'RT_TIME,0,0.1,1s,1s,0s\nRT_UNITS,0,0.1,1,1,0\n',
    'DestinationRates.csv': 'DR_TIME,DST_TIME,RT_TIME,*up,4,0,\nDR_UNITS,DST_UNITS,RT_UNITS,*up,4,0,\n',
    'RatingPlans.csv': 'RP,DR_TIME,ALWAYS,10\nRP,DR_UNITS,ALWAYS,10\n',
    'RatingProfiles.csv': 'cgrates.org,usage,*any,2014-01-14T00:00:00Z,RP,\n',
    'Chargers.csv': 'cgrates.org,CHG_DEFAULT,,,*default,*none,10\n',
    'Actions.csv':
      action('MONEY', '*monetary,10', 10) +
      kinds.map(([kind, { balance }]) => (balance === undefined ? '' : action(kind, balance, 20))).join(''),
    'ActionPlans.csv': kinds
      .map(
        ([kind, { balance }]) =>
          `AP_${kind},ACT_MONEY,*asap,10\n${balance === undefined ? '' : `AP_${kind},ACT_${kind},*asap,10\n`}`,
      )
      .join(''),
    'AccountActions.csv': kinds.map(([kind]) => `cgrates.org,${kind},AP_${kind},,false,false\n`).join(''),
  }
}

async function gatewayOf(t: Test): Promise<Gateway> {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  for (const name of ['config', 'tariff']) mkdirSync(join(folder, name))
  for (const [file, rows] of Object.entries(tariff())) writeFileSync(join(folder, 'tariff', file), rows)
  const conns = ['*internal']
  const config = {
    general: { log_level: 3 },
    data_db: { db_type: '*internal' },
    stor_db: { db_type: '*internal' },
    listen: { rpc_json: '', http: '127.0.0.1:0', rpc_gob: '', birpc_json: '' },
    rals: { enabled: true },
    chargers: { enabled: true },
    cdrs: { enabled: true },
    sessions: { enabled: true, chargers_conns: conns, rals_conns: conns, cdrs_conns: conns },
    apiers: { enabled: true },
    schedulers: { enabled: true },
    diameter_agent: {
      enabled: true,
      listeners: [{ address: '127.0.0.1:0' }],
      sessions_conns: ['*birpc_internal'],
      request_processors: Object.entries(KINDS).flatMap(([kind, each]) => processors(kind, each)),
    },
  }
  writeFileSync(join(folder, 'config', 'tollgate.json'), JSON.stringify(config))
  const gateway = await startGateway(folder, join(folder, 'tariff'))
  t.teardown(() => stopGateway(gateway, 'SIGKILL'))
  return gateway
}

/** Sends a CCR of that kind; the units that it grants. */
async function grantOf(
  client: DiameterClient,
  kind: string,
  { type, number, requested, used }: { type: number; number: number; requested?: number; used?: number },
): Promise<number | undefined> {
  const { code } = KINDS[kind] ?? { code: 0 }
  const writer = client.begin(Command.CREDIT_CONTROL, 4)
  writer
    .text(Avp.SESSION_ID, `${kind};${type === 4 ? 'event' : 'session'}`)
    .text(Avp.ORIGIN_HOST, 'pgw')
    .text(Avp.ORIGIN_REALM, 'r')
  writer.unsigned32(Avp.CC_REQUEST_TYPE, type).unsigned32(Avp.CC_REQUEST_NUMBER, number).text(461, kind)
  const units = (group: number, count: number | undefined) => {
    if (count === undefined) return
    writer.openGroup(group)
    if (code === 420) writer.unsigned32(code, count)
    else writer.unsigned64(code, BigInt(count))
    writer.closeGroup()
  }
  units(437, requested)
  units(446, used)
  const answer = await client.send(writer.finish())
  const grant = answer.avps.find((avp) => avp.code === 431)
  const [granted] = grant === undefined ? [] : answer.group(grant)
  if (granted === undefined) return undefined
  return code === 420
    ? answer.bytes.readUInt32BE(granted.dataStart)
    : Number(answer.bytes.readBigUInt64BE(granted.dataStart))
}

/** Requests in order, with what each grants and leaves of the 5 units and of the 10 of money; without units money pays all. */
const STEPS = [
  {
    name: 'CCR-I asks for 3',
    request: { type: 1, number: 0, requested: 3 },
    granted: 3,
    units: 2,
    money: '10',
    only: '9.7',
  },
  {
    name: 'CCR-U has used 3 and asks for 4: 2 units and money',
    request: { type: 2, number: 1, requested: 4, used: 3 },
    granted: 4,
    units: 0,
    money: '9.8',
    only: '9.3',
  },
  {
    name: 'CCR-T has used 1: what 3 have cost goes back where it came from',
    request: { type: 3, number: 2, used: 1 },
    granted: undefined,
    units: 1,
    money: '10',
    only: '9.6',
  },
  {
    name: 'CCR-E asks for 3: 1 unit and money',
    request: { type: 4, number: 0, requested: 3 },
    granted: 3,
    units: 0,
    money: '9.8',
    only: '9.3',
  },
]

t.test('every kind of balance pays a session and an event over CCR', async (t) => {
  const gateway = await gatewayOf(t)
  const client = await connectGateway(gateway.diameterPort)
  for (const [kind, { balance, wire }] of Object.entries(KINDS)) {
    for (const { name, request, granted, units, money, only } of STEPS) {
      const isMoney = balance === undefined
      t.equal(await grantOf(client, kind, request), granted, `${kind}: ${name}`)
      const held = await balances(gateway.httpPort, kind)
      t.equal(held['monetary'], isMoney ? only : money, `${kind}: ${name}: money`)
      if (!isMoney)
        t.equal(held[balance.split(',')[0]?.slice(1) ?? ''], String(BigInt(units) * wire), `${kind}: ${name}: units`)
    }
    const costs = await cdrCosts(gateway.httpPort, { Accounts: [kind] })
    t.same(
      costs.map(String),
      balance === undefined ? ['0.4', '0.3'] : ['0', '0.2'],
      `${kind}: CDRs of the session and of the event`,
    )
    t.match(await rpcText(gateway.httpPort, 'CDRsV1.GetCDRs', { Accounts: [kind] }), `"Usage":${4n * wire},`)
  }
  client.destroy()
})
