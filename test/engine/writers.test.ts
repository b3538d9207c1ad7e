import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Cdr } from '../../src/cdrs/cdr.ts'
import { loadConfig } from '../../src/config/load-config.ts'
import { Decimal } from '../../src/core/decimal.ts'
import { ZERO_TIME } from '../../src/core/time.ts'
import { sharedCache } from '../../src/engine/mapping-sources.ts'
import { buildWriters } from '../../src/engine/writers.ts'
import { ROOT } from '../support/gateway.ts'

const ANSWERED = { ns: 1_778_433_729_000_000_000n, zone: 'UTC' }
const CDR: Cdr = {
  cgrId: 'c1',
  runId: '*default',
  originHost: 'pgw',
  source: '',
  originId: 'o1',
  toR: '*voice',
  requestType: '*rated',
  tenant: 'cgrates.org',
  category: 'call',
  account: '491701234567',
  subject: '491701234567',
  destination: '493090182012345678',
  setupTime: ANSWERED,
  answerTime: ANSWERED,
  usage: 42_000_000_000n,
  extraFields: { Route: 'r1' },
  extraInfo: '',
  costSource: '',
  cost: Decimal.parse('1.2345'),
  costDetails: undefined,
}

/** The file that an exporter with these fields writes, and what it logs. */
async function exported(
  t: Test,
  fields: readonly object[],
  cdrs: readonly Cdr[],
  filters: readonly string[] = [],
): Promise<{ text: string; logged: string[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-writers-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  copyFileSync(join(ROOT, 'templates/csv.json'), join(folder, 'csv.json'))
  const exporter = { id: 'e', type: '*file_csv', export_path: folder, fields, filters }
  const cdrSection = { enabled: true, ees_conns: ['*internal'], online_cdr_exports: ['e'] }
  writeFileSync(
    join(folder, 'z.json'),
    JSON.stringify({ cdrs: cdrSection, ees: { enabled: true, exporters: [exporter] } }),
  )
  const loaded = await loadConfig(folder, {}, join(ROOT, 'config/tollgate.json'))
  const logged: string[] = []
  const none = {
    filter: () => undefined,
    destination: () => undefined,
    timing: () => undefined,
    isPrefix: (id: string, prefix: string) => id === 'DST_PRIVATE' && prefix === CDR.destination,
    cache: sharedCache(loaded.config.caches.partitions['*uch']),
  }
  const [writer] = buildWriters(
    loaded,
    () => ZERO_TIME,
    none,
    (_, message, { cause }) => logged.push(`${message}: ${cause}`),
  )
  if (writer === undefined) throw new Error('no writer')
  await writer.write(cdrs.map((cdr, i) => ({ id: String(i), cdr })))
  await writer.close()
  return { text: readFileSync(writer.path, 'utf8'), logged }
}

t.test('02, 5.6: an exporter writes its field list: types, widths, filters, templates', async (t) => {
  const { text, logged } = await exported(
    t,
    [
      { type: '*template', value: 'csv_cdr_row' },
      { path: '*exp.Route', value: 'none' },
      { path: '*exp.Route', value: '~*req.Route', filters: ['*exists:~*req.Route:'] },
      { path: '*exp.Missing', value: '~*req.Missing' },
    ],
    [CDR, { ...CDR, extraFields: {} }],
  )
  const row = 'CDR  ,   491701234567,49309018201234x,20260510172209,0000012345,   '
  t.same(text.split('\n'), [
    'Kind,Account,Destination,AnswerTime,Cost,Filler,*exp.Route,*exp.Missing',
    `${row},r1,`,
    `${row},none,`,
    '',
  ])
  t.same(logged, [])
})

t.test('02, 5.4: a CDR that a field list refuses is logged, and the others are written', async (t) => {
  const fields = [{ path: '*exp.Route', value: '~*req.Route', mandatory: true, tag: 'Route' }]
  const { text, logged } = await exported(t, fields, [{ ...CDR, extraFields: {} }, CDR])
  t.equal(text, 'Route\nr1\n')
  t.same(logged, ['CDR not exported: NOT_FOUND:Route'])
})

t.test('02, 5.3: *masked_destination hides the end of a number that is one of the set', async (t) => {
  const field = { path: '*exp.To', type: '*masked_destination', mask_destinationd_id: 'DST_PRIVATE', mask_length: 4 }
  const { text } = await exported(
    t,
    [{ path: '*exp.A', value: '~*req.Account' }, field],
    [CDR, { ...CDR, destination: '49301' }],
  )
  t.same(text.split('\n').slice(1), ['491701234567,49309018201234****', '491701234567,', ''])
})

t.test('02, 2.2: *uch is there for exporters', async (t) => {
  const fields = [
    { path: '*uch.last', value: '~*req.Account' },
    { path: '*exp.Last', value: '~*uch.last' },
  ]
  const { text } = await exported(t, fields, [CDR])
  t.equal(text, '*exp.Last\n491701234567\n')
})

t.test('a filter that cannot be compiled is refused with its place', async (t) => {
  const rows: [filter: string, problem: string][] = [
    ['*strng:~*req.Account:1', 'NOT_IMPLEMENTED:*strng'],
    ['*string:~*req..Account:1', 'Empty field path  for filter <*string:~*req..Account:1>'],
  ]
  const fields = [{ path: '*exp.Account', value: '~*req.Account' }]
  for (const [filter, problem] of rows) {
    const refusal = await exported(t, fields, [], [filter]).catch((cause: Error) => cause.message)
    t.match(refusal, /z\.json:1:\d+: ees\.exporters\[\d\]\.filters: /)
    t.ok(String(refusal).endsWith(problem), String(refusal))
  }
})

t.test('02, 2.2: an exporter reads its own id and the details of the cost', async (t) => {
  const match = {
    matchedSubject: '*out:cgrates.org:call:1001',
    matchedPrefix: '4930',
    matchedDestinationId: 'DST_DE',
    ratingPlanId: 'RP_1',
  }
  const rating = {
    connectFee: Decimal.ZERO,
    roundingMethod: '*up',
    roundingDecimals: 4,
    maxCost: Decimal.ZERO,
    maxCostStrategy: '',
    groups: [{ start: 0n, price: Decimal.parse('0.01'), increment: 1_000_000_000n, unit: 1_000_000_000n }],
  }
  const interval = { timing: null, rating, weight: 10, text: '1' }
  const increment = { usage: 1_000_000_000n, cost: Decimal.parse('0.01'), accounting: null, count: 42n }
  const costDetails = {
    cgrId: 'c1',
    runId: '*default',
    startTime: ANSWERED,
    charges: [{ interval, match, increments: [increment], count: 1n }],
    accountSummary: null,
  }
  const fields = [
    { path: '*exp.By', value: '~*vars.*exporterID;/;~*vars.*tenant' },
    { path: '*exp.Plan', value: '~*ec.Charges[0].Rating.RatingFilter.RatingPlanID' },
    { path: '*exp.Usage', value: '~*ec.Charges[0].Increments[0].Usage' },
    { path: '*exp.Cost', value: '~*ec.Cost' },
  ]
  const filters = ['*string:~*req.CostDetails.Charges[0].Rating.RatingFilter.DestinationID:DST_DE']
  const { text, logged } = await exported(t, fields, [{ ...CDR, costDetails }, CDR], filters)
  t.same(text.split('\n').slice(1), ['e/cgrates.org,RP_1,1s,0.42', ''])
  t.same(logged, [])
  const { text: bare } = await exported(t, fields, [CDR])
  t.same(bare.split('\n').slice(1), ['e/cgrates.org,,,', ''], 'a CDR without details has none')
})

t.test('02, 5.4: *none is an empty column of an exporter', async (t) => {
  const fields = [
    { path: '*exp.A', value: '~*req.Account' },
    { path: '*exp.B', type: '*none', value: '~*req.Account' },
    { path: '*exp.C', value: 'c' },
  ]
  t.equal((await exported(t, fields, [CDR])).text, '*exp.A,*exp.B,*exp.C\n491701234567,,c\n')
})
