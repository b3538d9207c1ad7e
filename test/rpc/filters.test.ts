import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { EventValue } from '../../src/core/event.ts'
import { eventJson } from '../../src/core/event-values.ts'
import { NOBODY } from '../../src/rpc/method.ts'
import { buildRegistry } from '../../src/rpc/methods/all.ts'
import { DEFAULTS, engineOf } from '../support/engine.ts'
import { sampleFolder } from '../support/gateway.ts'
import { startServer } from '../support/rpc-hosts.ts'

const rule = (Type: string, Element: string, ...Values: string[]) => ({ Type, Element, Values })
const filter = (...Rules: object[]) => ({ Tenant: 'cgrates.org', ID: 'F1', Rules })
const charger = (ID: string, more: object = {}) => ({ ID, RunID: 'r', AttributeIDs: ['*none'], ...more })
const SET = 'APIerSv1.SetFilter'
const GET = 'APIerSv1.GetFilter'

/** Answers of the reference engine to the same calls, in this order. `#`: an address that it prints, here the filter. */
const STEPS: readonly (readonly [call: string, argument: object, answer: string])[] = [
  [SET, filter(rule('*string', '~*req.X', '')), 'SERVER_ERROR: emtpy RSRParser in rule: <>'],
  [SET, filter(rule('*string', '', 'a')), 'SERVER_ERROR: empty RSRParser in rule: <>'],
  [SET, filter(rule('*string', '~*req..X', 'a')), 'SERVER_ERROR: Empty field path  for filter <F1>'],
  [SET, filter(rule('*empty', '~*req.X', 'v')), 'SERVER_ERROR: value of filter <F1> is not empty <v>'],
  [SET, filter(rule('*exists', '~*req.X', '')), 'SERVER_ERROR: value of filter <F1> is not empty <>'],
  [
    SET,
    filter(rule('*string', '~*req.X{*len', 'a')),
    'SERVER_ERROR: invalid converter terminator in rule: <~*req.X{*len>',
  ],
  [SET, filter(rule('*regex', '~*req.X', '(')), 'SERVER_ERROR: error parsing regexp: missing closing ): `(`'],
  [SET, filter(rule('*rsr', '~*req.X', '~(')), 'SERVER_ERROR: error parsing regexp: missing closing ): `(`'],
  [SET, { Tenant: 'cgrates.org' }, 'MANDATORY_IE_MISSING: [ID]'],
  ['APIerSv1.GetFilterIDs', {}, 'NOT_FOUND'],
  [SET, filter(rule('*nope', '~*req.X', 'a')), '"OK"'],
  [SET, filter(), '"OK"'],
  [GET, { ID: 'F1' }, '{"Tenant":"cgrates.org","ID":"F1","Rules":[],"ActivationInterval":null}'],
  [
    SET,
    { ...filter(rule('*string', '~*req.X', 'a')), ActivationInterval: { ActivationTime: '2014-07-14T14:25:00Z' } },
    '"OK"',
  ],
  [
    GET,
    { ID: 'F1' },
    '{"Tenant":"cgrates.org","ID":"F1","Rules":[{"Type":"*string","Element":"~*req.X","Values":["a"]}],' +
      '"ActivationInterval":{"ActivationTime":"2014-07-14T14:25:00Z","ExpiryTime":"0001-01-01T00:00:00Z"}}',
  ],
  [
    GET,
    { Tenant: 'cgrates.org', ID: '*string:~*req.X:a|b' },
    '{"Tenant":"cgrates.org","ID":"*string:~*req.X:a|b","Rules":[{"Type":"*string","Element":"~*req.X","Values":["a","b"]}],' +
      '"ActivationInterval":null}',
  ],
  [GET, { ID: '*string:~*req.X' }, 'SERVER_ERROR: inline parse error for string: <*string:~*req.X>'],
  [GET, { ID: '' }, 'MANDATORY_IE_MISSING: [ID]'],
  [GET, { ID: 'nn' }, 'NOT_FOUND'],
  ['APIerSv1.GetFilterIDs', {}, '["F1"]'],
  ['APIerSv1.GetFilterIDs', { Search: 'F' }, '["F1"]'],
  ['APIerSv1.GetFilterIDs', { Search: '1' }, '["F1"]'],
  ['APIerSv1.GetFilterIDs', { Limit: 1, Offset: 5 }, 'null'],
  [
    'APIerSv1.SetChargerProfile',
    charger('C1', { FilterIDs: ['F1', '*string:~*req.Account:1001|1002', '*prefix:~*req.Dest:10'] }),
    '"OK"',
  ],
  ['APIerSv1.SetChargerProfile', charger('C2'), '"OK"'],
  ['APIerSv1.SetChargerProfile', charger('C3', { FilterIDs: ['*gt:~*req.U:5'], Weight: 5 }), '"OK"'],
  [
    'APIerSv1.GetFilterIndexes',
    { ItemType: '*chargers' },
    '["*none:*any:*any:C2","*prefix:*req.Dest:10:C1","*string:*req.Account:1001:C1","*string:*req.Account:1002:C1","*string:*req.X:a:C1"]',
  ],
  ['APIerSv1.GetFilterIndexes', { ItemType: '*chargers', FilterType: '*pre' }, '["*prefix:*req.Dest:10:C1"]'],
  [
    'APIerSv1.GetFilterIndexes',
    { ItemType: '*chargers', FilterField: '*req.Account', FilterValue: '100' },
    '["*string:*req.Account:1001:C1","*string:*req.Account:1002:C1"]',
  ],
  ['APIerSv1.GetFilterIndexes', { ItemType: '*chargers', Limit: 1, Offset: 1 }, '["*prefix:*req.Dest:10:C1"]'],
  ['APIerSv1.GetFilterIndexes', { ItemType: '*chargers', Offset: 30 }, 'null'],
  ['APIerSv1.GetFilterIndexes', { ItemType: '*chargers', Tenant: 'x' }, 'NOT_FOUND'],
  ['APIerSv1.GetFilterIndexes', { ItemType: '*thresholds' }, 'NOT_FOUND'],
  ['APIerSv1.GetFilterIndexes', { ItemType: '*attributes' }, 'MANDATORY_IE_MISSING: [Context]'],
  ['APIerSv1.GetFilterIndexes', {}, 'MANDATORY_IE_MISSING: [ItemType]'],
  [
    'APIerSv1.RemoveFilter',
    { ID: 'F1' },
    'SERVER_ERROR: cannot remove filter <cgrates.org:F1> because will broken the reference to following items: ' +
      '{"*charger_filter_indexes":{"C1":{}}}',
  ],
  ['APIerSv1.RemoveFilter', { ID: 'zz' }, 'NOT_FOUND'],
  ['APIerSv1.RemoveFilter', { ID: '' }, 'MANDATORY_IE_MISSING: [ID]'],
  [
    'APIerSv1.GetChargerProfile',
    { ID: 'C3' },
    '{"Tenant":"cgrates.org","ID":"C3","FilterIDs":["*gt:~*req.U:5"],"ActivationInterval":null,"RunID":"r","AttributeIDs":["*none"],"Weight":5}',
  ],
  [
    'APIerSv1.GetChargerProfile',
    { ID: 'C2' },
    '{"Tenant":"cgrates.org","ID":"C2","FilterIDs":null,"ActivationInterval":null,"RunID":"r","AttributeIDs":["*none"],"Weight":0}',
  ],
  ['APIerSv1.GetChargerProfile', { ID: '' }, 'MANDATORY_IE_MISSING: [ID]'],
  ['APIerSv1.GetChargerProfile', { ID: 'none' }, 'NOT_FOUND'],
  ['APIerSv1.GetChargerProfileIDs', {}, '["C1","C2","C3"]'],
  ['APIerSv1.GetChargerProfileIDs', { Search: '2' }, '["C2"]'],
  [
    'APIerSv1.SetChargerProfile',
    charger('C4', { FilterIDs: ['F2'] }),
    'SERVER_ERROR: broken reference to filter: <F2> for item with ID: cgrates.org:C4',
  ],
  [
    'APIerSv1.SetChargerProfile',
    charger('C4', { FilterIDs: ['*string:~*req..X:a'] }),
    'SERVER_ERROR: Empty field path  for filter <*string:~*req..X:a> for item with ID: cgrates.org:C4',
  ],
  ['APIerSv1.SetChargerProfile', charger(''), 'MANDATORY_IE_MISSING: [ID]'],
  ['APIerSv1.SetChargerProfile', charger('C4', { FilterIDs: ['*nope:~*req.X:a'] }), '"OK"'],
  [
    'ChargerSv1.GetChargersForEvent',
    { Event: { Account: '1001' } },
    '[{"Tenant":"cgrates.org","ID":"C2","FilterIDs":null,"ActivationInterval":null,"RunID":"r","AttributeIDs":["*none"],"Weight":0}]',
  ],
  [
    'ChargerSv1.ProcessEvent',
    { Tenant: 'cgrates.org', ID: 'e', Event: { Account: '1001' } },
    '[{"ChargerSProfile":"C2","AttributeSProfiles":null,"AlteredFields":["*req.RunID"],"CGREvent":{"Tenant":"cgrates.org","ID":"e",' +
      '"Time":null,"Event":{"Account":"1001","RunID":"r"},"APIOpts":{"*subsys":"*chargers"}}}]',
  ],
  ['ChargerSv1.ProcessEvent', { ID: 'e' }, 'MANDATORY_IE_MISSING: [Event]'],
  ['ChargerSv1.ProcessEvent', { Tenant: 'nope', Event: { A: 1 } }, 'NOT_FOUND'],
  [SET, filter(rule('*prefix', '~*req.Acc', '1001')), '"OK"'],
  ['APIerSv1.GetFilterIndexes', { ItemType: '*chargers', FilterField: '*req.X' }, 'NOT_FOUND'],
  ['APIerSv1.GetFilterIndexes', { ItemType: '*chargers', FilterField: '*req.Acc:' }, '["*prefix:*req.Acc:1001:C1"]'],
  ['APIerSv1.RemoveFilterIndexes', { ItemType: '*chargers' }, '"OK"'],
  ['APIerSv1.RemoveFilterIndexes', {}, 'MANDATORY_IE_MISSING: [ItemType]'],
  ['APIerSv1.ComputeFilterIndexes', { ChargerS: true }, '"OK"'],
  ['APIerSv1.ComputeFilterIndexIDs', { ChargerIDs: ['C2'] }, '"OK"'],
  [
    'APIerSv1.GetChargersIndexesHealth',
    {},
    '{"MissingObjects":[],"MissingIndexes":{},"BrokenIndexes":{},"MissingFilters":{}}',
  ],
  ['APIerSv1.GetReverseFilterHealth', {}, '{}'],
  ['APIerSv1.RemoveChargerProfile', { ID: 'C1' }, '"OK"'],
  ['APIerSv1.RemoveChargerProfile', { ID: 'C1' }, 'NOT_FOUND'],
  ['APIerSv1.RemoveChargerProfile', { ID: '' }, 'MANDATORY_IE_MISSING: [ID]'],
  ['APIerSv1.RemoveFilter', { ID: 'F1' }, '"OK"'],
  ['APIerSv1.GetFilterIndexes', { ItemType: '*chargers' }, '["*none:*any:*any:C2"]'],
]

