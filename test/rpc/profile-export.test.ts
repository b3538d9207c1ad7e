import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { startGateway, stopGateway } from '../support/gateway.ts'
import { accountFolder, callText } from '../support/rpc-steps.ts'

const OK = '{"id":1,"result":"OK","error":null}'
const error = (text: string) => JSON.stringify({ id: 1, result: null, error: text })
const TIMES = { ActivationTime: '2024-01-01T00:00:00Z', ExpiryTime: '2034-01-01T00:00:00Z' }
const FROM = { ActivationTime: '2024-01-01T00:00:00Z' }
const MATCHED = { FilterIDs: ['F1', '*string:~*req.A:b|c'], ActivationInterval: TIMES }

/** One object of each kind with every field, and what is hard to say in a cell. */
const OBJECTS: readonly { kind: string; object: object }[] = [
  {
    kind: 'Filter',
    object: {
      ID: 'F1',
      Rules: [
        { Type: '*string', Element: '~*req.Account', Values: ['1001', '1002'] },
        { Type: '*prefix', Element: '~*req.Destination', Values: ['40'] },
      ],
      ActivationInterval: TIMES,
    },
  },
  { kind: 'Filter', object: { ID: 'F0', Rules: [{ Type: '*exists', Element: '~*req.A' }], ActivationInterval: FROM } },
  { kind: 'Filter', object: { Tenant: 'other.org', ID: 'F0', Rules: [{ Type: '*exists', Element: '~*req.A' }] } },
  {
    kind: 'ChargerProfile',
    object: {
      ID: 'C1',
      ...MATCHED,
      RunID: 'run',
      AttributeIDs: ['*constant:*req.X:1;*constant:*req.Y:2', '*constant:*req.Z:"3", quoted'],
      Weight: 5.5,
    },
  },
  {
    kind: 'AttributeProfile',
    object: {
      ID: 'A1',
      Contexts: ['*sessions', '*cdrs'],
      ...MATCHED,
      Attributes: [
        {
          FilterIDs: ['*exists:~*req.B:'],
          Path: '*req.X',
          Type: '*variable',
          Value: [{ Rules: '~*req.Y' }, { Rules: 'z' }],
        },
        { FilterIDs: [], Path: '*req.W', Type: '*constant', Value: [{ Rules: 'w, "w"' }] },
      ],
      Blocker: true,
      Weight: 20,
    },
  },
  {
    kind: 'ResourceProfile',
    object: {
      ID: 'R1',
      ...MATCHED,
      UsageTTL: 5_400_000_000_000,
      Limit: 2.5,
      AllocationMessage: 'granted',
      Blocker: true,
      Stored: true,
      Weight: 10,
      ThresholdIDs: ['T1', 'T2'],
    },
  },
  {
    kind: 'StatQueueProfile',
    object: {
      ID: 'S1',
      ...MATCHED,
      QueueLength: 100,
      TTL: 1_000_000_000,
      MinItems: 2,
      Metrics: [{ MetricID: '*acd' }, { MetricID: '*sum#~*req.Cost', FilterIDs: ['*gt:~*req.Cost:0'] }],
      Stored: true,
      Blocker: true,
      Weight: 30,
      ThresholdIDs: ['*none'],
    },
  },
  {
    kind: 'ThresholdProfile',
    object: {
      ID: 'T1',
      ...MATCHED,
      MaxHits: -1,
      MinHits: 3,
      MinSleep: 1_500_000_000,
      Blocker: true,
      Weight: 10,
      ActionIDs: ['ACT_1', 'ACT_2'],
      Async: true,
      EeIDs: ['E1'],
    },
  },
  {
    kind: 'TrendProfile',
    object: {
      ID: 'TR1',
      Schedule: '@every 1h',
      StatID: 'S1',
      Metrics: ['*acd', '*tcd'],
      TTL: 3_600_000_000_000,
      QueueLength: 5,
      MinItems: 1,
      CorrelationType: '*average',
      Tolerance: 2.5,
      Stored: true,
      ThresholdIDs: ['T1'],
    },
  },
  {
    kind: 'RankingProfile',
    object: {
      ID: 'RK1',
      Schedule: '0 * * * *',
      StatIDs: ['S1', 'S2'],
      MetricIDs: ['*acd'],
      Sorting: '*desc',
      SortingParameters: ['*acd', '*tcd:false'],
      Stored: true,
      ThresholdIDs: ['T1'],
    },
  },
  {
    kind: 'RouteProfile',
    object: {
      ID: 'RT1',
      ...MATCHED,
      Sorting: '*weight',
      SortingParameters: ['*acd'],
      Routes: [
        { ID: 'r1', FilterIDs: ['*exists:~*req.B:'], RatingPlanIDs: ['RP1', 'RP2'], Weight: 10, Blocker: true },
        { ID: 'r2', AccountIDs: ['1'], ResourceIDs: ['R1'], StatIDs: ['S1'], Weight: 5, RouteParameters: 'a;b' },
      ],
      Weight: 7,
    },
  },
  {
    kind: 'DispatcherProfile',
    object: {
      ID: 'D1',
      Subsystems: ['*sessions'],
      ...MATCHED,
      Strategy: '*load',
      StrategyParams: { 0: '*default_ratio:2' },
      Weight: 4,
      Hosts: [
        { ID: 'H1', FilterIDs: [], Weight: 3, Params: { '*ratio': '1' }, Blocker: true },
        { ID: 'H2', FilterIDs: ['*exists:~*req.B:'], Weight: 1, Params: {}, Blocker: false },
      ],
    },
  },
  {
    kind: 'DispatcherHost',
    object: {
      ID: 'H1',
      Address: '127.0.0.1:2012',
      Transport: '*json',
      ConnectAttempts: 2,
      Reconnects: 3,
      MaxReconnectInterval: 1_000_000_000,
      ConnectTimeout: 60_000_000_000,
      ReplyTimeout: 90_000_000_000,
      TLS: true,
      ClientKey: 'k',
      ClientCertificate: 'c',
      CaCertificate: 'ca',
    },
  },
  {
    kind: 'IPProfile',
    object: {
      ID: 'IP1',
      ...MATCHED,
      Weight: 2,
      TTL: 60_000_000_000,
      Stored: true,
      Pools: [
        {
          ID: 'P1',
          FilterIDs: ['*exists:~*req.B:'],
          Type: '*ipv4',
          Range: '10.0.0.1/32',
          Strategy: '*ascending',
          Message: 'here',
          Weight: 1,
          Blocker: true,
        },
      ],
    },
  },
]

