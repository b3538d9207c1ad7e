import t, { type Test } from 'tap'
import { engineOf } from '../support/engine.ts'
import { ROOT, sampleFolder } from '../support/gateway.ts'

const HOLIDAY = '*sum#~*asm.BalanceSummaries.HOLIDAY.Value'
const INITIAL = '*sum#~*asm.BalanceSummaries.HOLIDAY.Initial'

async function watched(t: Test, overrides: object = {}) {
  const connected = {
    stats: { enabled: true },
    rals: { stats_conns: ['*internal'] },
    schedulers: { enabled: true, stats_conns: ['*internal'] },
    ...overrides,
  }
  const { engine, call } = await engineOf(t, sampleFolder(t, connected))
  t.teardown(() => engine.close())
  await engine.tariff.load(`${ROOT}/config/samples/gy-data/tariff`)
  await call('APIerSv1.SetStatQueueProfile', {
    ID: 'Q',
    FilterIDs: ['*string:~*opts.*eventType:AccountUpdate', '*string:~*req.AccountID:1003'],
    Metrics: [{ MetricID: '*sum#1' }, { MetricID: HOLIDAY }, { MetricID: INITIAL }],
  })
  const texts = async () => {
    await new Promise((next) => setImmediate(next))
    return call('StatSv1.GetQueueStringMetrics', { ID: 'Q' })
  }
  const shown = (updates: number, value: number, initial: number) =>
    `{"*sum#1":"${updates}","${INITIAL}":"${initial}","${HOLIDAY}":"${value}"}`
  return { engine, call, texts, shown }
}

const add = (Value: number) => ({
  Account: '1003',
  BalanceType: '*monetary',
  Value,
  Balance: { ID: 'HOLIDAY' },
})

t.test('06 E17: accounts that debits change, and those that are published, feed statistics', async (t) => {
  const { engine, call, texts, shown } = await watched(t)
  t.equal(await call('APIerSv1.AddBalance', add(10)), '"OK"')
  t.equal(await texts(), shown(1, 10, 10), 'published as it is')
  const debited = await call('Responder.Debit', {
    Tenant: 'cgrates.org',
    Category: 'data',
    ToR: '*data',
    Subject: '1003',
    Account: '1003',
    Destination: 'rg1',
    TimeStart: '2026-01-01T10:00:00Z',
    TimeEnd: '2026-01-01T10:00:00.010485760Z',
    DurationIndex: 10_485_760,
    PerformRounding: true,
  })
  t.match(debited, '"AccountSummary"')
  const { balances = {} } = (await engine.account('cgrates.org', '1003')) ?? {}
  const left = Number(String(balances['*monetary']?.[0]?.value))
  t.ok(left < 10, 'it was debited')
  t.equal(await texts(), shown(2, Number((10 + left).toFixed(5)), 20), 'told once, with its value before')
  await call('APIerSv1.SetAccount', { Account: '1003', ExtraOptions: { AllowNegative: true } })
  t.match(await texts(), '"*sum#1":"2"', 'no other change is told')
})

t.test('04 11.4: actions let queues begin anew; without a connection the set fails', async (t) => {
  const set = (call: (name: string, argument: object) => Promise<string>, type: string, target: string) =>
    call('APIerSv1.SetActions', {
      ActionsId: type,
      Actions: [{ Identifier: type, ExtraParameters: target, Weight: 10 }],
      Overwrite: true,
    })
  const { engine, call, texts, shown } = await watched(t)
  await call('APIerSv1.AddBalance', add(1))
  t.equal(await set(call, '*reset_stat_queue', 'cgrates.org:Q'), '"OK"')
  t.equal(await call('APIerSv1.ExecuteAction', { ActionsId: '*reset_stat_queue' }), '"OK"')
  t.equal(await texts(), shown(0, 0, 0))
  await set(call, '*reset_threshold', 'cgrates.org:T')
  t.equal(await call('APIerSv1.ExecuteAction', { ActionsId: '*reset_threshold' }), 'PARTIALLY_EXECUTED')
  await engine.config.set({ schedulers: { stats_conns: [] } }, false)
  const alone = await call('APIerSv1.ExecuteAction', { Account: '1003', ActionsId: '*reset_stat_queue' })
  t.equal(alone, 'PARTIALLY_EXECUTED')
})

t.test('05 9.1: CDRs that actions make feed statistics, too', async (t) => {
  const { call } = await watched(t, {
    cdrs: { enabled: true, stats_conns: ['*internal'] },
    schedulers: { enabled: true, cdrs_conns: ['*internal'] },
  })
  await call('APIerSv1.SetStatQueueProfile', {
    ID: 'CDRS',
    FilterIDs: ['*string:~*opts.*eventType:CDR', '*string:~*req.Account:1003'],
    Metrics: [{ MetricID: '*sum#1' }, { MetricID: '*tcc' }],
  })
  t.equal(await call('APIerSv1.AddBalance', { ...add(7), Cdrlog: true }), '"OK"')
  await new Promise((next) => setImmediate(next))
  t.equal(await call('StatSv1.GetQueueStringMetrics', { ID: 'CDRS' }), '{"*sum#1":"1","*tcc":"7"}')
})