t.test('02, 6.1 and 05, 3: filters and chargers over the API', async (t) => {
  const { engine, call } = await engineOf(t)
  t.teardown(() => engine.close())
  for (const [name, argument, answer] of STEPS)
    t.equal(await call(name, argument), answer, `${name} ${JSON.stringify(argument)}`)
})

t.test('05, 3.3: inline attributes, with the options of the run', async (t) => {
  const { engine, call } = await engineOf(t)
  t.teardown(() => engine.close())
  const AttributeIDs = ['*constant:*req.RequestType:*rated;*constant:*req.Category:call']
  await call('APIerSv1.SetChargerProfile', { ID: 'Charger2', RunID: '*default', AttributeIDs })
  t.equal(
    await call('ChargerSv1.ProcessEvent', {
      ID: 'event1',
      Event: { Account: '1007' },
      APIOpts: { '*context': 'simpleauth' },
    }),
    '[{"ChargerSProfile":"Charger2","AttributeSProfiles":["*constant:*req.RequestType:*rated;*constant:*req.Category:call"],' +
      '"AlteredFields":["*req.RunID","*req.RequestType","*req.Category"],"CGREvent":{"Tenant":"cgrates.org","ID":"event1","Time":null,' +
      '"Event":{"Account":"1007","Category":"call","RequestType":"*rated","RunID":"*default"},"APIOpts":{' +
      '"*attrProfileIDs":["*constant:*req.RequestType:*rated;*constant:*req.Category:call"],"*context":"simpleauth",' +
      '"*subsys":"*chargers"}}}]',
  )
})

