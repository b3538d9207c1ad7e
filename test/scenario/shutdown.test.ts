import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { balances, rpcText, sampleFolder, startGateway, stopGateway } from '../support/gateway.ts'

t.test('10 B11: a stop waits cores.shutdown_timeout for calls under way; what was answered is kept', async (t) => {
  const folder = sampleFolder(t, { general: { durability: 'async' }, cores: { shutdown_timeout: '50ms' } })
  const gateway = await startGateway(folder)
  t.teardown(() => stopGateway(gateway, 'SIGKILL'))
  const sleeping = connect(gateway.rpcPort, '127.0.0.1')
  sleeping.write('{"id":1,"method":"CoreSv1.Sleep","params":[{"Duration":3600000000000}]}\n')
  // Calls of one connection begin in order: this one is answered while the first sleeps.
  sleeping.write('{"id":2,"method":"CoreSv1.Ping","params":[{}]}\n')
  t.equal(String((await once(sleeping, 'data'))[0]), '{"id":2,"result":"Pong","error":null}\n')
  const Balance = { ID: 'kept' }
  const topUp = { Account: '1001', BalanceType: '*monetary', Value: 7.25, Balance }
  t.match(await rpcText(gateway.httpPort, 'APIerSv1.SetBalance', topUp), '"OK"')
  const closed = once(sleeping, 'close')
  t.equal(await stopGateway(gateway), 0)
  await closed
  t.match(gateway.output(), /Failed to shutdown all subsystems in the given time/)

  const again = await startGateway(folder)
  t.teardown(() => stopGateway(again))
  t.match(await balances(again.httpPort, '1001'), { kept: '7.25' })
  t.equal(await stopGateway(again), 0)
  t.notMatch(again.output(), /Failed to shutdown/, 'an idle gateway stops in time')
})

t.test('10 C5: profiles by call, and those that run at the end', async (t) => {
  const folder = sampleFolder(t)
  const gateway = await startGateway(folder)
  t.teardown(() => stopGateway(gateway))
  const call = (method: string, argument: object) => rpcText(gateway.httpPort, method, argument)
  const profiles = join(folder, 'profiles')
  mkdirSync(profiles)
  t.match(await call('CoreSv1.StartMemoryProfiling', {}), '"error":"MANDATORY_IE_MISSING: [DirPath]"')
  t.match(await call('CoreSv1.StartMemoryProfiling', { DirPath: profiles }), '"result":"OK"')
  t.match(await call('CoreSv1.StopMemoryProfiling', {}), '"result":"OK"')
  t.match(await call('CoreSv1.StopCPUProfiling', {}), '"error":"stop CPU profiling: not started yet"')
  t.match(await call('CoreSv1.StartCPUProfiling', { DirPath: profiles }), '"result":"OK"')
  t.ok(existsSync(join(profiles, 'cpu.cpuprofile')))
  t.equal(await stopGateway(gateway), 0)
  t.same(readdirSync(profiles).sort(), ['cpu.cpuprofile', 'mem_final.heapprofile'])
})

t.test('10 C6: CoreSv1.Panic ends the process as a crash does; what was answered is kept', async (t) => {
  const folder = sampleFolder(t)
  const gateway = await startGateway(folder)
  t.teardown(() => stopGateway(gateway, 'SIGKILL'))
  const topUp = { Account: '1001', BalanceType: '*monetary', Value: 7.25, Balance: { ID: 'kept' } }
  t.match(await rpcText(gateway.httpPort, 'APIerSv1.SetBalance', topUp), '"OK"')
  const ended = once(gateway.process, 'exit')
  await t.rejects(rpcText(gateway.httpPort, 'CoreSv1.Panic', { Message: 'the end' }))
  t.same(await ended, [2, null])
  t.match(gateway.output(), /^panic: the end$/m)

  const again = await startGateway(folder)
  t.teardown(() => stopGateway(again))
  t.match(await balances(again.httpPort, '1001'), { kept: '7.25' })
})
