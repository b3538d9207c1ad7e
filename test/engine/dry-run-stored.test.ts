import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { loadConfig } from '../../src/config/load-config.ts'
import { dryRun } from '../../src/engine/dry-run/dry-run.ts'
import { storedSources } from '../../src/engine/dry-run/stored.ts'
import { filterKind, profileKey } from '../../src/engine/profile-records.ts'
import { LmdbDataStore } from '../../src/store/lmdb/lmdb-data-store.ts'
import { readTable } from '../../src/store/lmdb/read-table.ts'
import { Records } from '../../src/store/unit-of-work.ts'
import { ROOT } from '../support/gateway.ts'

/** A folder with a configuration whose rows are for account filters that are stored. */
function folderOf(t: Test, filters: readonly string[], database: object): string {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-stored-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const reader = {
    id: 'r',
    type: '*file_csv',
    flags: ['*cdrs'],
    filters,
    fields: [{ path: '*cgreq.A', type: '*variable', value: '~*req.0' }],
  }
  const config = { general: { default_timezone: 'UTC' }, data_db: database, ers: { readers: [reader] } }
  mkdirSync(join(folder, 'config'))
  writeFileSync(join(folder, 'config/a.json'), JSON.stringify(config))
  writeFileSync(join(folder, 'in.csv'), '1001\n2002\n')
  return folder
}

/** What `bin/tollgate dry-run` prints for the rows of the folder. */
async function printed(folder: string, ...more: string[]): Promise<string> {
  const args = [
    'dry-run',
    '--config-path',
    join(folder, 'config'),
    '--agent',
    'csv',
    '--in',
    join(folder, 'in.csv'),
    ...more,
  ]
  const child = spawn(join(ROOT, 'bin/tollgate'), args, { cwd: folder })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk
  })
  child.stderr.on('data', (chunk: Buffer) => {
    output += chunk
  })
  await once(child, 'close')
  return output
}

t.test('a dry run reads the filters of a store that an engine has open, and changes nothing', async (t) => {
  const folder = folderOf(t, ['FLTR_1001'], { db_type: '*lmdb', opts: { lmdbPath: 'data' } })
  t.match(await printed(folder), /filter FLTR_1001 \(NOT_FOUND:FLTR_1001\) does not pass/, 'no store yet')
  const store = new LmdbDataStore({ folder: join(folder, 'data'), durability: 'commit' })
  const records = new Records(store, { limit: 10 })
  const filter = (values: string[]) => ({
    tenant: 'cgrates.org',
    id: 'FLTR_1001',
    rules: [{ type: '*string', element: '~*req.0', values }],
    activation: null,
  })
  await records.run((unit) => unit.put(filterKind, profileKey('filter', 'cgrates.org', 'FLTR_1001'), filter(['1001'])))
  const open = await printed(folder)
  t.match(open, /row 1 of 1 columns for reader r\nprocessor r: matches/)
  t.match(open, /row 2 of 1 columns for reader r\nprocessor r: filter FLTR_1001 does not pass/)
  await store.close()
  const again = new LmdbDataStore({ folder: join(folder, 'data'), durability: 'commit' })
  await again.flushed()
  const later = new Records(again, { limit: 10 })
  await later.run((unit) => unit.put(filterKind, profileKey('filter', 'cgrates.org', 'FLTR_1001'), filter(['2002'])))
  t.match(
    await printed(folder),
    /row 2 of 1 columns for reader r\nprocessor r: matches/,
    'the journal goes over the checkpoint',
  )
  t.equal(readTable(join(folder, 'data'), 'profile').size, 1)
  await later.run((unit) => unit.delete(filterKind, profileKey('filter', 'cgrates.org', 'FLTR_1001')))
  t.match(await printed(folder), /NOT_FOUND:FLTR_1001/, 'what was deleted is not there')
  await again.close()
})

t.test('a tariff folder has filters, destinations and timings for a dry run', async (t) => {
  const filters = ['FLTR_DST', '*timings:*now:TM_EVER', '*destinations:~*req.0:DST_10']
  const folder = folderOf(t, filters, { db_type: '*internal' })
  const tariff = join(folder, 'tariff')
  mkdirSync(tariff)
  writeFileSync(join(tariff, 'Filters.csv'), 'cgrates.org,FLTR_DST,*destinations,~*req.0,DST_10;DST_20,\n')
  writeFileSync(join(tariff, 'Destinations.csv'), 'DST_10,10\nDST_20,20\n')
  writeFileSync(join(tariff, 'Timings.csv'), 'TM_EVER,*any,*any,*any,*any,00:00:00\n')
  const loaded = await loadConfig(join(folder, 'config'), {}, join(ROOT, 'config/tollgate.json'))
  const now = { ns: 1_778_433_729_000_000_000n, zone: 'UTC' }
  const run = async (sources?: ReturnType<typeof storedSources>) => {
    const bytes = Buffer.from('1001\n2002\n')
    return (await dryRun('csv', bytes, { loaded, root: ROOT, reply: undefined, ...(sources && { sources }) })).join(
      '\n',
    )
  }
  const text = await run(storedSources(loaded, tariff, now))
  t.match(text, /^row 1 of 1 columns for reader r\nprocessor r: matches$/m)
  t.match(text, /processor r: filter \*destinations:~\*req\.0:DST_10 does not pass/)
  t.match(await run(), /filter FLTR_DST \(NOT_FOUND:FLTR_DST\) does not pass/)
  t.match(await printed(folder, '--tariff', tariff), /row 1 of 1 columns for reader r\nprocessor r: matches/)
  writeFileSync(join(tariff, 'Filters.csv'), 'cgrates.org,FLTR_DST,*never,~*req.0,1,\n')
  t.throws(() => storedSources(loaded, tariff, now), {
    message: /Filters\.csv:1: Filters cgrates\.org:FLTR_DST: NOT_IMPLEMENTED:\*never/,
  })
})
