import t from 'tap'
import {
  booleanFlag,
  durationFlag,
  HelpWanted,
  integerFlag,
  parseFlags,
  textFlag,
  usage,
} from '../../src/commands/aliases/go-flags.ts'

const flags = {
  path: textFlag('./', 'Folder.'),
  count: integerFlag(3, 'Count.'),
  tls: booleanFlag('TLS.'),
  delay: durationFlag('0s', 'Delay.'),
  name: textFlag('', 'Name.'),
}
const defaults = { path: './', count: 3, tls: false, delay: '0s', name: '' }

const LINES: readonly { name: string; words: string[]; values?: object; rest?: string[]; error?: string }[] = [
  { name: 'nothing', words: [] },
  { name: 'one dash and an equals sign', words: ['-path=/a'], values: { path: '/a' } },
  { name: 'one dash and a word', words: ['-path', '/a'], values: { path: '/a' } },
  { name: 'two dashes', words: ['--path=/a', '--count', '5'], values: { path: '/a', count: 5 } },
  { name: 'an equals sign in the value', words: ['-path=a=b'], values: { path: 'a=b' } },
  { name: 'an empty value', words: ['-path='], values: { path: '' } },
  { name: 'a boolean', words: ['-tls'], values: { tls: true } },
  { name: 'a boolean takes no word', words: ['-tls', 'false'], values: { tls: true }, rest: ['false'] },
  { name: 'a boolean with a value', words: ['-tls=false'], values: { tls: false } },
  { name: 'a boolean as a number', words: ['-tls=1'], values: { tls: true } },
  { name: 'a negative number', words: ['-count=-1'], values: { count: -1 } },
  { name: 'a negative number as a word', words: ['-count', '-1'], values: { count: -1 } },
  { name: 'a duration', words: ['-delay=1m30s'], values: { delay: '1m30s' } },
  { name: 'the last one counts', words: ['-path=a', '-path=b'], values: { path: 'b' } },
  {
    name: 'the first word that is no flag ends them',
    words: ['-tls', 'status', '-path=a'],
    values: { tls: true },
    rest: ['status', '-path=a'],
  },
  { name: 'two dashes alone end them', words: ['--', '-tls'], rest: ['-tls'] },
  { name: 'one dash alone is a word', words: ['-', '-tls'], rest: ['-', '-tls'] },
  { name: 'an unknown flag', words: ['-nope'], error: 'flag provided but not defined: -nope' },
  {
    name: 'a flag that every object has',
    words: ['-constructor'],
    error: 'flag provided but not defined: -constructor',
  },
  { name: 'no value', words: ['-path'], error: 'flag needs an argument: -path' },
  { name: 'no number', words: ['-count=x'], error: 'invalid value "x" for flag -count: parse error' },
  { name: 'no boolean', words: ['-tls=maybe'], error: 'invalid boolean value "maybe" for -tls: parse error' },
  { name: 'a duration without unit', words: ['-delay=5'], error: 'invalid value "5" for flag -delay: parse error' },
  {
    name: 'a duration of CGRateS only',
    words: ['-delay=*unlimited'],
    error: 'invalid value "*unlimited" for flag -delay: parse error',
  },
  { name: 'three dashes', words: ['---path'], error: 'bad flag syntax: ---path' },
  { name: 'no name', words: ['--=x'], error: 'bad flag syntax: --=x' },
]

t.test('01 10: flags in the form of Go programs', async (t) => {
  for (const { name, words, values, rest, error } of LINES) {
    if (error !== undefined) {
      t.throws(() => parseFlags(flags, words), { message: error }, name)
      continue
    }
    const parsed = parseFlags(flags, words)
    t.same(parsed.values, { ...defaults, ...values }, name)
    t.same(parsed.rest, rest ?? [], `${name}: the rest`)
  }
  for (const word of ['-help', '--help', '-h']) t.throws(() => parseFlags(flags, [word]), new HelpWanted())
  t.same([...parseFlags(flags, ['-path=./', '-tls']).given], ['path', 'tls'], 'what was given')
})

t.test('the list of flags', async (t) => {
  t.equal(
    usage('cgr-x', flags),
    'Usage of cgr-x:\n  -count int\n    \tCount. (default 3)\n  -delay duration\n    \tDelay.\n  -name string\n    \tName.\n' +
      '  -path string\n    \tFolder. (default "./")\n  -tls\n    \tTLS.\n',
  )
})
