import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { loadConfig } from '../../src/config/load-config.ts'
import type { EventFields } from '../../src/core/event.ts'
import { dryRun } from '../../src/engine/dry-run/dry-run.ts'
import { ROOT } from '../support/gateway.ts'

/** What a dry run of one reader prints. */
async function told(t: Test, kind: string, reader: object, file: string | Buffer): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-records-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const section = { readers: [{ id: 'r', flags: ['*cdrs'], ...reader }] }
  writeFileSync(join(folder, 'a.json'), JSON.stringify({ general: { default_timezone: 'UTC' }, ers: section }))
  const loaded = await loadConfig(folder, {}, join(ROOT, 'config/tollgate.json'))
  return (await dryRun(kind, Buffer.from(file), { loaded, root: ROOT, reply: undefined, file: '/in/f.dat' })).join('\n')
}

/** The events that it tells. */
function eventsOf(text: string): EventFields[] {
  const events = [...text.matchAll(/^ {2}event of tenant [^:]+: (\{.+\})$/gm)]
  return events.map(([, json = '']) => JSON.parse(json) as EventFields)
}

const variable = (name: string, value: string, more: object = {}) => ({
  tag: name,
  path: `*cgreq.${name}`,
  value,
  ...more,
})
const LINE_NUMBER = variable('Line', '~*vars.*fileLineNumber')

t.test('09, C4: line numbers, and the header and the trailer of fixed columns by themselves', async (t) => {
  const xml = `<root>${[1, 2].map((i) => `<field>test${i}</field>`).join('')}</root>`
  const ofXml = {
    type: '*file_xml',
    opts: { xmlRootPath: 'root.field' },
    fields: [variable('A', '~*req.root.field'), LINE_NUMBER],
  }
  t.same(eventsOf(await told(t, 'xml', ofXml, xml)), [
    { A: 'test1', Line: '1' },
    { A: 'test2', Line: '2' },
  ])
  const fields = [
    variable('A', '~*req.0-5'),
    variable('FileSeqNr', '~*hdr.3-6'),
    variable('Trl', '~*trl.0-4'),
    LINE_NUMBER,
  ]
  const text = await told(t, 'fwv', { type: '*file_fwv', fields }, 'HDR002\ntest1\ntest2\nTRL6 \n')
  t.same(eventsOf(text), [
    { Trl: 'TRL6' },
    { FileSeqNr: '002' },
    { A: 'test1', FileSeqNr: '002', Trl: 'TRL6', Line: '1' },
    { A: 'test2', FileSeqNr: '002', Trl: 'TRL6', Line: '2' },
    { A: 'TRL6 ', FileSeqNr: '002', Trl: 'TRL6', Line: '3' },
  ])
  t.match(text, /^trailer for reader r$[\s\S]*^header for reader r$[\s\S]*^line 1 of 6 octets for reader r$/m)
})

t.test('09, C5: records of XML; one that lacks a mandatory field is told', async (t) => {
  const record = (id: string, user: string, from: string, to: string) =>
    `<cdrData><basicModule><localCallId>${id}</localCallId><userId>${user}</userId><answerTime>${from}</answerTime>` +
    `<releaseTime>${to}</releaseTime></basicModule></cdrData>`
  const file = `<?xml version="1.0"?><broadWorksCDR><cdrData><headerModule/></cdrData>${record('25160047719:0', 'u@cgrates.org', '20160419210006.813', '20160419210020.296')}</broadWorksCDR>`
  const path = '~*req.broadWorksCDR.cdrData.basicModule'
  const fields = [
    variable('OriginID', `${path}.localCallId`, { mandatory: true }),
    variable('Tenant', `${path}.userId:s/.*@(.*)/\${1}/`),
    variable('Usage', `${path}.releaseTime;${path}.answerTime`, { type: '*usage_difference' }),
  ]
  const text = await told(t, 'xml', { type: '*file_xml', opts: { xmlRootPath: 'broadWorksCDR.cdrData' }, fields }, file)
  t.match(text, /^record 1 for reader r$[\s\S]*^not processed: NOT_FOUND:OriginID$[\s\S]*^record 2/m)
  t.same(eventsOf(text), [{ OriginID: '25160047719:0', Tenant: 'cgrates.org', Usage: '13.483s' }])
  await t.rejects(
    told(t, 'xml', { type: '*file_xml', opts: { xmlRootPath: 'a.b' }, fields: [variable('A', '~*req.a.b')] }, '<a/>'),
    {
      message: 'there is no record at "a.b" in the file',
    },
  )
  await t.rejects(
    told(
      t,
      'xml',
      { type: '*file_xml', opts: { xmlRootPath: 'a.b' }, fields: [variable('A', '~*req.a')] },
      '<a><b/></a>',
    ),
    {
      message: /field A: xml_root_path length exceeds value rule elements/,
    },
  )
})

