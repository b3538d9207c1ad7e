import { type ChildProcess, spawn } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { loadConfig } from '../src/config/load-config.ts'
import { Engine } from '../src/engine/engine.ts'
import { ROOT, sampleFolder } from './support/gateway.ts'
import { startRedis } from './support/redis.ts'

const PAGES = ['README.md', ...pagesBelow('docs')]
const SAMPLE = 'config/samples/gy-data'

function pagesBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md'))
    .map((path) => join(folder, path))
}

/** Fenced blocks of a language, with the page that they stand on. */
function blocks(language: string): { page: string; text: string }[] {
  return PAGES.flatMap((page) =>
    [...readFileSync(join(ROOT, page), 'utf8').matchAll(/^```(\w+)\n(.*?)^```/gms)]
      .filter(([, each]) => each === language)
      .map(([, , text = '']) => ({ page, text })),
  )
}

/** The project as a clone has it, but its sample listens on free ports: commands run there as they stand on the pages. */
function clone(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-docs-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  for (const name of ['bin', 'dictionaries', 'node_modules', 'package.json', 'src', 'templates'])
    symlinkSync(join(ROOT, name), join(folder, name))
  cpSync(join(ROOT, 'config'), join(folder, 'config'), { recursive: true })
  const free = {
    listen: { rpc_json: '127.0.0.1:0', http: '127.0.0.1:0', rpc_gob: '', birpc_json: '' },
    diameter_agent: { listeners: [{ address: '127.0.0.1:0' }] },
  }
  writeFileSync(join(folder, SAMPLE, 'z-free-ports.json'), JSON.stringify(free))
  return folder
}

type Ran = { child: ChildProcess; output: () => string; ended: Promise<number | null> }

function start(command: string, cwd: string): Ran {
  const child = spawn('sh', ['-c', `exec ${command}`], { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (output += chunk.toString()))
  return { child, output: () => output, ended: new Promise((done) => child.once('exit', (code) => done(code))) }
}

async function printed({ child, output }: Ran, pattern: RegExp): Promise<RegExpExecArray> {
  for (;;) {
    const found = pattern.exec(output())
    if (found !== null) return found
    if (child.exitCode !== null) throw new Error(`left with ${child.exitCode}: ${output()}`)
    await new Promise((next) => setImmediate(next))
  }
}

const CONSOLE = 'bin/tollgate console account Account=1001'
const METHODS = 'bin/tollgate methods RatingProfile'
const BACKUP_RECORDS = 'bin/tollgate console APIerSv1.BackupDataDB BackupFolderPath=backups/data'
const BACKUP_CDRS = 'bin/tollgate console APIerSv1.BackupStorDB BackupFolderPath=backups/cdrs Zip=true'
const RESTORE = `bin/tollgate restore --config-path ${SAMPLE} --data backups/data --cdrs backups/cdrs`
const DRY_RUN = `bin/tollgate dry-run --config-path ${SAMPLE} --agent diameter --in templates/messages/gy-initial.hex`

/** Dry runs of the shipped templates, and what each must print. */
const SHIPPED: Readonly<Record<string, RegExp>> = Object.fromEntries(
  [
    [
      'radius',
      'radius-interim.hex',
      /^processor radius_update: matches$[\s\S]*"TotalUsage":4294969306\}\n {2}calls SessionSv1\.UpdateSession/m,
    ],
    [
      'http',
      'http-credit.txt',
      /^request 1: POST \/credit for credit$[\s\S]*"Usage":"60s"\}\n {2}calls SessionSv1\.AuthorizeEvent/m,
    ],
    ['csv', 'cdrs.csv', /^row 2 of 6 columns for reader csv_cdrs$[\s\S]*calls SessionSv1\.ProcessCDR/m],
    ['--exporter fixed_cdrs', 'cdr.txt', /^row: CDR {5}491701234567[\s\S]*^row: TRL {2}00000001000000012345$/m],
  ].map(([agent, file, expected]) => [
    `bin/tollgate dry-run --config-path templates ${String(agent).startsWith('--') ? agent : `--agent ${agent}`} --in templates/messages/${file}`,
    expected as RegExp,
  ]),
)

const ON_REDIS = `bin/tollgate serve --config-path ${SAMPLE} --tariff-path ${SAMPLE}/tariff`

/** Every command of the pages, and what runs it here. */
const STORE_PLAN = `bin/tollgate load --config-path ${SAMPLE} --path ${SAMPLE}/tariff --to-stordb --tpid spring`
const LOAD_PLAN = `bin/tollgate load --config-path ${SAMPLE} --from-stordb --tpid spring`

