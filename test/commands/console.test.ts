import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import t, { type Test } from 'tap'
import { COMMANDS, findCommand } from '../../src/commands/console/command-table.ts'
import { completeLine } from '../../src/commands/console/completion.ts'
import { interact, runScript } from '../../src/commands/console/console.ts'
import { parseArgument, unknownKeys } from '../../src/commands/console/grammar.ts'
import { CommandRunner } from '../../src/commands/console/runner.ts'
import { NetworkError } from '../../src/rpc/client/errors.ts'
import { method } from '../../src/rpc/method.ts'
import { RpcError } from '../../src/rpc/rpc-error.ts'
import { any, boolean, duration, embedded, integer, list, map, pointer, struct, text } from '../../src/rpc/shape.ts'
import { eventShape } from '../../src/rpc/shapes/event.ts'

const shape = struct('v1.Argument', {
  Tenant: text,
  IDs: list(text),
  Limit: pointer(integer),
  Disabled: boolean,
  Timeout: duration,
  Inner: struct('v1.Inner', { Name: text, Wait: duration }),
  Extra: map(any),
})

const LINES: readonly { name: string; words: string; known?: boolean; gives?: unknown; error?: RegExp }[] = [
  {
    name: '01 ex. 13',
    words: 'Param=["id1","id2","id3"] Another="Patram"',
    gives: { Param: ['id1', 'id2', 'id3'], Another: 'Patram' },
  },
  { name: 'nothing', words: '  ', gives: {} },
  {
    name: 'values of every kind',
    words: 'A=1 B=1.5 C=true D=null E={"x":[1,{"y":"}"}]} F=-3',
    gives: { A: 1, B: 1.5, C: true, D: null, E: { x: [1, { y: '}' }] }, F: -3 },
  },
  {
    name: 'text without quotes is text',
    words: 'Tenant=cgrates.org Filter=*string:~*req.Account:1001',
    gives: { Tenant: 'cgrates.org', Filter: '*string:~*req.Account:1001' },
  },
  {
    name: 'blanks in it, and around the equals sign',
    words: 'Name = two words Next="x"',
    gives: { Name: 'two words', Next: 'x' },
  },
  { name: 'escaped quotes', words: 'A="say \\"hi\\" = b" B=1', gives: { A: 'say "hi" = b', B: 1 } },
  { name: 'digits that a float would lose', words: 'A=12345678901234567890', gives: { A: 12345678901234567890n } },
  { name: 'a value without a key', words: '"DST_1002"', gives: 'DST_1002' },
  { name: 'an object without a key', words: '{"Tenant":"a"}', gives: { Tenant: 'a' } },
  { name: 'a word without a key', words: 'DST_1002', gives: 'DST_1002' },
  { name: 'a quote that is not closed', words: 'A="b', error: /a quote is not closed/ },
  { name: 'a bracket that is not closed', words: 'A=[1,{"b":2}', error: /a bracket is not closed/ },
  { name: 'no JSON', words: 'A={b}', error: /^A: \{b\} is no JSON$/ },
  { name: 'a word after a value', words: 'A="b" c', error: /"c": expected Key=value/ },
  {
    name: 'known: a number for a text',
    words: 'Tenant=1001 IDs=[1,"b"] tenant2=1',
    known: true,
    gives: { Tenant: '1001', IDs: ['1', 'b'], tenant2: 1 },
  },
  { name: 'known: a list whose quotes the shell took', words: 'IDs=[a, b]', known: true, gives: { IDs: ['a', 'b'] } },
  {
    name: 'known: a duration',
    words: 'Timeout=1m30s Inner={"Name":7,"Wait":"2s"}',
    known: true,
    gives: { Timeout: 90_000_000_000n, Inner: { Name: '7', Wait: 2_000_000_000n } },
  },
  {
    name: 'known: any value stays',
    words: 'Extra={"a":1} Limit=5 Disabled=true',
    known: true,
    gives: { Extra: { a: 1 }, Limit: 5, Disabled: true },
  },
  { name: 'known: no duration', words: 'Timeout=soon', known: true, error: /^Timeout: time: invalid duration "soon"$/ },
]

t.test('01 10.2: what the words after a command mean', async (t) => {
  for (const { name, words, known, gives, error } of LINES) {
    if (error === undefined) t.same(parseArgument(words, known ? shape : undefined), gives, name)
    else t.throws(() => parseArgument(words, known ? shape : undefined), { message: error, code: 'LINE_ERROR' }, name)
  }
  t.equal(parseArgument('1001', text), '1001', 'a text is one without quotes')
  t.equal(parseArgument('', text), '')
  t.same(unknownKeys({ tenant: 1, Acount: 2 }, shape), ['Acount'])
})

