import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import t, { type Test } from 'tap'
import type { CdrRow } from '../../src/store/cdr-store.ts'
import { markReady, takeUpRestore } from '../../src/store/lmdb/take-up.ts'
import { CdrTable } from '../../src/store/sqlite/cdr-table.ts'
import { restoreFileOf, takeUpCdrFile, undoCdrsAfter } from '../../src/store/sqlite/take-up.ts'

function scratch(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-take-up-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

const OLD = ['records.mdb', 'journal-0000000001.log', 'journal-0000000002.log']
const NEW = ['records.mdb', 'journal-0000000002.log']

/** A store with other records that wait for it. */
function waiting(t: Test): string {
  const folder = scratch(t)
  const restore = join(folder, 'restore')
  mkdirSync(restore)
  for (const name of OLD) writeFileSync(join(folder, name), 'old')
  for (const name of NEW) writeFileSync(join(restore, name), 'new')
  writeFileSync(join(folder, 'owner.lock'), 'me')
  markReady(restore, 'replaced_1')
  return folder
}

/** What a crash may leave, by how many files had been moved. */
const crashes: { name: string; crash: (folder: string) => void }[] = [
  ...[0, 1, 2, 3].map((moved) => ({
    name: `${moved} of the old files are beside`,
    crash(folder: string) {
      mkdirSync(join(folder, 'replaced_1'))
      for (const name of OLD.slice(0, moved)) renameSync(join(folder, name), join(folder, 'replaced_1', name))
    },
  })),
  ...[0, 1, 2].map((moved) => ({
    name: `${moved} of the new files are there`,
    crash(folder: string) {
      mkdirSync(join(folder, 'replaced_1'))
      for (const name of OLD) renameSync(join(folder, name), join(folder, 'replaced_1', name))
      renameSync(join(folder, 'restore/ready'), join(folder, 'restore/moving'))
      for (const name of NEW.slice(0, moved)) renameSync(join(folder, 'restore', name), join(folder, name))
    },
  })),
]

for (const { name, crash } of crashes)
  t.test(`records that are restored, crash when ${name}: the new ones are there, the old ones beside`, async (t) => {
    const folder = waiting(t)
    crash(folder)
    t.equal(takeUpRestore(folder), 'replaced_1')
    t.same(readdirSync(folder).sort(), [...NEW, 'owner.lock', 'replaced_1'].sort())
    for (const file of NEW) t.equal(readFileSync(join(folder, file), 'utf8'), 'new')
    t.same(readdirSync(join(folder, 'replaced_1')), OLD.toSorted())
    t.equal(takeUpRestore(folder), undefined, 'once')
  })

t.test('records that are not ready yet stay where they are', async (t) => {
  const folder = waiting(t)
  rmSync(join(folder, 'restore/ready'))
  t.equal(takeUpRestore(folder), undefined)
  t.equal(readFileSync(join(folder, 'records.mdb'), 'utf8'), 'old')
})

function row(number: number): CdrRow {
  const id = `${String(number).padStart(16, '0')}/x`
  const texts = { cgrId: '', runId: '', tenant: '', account: '', originId: '', requestType: '', toR: '' }
  return { id, ...texts, answerNs: 0n, cost: '1', record: '{}', replaces: false }
}

function numbersIn(path: string): number[] {
  const database = new DatabaseSync(path, { readOnly: true })
  const ids = database.prepare('SELECT id FROM cdrs ORDER BY id').all()
  database.close()
  return ids.map(({ id }) => Number(String(id).slice(0, 16)))
}

t.test('a CDR file that is restored loses the CDRs that restored records do not know, and no later ones', async (t) => {
  const path = join(scratch(t), 'cdrs.sqlite')
  const now = Date.now() * 1000
  const later = now + 3_600_000_000
  const first = new CdrTable(path)
  first.write([row(1)])
  undoCdrsAfter(path, '9'.padStart(16, '0'))
  undoCdrsAfter(path, '2'.padStart(16, '0'))
  first.close()
  takeUpCdrFile(path)
  t.same(numbersIn(path), [1], 'the CDR store itself stays as it is')

  const waits = new CdrTable(restoreFileOf(path))
  waits.write([1, 2, 3, now, later].map(row))
  waits.close()
  takeUpCdrFile(path)
  t.same(numbersIn(path), [1, 2, later], 'of two restores before one start the last one counts')
  t.notOk(existsSync(restoreFileOf(path)))
})
