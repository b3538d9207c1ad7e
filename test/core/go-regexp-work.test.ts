import { Session } from 'node:inspector'
import t from 'tap'

/** Counting starts before the engine is loaded: only code compiled from then on is counted block by block, loops by their turns. */
const session = new Session()
session.connect()
session.post('Profiler.enable')
session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
const { compileReplacement, GoRegexp } = await import('../../src/core/go-regexp.ts')

/** Blocks of code of the regular expression engine that run meanwhile: the same number on every machine. */
function workOf(run: () => void): number {
  let work = 0
  session.post('Profiler.takePreciseCoverage')
  run()
  session.post('Profiler.takePreciseCoverage', (_, { result }) => {
    for (const { url, functions } of result) {
      if (!url.includes('/re2js/')) continue
      for (const { ranges } of functions) for (const { count } of ranges) work += count
    }
  })
  return work
}

/** Each makes a backtracking engine take time that doubles with every character, or grows with a high power. */
const hostile: { source: string; unit: string }[] = [
  { source: '(x+x+)+y', unit: 'x' },
  { source: '(x+x+)+[yz]', unit: 'x' },
  { source: '^(([a-z])+.)+[A-Z]([a-z])+$', unit: 'a' },
  { source: '^(a|a)*$', unit: 'a' },
  { source: '^(a|aa)+$', unit: 'a' },
  { source: '(.*)(.*)(.*)(.*)(.*)[^a]$', unit: 'a' },
  { source: '(.*a){12}', unit: 'a' },
  { source: '(?:a?){30}a{30}$', unit: 'a' },
  { source: '(a|b)*a(a|b){9}$', unit: 'ab' },
  { source: '(\\w+\\s?)*\\W{3}$', unit: 'word ' },
]

const WORK_PER_STEP = 40

for (const { source, unit } of hostile) {
  t.test(`${source}: the work is bounded by the size of the expression times the length of the text`, async (t) => {
    const regexp = new GoRegexp(source)
    const template = compileReplacement('$1')
    for (const length of [1_000, 4_000, 16_000, 64_000]) {
      const text = `${unit.repeat(length / unit.length)}!`
      const most = WORK_PER_STEP * regexp.size * length
      const tested = workOf(() => regexp.test(text))
      const expanded = workOf(() => regexp.expand(text, template))
      t.ok(tested > 0 && tested <= most, `test of ${length} characters: ${tested} of ${most}`)
      t.ok(expanded > 0 && expanded <= most, `groups in ${length} characters: ${expanded} of ${most}`)
    }
  })
}

t.test('a text too long for the size of the expression is refused, not tried', async (t) => {
  const regexp = new GoRegexp('(?:a?){500}a{500}$')
  t.equal(regexp.test('a'.repeat(1_000)), true)
  const refused = workOf(() => t.throws(() => regexp.test('a'.repeat(100_000)), { code: 'INVALID_TEXT' }))
  t.equal(refused, 0)
})

t.teardown(() => session.disconnect())