t.test('01 10.2: commands', async (t) => {
  t.match(findCommand('status'), { method: 'CoreSv1.Status', rest: '' })
  t.match(findCommand('ping'), { method: 'CoreSv1.Ping' })
  t.match(findCommand('ping attributes'), { method: 'AttributeSv1.Ping', rest: '' })
  t.match(findCommand('account_set Account="1"'), { method: 'APIerSv2.SetAccount', rest: 'Account="1"' })
  t.match(findCommand(' CoreSv1.Sleep Duration=1 '), { method: 'CoreSv1.Sleep', rest: 'Duration=1' })
  t.equal(findCommand('ping nobody').method, undefined)
  t.equal(findCommand('constructor').method, undefined)
  for (const name of ['attributes_profile_set', 'stats_profile_ids', 'thresholds_process_event', 'routes_for_event'])
    t.ok(COMMANDS.has(name), name)
  t.ok(COMMANDS.size > 150)
})

const known = new Map(
  [
    method('CDRsV1.GetCDRs', { summary: 'CDRs.', params: shape, reply: any, run: () => null }),
    method('SessionSv1.AuthorizeEvent', {
      summary: 'Authorizes.',
      params: struct('v1.A', { GetMaxUsage: boolean, CGREvent: embedded(eventShape) }),
      reply: any,
      run: () => null,
    }),
  ].map((each) => [each.name, each]),
)

t.test('completion', async (t) => {
  t.same(completeLine('cdrs_r', known), [['cdrs_rate', 'cdrs_remove'], 'cdrs_r'])
  t.same(completeLine('ping att', known), [['ping attributes'], 'ping att'])
  t.same(completeLine('help acti', known), [
    [
      'action_execute',
      'actionplan_get',
      'actionplan_remove',
      'actionplan_set',
      'actions',
      'actions_remove',
      'actions_set',
      'active_sessions',
      'active_sessions_count',
    ],
    'acti',
  ])
  t.same(completeLine('CDRsV1.', known), [['CDRsV1.GetCDRs'], 'CDRsV1.'])
  t.same(completeLine('cdrs t', known), [['Tenant=', 'Timeout='], 't'])
  t.same(completeLine('cdrs Tenant="a" T', known), [['Timeout='], 'T'])
  t.same(completeLine('session_authorize_event ', known)[0], [
    'GetMaxUsage=',
    'Tenant=',
    'ID=',
    'Time=',
    'Event=',
    'APIOpts=',
  ])
  t.same(completeLine('cdrs Tenant="a', known), [[], ''])
  t.same(completeLine('nope x', known), [[], ''])
})

/** A console whose server answers from a table. */
function console(t: Test, separate = true) {
  const calls: [string, unknown][] = []
  const streams = { output: new PassThrough(), notes: new PassThrough(), errors: new PassThrough() }
  const written = { output: '', notes: '', errors: '' }
  for (const name of ['output', 'notes', 'errors'] as const)
    streams[name].on('data', (chunk: Buffer) => (written[name] += chunk.toString()))
  const client = {
    async call(name: string, argument: unknown) {
      calls.push([name, argument])
      if (name === 'CoreSv1.Status') throw new NetworkError('dial tcp 127.0.0.1:1: connect: connection refused')
      if (name === 'APIerSv2.GetAccounts') throw new RpcError('NOT_FOUND')
      if (name === 'CoreSv1.Ping') return 'Pong'
      return { Cost: 0.1, OrderID: 12345678901234567890n, List: [], Nothing: null, Text: '<a>' }
    },
  }
  t.teardown(() => Object.values(streams).forEach((stream) => void stream.destroy()))
  const errors = separate ? streams.errors : streams.output
  const runner = new CommandRunner(client, known, { ...streams, errors, verbose: false, separator: ';' })
  return { runner, calls, written, streams }
}

t.test('01 10.2: replies are JSON indented by one space, errors a line', async (t) => {
  const { runner, written, calls } = console(t)
  t.equal(await runner.run('cdrs Tenant=1001 Limt=1'), 'done')
  t.equal(
    written.output,
    '{\n "Cost": 0.1,\n "OrderID": 12345678901234567890,\n "List": [],\n "Nothing": null,\n "Text": "<a>"\n}\n',
  )
  t.equal(written.notes, 'CDRsV1.GetCDRs has no argument Limt, did you mean Limit?\n')
  t.same(calls, [['CDRsV1.GetCDRs', { Tenant: '1001', Limt: 1 }]])
  t.equal(await runner.run('accounts'), 'failed')
  t.equal(written.errors, 'Error executing command: NOT_FOUND\n')
  t.equal(await runner.run('status'), 'unreachable')
  t.equal(await runner.run('acounts'), 'failed')
  t.match(written.errors, /there is no command "acounts", did you mean "accounts"\?/)
  t.equal(await runner.run('cdrs Tenant="x'), 'failed')
  t.equal(await runner.run(''), 'done')
  t.equal(await runner.run('# a comment'), 'done')
  for (const word of ['quit', 'exit', 'bye', 'close']) t.equal(await runner.run(word), 'end')
  t.equal(calls.length, 3)
})

