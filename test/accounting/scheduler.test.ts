import t from 'tap'
import { type ActionPlan, loadActionPlan, type Task } from '../../src/accounting/action-plans.ts'
import { Scheduler, type SchedulerOptions } from '../../src/accounting/scheduler.ts'
import { contextOf } from '../support/accounts.ts'
import { timing } from '../support/tariffs.ts'

const asap = timing('*asap', { startTime: '*asap' })
const noon = timing('NOON', { startTime: '12:00:00' })
const plan = (id: string, accountIds: string[], ...timings: ActionPlan['timings']): ActionPlan => ({
  id,
  accountIds,
  timings,
})
const run = (actionsId: string, when: ActionPlan['timings'][number]['timing'], weight = 10) => ({
  uuid: `uuid-${actionsId}`,
  timing: when,
  actionsId,
  weight,
})

t.test('loading a plan makes a task for each *asap timing and account (04, 14)', async (t) => {
  const { newUuid } = contextOf()
  const loaded = loadActionPlan(
    plan('P', ['t:1', 't:2'], run('LIGHT', asap, 5), run('HEAVY', asap, 10), run('A', noon)),
    newUuid,
  )
  t.same(loaded.plan.accountIds, ['t:1', 't:2'])
  t.same(
    loaded.tasks.map(({ accountId, actionsId }) => `${accountId} ${actionsId}`),
    ['t:1 HEAVY', 't:1 LIGHT', 't:2 HEAVY', 't:2 LIGHT'],
  )
  const once = loadActionPlan(plan('P', ['t:1'], run('A', asap)), newUuid)
  t.same([once.plan.accountIds, once.tasks.length], [[], 1], 'a plan that only runs at load keeps no accounts')
  t.match(loadActionPlan(plan('P', [], run('A', asap)), newUuid).tasks, [{ accountId: '', actionsId: 'A' }])
})

/** A scheduler whose clock and timer stand still until they are moved. */
function scheduler(options: Partial<SchedulerOptions> = {}) {
  let nowMs = Date.UTC(2026, 10, 23, 6)
  let timer: { callback: () => void; atMs: number } | undefined
  const ran: string[] = []
  const errors: unknown[] = []
  const made = new Scheduler({
    nowMs: () => nowMs,
    zone: 'UTC',
    setTimer: (callback, delayMs) => {
      timer = { callback, atMs: nowMs + delayMs }
      return () => {
        timer = undefined
      }
    },
    run: async ({ accountId, actionsId }) => {
      ran.push(`${actionsId} ${accountId}`)
    },
    accepts: () => true,
    onError: (cause) => errors.push(cause),
    ...options,
  })
  return {
    made,
    ran,
    errors,
    get timer() {
      return timer
    },
    /** Lets the armed timer fire at its moment. */
    fire() {
      const fired = timer
      if (fired === undefined) throw new Error('no timer is armed')
      nowMs = fired.atMs
      fired.callback()
    },
    nextAt: () => made.queue.map(({ atMs, timing }) => `${timing.actionsId} ${new Date(atMs).toISOString()}`),
  }
}

const task = (actionsId: string, accountId = 't:1'): Task => ({ uuid: actionsId, accountId, actionsId })

t.test('tasks run at once, plans when they are due', async (t) => {
  const s = scheduler()
  const plans = [
    plan('P', ['t:1', 't:2'], run('LIGHT', noon, 5), run('HEAVY', noon, 10), run('NOW', asap)),
    plan('Q', [], run('ALONE', noon, 1)),
  ]
  await s.made.reload(plans, [task('T')])
  t.same(s.ran, ['T t:1'])
  t.same(
    s.nextAt().map((text) => text.slice(0, 16)),
    ['HEAVY 2026-11-23', 'LIGHT 2026-11-23', 'ALONE 2026-11-23'],
  )
  s.fire()
  await s.made.close()
  t.same(s.ran.slice(1), ['HEAVY t:1', 'HEAVY t:2', 'LIGHT t:1', 'LIGHT t:2', 'ALONE '])
})

t.test('a run is put back with its next one, a single one is not', async (t) => {
  const s = scheduler()
  await s.made.reload([plan('P', ['t:1'], run('A', noon), run('ONCE', timing('', { startTime: '+5m' })))], [])
  t.same(s.nextAt(), ['ONCE 2026-11-23T06:05:00.000Z', 'A 2026-11-23T12:00:00.000Z'])
  s.fire()
  t.same(s.nextAt(), ['A 2026-11-23T12:00:00.000Z'])
  s.fire()
  t.same(s.nextAt(), ['A 2026-11-24T12:00:00.000Z'])
  await s.made.close()
  t.same(s.ran, ['ONCE t:1', 'A t:1'])
  t.equal(s.timer, undefined, 'no timer is left')
})

t.test('a timer never waits longer than timers can', async (t) => {
  const s = scheduler()
  await s.made.reload([plan('P', ['t:1'], run('A', timing('', { months: [6] })))], [])
  s.fire()
  t.same(s.ran, [], 'woken early, nothing is due')
  t.same(s.nextAt(), ['A 2027-06-01T00:00:00.000Z'])
  await s.made.close()
})

t.test('04 W29: a scheduler runs only what its filters accept', async (t) => {
  const s = scheduler({ accepts: ({ accountId }) => accountId.endsWith(':1001') })
  const accounts = ['t:1001', 't:1002', 't:1003']
  const { tasks } = loadActionPlan(plan('P', accounts, run('A', asap)), contextOf().newUuid)
  const left = await s.made.reload([plan('Q', ['t:1002'], run('B', noon)), plan('R', accounts, run('C', noon))], tasks)
  t.same(s.ran, ['A t:1001'])
  t.same(
    left.map(({ accountId }) => accountId),
    ['t:1002', 't:1003'],
  )
  t.same(
    s.made.queue.map(({ planId, accountIds }) => `${planId} ${accountIds}`),
    ['R t:1001'],
  )
  await s.made.close()
})

t.test('at most 10 tasks run at the same time', async (t) => {
  let open = 0
  let most = 0
  const run = async () => {
    most = Math.max(most, ++open)
    await new Promise(setImmediate)
    open--
  }
  const s = scheduler({ run })
  await s.made.reload(
    [],
    Array.from({ length: 35 }, (_, i) => task('T', `t:${i}`)),
  )
  t.equal(most, 10)
})

t.test('a failing run is reported and the others go on', async (t) => {
  const failure = new Error('no such set')
  const ran: string[] = []
  const run = async ({ actionsId }: Task) => {
    if (actionsId === 'BAD') throw failure
    ran.push(actionsId)
  }
  const s = scheduler({ run })
  const bad = timing('', { startTime: '25:61:61' })
  await s.made.reload(
    [plan('P', ['t:1'], { uuid: 'u', timing: bad, actionsId: 'A', weight: 1 })],
    [task('BAD'), task('GOOD')],
  )
  t.same(ran, ['GOOD'])
  t.match(s.errors, [{ message: 'UNSUPPORTED_FORMAT:25:61:61' }, failure])
  t.same(s.made.queue, [])
})
