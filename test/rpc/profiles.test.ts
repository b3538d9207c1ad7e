import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { describedRegistry } from '../../src/commands/methods.ts'
import { Connections } from '../../src/rpc/client/connections.ts'
import { PROFILE_KINDS } from '../../src/rpc/shapes/profile-kinds.ts'
import { engineOf } from '../support/engine.ts'
import { hostSettings, poolsOf } from '../support/rpc-hosts.ts'
import { callText, ratedGateway } from '../support/rpc-steps.ts'

/** A tariff folder. files: rows by file. */
function tariffOf(t: Test, files: Readonly<Record<string, string>>): { FolderPath: string } {
  const FolderPath = t.testdir()
  mkdirSync(FolderPath, { recursive: true })
  for (const [file, rows] of Object.entries(files)) writeFileSync(join(FolderPath, `${file}.csv`), rows)
  return { FolderPath }
}

const T = 'cgrates.org'

/** A folder with files of every kind; the profiles are what the reference engine makes of it. */
const FILES = {
  Filters: `${T},FLT,*string,~*req.Account,1001;1002,\n`,
  Attributes: `#Tenant,ID,Contexts,FilterIDs,ActivationInterval,AttributeFilterIDs,Path,Type,Value,Blocker,Weight
${T},A1,*sessions;*cdrs,FLT,2014-07-14T14:35:00Z,,*req.X,*constant,a;b,false,20
${T},A1,,,,*string:~*req.A:1;*string:~*req.B:2,*req.Y,*variable,~*req.Z:s/a/b/,true,
${T},A2,,,,,,,,,
${T},A3,,,2014-07-14T14:35:00Z;2015-07-14T14:35:00Z,,*req.X,,v,true,10
${T},A3,,,,,*req.V,*constant,,,
`,
  Resources: `${T},R1,FLT;*string:~*req.A:1,,1h,7,ok,true,true,20,T1;T2
${T},R1,*string:~*req.B:1,,,,,,,,T3
${T},R2,,,,,,,,,
`,
  IPs: `${T},I1,FLT,2014-07-14T14:35:00Z,1h,true,10,P1,*string:~*req.A:1,*ipv4,172.16.1.1/32,*ascending,msg,15,true
${T},I1,,,,,,P1,*string:~*req.A:1,*ipv6,172.16.1.2/32,*x,msg2,16,false
${T},I1,,,,,,P2,,,,,,,
`,
  Stats: `${T},S1,FLT,,100,1s,2,*asr;*acd,*string:~*req.A:1;*string:~*req.B:1,true,false,20,T1
${T},S1,,,,,,*sum#~*req.Cost,,,true,,T2
`,
  Trends: `${T},TR1,@every 1s,Stats1,*acc;*tcc,-1,-1,1,*last,10.5,true,T1\n`,
  Rankings: `${T},RK1,@every 1s,S1;S2,*acc,*asc,*acc;*pdd:false,true,T1
${T},RK1,,S3;S1,,,*acc;*zzz,,
`,
  Thresholds: `${T},TH1,FLT,,-1,1,1s,true,20,ACT1;ACT2,true,EE1
${T},TH1,,,5,6,7s,false,30,ACT3,false,
${T},TH2,,,,,,,,,,
`,
  Routes: `${T},RT1,FLT,,*lc,p2;p1,r1,*string:~*req.A:1,A1;A2,RP1,RES1,ST1,10,true,param,20
${T},RT1,,,,,r1,*string:~*req.A:1,A3,RP2,,,11,false,other,
${T},RT1,,,,,r1,,A4,,,,5,,,
`,
  DispatcherProfiles: `${T},D1,*sessions;*cdrs,FLT,,*weight,*default_ratio:1;x,H1,*string:~*req.A:1,10,true,*ratio:1;b;c:d:e,20
${T},D1,,,,*random,y,H1,,5,false,*ratio:2,
${T},D1,,,,,,H2,,,,,
${T},D2,,,,,,,,,,,
`,
  DispatcherHosts: `${T},H1,127.0.0.1:2012,*gob,1,3,5s,1s,2s,true,k,c,ca
${T},H2,127.0.0.1:2012,,,,,,,,,,
${T},H3,,,,,,,,,,,
`,
}

