import t from 'tap'
import { balances, rpcText, sampleFolder, startGateway, stopGateway } from '../support/gateway.ts'
import { error, value } from '../support/replies.ts'

const event = (fields: object) => ({
  Tenant: 'cgrates.org',
  ID: 'e',
  Event: {
    ToR: '*sms',
    Category: 'sms',
    RequestType: '*postpaid',
    Account: '1001',
    Destination: '+40123',
    SetupTime: '2026-01-07T17:00:00Z',
    AnswerTime: '2026-01-07T17:00:10Z',
    ...fields,
  },
})
const cdr = (fields: object) => ({ ...event({}).Event, Tenant: 'cgrates.org', RunID: '*default', ...fields })

/** One story: each step goes on from the one before. */
const STEPS: readonly { name: string; call: string; argument: object; reply: string }[] = [
  {
    name: '05 9.3: an event is rated',
    call: 'CDRsV1.ProcessEvent',
    argument: { Flags: ['*rals', '*chargers:false'], ...event({ OriginID: 'o1', Usage: 2 }) },
    reply: value('"OK"'),
  },
  {
    name: '05 9.3: the same again',
    call: 'CDRsV1.ProcessEvent',
    argument: { Flags: ['*rals', '*chargers:false'], ...event({ OriginID: 'o1', Usage: 2 }) },
    reply: error('EXISTS'),
  },
  {
    name: '05 9.3: forked by chargers',
    call: 'CDRsV1.ProcessEvent',
    argument: { Flags: ['*rals', '*chargers'], ...event({ OriginID: 'o2', Usage: 1, Extra: true, OriginHost: 'h' }) },
    reply: value('"OK"'),
  },
  {
    name: '05 9.3: an option for the flag, as text',
    call: 'CDRsV2.ProcessEvents',
    argument: { CGREvents: [event({ OriginID: 'o3', Usage: 1 })], APIOpts: { '*ralS': 'false' } },
    reply: value('"OK"'),
  },
  {
    name: '05 9.3: an option that is no boolean',
    call: 'CDRsV1.ProcessEvent',
    argument: { ...event({ OriginID: 'o4' }), APIOpts: { '*ralS': 'maybe' } },
    reply: error('failed to configure processing args: strconv.ParseBool: parsing "maybe": invalid syntax'),
  },
  {
    name: '05 9.1.3: one duplicate keeps the whole list out',
    call: 'CDRsV1.ProcessEvents',
    argument: {
      Flags: ['*rals'],
      CGREvents: [event({ OriginID: 'o5', Usage: 1 }), event({ OriginID: 'o1', Usage: 1 })],
    },
    reply: error('EXISTS'),
  },
  { name: '05 9.2: no events', call: 'CDRsV1.ProcessEvents', argument: {}, reply: value('"OK"') },
  {
    name: '05 1.1: no event',
    call: 'CDRsV1.ProcessEvent',
    argument: { Tenant: 'cgrates.org' },
    reply: error('PARTIALLY_EXECUTED'),
  },
  {
    name: '05 9.1.4: an event that is no CDR',
    call: 'CDRsV1.ProcessEvent',
    argument: event({ OriginID: 'o6', Usage: 'x' }),
    reply: error('PARTIALLY_EXECUTED'),
  },
  {
    name: '05 9.2: a CDR that is rated already',
    call: 'CDRsV1.ProcessCDR',
    argument: cdr({ OriginID: 'o7', Usage: 5, PreRated: true, Cost: 1.23 }),
    reply: value('"OK"'),
  },
  {
    name: '05 9.2: a text for its usage',
    call: 'CDRsV1.ProcessCDR',
    argument: cdr({ OriginID: 'o8', Usage: '5' }),
    reply: error('json: cannot unmarshal string into Go struct field CDRWithAPIOpts.CDR.Usage of type time.Duration'),
  },
  {
    name: '05 9.2: nothing at all',
    call: 'CDRsV1.ProcessCDR',
    argument: {},
    reply: error('MANDATORY_IE_MISSING: [CGRID OriginID Account]'),
  },
  {
    name: '05 9.2: an external CDR',
    call: 'CDRsV1.ProcessExternalCDR',
    argument: cdr({ OriginID: 'o9', Usage: '3', RequestType: '*rated' }),
    reply: value('"OK"'),
  },
  {
    name: '05 9.4: rating without taking money',
    call: 'CDRsV1.GetCDRsCount',
    argument: { OriginIDs: ['o9'], Costs: [0.15] },
    reply: value('1'),
  },
  {
    name: '05 9.7: exact costs',
    call: 'CDRsV1.GetCDRsCount',
    argument: { ExtraArgs: { MinCost: 0.1, MaxCost: 1.23 } },
    reply: value('2'),
  },
  {
    name: '05 9.7: MinCost 0 with MaxCost -1 are all that are rated',
    call: 'CDRsV1.GetCDRsCount',
    argument: { ExtraArgs: { MinCost: 0, MaxCost: -1 } },
    reply: value('4'),
  },
  {
    name: '05 9.7: MaxCost -1 alone are those that are not',
    call: 'CDRsV1.GetCDRsCount',
    argument: { ExtraArgs: { MaxCost: -1 } },
    reply: value('1'),
  },
  {
    name: '05 9.7: a twin keeps out',
    call: 'CDRsV1.GetCDRsCount',
    argument: { NotOriginIDs: ['o1', 'o2'] },
    reply: value('3'),
  },
  {
    name: '05 9.7: prefixes',
    call: 'CDRsV1.GetCDRsCount',
    argument: { DestinationPrefixes: ['+401', '9'] },
    reply: value('5'),
  },
  {
    name: '05 9.7: extra fields by value',
    call: 'CDRsV1.GetCDRsCount',
    argument: { ExtraFields: { Extra: 'true' } },
    reply: value('1'),
  },
  {
    name: '05 9.7: extra fields that are there',
    call: 'CDRsV1.GetCDRsCount',
    argument: { NotExtraFields: { Extra: '*exists' } },
    reply: value('4'),
  },
  {
    name: '05 9.7: usage, end excluded',
    call: 'CDRsV1.GetCDRsCount',
    argument: { MinUsage: '2', MaxUsage: '5' },
    reply: value('2'),
  },
  {
    name: '05 9.7: times, end excluded',
    call: 'CDRsV1.GetCDRsCount',
    argument: { AnswerTimeStart: '2026-01-07T17:00:10Z', SetupTimeEnd: '2026-01-07T17:00:00Z' },
    reply: value('0'),
  },
  {
    name: '05 9.7: a usage that is none',
    call: 'CDRsV1.GetCDRs',
    argument: { MinUsage: 'zz' },
    reply: error('SERVER_ERROR: time: invalid duration "zz"'),
  },
  {
    name: '05 9.7: an order that is none',
    call: 'CDRsV1.GetCDRs',
    argument: { OrderBy: 'X' },
    reply: error('SERVER_ERROR: Invalid value : X'),
  },
  {
    name: '05 9.7: past the end',
    call: 'CDRsV1.GetCDRs',
    argument: { Offset: 9 },
    reply: error('SERVER_ERROR: NOT_FOUND'),
  },
  { name: '05 9.7: a limit of nothing', call: 'CDRsV1.GetCDRs', argument: { Limit: 0 }, reply: value('[]') },
  {
    name: '05 8: the external form',
    call: 'APIerSv2.GetCDRs',
    argument: { OrderBy: 'Cost;desc', Limit: 1 },
    reply: value(
      '[{"CGRID":"b508779748f77f73af4851f12b870b200505f3ea","RunID":"*default","OrderID":4,"OriginHost":"","Source":"","OriginID":"o7",' +
        '"ToR":"*sms","RequestType":"*postpaid","Tenant":"cgrates.org","Category":"sms","Account":"1001","Subject":"1001",' +
        '"Destination":"+40123","SetupTime":"2026-01-07T17:00:00Z","AnswerTime":"2026-01-07T17:00:10Z","Usage":"5",' +
        '"ExtraFields":{},"CostSource":"","Cost":1.23,"CostDetails":"null","ExtraInfo":"","PreRated":true}]',
    ),
  },
  {
    name: '05 9.6: none for the external form',
    call: 'APIerSv2.GetCDRs',
    argument: { Accounts: ['9'] },
    reply: error('NOT_FOUND'),
  },
  { name: '05 9.6: remove', call: 'APIerSv1.RemoveCDRs', argument: { OriginIDs: ['o7'] }, reply: value('"OK"') },
  {
    name: '05 9.6: remove what is not there',
    call: 'APIerSv1.RemoveCDRs',
    argument: { OriginIDs: ['o7'] },
    reply: error('SERVER_ERROR: NOT_FOUND'),
  },
  { name: '05 9.6: what is left', call: 'APIerSv2.CountCDRs', argument: {}, reply: value('4') },
]

