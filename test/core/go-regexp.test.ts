import fc from 'fast-check'
import t from 'tap'
import { compileReplacement, GoRegexp, RegexpSyntaxError } from '../../src/core/go-regexp.ts'

function faultOf(source: string): { message: string; offset: number } | undefined {
  try {
    new GoRegexp(source)
    return undefined
  } catch (cause) {
    if (!(cause instanceof RegexpSyntaxError)) throw cause
    return { message: cause.message, offset: cause.offset }
  }
}

const matches: { name: string; source: string; yes: string[]; no: string[] }[] = [
  { name: 'not anchored', source: '10', yes: ['10', '2104'], no: ['1', ''] },
  { name: '$ is the very end, before no line break', source: '^a$', yes: ['a'], no: ['a\n', 'a\nb'] },
  { name: '(?m) makes ^ and $ those of lines', source: '(?m)^b$', yes: ['a\nb\nc'], no: ['ab'] },
  {
    name: 'a dot is no line feed, but is a carriage return',
    source: '^a.b$',
    yes: ['a\rb', 'a\u2028b', 'a😀b'],
    no: ['a\nb'],
  },
  { name: '(?s) lets a dot be a line feed', source: '(?s)^a.b$', yes: ['a\nb'], no: ['ab'] },
  { name: '(?i) in the middle and folded by Unicode', source: 'a(?i:k)b', yes: ['aKb', 'a\u212Ab'], no: ['AKb'] },
  { name: '(?U) swaps greediness and changes no decision', source: '(?U)^a+$', yes: ['aaa'], no: ['b'] },
  { name: '\\A and \\z', source: '\\Acgr\\z', yes: ['cgr'], no: ['cgr\n', '\ncgr'] },
  { name: '\\Q..\\E', source: '^\\Q1.2+\\E3$', yes: ['1.2+3'], no: ['1x2+3', '1.223'] },
  { name: 'POSIX classes', source: '^[[:alpha:]_]+[[:^digit:]]$', yes: ['ab_x'], no: ['ab_1', 'é!'] },
  { name: 'Unicode classes', source: '^\\pL\\p{Greek}\\PN$', yes: ['éΩx'], no: ['1Ωx', 'éax', 'éΩ1'] },
  { name: '\\d \\w are ASCII', source: '^\\d\\w$', yes: ['1a'], no: ['١a', '1é'] },
  { name: '\\s is ASCII, without vertical tab', source: '^\\s$', yes: [' ', '\t'], no: ['\u00a0', '\v', '\ufeff'] },
  { name: '\\b is ASCII', source: 'a\\b', yes: ['aé', 'a'], no: ['ab'] },
  { name: '] first in a class is itself', source: '^[]a]+$', yes: [']a'], no: ['b'] },
  { name: '{,2} is text', source: '^a{,2}$', yes: ['a{,2}'], no: ['aa'] },
  { name: '\\x{..} and octal', source: '^\\x{1F600}\\x41\\012$', yes: ['😀A\n'], no: ['A'] },
  { name: 'named groups of both spellings', source: '^(?P<a>x)(?<b>y)$', yes: ['xy'], no: ['x'] },
  {
    name: 'JavaScript words without meaning in Go are refused, others are text',
    source: '^[&&a]$',
    yes: ['&'],
    no: ['b'],
  },
]

for (const { name, source, yes, no } of matches) {
  t.test(`02, 3.2: ${name}`, async (t) => {
    const regexp = new GoRegexp(source)
    for (const text of yes) t.ok(regexp.test(text), encodeURI(text))
    for (const text of no) t.notOk(regexp.test(text), encodeURI(text))
  })
}

const faults: { source: string; message: string; offset: number }[] = [
  { source: 'a(b', message: 'missing closing ): `a(b`', offset: 3 },
  { source: 'a)b', message: 'unexpected ): `a)b`', offset: 1 },
  { source: 'x[a', message: 'missing closing ]: `[a`', offset: 3 },
  { source: 'ab**', message: 'invalid nested repetition operator: `**`', offset: 2 },
  { source: 'a|*', message: 'missing argument to repetition operator: `*`', offset: 2 },
  { source: 'a(?=b)', message: 'invalid or unsupported Perl syntax: `(?=`', offset: 1 },
  { source: 'a(?!b)', message: 'invalid or unsupported Perl syntax: `(?!`', offset: 1 },
  { source: '(?>a)', message: 'invalid or unsupported Perl syntax: `(?>`', offset: 0 },
  { source: '(a)\\1', message: 'invalid escape sequence: `\\1`', offset: 3 },
  { source: '[\\\\8]\\8', message: 'invalid escape sequence: `\\8`', offset: 5 },
  { source: 'a\\', message: 'trailing backslash at end of expression: ``', offset: 2 },
  { source: 'a[z-b]', message: 'invalid character class range: `z-b`', offset: 2 },
  { source: '\\p{Nowhere}', message: 'invalid character class range: `\\p{Nowhere}`', offset: 0 },
  { source: 'ax{1001}', message: 'invalid repeat count: `{1001}`', offset: 2 },
  { source: '(?P<n>a)(?P<n>b)', message: 'duplicate capture group name: `n`', offset: 12 },
]