const OPEN = '"ActivationInterval":null'
const SINCE = '"ActivationInterval":{"ActivationTime":"2014-07-14T14:35:00Z","ExpiryTime":"0001-01-01T00:00:00Z"}'
const IN_2014 = '"ActivationInterval":{"ActivationTime":"2014-07-14T14:35:00Z","ExpiryTime":"2015-07-14T14:35:00Z"}'

/** What each profile of FILES reads as, behind its tenant and id. */
const LOADED: readonly [name: string, id: string, fields: string][] = [
  [
    'AttributeProfile',
    'A1',
    `"Contexts":["*sessions","*cdrs"],"FilterIDs":["FLT"],${SINCE},"Attributes":[{"FilterIDs":[],"Path":"*req.X","Type":"*constant","Value":[{"Rules":"a"},{"Rules":"b"}]},{"FilterIDs":["*string:~*req.A:1","*string:~*req.B:2"],"Path":"*req.Y","Type":"*variable","Value":[{"Rules":"~*req.Z:s/a/b/"}]}],"Blocker":false,"Weight":20`,
  ],
  ['AttributeProfile', 'A2', `"Contexts":["*any"],"FilterIDs":[],${OPEN},"Attributes":[],"Blocker":false,"Weight":0`],
  [
    'AttributeProfile',
    'A3',
    `"Contexts":["*any"],"FilterIDs":[],${IN_2014},"Attributes":[{"FilterIDs":[],"Path":"*req.X","Type":"","Value":[{"Rules":"v"}]},{"FilterIDs":[],"Path":"*req.V","Type":"*constant","Value":null}],"Blocker":true,"Weight":10`,
  ],
  [
    'ResourceProfile',
    'R1',
    `"FilterIDs":["FLT","*string:~*req.A:1","*string:~*req.B:1"],${OPEN},"UsageTTL":3600000000000,"Limit":7,"AllocationMessage":"ok","Blocker":false,"Stored":false,"Weight":20,"ThresholdIDs":["T1","T2","T3"]`,
  ],
  [
    'ResourceProfile',
    'R2',
    `"FilterIDs":[],${OPEN},"UsageTTL":0,"Limit":0,"AllocationMessage":"","Blocker":false,"Stored":false,"Weight":0,"ThresholdIDs":[]`,
  ],
  [
    'IPProfile',
    'I1',
    `"FilterIDs":["FLT"],${SINCE},"Weight":10,"TTL":3600000000000,"Stored":true,"Pools":[{"ID":"P1","FilterIDs":["*string:~*req.A:1"],"Type":"*ipv4","Range":"172.16.1.1/32","Strategy":"*ascending","Message":"msg","Weight":15,"Blocker":true},{"ID":"P2","FilterIDs":null,"Type":"","Range":"","Strategy":"","Message":"","Weight":0,"Blocker":false}]`,
  ],
  [
    'StatQueueProfile',
    'S1',
    `"FilterIDs":["FLT"],${OPEN},"QueueLength":100,"TTL":1000000000,"MinItems":2,"Metrics":[{"FilterIDs":["*string:~*req.A:1","*string:~*req.B:1"],"MetricID":"*asr"},{"FilterIDs":["*string:~*req.A:1","*string:~*req.B:1"],"MetricID":"*acd"},{"FilterIDs":null,"MetricID":"*sum#~*req.Cost"}],"Stored":true,"Blocker":true,"Weight":20,"ThresholdIDs":["T1","T2"]`,
  ],
  [
    'TrendProfile',
    'TR1',
    '"Schedule":"@every 1s","StatID":"Stats1","Metrics":["*acc","*tcc"],"TTL":-1,"QueueLength":-1,"MinItems":1,"CorrelationType":"*last","Tolerance":10.5,"Stored":true,"ThresholdIDs":["T1"]',
  ],
  [
    'RankingProfile',
    'RK1',
    '"Schedule":"@every 1s","StatIDs":["S1","S2","S3"],"MetricIDs":["*acc"],"Sorting":"*asc","SortingParameters":["*acc","*pdd:false","*zzz"],"Stored":true,"ThresholdIDs":["T1"]',
  ],
  [
    'ThresholdProfile',
    'TH1',
    `"FilterIDs":["FLT"],${OPEN},"MaxHits":-1,"MinHits":1,"MinSleep":1000000000,"Blocker":true,"Weight":30,"ActionIDs":["ACT1","ACT2","ACT3"],"Async":true,"EeIDs":["EE1"]`,
  ],
  [
    'ThresholdProfile',
    'TH2',
    `"FilterIDs":[],${OPEN},"MaxHits":0,"MinHits":0,"MinSleep":0,"Blocker":false,"Weight":0,"ActionIDs":[],"Async":false,"EeIDs":null`,
  ],
  [
    'RouteProfile',
    'RT1',
    `"FilterIDs":["FLT"],${OPEN},"Sorting":"*lc","SortingParameters":["p2","p1"],"Routes":[{"ID":"r1","FilterIDs":["*string:~*req.A:1"],"AccountIDs":["A1","A2","A3"],"RatingPlanIDs":["RP1","RP2"],"ResourceIDs":["RES1"],"StatIDs":["ST1"],"Weight":10,"Blocker":true,"RouteParameters":"param"},{"ID":"r1","FilterIDs":null,"AccountIDs":["A4"],"RatingPlanIDs":null,"ResourceIDs":null,"StatIDs":null,"Weight":5,"Blocker":false,"RouteParameters":""}],"Weight":20`,
  ],
  [
    'DispatcherProfile',
    'D1',
    `"Subsystems":["*sessions","*cdrs"],"FilterIDs":["FLT"],${OPEN},"Strategy":"*random","StrategyParams":{"0":"*default_ratio:1","1":"x","2":"y"},"Weight":20,"Hosts":[{"ID":"H1","FilterIDs":["*string:~*req.A:1"],"Weight":10,"Params":{"1":"b","*ratio":"2","c":"d:e"},"Blocker":true},{"ID":"H2","FilterIDs":[],"Weight":0,"Params":{},"Blocker":false}]`,
  ],
  [
    'DispatcherProfile',
    'D2',
    `"Subsystems":["*any"],"FilterIDs":[],${OPEN},"Strategy":"","StrategyParams":{},"Weight":0,"Hosts":[]`,
  ],
  [
    'DispatcherHost',
    'H1',
    '"Address":"127.0.0.1:2012","Transport":"*gob","ConnectAttempts":1,"Reconnects":3,"MaxReconnectInterval":5000000000,"ConnectTimeout":1000000000,"ReplyTimeout":2000000000,"TLS":true,"ClientKey":"k","ClientCertificate":"c","CaCertificate":"ca"',
  ],
  [
    'DispatcherHost',
    'H2',
    '"Address":"127.0.0.1:2012","Transport":"*json","ConnectAttempts":0,"Reconnects":0,"MaxReconnectInterval":0,"ConnectTimeout":0,"ReplyTimeout":0,"TLS":false,"ClientKey":"","ClientCertificate":"","CaCertificate":""',
  ],
]

