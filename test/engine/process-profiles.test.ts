import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { ProcessProfiles } from '../../src/engine/process-profiles.ts'

function setUp(t: Test) {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-profiles-'))
  const failures: string[] = []
  const profiles = new ProcessProfiles((cause) => failures.push(cause))
  t.teardown(() => profiles.close())
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const read = (name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Record<string, unknown>
  return { folder, profiles, failures, read }
}

const memory = { intervalMs: 0, maxFiles: 0, usesTimestamp: false }

t.test('10 C6: the processor time, from start to stop', async (t) => {
  const { folder, profiles, read } = setUp(t)
  await t.rejects(profiles.stopCpu(), { message: 'stop CPU profiling: not started yet' })
  const nowhere = join(folder, 'nowhere')
  await t.rejects(profiles.startCpu(nowhere), {
    message: `could not create CPU profile: open ${nowhere}/cpu.cpuprofile: no such file or directory`,
  })
  await profiles.startCpu(folder)
  await t.rejects(profiles.startCpu(folder), { message: 'start CPU profiling: already started' })
  await profiles.stopCpu()
  t.match(read('cpu.cpuprofile'), { nodes: Array, startTime: Number, samples: Array })
  await t.rejects(profiles.stopCpu(), { message: 'stop CPU profiling: already stopped' })
  await profiles.startCpu(folder)
})

t.test('10 C6: the heap, every interval and at the stop', async (t) => {
  const { folder, profiles, failures, read } = setUp(t)
  await t.rejects(profiles.stopMemory(), { message: 'stop memory profiling: not started yet' })
  const nowhere = join(folder, 'nowhere')
  await t.rejects(profiles.startMemory({ ...memory, folder: nowhere }), {
    message: `could not create memory profile: open ${nowhere}/mem_final.heapprofile: no such file or directory`,
  })
  await profiles.startMemory({ ...memory, folder, intervalMs: 1, maxFiles: 2 })
  await t.rejects(profiles.startMemory({ ...memory, folder }), { message: 'start memory profiling: already started' })
  while (!readdirSync(folder).includes('mem_4.heapprofile')) await wait(1)
  await profiles.stopMemory()
  const names = readdirSync(folder)
  t.equal(names.length, 3, 'the two newest and the last')
  t.notOk(names.includes('mem_1.heapprofile'))
  t.match(read('mem_final.heapprofile'), { head: { children: Array } })
  t.same(failures, [])
  await t.rejects(profiles.stopMemory(), { message: 'stop memory profiling: already stopped' })
})

t.test('10 C6: files named by their time; what is recorded at the end is written', async (t) => {
  const { folder, profiles, failures, read } = setUp(t)
  await profiles.startMemory({ ...memory, folder, intervalMs: 1, usesTimestamp: true })
  await profiles.startCpu(folder)
  while (!readdirSync(folder).some((name) => /^mem_\d{14}_\d{6}\.heapprofile$/.test(name))) await wait(1)
  await profiles.close()
  t.match(read('cpu.cpuprofile'), { nodes: Array })
  t.match(read('mem_final.heapprofile'), { head: Object })
  t.same(failures, [])
})

t.test('a folder that goes away while nobody waits is told', async (t) => {
  const { folder, profiles, failures } = setUp(t)
  await profiles.startMemory({ ...memory, folder, intervalMs: 1 })
  rmSync(folder, { recursive: true, force: true })
  while (failures.length === 0) await wait(1)
  t.match(failures[0], /ENOENT/)
})