t.test(
  '05, 11: attributes of a charger without attributes_conns: inline ones are computed, others need one',
  async (t) => {
    const { engine, call } = await engineOf(t)
    t.teardown(() => engine.close())
    const runOf = async (...AttributeIDs: string[]) => {
      await call('APIerSv1.SetChargerProfile', { ID: 'C', RunID: 'r', AttributeIDs })
      return call('ChargerSv1.ProcessEvent', { ID: 'e', Event: { A: '5' } })
    }
    t.match(await runOf('*sum:*req.A:~*req.A&1', '*constant:*req.B:2'), /"Event":\{"A":"6","B":"2","RunID":"r"\}/)
    t.match(await runOf('*variable:*req.A:~*req.Nope'), /"AttributeSProfiles":\[\],.*"Event":\{"A":"5","RunID":"r"\}/)
    t.match(await runOf(), /"AttributeSProfiles":\[\],.*"Event":\{"A":"5","RunID":"r"\}/)
    t.equal(await runOf('ATTR_1'), 'SERVER_ERROR: MANDATORY_IE_MISSING: [connIDs]')
    t.equal(await runOf('*sum:*req.A:x'), 'SERVER_ERROR: SERVER_ERROR: NotEnoughParameters')
    t.equal(await runOf('*wrong:x'), 'SERVER_ERROR: SERVER_ERROR: inline parse error for string: <*wrong:x>')
  },
)

