import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type Cdr, eventOfCdr } from '../../src/cdrs/cdr.ts'
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

/** The file that an exporter with these fields writes in one batch for each CDR, and what it logs. */
async function exported(
  t: Test,
  fields: readonly object[],
  cdrs: readonly Cdr[],
  filters: readonly string[] = [],
  more: object = {},
): Promise<{ text: string; logged: string[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-writers-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  copyFileSync(join(ROOT, 'templates/csv.json'), join(folder, 'csv.json'))
  const exporter = { id: 'e', type: '*file_csv', export_path: folder, fields, filters, ...more }
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
  for (const [i, cdr] of cdrs.entries()) await writer.write([{ id: String(i), cdr }])
  await writer.close()
  return { text: existsSync(writer.path) ? readFileSync(writer.path, 'utf8') : '', logged }
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
  t.same(text.split('\n'), [`${row},r1,`, `${row},none,`, ''])
  t.same(logged, [])
})

t.test('02, 5.4: a CDR that a field list refuses is logged, and the others are written', async (t) => {
  const fields = [{ path: '*exp.Route', value: '~*req.Route', mandatory: true, tag: 'Route' }]
  const { text, logged } = await exported(t, fields, [{ ...CDR, extraFields: {} }, CDR])
  t.equal(text, 'r1\n')
  t.same(logged, ['CDR not exported: NOT_FOUND:Route'])
})

t.test('02, 5.3: *masked_destination hides the end of a number that is one of the set', async (t) => {
  const field = { path: '*exp.To', type: '*masked_destination', mask_destinationd_id: 'DST_PRIVATE', mask_length: 4 }
  const { text } = await exported(
    t,
    [{ path: '*exp.A', value: '~*req.Account' }, field],
    [CDR, { ...CDR, destination: '49301' }],
  )
  t.same(text.split('\n'), ['491701234567,49309018201234****', '491701234567,', ''])
})

t.test('02, 2.2: *uch is there for exporters', async (t) => {
  const fields = [
    { path: '*uch.last', value: '~*req.Account' },
    { path: '*exp.Last', value: '~*uch.last' },
  ]
  const { text } = await exported(t, fields, [CDR])
  t.equal(text, '491701234567\n')
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
  t.same(text.split('\n'), ['e/cgrates.org,RP_1,1s,0.42', ''])
  t.same(logged, [])
  const { text: bare } = await exported(t, fields, [CDR])
  t.same(bare.split('\n'), ['e/cgrates.org,,,', ''], 'a CDR without details has none')
})

t.test('02, 5.4: *none is an empty column of an exporter', async (t) => {
  const fields = [
    { path: '*exp.A', value: '~*req.Account' },
    { path: '*exp.B', type: '*none', value: '~*req.Account' },
    { path: '*exp.C', value: 'c' },
  ]
  t.equal((await exported(t, fields, [CDR])).text, '491701234567,,c\n')
})

const constant = (path: string, value: string, more: object = {}) => ({ path, type: '*constant', value, ...more })

t.test('02, 2.2 and 5.6: the header, the trailer and the metrics of an exporter', async (t) => {
  const fields = [
    constant('*hdr.Kind', 'File'),
    { path: '*hdr.Events', value: '~*em.NumberOfEvents' },
    { path: '*hdr.Cost', value: '~*em.TotalCost' },
    { path: '*hdr.Tenant', value: '~*tenant;/;~*hdr.Kind' },
    { path: '*exp.Account', value: '~*req.Account' },
    { path: '*exp.Number', value: '~*em.NumberOfEvents' },
    { path: '*exp.Before', value: '~*dc.TotalCost' },
    { path: '*exp.Account', value: 'x;~*req.Account' },
    constant('*trl.Kind', 'a"b,c'),
    { path: '*trl.Events', value: '~*em.NumberOfEvents' },
    { path: '*trl.Cost', value: '~*em.TotalCost' },
    { path: '*trl.Duration', value: '~*em.TotalDuration' },
    { path: '*trl.First', value: '~*em.FirstEventATime' },
    { path: '*trl.Last', value: '~*em.LastEventATime' },
    { path: '*trl.Written', value: '~*em.PositiveExports' },
    { path: '*trl.Data', value: '~*em.TotalDataUsage' },
    constant('*cgreq.Ignored', 'x'),
  ]
  const later = { ...CDR, cgrId: 'c2', answerTime: { ns: ANSWERED.ns + 60_000_000_000n, zone: 'UTC' } }
  const { text, logged } = await exported(t, fields, [CDR, later])
  t.same(text.split('\n'), [
    'File,0,cgrates.org/File',
    '1,,x491701234567',
    '2,1.2345,x491701234567',
    '"a""b,c",2,2.469,1m24s,2026-05-10T17:22:09Z,2026-05-10T17:23:09Z,c2',
    '',
  ])
  t.same(logged, [])
  t.equal((await exported(t, fields, [], [])).text, '', 'a file without CDRs has neither')
  await t.rejects(exported(t, [{ path: '*hdr.A', value: '~*req.Account' }], []), {
    message: /field \*hdr\.A: unsupported field prefix: <\*req>/,
  })
})

t.test('09, B6: fixed columns; usage prints as a duration', async (t) => {
  const fields = [
    constant('*hdr.A', 'HDR', { width: 6, padding: '*right' }),
    { path: '*exp.Account', value: '~*req.Account', width: 14, padding: '*left' },
    { path: '*exp.Usage', value: '~*req.Usage', width: 8, padding: '*zeroleft' },
    constant('*trl.A', 'TRL', { width: 6, padding: '*right' }),
    { path: '*trl.N', value: '~*em.NumberOfEvents', width: 4, padding: '*zeroleft' },
  ]
  const { text } = await exported(t, fields, [CDR], [], { type: '*file_fwv' })
  t.equal(text, 'HDR   \n  4917012345670000042s\nTRL   0001\n')
})

t.test('09, B5: without fields an event is written whole, by name', async (t) => {
  const { text } = await exported(t, [], [CDR])
  const names = Object.keys(eventOfCdr(CDR)).sort()
  t.equal(text.trim().split(',')[names.indexOf('Usage')], '42s')
  t.equal(text.trim().split(',').length, names.length)
})

t.test('02, 2.3: the elements of a group are columns of their own, where they were written', async (t) => {
  const group = (value: string) => ({ path: '*exp.A', type: '*group', value })
  const fields = [group('1'), group('2'), { path: '*exp.B', value: '3' }, group('4')]
  t.equal((await exported(t, fields, [CDR])).text, '1,2,3,4\n')
})

t.test('a CDR that is refused counts as one that was not exported', async (t) => {
  const fields = [
    { path: '*exp.Route', value: '~*req.Route', mandatory: true },
    { path: '*trl.No', value: '~*em.NegativeExports' },
    { path: '*trl.N', value: '~*em.NumberOfEvents' },
  ]
  const { text } = await exported(t, fields, [CDR, { ...CDR, cgrId: 'c9', extraFields: {} }])
  t.equal(text, 'r1\nc9,2\n')
})
