import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { loadConfig } from '../../src/config/load-config.ts'
import { Engine } from '../../src/engine/engine.ts'
import { ROOT, sampleFolder } from '../support/gateway.ts'

type Logged = { message: string; fields: Record<string, unknown> }

/** An engine on the sample with other actions; nothing listens. */
async function engineOf(t: Test, files: Record<string, string>, overrides: object = {}) {
  const folder = sampleFolder(t, {
    data_db: { db_type: '*internal' },
    stor_db: { db_type: '*internal' },
    ees: { enabled: false },
    cdrs: { ees_conns: [], online_cdr_exports: [] },
    ...overrides,
  })
  const tariff = join(folder, 'tariff')
  mkdirSync(tariff)
  cpSync(join(ROOT, 'config/samples/gy-data/tariff'), tariff, { recursive: true })
  for (const [name, text] of Object.entries(files)) writeFileSync(join(tariff, name), text)
  const logged: Logged[] = []
  const engine = new Engine({
    loaded: await loadConfig(join(folder, 'config'), {}, join(ROOT, 'config/tollgate.json')),
    root: ROOT,
    log: (_level, message, fields) => logged.push({ message, fields }),
  })
  t.teardown(() => engine.close())
  await engine.openTariff()
  const money = async (id: string) => {
    const account = await engine.account('cgrates.org', id)
    return (account?.balances['*monetary'] ?? []).map(({ value }) => value.toString())
  }
  return { engine, tariff, money, logged }
}

const topUp = (id: string, filter: string, units: string) =>
  `${id},*topup,,${filter},MONEY,*monetary,,,,,*unlimited,,${units},10,false,false,10\n`

t.test('04 14: *asap actions run for the accounts of the folder, and again when it is loaded again', async (t) => {
  const { engine, tariff, money } = await engineOf(t, {
    'Actions.csv': topUp('ACT', '', '5'),
    'ActionPlans.csv': 'AP,ACT,*asap,10\n',
    'AccountActions.csv': 'cgrates.org,a,AP,,false,false\ncgrates.org,b,,,true,true\n',
  })
  await engine.tariff.load(tariff)
  t.same(await money('a'), ['5'])
  t.same(await money('b'), [])
  t.match(await engine.account('cgrates.org', 'b'), { allowNegative: true, disabled: true })
  await engine.tariff.load(tariff)
  t.same(await money('a'), ['10'])
})

t.test('04 11.2: an action whose filter does not pass is skipped; one that cannot be told stops the set', async (t) => {
  const { engine, tariff, money, logged } = await engineOf(t, {
    'Actions.csv': [
      topUp('ACT', '*notexists:~*req.BalanceMap.*data:', '5'),
      topUp('ACT', '*exists:~*req.BalanceMap.*data:', '7'),
      topUp('BAD', '', '5'),
      topUp('BAD', '*gt:~*req.ID:3', '7'),
    ].join(''),
    'ActionPlans.csv': 'AP,ACT,*asap,10\nAPB,BAD,*asap,10\n',
    'AccountActions.csv': 'cgrates.org,a,AP,,false,false\ncgrates.org,b,APB,,false,false\n',
  })
  await engine.tariff.load(tariff)
  t.same(await money('a'), ['5'])
  t.same(await money('b'), [], 'nothing of a set that failed is kept')
  t.match(logged, [{ message: 'an action set failed', fields: { accountId: 'cgrates.org:b', cause: /incomparable/ } }])
})

t.test('a filter that is none stops the load: nothing of the folder is taken', async (t) => {
  const { engine, tariff } = await engineOf(t, {
    'Actions.csv': topUp('ACT', '*foo:~*req.ID:3', '5'),
    'ActionPlans.csv': 'AP,ACT,*asap,10\n',
    'AccountActions.csv': 'cgrates.org,a,AP,,false,false\n',
  })
  await t.rejects(engine.tariff.load(tariff), /Actions\.csv:1.*Actions ACT: NOT_IMPLEMENTED:\*foo/)
  t.same(engine.tariff.counts(), {})
  t.equal(await engine.account('cgrates.org', 'a'), undefined)
})

t.test('04 12.3: without a scheduler the tasks wait', async (t) => {
  const { engine, tariff, money, logged } = await engineOf(
    t,
    {
      'Actions.csv': topUp('ACT', '', '5'),
      'ActionPlans.csv': 'AP,ACT,*asap,10\n',
      'AccountActions.csv': 'cgrates.org,a,AP,,false,false\n',
    },
    { schedulers: { enabled: false } },
  )
  await engine.tariff.load(tariff)
  t.same(await money('a'), [])
  t.match(logged, [{ message: /actions wait for a scheduler/, fields: { tasks: 1 } }])
})

