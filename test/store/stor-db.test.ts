import { join } from 'node:path'
import t from 'tap'
import { StoreFailure } from '../../src/core/errors.ts'
import { eventJson } from '../../src/core/event-values.ts'
import { cdrWire } from '../../src/rpc/shapes/cdr.ts'
import type { CdrQuery } from '../../src/store/cdr-store.ts'
import { importChanges, planTexts, readPlanFolder } from '../../src/tariffs/plan-files.ts'
import { PLAN_FILES, PLAN_TABLES } from '../../src/tariffs/plan-tables.ts'
import { sampleFolder } from '../support/gateway.ts'
import { startSqlServers } from '../support/sql-servers.ts'
import { type CdrText, costText, outboxCdr, storDbOf } from '../support/stor-db.ts'

/** One server of each kind for all of this file. */
const servers = await startSqlServers(t)

const sqlitePath = join(t.testdir(), 'cdrs.sqlite')

/** What every kind of `stor_db` must do, in one database that is empty at first. */
const KINDS: readonly { type: string; config: Record<string, unknown> }[] = [
  { type: '*sqlite', config: { opts: { sqlitePath } } },
  ...servers.map((server) => ({ type: server.type, config: server.config(server.newDatabase()) })),
]

const made = outboxCdr(1, { cost: '2' })
const other = outboxCdr(2, { runId: 'other', cost: '9' })
const again = outboxCdr(3, { cost: '5', replaces: true })
const later = outboxCdr(4, { cost: '7', replaces: true })
const anew = outboxCdr(5, { cost: '11' })

/** Batches in the order in which they come; what is found then, as order and cost. */
const BATCHES: readonly { name: string; batches: readonly (readonly (typeof made)[])[]; found: string[] }[] = [
  {
    name: 'a batch comes twice',
    batches: [
      [made, other],
      [made, other],
    ],
    found: ['2', '9'],
  },
  { name: 'a batch comes again with more', batches: [[made], [made, other]], found: ['2', '9'] },
  { name: 'one takes the place of another', batches: [[made, other], [again]], found: ['5', '9'] },
  { name: 'one takes the place of another of its batch', batches: [[made, other, again]], found: ['5', '9'] },
  {
    name: 'all come once more',
    batches: [
      [made, other, again],
      [made, other, again],
    ],
    found: ['5', '9'],
  },
  {
    name: 'twice replaced, all come once more',
    batches: [
      [made, again, later],
      [made, again, later],
    ],
    found: ['7'],
  },
  {
    name: 'the earlier ones come once more',
    batches: [
      [made, again, later],
      [made, again],
    ],
    found: ['7'],
  },
  { name: 'there is nothing to replace', batches: [[again], [again]], found: ['5'] },
  { name: 'the session comes again', batches: [[made], [anew], [made, anew]], found: ['2', '11'] },
  {
    name: 'the newer of two is replaced',
    batches: [[made, anew], [outboxCdr(6, { cost: '12', replaces: true })]],
    found: ['2', '12'],
  },
]

/** CDRs that queries choose among, by their OriginID. */
const CDRS: Readonly<Record<string, CdrText>> = {
  a: {
    setup: '2026-01-07T16:59:50Z',
    answer: '2026-01-07T17:00:00Z',
    usage: 60_000_000_000n,
    cost: '0.6',
    extraFields: { Zone: 'EU', 'a.b "c"': 'x?' },
  },
  b: {
    setup: '2026-01-08T00:00:00.5+02:00',
    answer: '2026-01-08T00:00:01+02:00',
    usage: 1n,
    cost: '0.00017',
    runId: 'raw',
    originHost: '10.0.0.1',
    source: 'DIAMETER',
  },
  c: {
    setup: '2026-01-09T10:00:00Z',
    usage: 0n,
    account: '1001 ',
    subject: 'A1',
    destination: '49151',
    extraFields: { Zone: 'eu' },
  },
  d: {
    setup: '2026-01-09T10:00:00Z',
    answer: '2026-01-09T10:00:00.000001Z',
    account: 'Ärger🎈',
    subject: 'a1',
    toR: '*data',
    usage: 9_007_199_254_740_993n,
    cost: '12345678901234.5',
    category: "it's",
  },
  e: {
    account: `'; DROP TABLE cdrs; --`,
    destination: '49',
    cost: '100',
    tenant: 'other',
    requestType: '*rated',
    extraFields: { Zone: `"' OR 1=1 --` },
  },
}

