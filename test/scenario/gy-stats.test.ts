import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { ask, connectGateway, sampleFolder, startGateway, stopGateway } from '../support/gateway.ts'
import { callText } from '../support/rpc-steps.ts'

const MIB = 1n << 20n

/** The sample, whose updates tell statistics. */
async function gatewayOf(t: Test, sessions: object) {
  const stats = { enabled: true }
  const folder = sampleFolder(t, { stats, cdrs: { stats_conns: ['*internal'] }, sessions })
  const path = join(folder, 'config', 'tollgate.json')
  const text = readFileSync(path, 'utf8')
  writeFileSync(path, text.replace('["*update", "*accounts"', '["*update", "*accounts", "*stats:*ids:UPDATES&NONE"'))
  const gateway = await startGateway(folder)
  t.teardown(() => stopGateway(gateway, 'SIGKILL'))
  for (const ID of ['UPDATES', 'CDRS'])
    await callText(gateway, 'APIerSv1.SetStatQueueProfile', {
      ID,
      FilterIDs:
        ID === 'CDRS'
          ? ['*string:~*opts.*eventType:CDR']
          : ['*string:~*req.Account:1001', '*notexists:~*opts.*eventType:'],
      Metrics: [{ MetricID: '*sum#1' }, { MetricID: '*tcd' }],
    })
  const count = async (ID: string) => {
    const { result } = JSON.parse(await callText(gateway, 'StatSv1.GetQueueStringMetrics', { ID })) as {
      result: Record<string, string>
    }
    return result['*sum#1']
  }
  return { gateway, count }
}

t.test('07 1.4: requests with the flag *stats feed the queues that it names, and CDRs those of CDRs', async (t) => {
  const { gateway, count } = await gatewayOf(t, { stats_conns: ['*internal'] })
  const client = await connectGateway(gateway.diameterPort)
  t.teardown(() => client.close())
  const group = { ratingGroup: 1, requested: MIB }
  await ask(client, 's', 1, 0, [group])
  await ask(client, 's', 2, 1, [{ ...group, used: MIB }])
  await ask(client, 's', 2, 2, [{ ...group, used: MIB }])
  const { resultCode } = await ask(client, 's', 3, 3, [{ ratingGroup: 1, used: MIB }])
  t.equal(resultCode, 2001)
  // The answer does not wait for statistics.
  while ((await count('CDRS')) !== '1');
  t.equal(await count('UPDATES'), '2')
})

t.test(
  'a request with the flag *stats is refused when sessions are not connected, and nothing is charged',
  async (t) => {
    const { gateway, count } = await gatewayOf(t, {})
    const client = await connectGateway(gateway.diameterPort)
    t.teardown(() => client.close())
    const group = { ratingGroup: 1, requested: MIB }
    await ask(client, 's', 1, 0, [group])
    const account = () => callText(gateway, 'APIerSv2.GetAccount', { Account: '1001' })
    const before = await account()
    const { groups } = await ask(client, 's', 2, 1, [{ ...group, used: MIB }])
    t.not(groups[0]?.resultCode, 2001)
    t.equal(await account(), before)
    t.equal(await count('UPDATES'), '0')
  },
)