const COMMANDS: Readonly<Record<string, string>> = {
  'npm ci && npm start': 'the README, in order',
  'npm run try': 'the README, in order',
  'npm ci && npm test': 'this run',
  [`bin/tollgate load --config-path ${SAMPLE} --path ${SAMPLE}/tariff`]: 'a load into a stopped gateway',
  [`bin/tollgate load --config-path ${SAMPLE} --path ${SAMPLE}/tariff --dry-run`]: 'a load into a stopped gateway',
  [STORE_PLAN]: 'a load into a stopped gateway',
  [LOAD_PLAN]: 'a load into a stopped gateway',
  [BACKUP_RECORDS]: 'a backup and its restore',
  [BACKUP_CDRS]: 'a backup and its restore',
  [RESTORE]: 'a backup and its restore',
  [CONSOLE]: 'the console',
  [ON_REDIS]: 'records in Redis',
  [DRY_RUN]: 'a dry run',
  [METHODS]: 'the methods',
  ...Object.fromEntries(Object.keys(SHIPPED).map((command) => [command, 'dry runs of the shipped templates'])),
}

t.test('every command of the pages is run here', async (t) => {
  const commands = blocks('sh').flatMap(({ text }) => text.trim().split('\n'))
  t.same(commands.toSorted(), Object.keys(COMMANDS).toSorted())
})

t.test('the README, in order: start, try, stop', async (t) => {
  const folder = clone(t)
  const gateway = start('npm start', folder)
  t.teardown(() => gateway.child.kill('SIGKILL'))
  const [, diameter = ''] = await printed(gateway, /^Diameter +(\S+)$/m)
  const [, http = ''] = await printed(gateway, /^HTTP +(\S+) /m)
  t.match(gateway.output(), /^JSON-RPC +127\.0\.0\.1:\d+$/m)
  t.equal((await printed(gateway, /^next +(.*)$/m))[1], 'npm run try')
  t.match(gateway.output(), /^tariff +2 Timings, .* 3 AccountActions/m)
  const tried = start(`npm run try -- --diameter ${diameter} --http ${http}`, folder)
  t.equal(await tried.ended, 0)
  t.match(tried.output(), /^before +\{"\*monetary MONEY":10\}/m)
  // Video costs half from 20:00 on.
  t.match(tried.output(), /^after +\{"\*monetary MONEY":9\.(863|8706)\}/m)
  t.match(tried.output(), /granted 5242880/)
  const [file = ''] = readdirSync(join(folder, 'data/cdrs'))
  t.equal(
    readFileSync(join(folder, 'data/cdrs', file), 'utf8')
      .trim()
      .split('\n').length,
    3,
    'a header and two CDRs',
  )
  gateway.child.kill('SIGTERM')
  t.equal(await gateway.ended, 0)
})

t.test('a load into a stopped gateway', async (t) => {
  const folder = clone(t)
  const loaded = start(`bin/tollgate load --config-path ${SAMPLE} --path ${SAMPLE}/tariff`, folder)
  t.equal(await loaded.ended, 0)
  t.match(loaded.output(), /^loaded .*4 DestinationRates/m)
  const checked = start(`bin/tollgate load --config-path ${SAMPLE} --path ${SAMPLE}/tariff --dry-run`, folder)
  t.equal(await checked.ended, 0)
  t.match(checked.output(), /^checked .*4 DestinationRates/m)
  const stored = start(STORE_PLAN, folder)
  t.equal(await stored.ended, 0)
  t.match(stored.output(), /^stored .*4 DestinationRates/m)
  const loadedPlan = start(LOAD_PLAN, folder)
  t.equal(await loadedPlan.ended, 0)
  t.match(loadedPlan.output(), /^loaded .*4 DestinationRates/m)
})

t.test('the console', async (t) => {
  const folder = clone(t)
  const gateway = start('npm start', folder)
  t.teardown(() => gateway.child.kill('SIGKILL'))
  const [, rpc = ''] = await printed(gateway, /^JSON-RPC +(\S+)$/m)
  await printed(gateway, /^next/m)
  const asked = start(CONSOLE.replace('console', `console --server ${rpc}`), folder)
  t.equal(await asked.ended, 0)
  t.match(asked.output(), /^ "ID": "cgrates\.org:1001",$/m)
  gateway.child.kill('SIGTERM')
  t.equal(await gateway.ended, 0)
})

t.test('records in Redis', async (t) => {
  const folder = clone(t)
  const redis = await startRedis(t)
  const [page] = blocks('json').filter(({ text }) => text.includes('"*redis"'))
  const text = page?.text.replace('6379', String(redis.port)) ?? ''
  writeFileSync(join(folder, SAMPLE, 'z-redis.json'), text)
  const gateway = start(ON_REDIS, folder)
  t.teardown(() => gateway.child.kill('SIGKILL'))
  await printed(gateway, /^next/m)
  t.equal(await redis.inTen('HLEN', 'tollgate:{10}:account'), 3)
  t.same(await redis.inTen('HKEYS', 'tollgate:{10}:engines'), ['gw1'])
  gateway.child.kill('SIGTERM')
  t.equal(await gateway.ended, 0)
  t.equal(await redis.inTen('EXISTS', 'tollgate:{10}:engines'), 0, 'its name is free')
})