t.test('06, 1.5: a folder loads whole, stays, and is removed whole', async (t) => {
  const folder = tariffOf(t, FILES)
  const before = await engineOf(t)
  t.equal(await before.call('APIerSv1.LoadTariffPlanFromFolder', folder), '"OK"')
  t.equal(await before.call('APIerSv1.GetDispatcherHost', { ID: 'H3' }), 'DSP_HOST_NOT_FOUND', 'no address')
  t.equal(
    await before.call('APIerSv1.GetFilterIndexes', { ItemType: '*thresholds' }),
    '["*none:*any:*any:TH2","*string:*req.Account:1001:TH1","*string:*req.Account:1002:TH1"]',
  )
  await before.engine.close()

  const { engine, call } = await engineOf(t, before.folder)
  t.teardown(() => engine.close())
  for (const [name, id, fields] of LOADED)
    t.equal(await call(`APIerSv1.Get${name}`, { ID: id }), `{"Tenant":"${T}","ID":"${id}",${fields}}`, `${name} ${id}`)
  t.match(engine.profiles.counts(), { Attributes: 3, Thresholds: 2, DispatcherHosts: 2 })

  t.match(
    await call('APIerSv1.RemoveFilter', { ID: 'FLT' }),
    /"\*attribute_filter_indexes":\{"A1":\{\}\},"\*dispatcher_filter_indexes":\{"D1":\{\}\},"\*ip_filter_indexes"/,
  )
  t.equal(await call('APIerSv1.SetResourceProfile', { ID: 'KEPT', FilterIDs: ['FLT'] }), '"OK"')
  t.match(
    await call('APIerSv1.RemoveTPFromFolder', folder),
    /cannot remove filter <cgrates.org:FLT>: KEPT of Resources names it/,
  )
  t.match(await call('APIerSv1.GetAttributeProfile', { ID: 'A1' }), /"ID":"A1"/, 'nothing was removed')
  t.equal(await call('APIerSv1.RemoveResourceProfile', { ID: 'KEPT' }), '"OK"')
  t.equal(await call('APIerSv1.RemoveTPFromFolder', folder), '"OK"')
  for (const [name, id] of LOADED) t.match(await call(`APIerSv1.Get${name}`, { ID: id }), /NOT_FOUND$/, `${name} ${id}`)
  t.equal(await call('APIerSv1.GetFilter', { ID: 'FLT' }), 'NOT_FOUND')
})

