import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { loadConfig } from '../../src/config/load-config.ts'
import { dryRunExporter } from '../../src/engine/dry-run/dry-run.ts'
import { ROOT } from '../support/gateway.ts'

/** What a dry run of exporter `e` prints. */
async function told(t: Test, exporter: object, events: unknown, name = 'e'): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-exporter-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const section = {
    exporters: [
      { id: 'e', type: '*file_csv', ...exporter },
      { id: 'web', type: '*http_post' },
    ],
  }
  writeFileSync(join(folder, 'a.json'), JSON.stringify({ general: { default_timezone: 'UTC' }, ees: section }))
  const loaded = await loadConfig(folder, {}, join(ROOT, 'config/tollgate.json'))
  const bytes = Buffer.from(typeof events === 'string' ? events : JSON.stringify(events))
  return (await dryRunExporter(name, bytes, { loaded, root: ROOT })).join('\n')
}

const CDR = {
  CGRID: 'c1',
  ToR: '*voice',
  Account: '1001',
  Usage: 42_000_000_000,
  Cost: 1.5,
  ExtraFields: { Route: 'r1' },
}

t.test('an exporter tells each field with its source and steps, and its rows', async (t) => {
  const fields = [
    { path: '*hdr.Kind', type: '*constant', value: 'CDRs' },
    { tag: 'Usage', path: '*exp.Usage', value: '~*req.Usage{*duration_seconds}' },
    { tag: 'Route', path: '*exp.Route', value: '~*req.Route', filters: ['*exists:~*req.Route:'] },
    { tag: 'None', path: '*exp.None', value: '~*req.None' },
    { tag: 'Who', path: '*exp.Who', value: '~*vars.*exporterID;@;~*vars.*tenant' },
    { path: '*trl.Rows', value: '~*em.NumberOfEvents;x;~*em.TotalCost' },
  ]
  const text = await told(t, { fields, filters: ['*string:~*req.Account:1001'] }, [CDR, { ...CDR, Account: '1002' }])
  t.match(text, /^header of exporter e\n {4}\*hdr\.Kind \(\*constant\): = "CDRs"\nrow: CDRs$/m)
  t.match(text, /Usage \*exp\.Usage \(\*variable\): = "42"\n +~\*req\.Usage "42s" -> \*duration_seconds "42"/)
  t.match(text, /None \*exp\.None \(\*variable\): skipped, its source is not there/)
  t.match(text, /^row: 42,r1,,e@cgrates\.org$/m)
  t.match(text, /^event 2 for exporter e\n {2}filter \*string:~\*req\.Account:1001 does not pass$/m)
  t.match(text, /^trailer of exporter e\n[\s\S]*^row: 1x1\.5$/m)
})

t.test('what EeSv1.ProcessEvent takes has its tenant and options', async (t) => {
  const fields = [{ path: '*exp.A', value: '~*tenant;/;~*opts.*k;/;~*req.A' }]
  const event = { Tenant: 't.org', ID: 'e1', Event: { A: 1 }, APIOpts: { '*k': 'o' } }
  t.match(await told(t, { fields, type: '*file_fwv' }, event), /^row: t\.org\/o\/1$/m)
})

t.test('a field that fails is told; the next event is written', async (t) => {
  const fields = [{ tag: 'R', path: '*exp.R', value: '~*req.Route', mandatory: true }]
  const text = await told(t, { fields }, [{ A: 1 }, { Route: 'r' }])
  t.match(text, /R \*exp\.R \(\*variable\): FAILS: NOT_FOUND:R\n.* is not there\nnot exported: NOT_FOUND:R$/m)
  t.match(text, /^row: r$/m)
  t.match(await told(t, { fields, filters: ['FLTR'] }, { A: 1 }), /^not exported: NOT_FOUND:FLTR$/m)
})

t.test('an exporter that is not there, one that writes no file, and what is no JSON are refused', async (t) => {
  await t.rejects(told(t, {}, CDR, 'x'), { message: 'exporter "x": expected one of: e' })
  await t.rejects(told(t, {}, CDR, 'web'), { message: 'exporter "web": expected one of: e' })
  await t.rejects(told(t, { type: '*none' }, CDR), { message: /^exporter "e": expected one of: none/ })
  await t.rejects(told(t, {}, 'a,b'), { message: /the file is no JSON/ })
})

t.test('the shipped exporter of fixed columns writes the shipped CDR', async (t) => {
  const loaded = await loadConfig(join(ROOT, 'templates'), {}, join(ROOT, 'config/tollgate.json'))
  const bytes = readFileSync(join(ROOT, 'templates/messages/cdr.txt'))
  const text = (await dryRunExporter('fixed_cdrs', bytes, { loaded, root: ROOT })).join('\n')
  t.match(text, /^row: HDR {2}\d{14}$/m)
  t.match(text, /^row: CDR {5}49170123456749309018201234x202605101722090000012345$/m)
  t.match(text, /^row: TRL {2}00000001000000012345$/m)
})
