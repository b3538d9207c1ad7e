import t from 'tap'
import { compileJsonPath } from '../../src/filters/json-path.ts'
import { textOf } from '../../src/mapping/context.ts'

const event = {
  Account: '1001',
  Usage: 5,
  None: null,
  'Charging.Id': 'dotted',
  List: ['a', { B: 'b' }, ['c']],
  Map: { key: 'value', 'x.y': 'z', Deep: { er: [1, 2] } },
  Order: { b: '<&>', a: 1e21, 10: true, 9: null },
}

/** What is read, as text; `none` when it is not there, the error otherwise. */
function read(path: string): string {
  try {
    const value = compileJsonPath(path)(event)
    return value === undefined ? 'none' : textOf(value)
  } catch (cause) {
    return `error ${cause instanceof Error ? cause.message : String(cause)}`
  }
}

const rows: Readonly<Record<string, string>> = {
  Account: '1001',
  account: 'none',
  Usage: '5',
  None: '',
  toString: 'none',
  'List[0]': 'a',
  'List[1].B': 'b',
  'List[2]': '["c"]',
  'List[3]': 'none',
  'List[-1]': 'none',
  'List[x]': 'error strconv.Atoi: parsing "x": invalid syntax',
  'List.0': 'error WRONG_PATH',
  'List.Length': 'error WRONG_PATH',
  'Account.Sub': 'error WRONG_PATH',
  'Account[0]': 'none',
  'Account[x]': 'error strconv.Atoi: parsing "x": invalid syntax',
  'None[0]': 'none',
  'None.Sub': 'error WRONG_PATH',
  'Nothing.Sub': 'none',
  'Map[key]': 'value',
  'Map[x.y]': 'z',
  'Map.Deep.er[1]': '2',
  'Map.Deep': '{"er":[1,2]}',
  Order: '{"10":true,"9":null,"a":1e+21,"b":"\\u003c\\u0026\\u003e"}',
}

for (const [path, expected] of Object.entries(rows)) {
  t.test(`02, 2.4: JSON ~*req.${path}`, async (t) => {
    t.equal(read(path), expected)
  })
}