t.test('what is set is there when the store is opened again; so is what a folder brings', async (t) => {
  const first = await engineOf(t)
  const tariff = join(first.folder, 'tariff')
  mkdirSync(tariff)
  const files = {
    'Filters.csv': [
      '#Tenant,ID,Type,Element,Values,ActivationInterval',
      'cgrates.org,VIP,*string,~*req.Account,1001;1002,2014-07-14T14:25:00Z',
      'cgrates.org,VIP,*string,~*req.Account,1003,',
      'cgrates.org,VIP,*prefix,~*req.Destination,49;~*req.<~*req.A;~*req.B>,',
    ].join('\n'),
    'Chargers.csv': [
      'cgrates.org,CHG,VIP,2014-07-14T14:25:00Z;*unlimited,run,*constant:*req.A:1;*constant:*req.B:2,10',
      'cgrates.org,CHG,*string:~*req.ToR:*voice,,,*constant:*req.C:3,',
    ].join('\n'),
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(tariff, name), text)
  await first.engine.tariff.load(tariff)
  await first.call(SET, { ID: 'F:1/é', Rules: [rule('*string', '~*req.X', 'a;b', '|')] })
  await first.call('APIerSv1.SetChargerProfile', charger('C:1', { FilterIDs: ['F:1/é', '*string:~*req.X:a;b'] }))
  await first.call(SET, { ID: 'GONE' })
  await first.call('APIerSv1.RemoveFilter', { ID: 'GONE' })
  const questions: [string, object][] = [
    ['APIerSv1.GetFilterIDs', {}],
    ['APIerSv1.GetChargerProfileIDs', {}],
    [GET, { ID: 'VIP' }],
    [GET, { ID: 'F:1/é' }],
    ['APIerSv1.GetChargerProfile', { ID: 'CHG' }],
    ['APIerSv1.GetChargerProfile', { ID: 'C:1' }],
    ['APIerSv1.GetFilterIndexes', { ItemType: '*chargers' }],
    ['ChargerSv1.GetChargersForEvent', { Event: { X: 'a;b' } }],
  ]
  const answers = await Promise.all(questions.map(([name, argument]) => first.call(name, argument)))
  t.equal(answers[0], '["F:1/é","VIP"]')
  t.equal(
    answers[2],
    '{"Tenant":"cgrates.org","ID":"VIP","Rules":[{"Type":"*string","Element":"~*req.Account","Values":["1001","1002","1003"]},' +
      '{"Type":"*prefix","Element":"~*req.Destination","Values":["49","~*req.<~*req.A;~*req.B>"]}],' +
      '"ActivationInterval":{"ActivationTime":"2014-07-14T14:25:00Z","ExpiryTime":"0001-01-01T00:00:00Z"}}',
  )
  t.equal(
    answers[4],
    '{"Tenant":"cgrates.org","ID":"CHG","FilterIDs":["VIP","*string:~*req.ToR:*voice"],' +
      '"ActivationInterval":{"ActivationTime":"2014-07-14T14:25:00Z","ExpiryTime":"0001-01-01T00:00:00Z"},"RunID":"run",' +
      '"AttributeIDs":["*constant:*req.A:1;*constant:*req.B:2","*constant:*req.C:3"],"Weight":10}',
  )
  t.match(answers[7], /"ID":"C:1"/)
  await first.engine.close()
  const second = await engineOf(t, first.folder)
  t.teardown(() => second.engine.close())
  t.same(await Promise.all(questions.map(([name, argument]) => second.call(name, argument))), answers)
})