t.test('05 9: CDRs over RPC, step by step', async (t) => {
  const folder = sampleFolder(t, {
    data_db: { db_type: '*internal' },
    stor_db: { db_type: '*internal' },
    cdrs: { chargers_conns: ['*internal'], rals_conns: [], ees_conns: ['*internal'], online_cdr_exports: ['csv'] },
  })
  const gateway = await startGateway(folder)
  t.teardown(() => stopGateway(gateway))
  for (const { name, call, argument, reply } of STEPS)
    t.equal((await rpcText(gateway.httpPort, call, argument)).trimEnd(), reply, name)
  t.same(await balances(gateway.httpPort, '1001'), { MONEY: '9.85' }, '2 and 1 messages at 0.05 were paid')
})

t.test('05 9.3: store_cdrs is what events do not say', async (t) => {
  const inMemory = { data_db: { db_type: '*internal' }, stor_db: { db_type: '*internal' } }
  const gateway = await startGateway(sampleFolder(t, { ...inMemory, cdrs: { store_cdrs: false } }))
  t.teardown(() => stopGateway(gateway))
  const process = (fields: object, flags: readonly string[]) =>
    rpcText(gateway.httpPort, 'CDRsV1.ProcessEvent', {
      Flags: ['*rals', '*chargers:false', ...flags],
      ...event(fields),
    })
  const count = async () => (await rpcText(gateway.httpPort, 'CDRsV1.GetCDRsCount', {})).trimEnd()
  t.equal((await process({ OriginID: 's1', Usage: 1 }, [])).trimEnd(), value('"OK"'))
  t.equal(await count(), value('0'), 'not stored')
  t.equal((await process({ OriginID: 's1', Usage: 1 }, [])).trimEnd(), error('EXISTS'), 'and yet made once')
  t.equal((await process({ OriginID: 's2', Usage: 1 }, ['*store'])).trimEnd(), value('"OK"'))
  t.equal(await count(), value('1'), 'stored by its flag')
  t.same(await balances(gateway.httpPort, '1001'), { MONEY: '9.9' }, 'both were paid')
})