const QUERIES: readonly { name: string; query: CdrQuery; found: string }[] = [
  { name: 'all', query: {}, found: 'abcde' },
  { name: 'CGRIDs', query: { is: { cgrId: ['cg-a', 'cg-c', 'none'] } }, found: 'ac' },
  { name: 'RunIDs', query: { is: { runId: ['raw'] } }, found: 'b' },
  { name: 'NotRunIDs', query: { isNot: { runId: ['raw'] } }, found: 'acde' },
  { name: 'OriginIDs', query: { is: { originId: ['d', 'D'] } }, found: 'd' },
  { name: 'OriginHosts', query: { is: { originHost: ['10.0.0.1'] } }, found: 'b' },
  { name: 'NotSources', query: { isNot: { source: ['DIAMETER'] } }, found: 'acde' },
  { name: 'ToRs', query: { is: { toR: ['*data'] } }, found: 'd' },
  { name: 'RequestTypes', query: { is: { requestType: ['*rated'] } }, found: 'e' },
  { name: 'Tenants', query: { is: { tenant: ['other'] } }, found: 'e' },
  { name: 'Categories, with a quote', query: { is: { category: [`it's`] } }, found: 'd' },
  { name: 'Accounts: a blank at the end is a letter', query: { is: { account: ['1001'] } }, found: 'ab' },
  { name: 'Accounts: letters beyond ASCII', query: { is: { account: ['Ärger🎈'] } }, found: 'd' },
  { name: 'Accounts: SQL is a text', query: { is: { account: [`'; DROP TABLE cdrs; --`] } }, found: 'e' },
  { name: 'Accounts: SQL that would find all', query: { is: { account: [`' OR '1'='1`, '\\'] } }, found: '' },
  { name: 'Subjects: capital letters are others', query: { is: { subject: ['a1'] } }, found: 'd' },
  { name: 'NotSubjects', query: { isNot: { subject: ['a1'] } }, found: 'abce' },
  { name: 'DestinationPrefixes', query: { is: { destinationPrefixes: ['4915', '77'] } }, found: 'c' },
  { name: 'DestinationPrefixes: no pattern', query: { is: { destinationPrefixes: ['4_', '%'] } }, found: '' },
  { name: 'NotDestinationPrefixes', query: { isNot: { destinationPrefixes: ['49'] } }, found: 'abd' },
  { name: 'Costs: exact', query: { is: { costs: ['0.00017', '12345678901234.5'] } }, found: 'bd' },
  { name: 'Costs: no float', query: { is: { costs: ['0.6000000000000001'] } }, found: '' },
  { name: 'NotCosts', query: { isNot: { costs: ['-1', '100.0'] } }, found: 'abd' },
  { name: 'ExtraFields', query: { is: { extraFields: { Zone: 'EU' } } }, found: 'a' },
  { name: 'ExtraFields *exists', query: { is: { extraFields: { Zone: '*exists' } } }, found: 'ace' },
  { name: 'NotExtraFields', query: { isNot: { extraFields: { Zone: 'EU' } } }, found: 'bcde' },
  { name: 'NotExtraFields *exists', query: { isNot: { extraFields: { Zone: '*exists' } } }, found: 'bd' },
  { name: 'ExtraFields: names with dots and quotes', query: { is: { extraFields: { 'a.b "c"': 'x?' } } }, found: 'a' },
  { name: 'ExtraFields: two', query: { is: { extraFields: { Zone: 'EU', 'a.b "c"': '*exists' } } }, found: 'a' },
  { name: 'ExtraFields: SQL is a text', query: { is: { extraFields: { Zone: `"' OR 1=1 --` } } }, found: 'e' },
  {
    name: 'ExtraFields: a name that is SQL',
    query: { is: { extraFields: { [`x' OR '1'='1`]: '*exists' } } },
    found: '',
  },
  { name: 'SetupTimeStart', query: { setup: { from: ns('2026-01-07T22:00:00.5Z') } }, found: 'bcd' },
  { name: 'SetupTimeEnd', query: { setup: { until: ns('2026-01-07T22:00:00.5Z') } }, found: 'ae' },
  { name: 'AnswerTimeStart', query: { answer: { from: ns('2026-01-09T10:00:00.000001Z') } }, found: 'd' },
  {
    name: 'AnswerTimeEnd: what was never answered has no time',
    query: { answer: { until: ns('2026-01-09T10:00:00Z') } },
    found: 'ab',
  },
  {
    name: 'CreatedAtStart, End',
    query: { created: { from: 1_790_000_000_000_002_000n, until: 1_790_000_000_000_004_000n } },
    found: 'bc',
  },
  { name: 'MinUsage, MaxUsage', query: { usage: { from: 1n, until: 60_000_000_001n } }, found: 'ab' },
  { name: 'MinUsage beyond 2^53', query: { usage: { from: 9_007_199_254_740_993n } }, found: 'd' },
  { name: 'OrderIDStart, End', query: { orderId: { from: 2, until: 4 } }, found: 'bc' },
  { name: 'MinCost', query: { cost: { from: '0.6' } }, found: 'ade' },
  { name: 'MinCost 0, MaxCost -1', query: { cost: { from: '0' } }, found: 'abde' },
  { name: 'MaxCost', query: { cost: { until: '0' } }, found: 'c' },
  { name: 'OrderBy OrderID;desc', query: { isDescending: true }, found: 'edcba' },
  { name: 'OrderBy AnswerTime', query: { orderBy: 'AnswerTime' }, found: 'ceabd' },
  { name: 'OrderBy AnswerTime;desc', query: { orderBy: 'AnswerTime', isDescending: true }, found: 'dbaec' },
  { name: 'OrderBy SetupTime', query: { orderBy: 'SetupTime' }, found: 'eabcd' },
  { name: 'OrderBy Usage;desc', query: { orderBy: 'Usage', isDescending: true }, found: 'dabec' },
  { name: 'OrderBy Cost', query: { orderBy: 'Cost' }, found: 'cbaed' },
  { name: 'Limit, Offset', query: { limit: 2, offset: 1 }, found: 'bc' },
  { name: 'Offset alone', query: { offset: 3 }, found: 'de' },
  { name: 'Limit 0', query: { limit: 0 }, found: '' },
  { name: 'Offset beyond the end', query: { offset: 9 }, found: '' },
  {
    name: 'several together',
    query: { is: { account: ['1001', '1001 '] }, isNot: { runId: ['raw'] }, usage: { from: 1n } },
    found: 'a',
  },
]