t.test('what is wrong in a file stops its load, with the place; nothing of it is taken', async (t) => {
  const { engine, folder, call } = await engineOf(t)
  t.teardown(() => engine.close())
  const tariff = join(folder, 'tariff')
  mkdirSync(tariff)
  const rows: readonly (readonly [file: string, row: string, message: RegExp])[] = [
    ['Filters.csv', 'cgrates.org,F,*nope,~*req.A,1,', /Filters\.csv:1: Filters cgrates\.org:F: NOT_IMPLEMENTED:\*nope/],
    [
      'Filters.csv',
      'cgrates.org,F,*regex,~*req.A,(,',
      /Filters\.csv:1: .*error parsing regexp: missing closing \): `\(`/,
    ],
    ['Filters.csv', 'cgrates.org,F,*string,~*req.A,1,soon', /Filters\.csv:1: .*Unsupported time format/],
    ['Chargers.csv', 'cgrates.org,C,F9,,r,*none,1', /Chargers\.csv:1: .*broken reference to filter: <F9>/],
    ['Chargers.csv', 'cgrates.org,C,*nope:~*req.A:1,,r,*none,1', /Chargers\.csv:1: .*NOT_IMPLEMENTED:\*nope/],
    ['Chargers.csv', 'cgrates.org,C,,,r,*wrong:x,1', /Chargers\.csv:1: .*inline parse error for string: <\*wrong:x>/],
  ]
  for (const [file, row, message] of rows) {
    writeFileSync(join(tariff, 'Filters.csv'), '')
    writeFileSync(join(tariff, 'Chargers.csv'), '')
    writeFileSync(join(tariff, file), row)
    await t.rejects(engine.tariff.load(tariff), { message }, row)
  }
  t.equal(await call('APIerSv1.GetFilterIDs', {}), 'NOT_FOUND')
  t.equal(await call('APIerSv1.GetChargerProfileIDs', {}), 'NOT_FOUND')
})

t.test('02, 6.5: a charger is chosen by a metric that another process keeps', async (t) => {
  const stats = await startServer(t, {
    'StatSv1.GetQueueFloatMetrics': (argument) =>
      (argument as { ID: string }).ID === 'SQ' ? { '*asr': 40 } : new Error('NOT_FOUND'),
  })
  const conns = {
    rpc_conns: { other: { strategy: '*first', conns: [{ address: stats.address, transport: '*json' }] } },
  }
  const { engine, call } = await engineOf(t, sampleFolder(t, { ...conns, filters: { stats_conns: ['other'] } }))
  t.teardown(() => engine.close())
  for (const [id, queue] of [
    ['POOR', 'SQ'],
    ['NONE', 'SQ2'],
  ] as const) {
    const FilterIDs = ['*string:~*req.X:acc', `*lt:~*stats.${queue}.*asr:50`]
    await call('APIerSv1.SetChargerProfile', charger(id, { Tenant: 'cgrates.org', FilterIDs }))
  }
  const registry = buildRegistry(engine, DEFAULTS, () => true)
  const event = { Tenant: 'cgrates.org', ID: 'e', Event: { X: 'acc' } }
  const ask = () => registry.call('ChargerSv1.GetChargersForEvent', [event], NOBODY)
  const chosen = eventJson((await engine.evaluations.run(ask)) as EventValue)
  t.match(chosen, /"ID":"POOR"/)
  t.notMatch(chosen, /"ID":"NONE"/)
  t.same(stats.calls, ['StatSv1.GetQueueFloatMetrics', 'StatSv1.GetQueueFloatMetrics'])
})

t.test('02, 6.5: a charger is chosen by the account as it is now', async (t) => {
  const { engine, call } = await engineOf(t, sampleFolder(t, { filters: { apiers_conns: ['*internal'] } }))
  t.teardown(() => engine.close())
  const filters = ['*string:~*req.X:acc', '*gte:~*accounts.<~*req.Account>.BalanceMap.*monetary.GetTotalValue:5']
  await call('APIerSv1.SetChargerProfile', charger('RICH', { Tenant: 'cgrates.org', FilterIDs: filters }))
  const chosen = () => call('ChargerSv1.GetChargersForEvent', { Event: { X: 'acc', Account: '7001' } })
  t.equal(await chosen(), 'NOT_FOUND', 'no account')
  const balance = { Tenant: 'cgrates.org', Account: '7001', BalanceType: '*monetary', Value: 4 }
  await call('APIerSv1.AddBalance', balance)
  t.equal(await chosen(), 'NOT_FOUND', 'too little')
  await call('APIerSv1.AddBalance', balance)
  t.match(await chosen(), /"ID":"RICH"/)
})
