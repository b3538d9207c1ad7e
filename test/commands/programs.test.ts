import { spawn } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import t, { type Test } from 'tap'
import { ROOT, sampleFolder } from '../support/gateway.ts'
import { addressOf, deadAddress, startRawServer } from '../support/rpc-hosts.ts'

type Ended = { code: number | null; output: string; errors: string }
type Running = {
  ended: Promise<Ended>
  pid: number
  kill: (signal: NodeJS.Signals) => void
  printed: (pattern: RegExp) => Promise<void>
}

function start(program: string, words: readonly string[], { cwd = ROOT, input = '' } = {}): Running {
  const child = spawn(program.includes('/') ? program : join(ROOT, 'bin', program), words, { cwd })
  let output = ''
  let errors = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  const ended = new Promise<Ended>((done) => child.once('close', (code) => done({ code, output, errors })))
  const printed = async (pattern: RegExp) => {
    while (!pattern.test(output)) {
      if (child.exitCode !== null) throw new Error(`left with ${child.exitCode}: ${output}${errors}`)
      await new Promise((next) => setTimeout(next, 5))
    }
  }
  return { ended, pid: child.pid ?? 0, kill: (signal) => void child.kill(signal), printed }
}

const run = (program: string, words: readonly string[], options = {}) => start(program, words, options).ended

/** A configuration of its own, on known ports. */
async function folderOf(t: Test) {
  const [rpc, gob] = [await deadAddress(), await deadAddress()]
  const folder = sampleFolder(t, { listen: { rpc_json: rpc, rpc_gob: gob } })
  return { rpc, gob, folder, config: join(folder, 'config'), tariff: join(folder, 'config/tariff') }
}

