import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import t, { type Test } from 'tap'
import {
  BackupError,
  dropBackup,
  findBackup,
  finishBackup,
  startBackup,
  unpackBackup,
} from '../../src/store/backup/backup-files.ts'

function scratch(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-backup-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

async function made(folder: string, nowMs: number, isZip: boolean): Promise<string> {
  const gathered = await startBackup(folder, nowMs)
  writeFileSync(join(gathered, 'records.mdb'), 'records')
  writeFileSync(join(gathered, 'journal-0000000001.log'), '')
  return finishBackup(gathered, 'data_db', isZip)
}

for (const isZip of [false, true])
  t.test(`${isZip ? 'zip' : 'folder'}: what is in a backup comes out of it, and nothing is left beside`, async (t) => {
    const folder = join(scratch(t), 'made/for/it')
    const path = await made(folder, 1_700_000_000_000, isZip)
    t.equal(path, join(folder, `backup_1700000000000${isZip ? '.zip' : ''}`))
    t.same(readdirSync(folder), [basename(path)])
    const target = scratch(t)
    await unpackBackup(path, 'data_db', target)
    t.same(readdirSync(target).sort(), ['journal-0000000001.log', 'records.mdb'])
    t.equal(readFileSync(join(target, 'records.mdb'), 'utf8'), 'records')
    await t.rejects(
      unpackBackup(path, 'stor_db', target),
      new BackupError(`${path} is a backup of data_db, not of stor_db`),
    )
  })

t.test('no backup replaces another, also of the same moment', async (t) => {
  const folder = scratch(t)
  const first = await made(folder, 5, true)
  const underWay = await startBackup(folder, 5)
  t.equal(basename(underWay), '.backup_6')
  t.equal(basename(await made(folder, 5, false)), 'backup_7')
  await dropBackup(underWay)
  t.same(readdirSync(folder).sort(), ['backup_5.zip', 'backup_7'])
  t.equal(await findBackup(folder), join(folder, 'backup_7'), 'the newest')
  t.equal(await findBackup(first), first, 'the one that is named')
})

/** What may be wrong with a backup, and what is said of it. */
const faults: { name: string; spoil: (path: string) => void; error: RegExp }[] = [
  {
    name: 'a changed file',
    spoil: (path) => writeFileSync(join(path, 'records.mdb'), 'Records'),
    error: /is damaged: records\.mdb has 7 octets/,
  },
  {
    name: 'a shorter file',
    spoil: (path) => writeFileSync(join(path, 'records.mdb'), 'rec'),
    error: /is damaged: records\.mdb has 3 octets/,
  },
  { name: 'a missing file', spoil: (path) => rmSync(join(path, 'records.mdb')), error: /has no records\.mdb$/ },
  { name: 'no manifest', spoil: (path) => rmSync(join(path, 'manifest.json')), error: /has no manifest\.json$/ },
  {
    name: 'a manifest that is no JSON',
    spoil: (path) => writeFileSync(join(path, 'manifest.json'), '{'),
    error: /manifest\.json is not that of a backup$/,
  },
  {
    name: 'a manifest of something else',
    spoil: (path) => writeFileSync(join(path, 'manifest.json'), '{"format":2,"kind":"data_db","files":[]}'),
    error: /manifest\.json is not that of a backup$/,
  },
  {
    name: 'a name that leads elsewhere',
    spoil(path) {
      const manifest = readFileSync(join(path, 'manifest.json'), 'utf8')
      writeFileSync(join(path, 'manifest.json'), manifest.replace('"records.mdb"', '"../outside"'))
      writeFileSync(join(path, '..', 'outside'), 'records')
    },
    error: /manifest\.json is not that of a backup$/,
  },
]
for (const { name, spoil, error } of faults)
  t.test(`a backup with ${name} is refused`, async (t) => {
    const path = await made(scratch(t), 5, false)
    spoil(path)
    const target = join(scratch(t), 'in')
    mkdirSync(target)
    await t.rejects(unpackBackup(path, 'data_db', target), { name: 'BackupError', message: error })
    t.notOk(existsSync(join(target, '..', 'outside')))
  })

t.test('a zip file that is none is refused', async (t) => {
  const path = join(scratch(t), 'backup_5.zip')
  writeFileSync(path, 'PK no zip')
  await t.rejects(unpackBackup(path, 'data_db', scratch(t)), { name: 'BackupError', message: / is no zip file: / })
})