t.test('a backup and its restore', async (t) => {
  const folder = clone(t)
  const running = async () => {
    const gateway = start('npm start', folder)
    t.teardown(() => gateway.child.kill('SIGKILL'))
    const [, rpc = ''] = await printed(gateway, /^JSON-RPC +(\S+)$/m)
    await printed(gateway, /^next/m)
    const call = async (command: string) => {
      const called = start(command.replace('console', `console --server ${rpc}`), folder)
      t.equal(await called.ended, 0, command)
      return called.output()
    }
    const stop = async () => {
      gateway.child.kill('SIGTERM')
      t.equal(await gateway.ended, 0)
      return gateway.output()
    }
    return { call, stop }
  }
  const first = await running()
  t.equal(await first.call(BACKUP_RECORDS), '"OK"\n')
  t.equal(await first.call(BACKUP_CDRS), '"OK"\n')
  await first.call('bin/tollgate console APIerSv1.RemoveAccount Account=1001')
  await first.stop()
  const ready = start(RESTORE, folder)
  t.equal(await ready.ended, 0)
  t.match(ready.output(), /^records of backups\/data\/backup_\d+ are ready for .*data\/records: the next start/m)
  t.match(ready.output(), /^CDRs of backups\/cdrs\/backup_\d+\.zip are ready for .*cdrs\.sqlite: the next start/m)
  const second = await running()
  t.match(await second.call(CONSOLE), /^ "ID": "cgrates\.org:1001",$/m)
  t.match(await second.stop(), 'a backup has taken the place of the records')
})

t.test('the methods', async (t) => {
  const ran = start(METHODS, clone(t))
  t.equal(await ran.ended, 0)
  t.match(
    ran.output(),
    /^APIerSv1\.SetRatingProfile\n.*\n {2}\{Tenant: text, Category: text, Subject: text, .*\} -> text$/m,
  )
})

t.test('a dry run', async (t) => {
  const ran = start(DRY_RUN, clone(t))
  t.equal(await ran.ended, 0)
  t.match(ran.output(), /^processor initial: matches$/m)
  t.match(ran.output(), /calls SessionSv1\.InitiateSession/)
})

t.test('dry runs of the shipped templates', async (t) => {
  const folder = clone(t)
  for (const [command, expected] of Object.entries(SHIPPED)) {
    const ran = start(command, folder)
    t.equal(await ran.ended, 0, command)
    t.match(ran.output(), expected, command)
  }
})

t.test('the errors that the pages show are what is printed', async (t) => {
  const folder = clone(t)
  writeFileSync(join(folder, SAMPLE, 'a.json'), '{\n  "diameter_agent": {\n    "origin_hots": "x"\n  }\n}\n')
  const stopped = start(`bin/tollgate serve --config-path ${SAMPLE}`, folder)
  t.equal(await stopped.ended, 1)
  t.match(stopped.output(), /a\.json:3:5: diameter_agent\.origin_hots: unknown key, did you mean "origin_host"\?/)
  rmSync(join(folder, SAMPLE, 'a.json'))
  const plans = join(folder, SAMPLE, 'tariff/RatingPlans.csv')
  writeFileSync(plans, readFileSync(plans, 'utf8').replace('ALWAYS', 'ALWAYZ'))
  const refused = start(`bin/tollgate load --config-path ${SAMPLE} --path ${SAMPLE}/tariff`, folder)
  t.equal(await refused.ended, 1)
  t.match(refused.output(), /RatingPlans\.csv:2: TimingID "ALWAYZ": could not get timing for tag "ALWAYZ"/)
})

t.test('request processors of the pages can be pasted into the sample', async (t) => {
  const processors = blocks('json').filter(({ text }) => text.includes('"request_fields"'))
  t.ok(processors.length > 0)
  for (const { page, text } of processors) {
    const folder = sampleFolder(t, {
      data_db: { db_type: '*internal' },
      stor_db: { db_type: '*internal' },
      ees: { enabled: false },
      cdrs: { ees_conns: [], online_cdr_exports: [] },
    })
    writeFileSync(join(folder, 'config/zzz-page.json'), `{"diameter_agent": {"request_processors": [${text}]}}`)
    const loaded = await loadConfig(join(folder, 'config'), {}, join(ROOT, 'config/tollgate.json'))
    const engine = new Engine({ loaded, root: ROOT, log: () => undefined })
    await engine.openTariff()
    await engine.close()
    t.pass(page)
  }
})

t.test('links of the pages lead somewhere', async (t) => {
  for (const page of PAGES) {
    const links = [...readFileSync(join(ROOT, page), 'utf8').matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(
      ([, to = '']) => to,
    )
    for (const link of links) t.ok(existsSync(join(ROOT, dirname(page), link)), `${page}: ${link}`)
  }
})
