import t from 'tap'
import type { EventValue } from '../../src/core/event.ts'
import { booleanOption, textOption, textsOption, wholeOption } from '../../src/services/event-options.ts'

type Case = { value: EventValue; is: unknown }

const read = (option: (options: { '*o': EventValue }) => unknown, value: EventValue): unknown => {
  try {
    return option({ '*o': value })
  } catch (cause) {
    return (cause as Error).message
  }
}

t.test('06, 1.1: lists are lists', async (t) => {
  const cases: Case[] = [
    { value: ['A', 1, true], is: ['A', '1', 'true'] },
    { value: [], is: [] },
    { value: null, is: [] },
    { value: 'A', is: 'cannot convert field: string to []string' },
  ]
  for (const { value, is } of cases)
    t.same(
      read((options) => textsOption(options, '*o', ['else']), value),
      is,
    )
  t.same(textsOption({}, '*o', ['else']), ['else'])
})

t.test('06, 1.1: whole numbers', async (t) => {
  const cases: Case[] = [
    { value: 2, is: 2 },
    { value: '2', is: 2 },
    { value: 2.7, is: 2 },
    { value: '-1', is: -1 },
    { value: 'x', is: 'strconv.ParseInt: parsing "x": invalid syntax' },
  ]
  for (const { value, is } of cases)
    t.equal(
      read((options) => wholeOption(options, '*o', 9), value),
      is,
    )
  t.equal(wholeOption({}, '*o', 9), 9)
})

t.test('06, 1.1: yes or no', async (t) => {
  const cases: Case[] = [
    { value: true, is: true },
    { value: 'F', is: false },
    { value: '1', is: true },
    { value: 0, is: false },
    { value: 2, is: true },
    { value: 'x', is: 'strconv.ParseBool: parsing "x": invalid syntax' },
  ]
  for (const { value, is } of cases)
    t.equal(
      read((options) => booleanOption(options, '*o', false), value),
      is,
    )
  t.equal(booleanOption({}, '*o', true), true)
})

t.test('texts', async (t) => {
  t.equal(textOption({ '*o': 5 }, '*o', 'else'), '5')
  t.equal(textOption({}, '*o', 'else'), 'else')
})