/** NOWHERE: an address at which nothing listens. */
const LINES: readonly { name: string; line: string; code: number; output?: RegExp; errors?: RegExp }[] = [
  {
    name: 'engine: its version',
    line: 'cgr-engine -version',
    code: 0,
    output: /^CGRateS@v0\.11\.0~dev Tollgate@\d+\.\d+\.\d+\n$/,
  },
  {
    name: 'engine: help',
    line: 'cgr-engine -help',
    code: 0,
    errors:
      /^Usage of cgr-engine:\n {2}-check_config\n[\s\S]* {2}-config_path string\n {4}\tConfiguration directory path \(default "\/etc\/cgrates\/"\)\n/,
  },
  {
    name: 'engine: an unknown flag',
    line: 'cgr-engine -nope',
    code: 2,
    errors: /^flag provided but not defined: -nope\nUsage of cgr-engine:/,
  },
  {
    name: 'engine: a bad value',
    line: 'cgr-engine -scheduled_shutdown=5',
    code: 2,
    errors: /^invalid value "5" for flag -scheduled_shutdown: parse error\n/,
  },
  {
    name: 'engine: no configuration',
    line: 'cgr-engine -config_path=/nowhere',
    code: 1,
    errors: /^Could not parse config: <path:"\/nowhere" is not reachable>\n$/,
  },
  {
    name: 'engine: a pid file that cannot be',
    line: 'cgr-engine -config_path=/nowhere -pid /nowhere/pid',
    code: 1,
    errors: /^Could not write pid file: .*\/nowhere\/pid/,
  },
  {
    name: 'engine: flags without effect are told once',
    line: 'cgr-engine -config_path=/nowhere -singlecpu',
    code: 1,
    errors: /^without effect in this version: -singlecpu\n/,
  },
  { name: 'loader: its version', line: 'cgr-loader --version', code: 0, output: /^CGRateS@/ },
  { name: 'loader: help', line: 'cgr-loader -h', code: 0, errors: /^Usage of cgr-loader:/ },
  {
    name: 'loader: an unknown flag',
    line: 'cgr-loader -nope',
    code: 1,
    errors: /^flag provided but not defined: -nope\nUsage of cgr-loader:/,
  },
  {
    name: 'loader: no gateway',
    line: 'cgr-loader -path config -caches_address NOWHERE',
    code: 1,
    errors: /^dial tcp .*: connect: connection refused\n$/,
  },
  {
    name: 'loader: a plan without its id',
    line: 'cgr-loader -from_stordb',
    code: 1,
    errors: /^TPid required\n$/,
  },
  {
    name: 'loader: into stor_db and from it',
    line: 'cgr-loader -from_stordb -to_stordb -tpid=TP1',
    code: 1,
    errors: /^either into stor_db \(to_stordb\) or from it \(from_stordb\), not both\n$/,
  },
  {
    name: 'loader: a plan is cleared for nothing',
    line: 'cgr-loader -flush_stordb -tpid=TP1',
    code: 1,
    errors: /^a plan is only cleared before an import into it \(to_stordb\)\n$/,
  },
  {
    name: 'load: neither folder nor plan',
    line: 'tollgate load --config-path config/samples/gy-data',
    code: 1,
    errors: /a tariff folder is required: --path/,
  },
  {
    name: 'loader: an unknown caching',
    line: 'cgr-loader -caching=*nope',
    code: 1,
    errors: /^-caching \*nope: expected \*none, \*load, \*remove, \*reload or \*clear\n$/,
  },
  {
    name: 'loader: Google sheets',
    line: 'cgr-loader -path=*gapi:x',
    code: 1,
    errors: /Google sheets are not available/,
  },
  {
    name: 'loader: a bad configuration',
    line: 'cgr-loader -config_path=/nowhere',
    code: 1,
    errors: /path:"\/nowhere" is not reachable/,
  },
  { name: 'console: its version', line: 'cgr-console -version', code: 0, output: /^CGRateS@/ },
  {
    name: 'console: an unknown flag',
    line: 'cgr-console -nope',
    code: 0,
    errors: /^flag provided but not defined: -nope\nUsage of cgr-console:/,
  },
  {
    name: 'console: no server',
    line: 'cgr-console -server=NOWHERE -connect_attempts=1 status',
    code: 1,
    output: /^Error executing command: dial tcp /,
    errors: /^Usage of cgr-console:/,
  },
  {
    name: 'console: an unknown encoding',
    line: 'cgr-console -rpc_encoding=*xml status',
    code: 1,
    errors: /expected \*json or \*gob/,
  },
  { name: 'tollgate: help', line: 'tollgate --help', code: 0, output: /serve .*run the gateway[\s\S]*console/ },
  { name: 'tollgate: its version', line: 'tollgate --version', code: 0, output: /^\d+\.\d+\.\d+\n$/ },
  {
    name: 'tollgate: an unknown command',
    line: 'tollgate sevre',
    code: 1,
    errors: /unknown command 'sevre'\n\(Did you mean serve\?\)/,
  },
  {
    name: 'tollgate: no option',
    line: 'tollgate serve',
    code: 1,
    errors: /required option '--config-path <folder>' not specified/,
  },
  {
    name: 'tollgate: a bad option',
    line: 'tollgate serve --config-path x --log-level 9',
    code: 1,
    errors: /argument '9' is invalid\. expected 0 to 7/,
  },
  {
    name: 'tollgate: no configuration',
    line: 'tollgate serve --config-path /nowhere',
    code: 1,
    errors: /^tollgate: path:"\/nowhere" is not reachable\n/,
  },
  {
    name: 'tollgate: a duration that is none',
    line: 'tollgate console --reply-timeout soon status',
    code: 1,
    errors: /--reply-timeout soon: time: invalid duration/,
  },
  {
    name: 'tollgate: no server',
    line: 'tollgate console --server NOWHERE --connect-attempts 1 status',
    code: 1,
    errors: /^Error executing command: dial tcp /,
  },
  {
    name: 'tollgate: methods',
    line: 'tollgate methods GetCost',
    code: 0,
    output: /^APIerSv1\.GetCost\n {2}.*\n {2}\{Tenant: text, .* -> \{CGRID: text/,
  },
  {
    name: 'tollgate: no such method',
    line: 'tollgate methods nope',
    code: 1,
    errors: /no method has "nope" in its name/,
  },
  {
    name: 'tollgate: a document of the methods',
    line: 'tollgate methods --json',
    code: 0,
    output: /^\{\n {2}"openrpc": "1\.3\.2",/,
  },
  {
    name: 'tollgate: an unknown shell',
    line: 'tollgate completion csh',
    code: 1,
    errors: /expected one of bash, zsh, fish/,
  },
]

t.test('01 10: flags, exit codes, what is printed', async (t) => {
  const nowhere = await deadAddress()
  for (const { name, line, code, output, errors } of LINES) {
    const [program = '', ...words] = line.replace('NOWHERE', nowhere).split(' ')
    const ended = await run(program, words)
    t.equal(ended.code, code, name)
    if (output !== undefined) t.match(ended.output, output, name)
    if (errors !== undefined) t.match(ended.errors, errors, name)
  }
})

t.test('a gateway under its old name: pid file, signals, loads, console', async (t) => {
  const { rpc, gob, folder, config, tariff } = await folderOf(t)
  const checked = await run('cgr-engine', ['-check_config', '-config_path', config], { cwd: folder })
  t.match(checked, { code: 0, output: /^\d+ files, \d+ keys without effect: ok\n$/ })
  t.notOk(existsSync(join(folder, 'data/records')), 'a check opens no store')

  const stopped = await run('cgr-loader', ['-config_path', config, `-path=${tariff}`, '-verbose'], { cwd: folder })
  t.match(stopped, { code: 0, output: /^loaded .*3 AccountActions/ }, 'into the store of a gateway that does not run')

  const pidFile = join(folder, 'engine.pid')
  const engine = start('cgr-engine', ['-config_path', config, '-pid', pidFile, '-node_id=N1', '--log_level=4'], {
    cwd: folder,
  })
  t.teardown(() => engine.kill('SIGKILL'))
  await engine.printed(/^next/m)
  t.equal(readFileSync(pidFile, 'utf8'), String(engine.pid), 'the process that was started is the process that runs')

  const console = (...words: string[]) => run('cgr-console', [`-server=${rpc}`, ...words])
  t.match(await console('ping'), { code: 0, output: /^"Pong"\n$/ })
  t.match(await console('account', 'Account=1001'), {
    code: 0,
    output: /^\{\n "ID": "cgrates\.org:1001",\n "BalanceMap": \{\n {2}"\*monetary"/,
  })
  t.match(await console('account', 'Account="nope"'), { code: 0, output: /^Error executing command: NOT_FOUND\n$/ })
  const byGob = await run('cgr-console', [`-server=${gob}`, '-rpc_encoding=*gob', 'account', 'Account=1001'])
  t.match(byGob, { code: 0, output: /^\{\n "ID": "cgrates\.org:1001",\n "BalanceMap": \{\n {2}"\*monetary"/ })
  const script = 'ping\nping sessions\naccount Account=nope\nactive_sessions_count\n'
  t.match(await run('tollgate', ['console', '--server', rpc], { input: script }), {
    code: 1,
    output: /^"Pong"\n"Pong"\n0\n$/,
    errors: /^Error executing command: NOT_FOUND\n$/,
  })

  const load = (...words: string[]) =>
    run('tollgate', ['load', '--config-path', config, '--path', tariff, ...words], { cwd: folder })
  const byGateway = new RegExp(`^loaded .* by the gateway at ${rpc}\n$`)
  t.match(await load(), { code: 0, output: byGateway })
  t.match(await load('--dry-run'), { code: 0, output: /^checked / })
  t.match(await run('cgr-loader', ['-path', tariff, `-caches_address=${rpc}`, '-verbose']), {
    code: 0,
    output: byGateway,
  })
  const plans = join(tariff, 'RatingPlans.csv')
  const good = readFileSync(plans, 'utf8')
  writeFileSync(plans, good.replace('ALWAYS', 'ALWAYZ'))
  t.match(await load('--dry-run'), { code: 1, errors: /RatingPlans\.csv:2: TimingID "ALWAYZ"/ })
  writeFileSync(plans, good)
  t.match(await load('--remove'), { code: 0, output: /^removed / })
  t.match(await console('account', 'Account="1001"'), { output: /NOT_FOUND/ })

  engine.kill('SIGHUP')
  engine.kill('SIGUSR1')
  t.match(await console('ping'), { output: /Pong/ }, 'neither signal ends it')
  engine.kill('SIGQUIT')
  t.match(await engine.ended, { code: 0 })
  t.notOk(existsSync(pidFile))
  t.match(await load('--remove'), { code: 0, output: /^removed .*AccountActions/ }, 'what is not there is no error')
})

t.test('an engine prints its configuration and records what it does', async (t) => {
  const { folder, config } = await folderOf(t)
  writeFileSync(join(config, 'secret.json'), JSON.stringify({ data_db: { db_password: 'hidden words' } }))
  const profiles = join(folder, 'profiles')
  mkdirSync(profiles)
  const flags = ['-cpuprof_dir', profiles, '-memprof_dir', profiles, '-memprof_interval=1h', '-memprof_maxfiles=2']
  const engine = start('cgr-engine', ['-config_path', config, '-print_config', ...flags], { cwd: folder })
  t.teardown(() => engine.kill('SIGKILL'))
  await engine.printed(/^next/m)
  engine.kill('SIGTERM')
  const { code, errors } = await engine.ended
  t.equal(code, 0)
  const [, path, printed = ''] = /^Configuration loaded from "(.*)":\n(\{\n [\s\S]*?\n\})\n/m.exec(errors) ?? []
  t.equal(path, config)
  t.match(JSON.parse(printed), { general: { default_tenant: 'cgrates.org' }, rals: { enabled: true } })
  t.notMatch(errors, 'hidden words')
  t.same(readdirSync(profiles).sort(), ['cpu.cpuprofile', 'mem_final.heapprofile'])

  const refused = await run('cgr-engine', ['-config_path', config, '-cpuprof_dir', '/nowhere'], { cwd: folder })
  t.match(refused, { code: 1, errors: /could not create CPU profile: open \/nowhere\/cpu\.cpuprofile: no such file/ })
})

t.test('the loader: another separator, files by HTTP', async (t) => {
  const { folder, config, tariff } = await folderOf(t)
  const copy = mkdtempSync(join(tmpdir(), 'tollgate-semicolons-'))
  t.teardown(() => rmSync(copy, { recursive: true, force: true }))
  const files = ['Timings', 'Destinations', 'Rates', 'DestinationRates', 'RatingPlans', 'RatingProfiles']
  for (const file of files) {
    const text = readFileSync(join(tariff, `${file}.csv`), 'utf8')
    writeFileSync(join(copy, `${file}.csv`), text.replaceAll(',', '|'))
  }
  const dryRun = ['-config_path', config, '-dry_run', '-verbose']
  const separated = await run('cgr-loader', [...dryRun, '-field_sep=|', '-path', copy], { cwd: folder })
  t.match(separated, { code: 0, output: /^checked 2 Timings, .*2 RatingPlans/ })
  t.match(await run('cgr-loader', [...dryRun, '-path', copy], { cwd: folder }), {
    code: 1,
    errors: /wrong number of fields/,
  })

  const server = createServer((request, response) => {
    const path = join(tariff, request.url ?? '')
    if (!existsSync(path)) response.statusCode = 404
    response.end(existsSync(path) ? readFileSync(path) : 'not found')
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  t.teardown(() => server.close())
  const url = `http://${addressOf(server)}`
  const fetched = await run('cgr-loader', [...dryRun, `-path=${url}/`], { cwd: folder })
  t.match(fetched, { code: 0, output: /^checked 2 Timings, .*3 AccountActions/ })
  const named = await run('cgr-loader', [...dryRun, `-path=${url}/Timings.csv;${url}/Destinations.csv`], {
    cwd: folder,
  })
  t.match(named, { code: 0, output: /^checked 2 Timings, 2 Destinations\n$/ })
  const missing = await run('cgr-loader', [...dryRun, `-path=${url}/Nope.csv`], { cwd: folder })
  t.match(missing, { code: 1, errors: /Nope\.csv: HTTP status 404/ })
})

t.test('01 10.3: the loader, plans into stor_db and from it', async (t) => {
  const { folder, config, tariff } = await folderOf(t)
  const loader = (...words: string[]) =>
    run('cgr-loader', ['-config_path', config, '-verbose', ...words], { cwd: folder })
  const rows = (sql: string, file = 'data/cdrs.sqlite') => {
    const database = new DatabaseSync(join(folder, file))
    const found = database.prepare(sql).all()
    database.close()
    return found.map((row) => Object.values(row).join(' '))
  }
  const stored = await loader('-to_stordb', '-tpid=A', '-import_id=first', `-path=${tariff}`)
  t.match(stored, { code: 0, output: /^stored 2 Destinations, 2 Timings, .*3 AccountActions/, errors: '' })
  t.same(rows('SELECT DISTINCT loadid FROM tp_account_actions'), ['CSVLOAD_first'])
  const named = ['-stordb_type=*sqlite', '-stordb_name=other.sqlite']
  t.match(await loader('-to_stordb', '-tpid=B', `-path=${tariff}`, ...named), { code: 0, errors: '' })
  t.same(rows('SELECT DISTINCT tpid FROM tp_rates', 'other.sqlite'), ['B'])

  const gateway = start('tollgate', ['serve', '--config-path', config], { cwd: folder })
  t.teardown(() => gateway.kill('SIGKILL'))
  await gateway.printed(/^next/m)
  const copy = mkdtempSync(join(tmpdir(), 'tollgate-plan-'))
  t.teardown(() => rmSync(copy, { recursive: true, force: true }))
  writeFileSync(join(copy, 'Timings.csv'), 'NEVER|2000|1|1|1|00:00:00\n')
  const changed = ['-to_stordb', '-flush_stordb', '-tpid=C', '-path', copy]
  t.match(await loader('-to_stordb', '-tpid=C', `-path=${tariff}`), { code: 0 }, 'also while a gateway runs')
  t.match(await loader(...changed), { code: 1, errors: /Timings\.csv:1: .*wrong number of fields/ })
  t.equal(rows(`SELECT * FROM tp_timings WHERE tpid = 'C'`).length, 2, 'a failed import clears nothing')
  t.match(await loader(...changed, '-dry_run', '-field_sep=|'), { code: 0, output: 'checked 1 Timings\n' })
  t.equal(rows(`SELECT * FROM tp_rates WHERE tpid = 'C'`).length > 0, true)
  t.match(await loader(...changed, '-field_sep=|'), { code: 0, output: 'stored 1 Timings\n' })
  t.same(rows(`SELECT tag FROM tp_timings WHERE tpid = 'C'`), ['NEVER'])
  t.same(rows(`SELECT * FROM tp_rates WHERE tpid = 'C'`), [])

  const byGateway = await loader('-from_stordb', '-tpid=A')
  t.match(byGateway, { code: 0, output: /^loaded A by the gateway at / })
  gateway.kill('SIGTERM')
  await gateway.ended
  const load = ['load', '--config-path', config, '--from-stordb', '--tpid', 'A']
  t.match(await run('tollgate', load, { cwd: folder }), { code: 0, output: /^loaded 2 Timings, .*3 AccountActions/ })
  t.match(await loader('-from_stordb', '-tpid=B', '-dry_run', ...named), { code: 0, output: /^checked .*2 Timings/ })
  t.match(await loader('-from_stordb', '-tpid=A', '-remove'), { code: 0, output: /^removed .*3 AccountActions/ })
})

t.test('the loader: other processes are told by address or pool id', async (t) => {
  const told: string[] = []
  const other = await startRawServer(t, (line, socket) => {
    const { id, method } = JSON.parse(line) as { id: number; method: string }
    told.push(method)
    socket.write(`{"id":${id},"result":"OK","error":null}\n`)
  })
  const { folder, config, tariff } = await folderOf(t)
  writeFileSync(
    join(config, 'pools.json'),
    JSON.stringify({ rpc_conns: { other: { conns: [{ address: other.address }] } } }),
  )
  const words = [
    '-config_path',
    config,
    '-path',
    tariff,
    '-caches_address=other',
    `-scheduler_address=${other.address}`,
  ]
  t.match(await run('cgr-loader', [...words, '-caching=*load'], { cwd: folder }), { code: 0 })
  t.same(told, ['CacheSv1.LoadCache', 'SchedulerSv1.Reload'])
  t.match(await run('cgr-loader', [...words, '-dry_run'], { cwd: folder }), { code: 0 })
  t.equal(told.length, 2, 'a dry run tells nobody')

  const loader = { data_path: tariff, caches_conns: ['*localhost'], scheduler_conns: ['other'] }
  writeFileSync(join(config, 'section.json'), JSON.stringify({ loader }))
  const bySection = await run('cgr-loader', ['-config_path', config, '-verbose'], { cwd: folder })
  t.match(bySection, { code: 0, output: /^loaded .*3 AccountActions/ }, 'the folder of section loader')
  t.same(told.slice(2), ['SchedulerSv1.Reload'], 'scheduler_conns counts for itself')
})

t.test('a scheduled shutdown', async (t) => {
  const { folder, config } = await folderOf(t)
  const ended = await run('cgr-engine', [`-config_path=${config}`, '-scheduled_shutdown', '300ms'], { cwd: folder })
  t.match(ended, { code: 0, output: /^JSON-RPC/m })
})

t.test('a data folder whose gateway does not answer', async (t) => {
  const { folder, config, tariff } = await folderOf(t)
  writeFileSync(join(config, 'zzz.json'), JSON.stringify({ listen: { rpc_json: '' } }))
  const gateway = start('tollgate', ['serve', '--config-path', config], { cwd: folder })
  t.teardown(() => gateway.kill('SIGKILL'))
  await gateway.printed(/^next/m)
  const load = ['load', '--config-path', config, '--path', tariff]
  t.match(await run('tollgate', load, { cwd: folder }), {
    code: 1,
    errors: /in use by process \d+, and its listen\.rpc_json is closed/,
  })
  const nowhere = await deadAddress()
  writeFileSync(join(config, 'zzz.json'), JSON.stringify({ listen: { rpc_json: nowhere } }))
  const failed = await run('tollgate', load, { cwd: folder })
  t.match(failed, { code: 1, errors: /in use by process \d+, and it does not answer at .*connection refused/ })
  gateway.kill('SIGTERM')
  t.match(await gateway.ended, { code: 0 })
})

t.test('a program that is a link elsewhere', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-bin-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  symlinkSync(join(ROOT, 'bin/cgr-engine'), join(folder, 'cgr-engine'))
  t.match(await run(join(folder, 'cgr-engine'), ['-version'], { cwd: folder }), { code: 0, output: /^CGRateS@/ })
})

t.test('completion in bash', async (t) => {
  const script = (await run('tollgate', ['completion', 'bash'])).output
  const complete = async (...words: string[]) => {
    const quoted = words.map((word) => `'${word}'`).join(' ')
    const line = `${script}\nCOMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}; _tollgate; echo "\${COMPREPLY[*]}"`
    return (await run('/bin/bash', ['-c', line])).output.trim().split(' ').sort().join(' ')
  }
  t.equal(await complete('tollgate', 'se'), 'serve')
  t.equal(await complete('tollgate', 'load', '--d'), '--dry-run')
  t.equal(await complete('tollgate', 'console', 'debit_'), 'debit_max')
  t.equal(await complete('tollgate', 'completion', 'z'), 'zsh')
  t.equal(
    await complete('tollgate', 'load', '--path', join(ROOT, 'pack')),
    `${join(ROOT, 'package-lock.json')} ${join(ROOT, 'package.json')}`,
  )
})

t.test('general.logger and -logger say where the log goes', async (t) => {
  const { config } = await folderOf(t)
  const told = /"msg":"configuration: general.dbdata_encoding has no effect/
  const check = async (logger: string, ...flags: string[]) => {
    writeFileSync(join(config, 'zzz.json'), JSON.stringify({ general: { logger, dbdata_encoding: '*json' } }))
    const { code, output, errors } = await run('cgr-engine', ['-config_path', config, '-check_config', ...flags])
    return [code, told.test(output), told.test(errors)]
  }
  t.same(await check('*syslog'), [0, false, true])
  t.same(await check('*stdout'), [0, true, false])
  t.same(await check('*syslog', '-logger=*stdout'), [0, true, false])
  t.same(await check('*stdout', '-logger=*syslog'), [0, false, true])
})