const REFUSED: readonly [file: string, row: string, error: RegExp][] = [
  ['Resources', `${T},R,,,1x,,,,,,`, /Resources\.csv:1: Resources cgrates\.org:R: UsageTTL: time: unknown unit "x"/],
  ['Resources', `${T},R,,,,*unlimited,,,,,`, /Limit: strconv\.ParseFloat: parsing "\*unlimited": invalid syntax/],
  ['Resources', `${T},R,,,,,,maybe,,,`, /Resources\.csv:1: Blocker "maybe": invalid value, expected true or false/],
  ['Resources', `${T},R,,,,,,,,heavy,`, /Weight "heavy": invalid value, expected a number/],
  ['Resources', `${T},R,NONE,,,,,,,,`, /broken reference to filter: <NONE> for item with ID: cgrates\.org:R/],
  ['Resources', `${T},R,*string:a,,,,,,,,`, /broken reference to filter: <\*string:a>/],
  [
    'Resources',
    `${T},R,,,`,
    /wrong number of fields: 5, expected 11 \(Tenant,ID,FilterIDs,ActivationInterval,UsageTTL/,
  ],
  ['Resources', `${T},R,,yesterday's,,,,,,,`, /ActivationInterval: ActivationTime: /],
  ['Thresholds', `${T},T,,,1.5,,,,,,,`, /MaxHits "1\.5": invalid value, expected a whole number/],
  ['Stats', `${T},S,,,,,,*foo,,,,,`, /Stats cgrates\.org:S: unsupported metric type <\*foo>/],
  ['Attributes', `${T},A,,,,,*req.X,,a;;b,,`, /Attributes cgrates\.org:A: emtpy RSRParser in rule: <>/],
  ['Attributes', `${T},A,,,,,*req.X,,~*req.A{*bad},,`, /unsupported converter definition: <\*bad>/],
  ['Chargers', `${T},C,,,r,*none,heavy`, /Chargers\.csv:1: Weight "heavy": invalid value, expected a number/],
]

t.test('06, 1.5: a bad cell ends the load, and nothing is loaded', async (t) => {
  const { engine, call } = await engineOf(t)
  t.teardown(() => engine.close())
  for (const [file, row, error] of REFUSED) {
    const folder = tariffOf(t, { ...FILES, [file]: `${row}\n` })
    t.match(await call('APIerSv1.LoadTariffPlanFromFolder', folder), error, row)
    t.equal(await call('APIerSv1.GetRankingProfile', { ID: 'RK1' }), 'NOT_FOUND', 'nothing is loaded')
  }
})

t.test('a metric that is refused is not stored', async (t) => {
  const { engine, call } = await engineOf(t)
  t.teardown(() => engine.close())
  const profile = { ID: 'S', Metrics: [{ MetricID: '*foo' }] }
  t.equal(await call('APIerSv1.SetStatQueueProfile', profile), 'SERVER_ERROR: unsupported metric type <*foo>')
  t.equal(await call('APIerSv1.GetStatQueueProfile', { ID: 'S' }), 'NOT_FOUND')
})

t.test('01, 7.5: profiles of every kind over gob', async (t) => {
  const gateway = await ratedGateway(t)
  const host = hostSettings(`127.0.0.1:${gateway.gobPort}`, { transport: '*gob' })
  const known = describedRegistry()
  const nobody = async () => {
    throw new Error('not in this process')
  }
  const connections = new Connections(poolsOf('*first', host), 2, nobody, (name) => known.shapesOf(name))
  t.teardown(() => connections.close())
  const client = connections.client(['pool'])
  for (const name of Object.keys(PROFILE_KINDS)) {
    const given = {
      Tenant: 'gob.example',
      ID: 'P',
      FilterIDs: ['*string:~*req.Account:1001'],
      ActivationInterval: { ActivationTime: '2026-01-01T00:00:00Z', ExpiryTime: '2027-01-01T00:00:00Z' },
      Attributes: [{ FilterIDs: ['*exists:~*req.A:'], Path: '*req.A', Type: '*constant', Value: [{ Rules: 'v' }] }],
      Metrics: name === 'TrendProfile' ? ['*acc'] : [{ MetricID: '*acd', FilterIDs: ['*exists:~*req.A:'] }],
      Address: '10.0.0.1:2012',
      ReplyTimeout: 2_000_000_000,
      UsageTTL: 3_600_000_000_000,
      Limit: 7.5,
      Pools: [{ ID: 'P1', Weight: 2.5, Blocker: true }],
      Routes: [{ ID: 'R', AccountIDs: ['1001'], Weight: 1 }],
      StrategyParams: { '*default_ratio': '1' },
      Hosts: [{ ID: 'H', Params: { '*ratio': '2' } }],
    }
    t.equal(await client.call(`APIerSv1.Set${name}`, given), 'OK', name)
    const named = { Tenant: 'gob.example', ID: 'P' }
    const { result } = JSON.parse(await callText(gateway, `APIerSv1.Get${name}`, named)) as { result: object }
    t.match(JSON.parse(JSON.stringify(await client.call(`APIerSv1.Get${name}`, named))), withValues(result), name)
    t.match(result, { ...named, ...shared(given, result) }, name)
    t.equal(await client.call(`APIerSv1.Remove${name}`, named), 'OK', name)
  }
})

/** Fields of a reply that gob sends: those that are not empty. */
function withValues(result: object): object {
  return Object.fromEntries(Object.entries(result).filter(([, value]) => value !== null && value?.length !== 0))
}

/** Those of the fields given that the kind has. */
function shared(given: object, result: object): object {
  return Object.fromEntries(Object.entries(given).filter(([name]) => Object.hasOwn(result, name)))
}