/** As the reference engine writes them. Reference 10, C9. */
const FILTERS = `#Tenant,ID,Type,Element,Values,ActivationInterval
cgrates.org,F0,*exists,~*req.A,,2024-01-01T00:00:00Z;0001-01-01T00:00:00Z
cgrates.org,F1,*string,~*req.Account,1001;1002,2024-01-01T00:00:00Z;2034-01-01T00:00:00Z
cgrates.org,F1,*prefix,~*req.Destination,40,2024-01-01T00:00:00Z;2034-01-01T00:00:00Z
other.org,F0,*exists,~*req.A,,
`

t.test('10 C9: what is exported loads into the same objects', async (t) => {
  const source = await startGateway(accountFolder(t), null)
  t.teardown(() => stopGateway(source))
  const target = await startGateway(accountFolder(t), null)
  t.teardown(() => stopGateway(target))
  for (const { kind, object } of OBJECTS) t.equal(await callText(source, `APIerSv1.Set${kind}`, object), OK, kind)
  const folder = join(source.folder, 'exported/deep')
  const again = join(source.folder, 'again')
  t.equal(await callText(source, 'APIerSv1.ExportToFolder', { Path: folder }), OK)
  t.equal(readFileSync(join(folder, 'Filters.csv'), 'utf8'), FILTERS)
  t.equal(readdirSync(folder).length, 12, 'a file of each kind')

  t.equal(await callText(target, 'APIerSv1.LoadTariffPlanFromFolder', { FolderPath: folder }), OK)
  for (const { kind, object } of OBJECTS) {
    const named = { Tenant: 'cgrates.org', ...object }
    const wanted = await callText(source, `APIerSv1.Get${kind}`, named)
    const empty = (text: string) => text.replaceAll(/"(FilterIDs|\w+IDs)":(\[\]|null)/g, '"$1":-')
    t.equal(empty(await callText(target, `APIerSv1.Get${kind}`, named)), empty(wanted), kind)
  }
  t.equal(await callText(target, 'APIerSv1.ExportToFolder', { Path: again }), OK)
  for (const file of readdirSync(folder))
    t.equal(readFileSync(join(again, file), 'utf8'), readFileSync(join(folder, file), 'utf8'), file)
})

t.test('10 C9: items, and what is refused', async (t) => {
  const gateway = await startGateway(accountFolder(t), null)
  t.teardown(() => stopGateway(gateway))
  const call = (argument: object) => callText(gateway, 'APIerSv1.ExportToFolder', argument)
  const folder = join(gateway.folder, 'exported')
  t.equal(await call({ Path: folder }), OK)
  t.notOk(existsSync(folder), 'nothing to export')
  for (const { kind, object } of OBJECTS.slice(0, 4)) await callText(gateway, `APIerSv1.Set${kind}`, object)
  t.equal(await call({ Path: folder, Items: ['*chargers', '*trends'] }), OK)
  t.same(readdirSync(folder), ['Chargers.csv'])
  t.equal(await call({ Items: ['*filters'] }), error('MANDATORY_IE_MISSING: [Path]'))
  t.match(await call({ Path: folder, Items: ['*junk'] }), 'expected some of *attributes *chargers')
  t.match(await call({ Path: join(folder, 'Chargers.csv'), Items: ['*filters'] }), 'SERVER_ERROR: ')
  t.match(readFileSync(join(folder, 'Chargers.csv'), 'utf8'), 'cgrates.org,C1,')
})
