import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { ROOT } from '../support/gateway.ts'
import { FOLDER, STORIES } from './story.ts'

const RECORDER = join(FOLDER, 'record.ts')

t.test('the recorder writes the story that it has read, when the engine answers as the reference', (t) => {
  const into = mkdtempSync(join(tmpdir(), 'tollgate-record-'))
  t.teardown(() => rmSync(into, { recursive: true, force: true }))
  const engine = join(ROOT, 'bin/cgr-engine')
  const wanted = ['birpc', 'tls']
  const printed = execFileSync(process.execPath, [RECORDER, '--engine', engine, '--into', into, ...wanted], {
    encoding: 'utf8',
  })
  t.equal(printed, 'birpc: 11 steps\ntls: 6 steps\n')
  t.same(readdirSync(into), ['birpc.json', 'tls.json'])
  for (const name of readdirSync(into))
    t.equal(readFileSync(join(into, name), 'utf8'), readFileSync(join(STORIES, name), 'utf8'), name)
  t.end()
})

for (const { name, args, told } of [
  { name: 'no engine', args: [], told: 'node test/conformance/record.ts --engine PATH [--into DIR] [story...]\n' },
  { name: 'an unknown story', args: ['--engine', 'x', 'nope'], told: 'no story nope\n' },
])
  t.test(name, (t) => {
    const { status, stderr } = spawnSync(process.execPath, [RECORDER, ...args], { encoding: 'utf8' })
    t.equal(status, 2)
    t.equal(stderr, told)
    t.end()
  })
