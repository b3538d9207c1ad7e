import fc from 'fast-check'
import t from 'tap'
import { StoreFailure } from '../../src/core/errors.ts'
import { type RecordKind, Records, type Unit } from '../../src/store/unit-of-work.ts'
import { cutProxy } from '../support/cut-proxy.ts'
import { redisSettings, redisStore, startRedis } from '../support/redis.ts'
import { until } from '../support/until.ts'

const amountKind: RecordKind<number> = {
  table: 'account',
  write: (amount, writer) => void writer.json(String(amount)),
  decode: Number,
}
const stepKind: RecordKind<string> = {
  table: 'answer',
  write: (text, writer) => void writer.json(JSON.stringify(text)),
  decode: (text) => JSON.parse(text) as string,
}

/** Takes one from an account once for each step, and gives what is left. */
const debit = (account: string, step: string) => (unit: Unit) => {
  const answered = unit.get(stepKind, step)
  if (answered !== undefined) return Number(answered)
  const held = unit.get(amountKind, account) ?? 0
  if (held === 0) throw new Error('INSUFFICIENT_CREDIT')
  unit.put(amountKind, account, held - 1)
  unit.put(stepKind, step, String(held - 1))
  return held - 1
}

t.test('10 D3: engines that charge the same accounts at the same time take each amount once', async (t) => {
  const { port } = await startRedis(t)
  const stores = await Promise.all(
    ['one', 'two', 'three'].map((node) => redisStore(t, redisSettings([port], { node }))),
  )
  let round = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ engine: fc.nat(2), account: fc.nat(2), step: fc.nat(30) }), {
        minLength: 30,
        maxLength: 150,
      }),
      fc.integer({ min: 1, max: 30 }),
      async (debits, credit) => {
        round++
        // Few are kept in memory: what is dropped is read again.
        const engines = stores.map((store) => new Records(store, { limit: 4 }))
        const account = (i: number) => `r${round}a${i}`
        for (const i of [0, 1, 2]) await engines[0]?.run((unit) => unit.put(amountKind, account(i), credit))
        const outcomes = await Promise.all(
          debits.map(async ({ engine, account: i, step }) => {
            const name = `r${round}a${i}s${step}`
            try {
              return { account: i, name, left: await engines[engine]?.run(debit(account(i), name)) }
            } catch (cause) {
              if ((cause as Error).message !== 'INSUFFICIENT_CREDIT') throw cause
              return { account: i, name, left: undefined }
            }
          }),
        )
        for (const i of [0, 1, 2]) {
          const answers = new Map<string, Set<number | undefined>>()
          for (const { name, left } of outcomes.filter((outcome) => outcome.account === i))
            answers.set(name, (answers.get(name) ?? new Set()).add(left))
          const charged = [...answers.values()].flatMap((each) => [...each]).filter((left) => left !== undefined)
          const held = await engines[2]?.run((unit) => unit.get(amountKind, account(i)))
          // Every repeat had the answer of the first, and no two steps the same.
          const expected = Array.from({ length: Math.min(credit, answers.size) }, (_, k) => credit - 1 - k)
          t.same(
            charged.toSorted((a = 0, b = 0) => b - a),
            expected,
          )
          t.equal(held, credit - expected.length)
        }
      },
    ),
    { numRuns: 15 },
  )
  t.pass(`${round} rounds`)
})

t.test('10 D2, D7: connections that are cut at random lose and double nothing', async (t) => {
  const { port } = await startRedis(t)
  const proxies = [await cutProxy(t, port), await cutProxy(t, port)]
  const stores = await Promise.all(
    proxies.map((proxy, i) => redisStore(t, redisSettings([proxy.port], { node: String(i) }))),
  )
  const engines = stores.map((store) => new Records(store, { limit: 100 }))
  const [total, steps] = [1_000_000, 2_000]
  await engines[0]?.run((unit) => unit.put(amountKind, 'a', total))
  let left = steps
  const client = async (engine: number, of: number) => {
    for (let step = of; step < steps; step += 20) {
      // A client repeats what was refused, at either engine.
      for (let at = engine; ; at = 1 - at) {
        const done = await engines[at]?.run(debit('a', `s${step}`)).catch((cause: unknown) => {
          if (!(cause instanceof StoreFailure)) throw cause
          return undefined
        })
        if (done !== undefined) break
        await new Promise((next) => setTimeout(next, 1))
      }
      left--
    }
  }
  const clients = Array.from({ length: 20 }, (_, i) => client(i % 2, i))
  let cuts = 0
  const cutting = (async () => {
    const modes = ['deaf', 'mute'] as const
    while (left > 0) {
      const proxy = proxies[cuts % 2]
      const mark = left
      if (proxy !== undefined) {
        proxy.swallowed = 0
        proxy.mode = modes[(cuts >> 1) % 2] ?? 'deaf'
        await until(() => proxy.swallowed > 0 || left === 0)
        proxy.cut()
        proxy.mode = 'pass'
      }
      cuts++
      await until(() => left < mark - 20 || left === 0)
    }
  })()
  await Promise.all([...clients, cutting])
  let held: number | undefined
  await until(async () => {
    held = await engines[1]?.run((unit) => unit.get(amountKind, 'a')).catch(() => undefined)
    return held !== undefined
  })
  t.equal(held, total - steps)
  t.comment(`${cuts} cuts, ${engines.map(({ commits }) => commits.overtaken)} units run again`)
  t.ok(cuts > 3)
})

t.test('a unit with thousands of records that nobody knows does not ask for each', async (t) => {
  const { port } = await startRedis(t)
  const store = await redisStore(t, redisSettings([port]))
  const records = new Records(store, { limit: 100 })
  const load = (amount: number) => {
    let runs = 0
    return records.run((unit) => {
      runs++
      for (let i = 0; i < 5_000; i++) unit.put(amountKind, `a${i}`, (unit.get(amountKind, `a${i}`) ?? 0) + amount)
      return runs
    })
  }
  t.equal(await load(1), 9, 'eight records are asked for, the others assumed')
  t.equal(await load(2), 10, 'what was assumed is corrected at once')
  t.equal(await new Records(store, { limit: 10 }).run((unit) => unit.get(amountKind, 'a4999')), 3)
})

t.test('an answer that nobody commits is the one of the store, too', async (t) => {
  const { port } = await startRedis(t)
  const [one, two] = await Promise.all(
    ['one', 'two'].map(
      async (node) => new Records(await redisStore(t, redisSettings([port], { node })), { limit: 100 }),
    ),
  )
  const read = (unit: Unit) => unit.get(amountKind, 'a')
  const refuse = (unit: Unit) => {
    throw new Error(`there is ${unit.get(amountKind, 'a')}`)
  }
  t.equal(await one?.run(read), undefined)
  await two?.run((unit) => unit.put(amountKind, 'a', 1))
  t.equal(await one?.run(read), 1)
  await two?.run((unit) => unit.put(amountKind, 'a', 2))
  await t.rejects(async () => one?.run(refuse), new Error('there is 2'))
  await two?.run((unit) => unit.delete(amountKind, 'a'))
  await t.rejects(async () => one?.run(refuse), new Error('there is undefined'))
})
