import fc from 'fast-check'
import t from 'tap'
import { Decimal } from '../../src/core/decimal.ts'
import { formatTime } from '../../src/core/time.ts'
import { autoType, Instant, isRelative } from '../../src/mapping/auto-type.ts'
import { Duration } from '../../src/mapping/value.ts'

const NOW = { ns: 1_700_000_000_500_000_000n, zone: 'UTC' }

/** Kind and text of the typed value. */
function shown(text: string): string {
  const typed = autoType(text, NOW)
  if (typed instanceof Instant) return `time ${formatTime(typed.time)}`
  if (typed instanceof Duration) return `duration ${typed.ns}`
  return typed instanceof Decimal ? `decimal ${typed}` : `${typeof typed} ${typed}`
}

const rows: readonly [rule: string, texts: Readonly<Record<string, string>>][] = [
  ['1: empty', { '': 'string ' }],
  [
    '2: whole numbers',
    {
      '0': 'bigint 0',
      '010': 'bigint 10',
      '+5': 'bigint 5',
      '-5': 'bigint -5',
      '20131023215149': 'bigint 20131023215149',
      '9223372036854775807': 'bigint 9223372036854775807',
      '9223372036854775808': 'decimal 9223372036854775808',
    },
  ],
  ['3: words', { t: 'boolean true', FALSE: 'boolean false', True: 'boolean true', tRUE: 'string tRUE' }],
  [
    '4: decimals',
    {
      '1.50': 'decimal 1.5',
      '1e3': 'decimal 1000',
      '2.': 'decimal 2',
      '.5': 'decimal 0.5',
      '.': 'string .',
      '0x1p4': 'decimal 16',
      '0x10': 'string 0x10',
      '1_000': 'decimal 1000',
      '1__0': 'string 1__0',
      '1e400': 'string 1e400',
      '1e-400': 'decimal 0',
      inf: 'number Infinity',
      '-Infinity': 'number -Infinity',
      NaN: 'number NaN',
      '-nan': 'string -nan',
      infi: 'string infi',
    },
  ],
  [
    '5: times',
    {
      '*now': 'time 2023-11-14T22:13:20.5Z',
      '+1h': 'time 2023-11-14T23:13:20.5Z',
      '-5s': 'time 2023-11-14T22:13:15.5Z',
      '*daily': 'time 2023-11-15T22:13:20.5Z',
      '*unlimited': 'time 0001-01-01T00:00:00Z',
      '  ': 'time 0001-01-01T00:00:00Z',
      '2013-07-01T00:00:00+02:00': 'time 2013-07-01T00:00:00+02:00',
      '2014-01-01': 'string 2014-01-01',
      '*nothing': 'string *nothing',
    },
  ],
  ['6: durations', { '10s': 'duration 10000000000', '1m30s': 'duration 90000000000', '1d': 'string 1d' }],
  ['7: anything else', { abc: 'string abc', time: 'string time', '+abc': 'string +abc', é: 'string é' }],
]

for (const [rule, texts] of rows) {
  t.test(`02, 1.2, rule ${rule}`, async (t) => {
    for (const [text, expected] of Object.entries(texts)) t.equal(shown(text), expected, JSON.stringify(text))
  })
}

t.test('relative are times that start from now', async (t) => {
  for (const text of ['*now', '+1h', '-5s', '*monthly', ' *now']) t.ok(isRelative(text), text)
  for (const text of ['-5', '*unlimited', '-0.5', '*any', '2013-07-01T00:00:00Z', '']) t.notOk(isRelative(text), text)
})

t.test('property: every text has a type', async (t) => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[-+*.\d_eExXpPsmhntT: ]{0,12}$/)), (text) => {
      t.ok(autoType(text, NOW) !== undefined)
    }),
    { numRuns: 2_000 },
  )
})

t.test('property: whole numbers and decimals keep every digit', async (t) => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      fc.integer({ min: 0, max: 999 }),
      (whole, part) => {
        t.equal(autoType(String(whole), NOW), whole)
        const text = `${whole}.${String(part).padStart(3, '0')}1`
        t.equal(String(autoType(text, NOW)), text)
      },
    ),
    { numRuns: 300 },
  )
})
