import t from 'tap'
import { Evaluations } from '../../src/core/evaluations.ts'
import { Later } from '../../src/core/later.ts'
import { MemoryDataStore } from '../../src/store/memory-data-store.ts'
import { type RecordKind, Records } from '../../src/store/unit-of-work.ts'

/** Evaluations whose questions are answered by their own text, and what was asked. */
function asking() {
  const evaluations = new Evaluations()
  const asked: string[] = []
  const ask = (question: string) =>
    evaluations.ask(question, async () => {
      asked.push(question)
      if (question.startsWith('!')) throw new Error(question)
      return question
    })
  return { evaluations, asked, ask }
}

t.test('an evaluation is run again until it knows all that it asks, each question once', async (t) => {
  const { evaluations, asked, ask } = asking()
  let runs = 0
  const work = () => {
    runs++
    return `${ask('a')} ${ask('b')} ${ask('a')}`
  }
  t.equal(await evaluations.run(work), 'a b a')
  t.equal(runs, 3)
  t.same(asked, ['a', 'b'])
  t.equal(await evaluations.run(work), 'a b a')
  t.same(asked, ['a', 'b', 'a', 'b'], 'another evaluation asks anew')
})

t.test('an evaluation that asks nothing gives its result at once', async (t) => {
  const { evaluations, ask } = asking()
  t.equal(
    evaluations.run(() => 5),
    5,
  )
  t.throws(
    () =>
      evaluations.run(() => {
        throw new Error('own')
      }),
    { message: 'own' },
  )
  t.equal(ask('a'), undefined, 'nobody waits outside of evaluations')
})

t.test('what cannot be answered is thrown where it was asked', async (t) => {
  const { evaluations, ask } = asking()
  await t.rejects(Promise.resolve(evaluations.run(() => ask('!no'))), { message: '!no' })
  const handled = evaluations.run(() => {
    try {
      return ask('!no')
    } catch (cause) {
      if (cause instanceof Later) throw cause
      return 'handled'
    }
  })
  t.equal(await handled, 'handled')
})

t.test('evaluations at the same time, and in each other, are told their own answers', async (t) => {
  const { evaluations, asked, ask } = asking()
  const both = await Promise.all(['x', 'y'].map((name) => evaluations.run(() => `${ask(name)}${ask('a')}`)))
  t.same(both, ['xa', 'ya'])
  t.same(asked.toSorted(), ['a', 'a', 'x', 'y'])
  const nested = await evaluations.run(() => {
    const outer = ask('outer')
    const inner = evaluations.run(() => ask('inner'))
    return Promise.resolve(inner).then((text) => `${outer} ${text}`)
  })
  t.equal(nested, 'outer inner')
})

t.test('an async function may ask before its first await', async (t) => {
  const { evaluations, ask } = asking()
  let runs = 0
  const work = async () => {
    runs++
    const told = ask('a')
    await Promise.resolve()
    return `${told} ${ask('late')}`
  }
  t.equal(await evaluations.run(work), 'a undefined')
  t.equal(runs, 2)
})

t.test('the time of an evaluation stays the same over its runs, and is its own', async (t) => {
  const { evaluations } = asking()
  const times: number[] = []
  await evaluations.run(() => {
    times.push(evaluations.nowMs())
    evaluations.ask('a', async () => {
      while (Date.now() === times[0]) await new Promise(setImmediate)
      return ''
    })
  })
  t.equal(times.length, 2)
  t.equal(times[0], times[1])
  t.ok(evaluations.nowMs() > (times[0] ?? 0), 'outside the time goes on')
})

t.test('a unit of work that is over tells those who wait for that, once, whatever has become of it', async (t) => {
  const { evaluations, ask } = asking()
  const records = new Records(new MemoryDataStore(), { limit: 10 }, evaluations)
  const told: string[] = []
  const kind: RecordKind<string> = {
    table: 'meta',
    write: (value, writer) => void writer.json(JSON.stringify(value)),
    decode: (text) => JSON.parse(text) as string,
  }
  const tell = (name: string) => evaluations.whenOver((durable) => told.push(`${name} ${durable !== undefined}`))
  let runs = 0
  await records.run((unit) => {
    if (runs++ === 0) tell('first')
    ask('a')
    tell('last')
    unit.put(kind, 'k', 'v')
  })
  t.same(told.splice(0), ['first true', 'last true'], 'not before it is over')
  const failing = () =>
    records.run(() => {
      tell('failed')
      throw new Error('no')
    })
  await t.rejects(failing(), { message: 'no' })
  t.same(told, ['failed false'])
})