/** The files of the plan of each store. */
const folders: object[] = []

function ns(text: string): bigint {
  return outboxCdr(0, { setup: text }).cdr.setupTime.ns
}

for (const { type, config } of KINDS) {
  t.test(`${type}: 05 9.7, filters`, async (t) => {
    const { cdrs } = await storDbOf(t, config)
    const batch = Object.entries(CDRS).map(([originId, cdr], at) =>
      outboxCdr(at + 1, { cgrId: `cg-${originId}`, originId, ...cdr }),
    )
    await cdrs.write(batch)
    for (const { name, query, found } of QUERIES) {
      const rows = await cdrs.find(query)
      t.equal(rows.map(({ cdr }) => cdr.originId).join(''), found, name)
    }
    t.equal(await cdrs.remove({ is: { account: [`' OR '1'='1`] } }), 0)
    t.equal(await cdrs.remove({ is: { account: ['1001'] }, limit: 1 }), 1)
    t.equal(await cdrs.remove({ isNot: { tenant: ['other'] } }), 3)
    t.equal((await cdrs.find({})).map(({ cdr }) => cdr.originId).join(''), 'e')
    t.equal(await cdrs.remove({}), 1)
  })

  t.test(`${type}: what comes again is stored once`, async (t) => {
    const { cdrs } = await storDbOf(t, config)
    for (const [at, { name, batches, found }] of BATCHES.entries()) {
      const cgrId = `case ${at}`
      const ids = async () => (await cdrs.find({ is: { cgrId: [cgrId] } })).map(({ orderId }) => orderId)
      let first: number[] | undefined
      for (const batch of batches) {
        await cdrs.write(batch.map(({ id, cdr }) => ({ id: `${id}:${at}`, cdr: { ...cdr, cgrId } })))
        first ??= await ids()
      }
      const rows = await cdrs.find({ is: { cgrId: [cgrId] } })
      t.same(
        rows.map(({ cdr }) => cdr.cost.toString()),
        found,
        name,
      )
      t.same((await ids()).slice(0, first?.length), first, `${name}: order ids stay`)
    }
  })

  t.test(`${type}: what goes in comes out`, async (t) => {
    const { cdrs } = await storDbOf(t, config)
    const full = {
      ...{
        cgrId: 'x',
        originId: 'whole',
        setup: '2026-01-07T16:59:50.123456Z',
        answer: '2026-01-07T17:00:00Z',
        usage: 60_000_000_000n,
      },
      ...{ cost: '0.00017', details: costText('x', '0.00017'), costSource: '*sessions', extraInfo: 'a\nb', runId: 'r' },
      extraFields: { Empty: '', Quote: `"'\\`, Emoji: '🎈' },
    }
    const batch = [outboxCdr(1, full), outboxCdr(2, { originId: 'whole', usage: -5n, cost: '-1' })]
    await cdrs.write(batch)
    const found = await cdrs.find({ is: { originId: ['whole'] } })
    const whole = ({ cdr }: Pick<(typeof batch)[number], 'cdr'>): unknown =>
      JSON.parse(eventJson(cdrWire(0, cdr, 5) as never))
    t.same(found.map(whole), batch.map(whole))
  })

  t.test(`${type}: tariff plans`, async (t) => {
    const { plans } = await storDbOf(t, config)
    const rate = ['RT', '0.1', '0.123456789012345678', '60s', '1s', '0s']
    const added = (table: string, ...rows: string[][]) => ({ table, removed: [], added: rows })
    const rates = (planId: string) => plans.rows(planId, 'tp_rates', {})
    t.same(await plans.planIds(), [])
    const slots = [rate, ['RT', '0', '12', '60s', '1s', '60s'], ['AA', '0', '0', '', '', '']]
    await plans.change('P', [added('tp_rates', ...slots)])
    t.strictSame(await rates('P'), slots, 'in order, and no digit is lost')
    t.strictSame(await plans.rows('P', 'tp_rates', { tag: 'AA' }), [slots[2]])
    t.strictSame(await plans.rows('P', 'tp_rates', { tag: 'aa' }), [], 'capital letters are others')
    t.strictSame(await rates(`' OR '1'='1`), [])
    const account = ['l', 't', 'a', 'p', '', 'true', 'false']
    await plans.change('Q', [added('tp_account_actions', account)])
    t.strictSame((await plans.plan('Q')).get('tp_account_actions'), [account])
    t.same(await plans.planIds(), ['P', 'Q'])

    await plans.change('R', [added('tp_rates', rate, ['AA', '0', '0', '', '', ''])])
    await plans.change('R', [{ table: 'tp_rates', removed: [['RT']], added: [['RT', '0', '7', '', '', '']] }])
    t.strictSame(
      await rates('R'),
      [
        ['AA', '0', '0', '', '', ''],
        ['RT', '0', '7', '', '', ''],
      ],
      'an object is replaced',
    )
    await plans.change('R', [added('tp_destinations', ['D', '49'])], true)
    t.strictSame(await rates('R'), [], 'a plan is cleared')
    await plans.change('R', [], true)
    t.same(await plans.planIds(), ['P', 'Q'])

    const wrong = [{ table: 'tp_rates', removed: [['RT']], added: [] }, added('tp_nothing', ['x'])]
    await t.rejects(plans.change('P', wrong, true), StoreFailure)
    t.strictSame(await rates('P'), slots, 'a change that fails changes nothing')

    const chargers = ['b', 'a', 'c', 'ab', 'B'].map((id) => ['tenant', id, '', '', '', '', '0'])
    await plans.change('S', [added('tp_chargers', ...chargers, ...chargers)])
    const ids = (search: string, limit: number | undefined, offset: number) =>
      plans.objectIds('S', { table: 'tp_chargers', columns: ['tenant', 'id'], search, limit, offset })
    t.same(
      await ids('', undefined, 0),
      ['B', 'a', 'ab', 'b', 'c'].map((id) => `tenant:${id}`),
    )
    t.same(await ids('b', undefined, 0), ['tenant:ab', 'tenant:b'])
    t.same(await ids('', 2, 2), ['tenant:ab', 'tenant:b'])
    t.same(await ids('', undefined, 9), [])
    const pool = [
      't',
      'IP',
      '',
      '',
      '1s',
      'true',
      '10',
      'POOL',
      '',
      '*ipv4',
      '10.0.0.0/24',
      '*ascending',
      '',
      '5.5',
      'false',
    ]
    await plans.change('I', [added('tp_ips', pool)])
    t.strictSame(await plans.rows('I', 'tp_ips', {}), [pool])
  })

  t.test(`${type}: a whole tariff folder is a plan`, async (t) => {
    const { plans } = await storDbOf(t, config)
    const texts = async () => {
      const tables = await plans.plan('folder')
      return planTexts(new Map(PLAN_FILES.map((file) => [file, tables.get(PLAN_TABLES[file].name) ?? []])), ',')
    }
    const changes = importChanges(readPlanFolder(join(sampleFolder(t), 'config', 'tariff'), 'load'))
    await plans.change('folder', changes)
    const stored = await texts()
    t.ok(stored.length >= 8)
    folders.push(stored)
    t.same(stored, folders[0], 'the same files whatever the store is')
    await plans.change('folder', changes)
    t.same(await texts(), stored, 'again: each object once')
  })
}