t.test('help', async (t) => {
  const { runner, written } = console(t)
  await runner.run('help')
  t.match(written.output, /^ account_set$/m)
  await runner.run('help session_authorize_event')
  t.match(written.output, /^session_authorize_event GetMaxUsage=<boolean> Tenant=<text> .*Event=<\{text: any\}>/m)
  t.match(written.output, /SessionSv1\.AuthorizeEvent: Authorizes\.$/m)
  await runner.run('help status')
  t.match(written.output, /this version does not have it; a server may\.$/m)
  t.equal(await runner.run('help nope'), 'failed')
})

const RULES: readonly { name: string; line: string; prints?: string; error?: RegExp }[] = [
  {
    name: 'a search and replace',
    line: 'parse Expression=~*req.Account:s/^0(.*)$/+49$1/ Value=0123',
    prints: '+49123\n',
  },
  { name: 'a constant', line: 'parse Expression=abc Value=x', prints: 'abc\n' },
  { name: 'a rule that is none', line: 'parse Expression=~*nope.X Value=1', error: /unsupported field prefix/ },
  { name: 'nothing to parse', line: 'parse Expression=abc', error: /parse wants Expression=RULE Value=TEXT/ },
]

t.test('01 10.2: parse tests a rule here', async (t) => {
  for (const { name, line, prints, error } of RULES) {
    const { runner, written } = console(t)
    t.equal(await runner.run(line), error === undefined ? 'done' : 'failed', name)
    if (error === undefined) t.equal(written.output, prints)
    else t.match(written.errors, error)
  }
})

t.test('a script: line by line, the worst outcome, nothing after an end or without a server', async (t) => {
  const script = async (text: string) => {
    const { runner, calls } = console(t)
    const input = new PassThrough()
    input.end(text)
    return { outcome: await runScript(input, runner), calls: calls.map(([name]) => name) }
  }
  t.same(await script('ping\n\n# no\nping\r\n'), { outcome: 'done', calls: ['CoreSv1.Ping', 'CoreSv1.Ping'] })
  t.same(await script('accounts\nping'), { outcome: 'failed', calls: ['APIerSv2.GetAccounts', 'CoreSv1.Ping'] })
  t.same(await script('ping\nquit\nping\n'), { outcome: 'done', calls: ['CoreSv1.Ping'] })
  t.same(await script('status\nping\n'), { outcome: 'unreachable', calls: ['CoreSv1.Status'] })
})

t.test('at a terminal: prompt, history, completion, end', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-console-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, '.cgr_history')
  writeFileSync(file, 'accounts\nping\n')
  const { runner, written, calls, streams } = console(t, false)
  const input = new PassThrough()
  const session = interact(input, streams.output, runner, known, file)
  const shows = async (pattern: RegExp) => {
    while (!pattern.test(written.output)) await new Promise((next) => setImmediate(next))
    written.output = ''
  }
  await shows(/cgr> /)
  // The last line of the history, then the one before it.
  input.write('\x1b[A\r')
  await shows(/"Pong"\n[\s\S]*cgr> /)
  input.write('\x1b[A\x1b[A\r')
  await shows(/Error executing command: NOT_FOUND\n[\s\S]*cgr> /)
  input.write('cdrs Ten')
  input.write('\t')
  await shows(/Tenant=/)
  input.write('"a"\r')
  await shows(/"Cost": 0.1[\s\S]*cgr> /)
  input.write('bye\r')
  await session
  t.same(calls, [
    ['CoreSv1.Ping', {}],
    ['APIerSv2.GetAccounts', {}],
    ['CDRsV1.GetCDRs', { Tenant: 'a' }],
  ])
  t.equal(readFileSync(file, 'utf8'), 'accounts\nping\nping\naccounts\ncdrs Tenant="a"\nbye\n')
})

t.test('the end of the input ends the session, a history that cannot be kept does not', async (t) => {
  const { runner, streams, calls } = console(t)
  const input = new PassThrough()
  input.end('ping\r')
  await interact(input, streams.output, runner, known, '/nowhere/at/all')
  t.equal(calls.length, 1)
})