t.test('09, C6: without a path the document is the record', async (t) => {
  const part = (id: number, more: string) => `<partial_cdr><ID>${id}</ID>${more}</partial_cdr>`
  const file = `<root>${part(1, '<Tenant>cgrates.org</Tenant>')}${part(2, '')}${part(3, '<TestCase>EmptyRootCDR</TestCase><Tenant>ignored</Tenant>')}</root>`
  const composed = (value: string) => ({ path: '*cgreq.OriginID', type: '*composed', value })
  const fields = [
    ...['~*req.root.partial_cdr.TestCase', '_', '~*req.root.partial_cdr[1].ID'].map(composed),
    variable('Tenant', '~*req.root.partial_cdr.Tenant'),
  ]
  t.same(eventsOf(await told(t, 'xml', { type: '*file_xml', opts: { xmlRootPath: '' }, fields }, file)), [
    { OriginID: 'EmptyRootCDR_2', Tenant: 'cgrates.org' },
  ])
})

t.test('09, C7: fixed columns, filtered by what they begin with', async (t) => {
  const line = (id: string) => `${id}  0 20120708181506000123451234         00001800\n`
  const fields = [
    variable('OriginID', '~*req.0-10'),
    variable(
      'SetupTime',
      `~*req.14-30:s/(\\d{4})(\\d{2})(\\d{2})(\\d{2})(\\d{2})(\\d{2})(\\d{2})/$\{1}-$\{2}-$\{3} $\{4}:$\{5}:$\{6}/`,
    ),
    variable('Account', '~*req.30-49'),
    variable('Usage', `~*req.49-57:s/(\\d{2})(\\d{2})(\\d{2})(\\d{2})/$\{1}h$\{2}m$\{3}s/`),
  ]
  const filters = ['*regex:~*req.0-10:^CDR00000|^CDR00001']
  const file = Buffer.concat(['CDR0000010', 'CDR0000120', 'CDR0000330'].map((id) => Buffer.from(line(id))))
  const text = await told(t, 'fwv', { type: '*file_fwv', fields, filters }, file)
  t.match(eventsOf(text), [
    { OriginID: 'CDR0000010', SetupTime: '2012-07-08 18:15:06', Account: '0123451234         ', Usage: '00h00m18s' },
    { OriginID: 'CDR0000120' },
  ])
  t.match(text, /^line 3 [^\n]*\nprocessor r: filter \*regex:.* does not pass$/m)
  const short = await told(t, 'fwv', { type: '*file_fwv', fields: [variable('A', '~*req.0-2')] }, 'abc\nde')
  t.match(short, /\n2 octets at the end are no whole line: left out$/)
  await t.rejects(told(t, 'fwv', { type: '*file_fwv', fields: [variable('A', '~*req.x')] }, 'abc\n'), {
    message: /field A: Invalid format for index : \[x\]/,
  })
  await t.rejects(told(t, 'fwv', { type: '*file_fwv', fields }, ''), { message: 'there is no line in the file' })
})

t.test('09, C8: a JSON file; brokers and S3 have such messages, too', async (t) => {
  const message = { Account: 'voiceAccount', Usage: 120_000_000_000, Flag: true, None: null, A: { B: [1, 2] } }
  const fields = ['Account', 'Usage', 'Flag', 'None', 'A'].map((name) => variable(name, `~*req.${name}`))
  const all = [...fields, variable('B', '~*req.A.B[0]')]
  const event = { Account: 'voiceAccount', Usage: '120000000000', Flag: 'true', None: '', A: '{"B":[1,2]}', B: '1' }
  for (const type of ['*file_json', '*kafka_json_map', '*s3_json_map'])
    t.same(eventsOf(await told(t, 'json', { type, fields: all }, JSON.stringify(message))), [event], type)
  await t.rejects(told(t, 'json', { type: '*file_json', fields }, 'a,b'), { message: /the file is no JSON/ })
})

t.test('09, C12: rows of a table; filters read into a column of JSON', async (t) => {
  const filters = ['*eq:~*req.cost_details.Charges[0].RatingID:RatingID2', '*string:~*vars.*readerID:r']
  const row = (id: number, rating: string) => ({
    id,
    usage: '10000000000',
    deleted_at: null,
    cost_details: JSON.stringify({ Charges: [{ RatingID: rating }] }),
  })
  const fields = [variable('ID', '~*req.id'), variable('Usage', '~*req.usage'), variable('Deleted', '~*req.deleted_at')]
  const text = await told(
    t,
    'sql',
    { type: '*sql', fields, filters },
    JSON.stringify([row(1, 'RatingID1'), row(2, 'RatingID2')]),
  )
  t.same(eventsOf(text), [{ ID: '2', Usage: '10000000000', Deleted: '' }])
})

t.test('a reader is named when there are several, and one that is not there is told', async (t) => {
  await t.rejects(told(t, 'fwv', { type: '*file_csv' }, 'a'), {
    message: 'fwv reader "": expected one of: none, ers.readers has no *file_fwv',
  })
  await t.rejects(told(t, 'json:x', { type: '*file_json' }, '{}'), { message: 'json reader "x": expected one of: r' })
  t.match(
    await told(
      t,
      'json:r',
      { type: '*file_json', fields: [{ path: '*opts.*partial', type: '*constant', value: 'true' }] },
      '{}',
    ),
    /\*partial: it waits/,
  )
})
