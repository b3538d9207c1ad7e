import t from 'tap'
import { Turns } from '../../src/core/turns.ts'

const LONG = 60_000

t.test('those who come first are served first, names apart', async (t) => {
  const turns = new Turns()
  const served: string[] = []
  const enter = (who: string, name = 'a') => {
    const { turn, leave } = turns.enter(name, LONG)
    return { turn: turn.then(() => served.push(who)), leave }
  }
  const [first, second, third, other] = [enter('first'), enter('second'), enter('third'), enter('other', 'b')]
  await Promise.all([first.turn, other.turn])
  t.same(served, ['first', 'other'])
  second.leave()
  first.leave()
  await third.turn
  t.same(served, ['first', 'other', 'third'], 'who has left before has no turn')
  third.leave()
  other.leave()
  await enter('next').turn
  t.equal(served.at(-1), 'next')
})

t.test('who has waited long enough goes on, and takes no turn from others', async (t) => {
  const turns = new Turns()
  const first = turns.enter('a', LONG)
  await first.turn
  const late = turns.enter('a', 1)
  await late.turn
  const third = turns.enter('a', LONG)
  late.leave()
  let isServed = false
  const served = third.turn.then(() => {
    isServed = true
  })
  await Promise.resolve()
  t.notOk(isServed, 'the first has it still')
  first.leave()
  await served
  t.ok(isServed)
  third.leave()
})