for (const { source, message, offset } of faults) {
  t.test(`${source} is refused at ${offset}`, async (t) => {
    t.same(faultOf(source), { message: `error parsing regexp: ${message}`, offset })
  })
}

const replacements: { name: string; source: string; text: string; template: string; expanded: string | undefined }[] = [
  { name: '02 ex. 4: the whole value', source: '^\\+33', text: '+33123', template: '0', expanded: '0' },
  { name: '02 ex. 5: $1x is a group called 1x', source: '(\\d+)', text: '12', template: '$1x', expanded: '' },
  { name: `02 ex. 5: \${1}x`, source: '(\\d+)', text: '12', template: `\${1}x`, expanded: '12x' },
  { name: 'names', source: '(?P<a>\\d)(?P<b>\\D)', text: '1x', template: `$b-\${a}`, expanded: 'x-1' },
  { name: 'a dollar', source: 'a', text: 'a', template: `$$1 $ \${} \${a b} $-`, expanded: `$1 $ \${} \${a b} $-` },
  { name: 'a group that took no part', source: '(a)|(b)', text: 'b', template: '[$1$2$3]', expanded: '[b]' },
  { name: '$0 is the match', source: '\\d+', text: 'a12b', template: '<$0>', expanded: '<12>' },
  { name: '01 is a name', source: '(a)', text: 'a', template: `[\${01}]`, expanded: '[]' },
  {
    name: 'the leftmost match, first alternative',
    source: '(a|ab)(c|bcd)',
    text: 'xabcd',
    template: '$1,$2',
    expanded: 'a,bcd',
  },
  { name: 'nothing matches', source: 'x', text: 'a', template: '$0', expanded: undefined },
  {
    name: '02 ex. 11, first step',
    source: '^00(\\d+)(?:[a-zA-Z].{3})*0*([1-9]\\d+)$',
    text: '00491888',
    template: '+$1$2',
    expanded: '+491888',
  },
  {
    name: '02 ex. 12',
    source: '^00(\\d+)(?:[a-zA-Z].{3})*0*([1-9]\\d+)$',
    text: '0049ABOC0630415354',
    template: '+$1$2',
    expanded: '+49630415354',
  },
]

for (const { name, source, text, template, expanded } of replacements) {
  t.test(`replacement: ${name}`, async (t) => {
    t.equal(new GoRegexp(source).expand(text, compileReplacement(template)), expanded)
  })
}

t.test('property: any text compiles or is refused with a place inside it', async (t) => {
  const piece = fc.constantFrom(...'()[]{}*+?|^$.\\-,:<>=!&aP1ziU'.split(''), '(?', '[[:', '\\p{', '{2,3}', 'é')
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const source = pieces.join('')
      const fault = faultOf(source)
      if (fault === undefined) return
      t.ok(fault.message.startsWith('error parsing regexp: '), source)
      t.ok(fault.offset >= 0 && fault.offset <= source.length, source)
    }),
    { numRuns: 2_000 },
  )
})

t.test('property: where both engines read an expression alike they agree', async (t) => {
  const atom = fc.constantFrom('a', 'b', '[ab]', '[^a]', '(a|b)', '(?:ab|a)', 'a*', 'b+?', '(a*)', 'c{1,2}', '^', '$')
  fc.assert(
    fc.property(
      fc.array(atom, { minLength: 1, maxLength: 6 }),
      fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 8 }),
      (atoms, letters) => {
        const source = atoms.join('')
        const text = letters.join('')
        const match = new RegExp(source).exec(text)
        t.equal(new GoRegexp(source).expand(text, compileReplacement('$0')), match?.[0], `${source} on ${text}`)
      },
    ),
    { numRuns: 2_000 },
  )
})