t.test('04 12.2: a plan runs by the clock', async (t) => {
  const { engine, tariff, money } = await engineOf(t, {
    'Actions.csv': topUp('ACT', '', '5'),
    'Timings.csv':
      'ALWAYS,*any,*any,*any,*any,00:00:00\nEVENING,*any,*any,*any,*any,20:00:00\nSOON,*any,*any,*any,*any,+100ms\n',
    'ActionPlans.csv': 'AP,ACT,SOON,10\n',
    'AccountActions.csv': 'cgrates.org,a,AP,,false,false\n',
  })
  await engine.tariff.load(tariff)
  t.same(await money('a'), [], 'not at the load')
  while ((await money('a')).length === 0) await new Promise((next) => setImmediate(next))
  t.same(await money('a'), ['5'])
})

t.test('04 18.12: a plan does not make an account again that was removed', async (t) => {
  const { engine, tariff, money } = await engineOf(t, {
    'Actions.csv': topUp('ACT', '', '5'),
    'Timings.csv':
      'ALWAYS,*any,*any,*any,*any,00:00:00\nEVENING,*any,*any,*any,*any,20:00:00\nSOON,*any,*any,*any,*any,+100ms\n',
    'ActionPlans.csv': 'AP,ACT,SOON,10\n',
    'AccountActions.csv': 'cgrates.org,a,AP,,false,false\ncgrates.org,b,AP,,false,false\n',
  })
  await engine.tariff.load(tariff)
  await engine.accounts.remove('cgrates.org', 'a')
  while ((await money('b')).length === 0) await new Promise((next) => setImmediate(next))
  t.equal(await engine.account('cgrates.org', 'a'), undefined)
})

t.test('a task runs once, however many reloads meet it', async (t) => {
  const { engine, tariff, money } = await engineOf(t, {
    'Actions.csv': topUp('ACT', '', '5'),
    'ActionPlans.csv': 'AP,ACT,*asap,10\n',
    'AccountActions.csv': 'cgrates.org,a,AP,,false,false\n',
  })
  await engine.tariff.load(tariff)
  const plans = { ids: ['AP'], isReplacing: false, isRepeating: true }
  await engine.accounts.set('cgrates.org', 'a', {
    allowNegative: undefined,
    disabled: undefined,
    plans,
    triggers: undefined,
  })
  await Promise.all([engine.scheduler.reload(), engine.scheduler.reload(), engine.scheduler.reload()])
  t.same(await money('a'), ['10'])
})

t.test('04 W29: schedulers.filters', async (t) => {
  const files = {
    'Actions.csv': topUp('ACT', '', '10'),
    'ActionPlans.csv': 'AP,ACT,*asap,10\n',
    'AccountActions.csv': ['1001', '1002', '1003'].map((id) => `cgrates.org,${id},AP,,,\n`).join(''),
  }
  const filtered = (...filters: string[]) => ({ schedulers: { enabled: true, filters } })
  const { engine, tariff, money } = await engineOf(t, files, filtered('*suffix:~*act.AccountID:1001'))
  await engine.tariff.load(tariff)
  t.same(await money('1001'), ['10'])
  t.same(await money('1002'), [], 'its task waits for another scheduler')
  t.same(await money('1003'), [])
  await t.rejects(engineOf(t, files, filtered('*foo:~*act.AccountID:1001')), /schedulers\.filters.*\*foo/)
})

t.test('04 14: a load puts its accounts to those that a plan has', async (t) => {
  const files = {
    'Actions.csv': topUp('ACT', '', '5'),
    'Timings.csv': 'ALWAYS,*any,*any,*any,*any,00:00:00\nEVENING,*any,*any,*any,*any,20:00:00\n',
    'ActionPlans.csv': 'AP,ACT,EVENING,10\n',
    'AccountActions.csv': 'cgrates.org,a,AP,,,\n',
  }
  const { engine, tariff } = await engineOf(t, files)
  await engine.tariff.load(tariff)
  writeFileSync(join(tariff, 'AccountActions.csv'), 'cgrates.org,b,AP,,,\n')
  await engine.tariff.load(tariff)
  t.same([...engine.accountsOf('AP')].sort(), ['cgrates.org:a', 'cgrates.org:b'])
})
