import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { ConfigError } from '../../src/config/config-error.ts'
import { configJsonSchema } from '../../src/config/json-schema.ts'
import { parseConfigFile } from '../../src/config/json-source.ts'
import { type LoadedConfig, loadConfig } from '../../src/config/load-config.ts'
import { SECTIONS } from '../../src/config/schema.ts'
import { printField } from '../../src/config/sections/field-template.ts'
import { ROOT } from '../support/gateway.ts'

const DEFAULTS = join(ROOT, 'config/tollgate.json')

/** A folder with these files; values that are no text are written as JSON. */
function folderOf(t: Test, files: Readonly<Record<string, unknown>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-config-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content))
  }
  return folder
}

function load(t: Test, files: Readonly<Record<string, unknown>>, environment = {}): Promise<LoadedConfig> {
  return loadConfig(folderOf(t, files), environment, DEFAULTS)
}

/** The lines of the error, with the folder cut off. */
async function problemsOf(t: Test, files: Readonly<Record<string, unknown>>, environment = {}): Promise<string[]> {
  const folder = folderOf(t, files)
  try {
    await loadConfig(folder, environment, DEFAULTS)
  } catch (cause) {
    if (!(cause instanceof ConfigError)) throw cause
    return cause.message.replaceAll(`${folder}/`, '').replaceAll(folder, 'FOLDER').split('\n')
  }
  return []
}

t.test('a wrong key, type or value names its place, what is there and what was expected', async (t) => {
  const cases: readonly [name: string, text: string, problem: string][] = [
    [
      'a key that is nearly one',
      '{"diameter_agent": {\n  "origin_hots": "x"}}',
      'a.json:2:3: diameter_agent.origin_hots: unknown key, did you mean "origin_host"?',
    ],
    [
      'a key that is none',
      '{"schedulers": {"colour": 1}}',
      'a.json:1:17: schedulers.colour: unknown key, expected one of enabled, cdrs_conns, thresholds_conns, stats_conns, filters, dynaprepaid_actionplans',
    ],
    [
      'a section that is nearly one',
      '{"diameter_agnet": {}}',
      'a.json:1:2: diameter_agnet: unknown section, did you mean "diameter_agent"?',
    ],
    [
      'a service that is not there',
      '{"radius_agent": {"enabled": true}}',
      'a.json:1:2: radius_agent: this section is not available in this version, expected "enabled": false',
    ],
    [
      'text for a number',
      '{"general": {"log_level": "6"}}',
      'a.json:1:14: general.log_level: "6": expected number, received string',
    ],
    [
      'a number for text',
      '{"diameter_agent": {"cer_timeout": 5}}',
      'a.json:1:21: diameter_agent.cer_timeout: 5: expected string, received number',
    ],
    [
      'a value outside its list',
      '{"data_db": {"db_type": "*sqlite"}}',
      'a.json:1:14: data_db.db_type: "*sqlite": expected one of "*lmdb"|"*internal"|"*redis"',
    ],
    [
      'a number outside its range',
      '{"general": {"rounding_decimals": 19}}',
      'a.json:1:14: general.rounding_decimals: 19: expected number to be <=18',
    ],
    [
      'a duration',
      '{"sessions": {"session_ttl": "5 minutes"}}',
      'a.json:1:15: sessions.session_ttl: "5 minutes": time: unknown unit " minutes" in duration "5 minutes", expected a duration such as "5s"',
    ],
    [
      'in a list',
      '{"diameter_agent": {"request_processors": [\n{"id": "a", "reply_fields": [\n{"tag": "x", "mandatroy": true}]}]}}',
      'a.json:3:14: diameter_agent.request_processors[0].reply_fields[0].mandatroy: unknown key, did you mean "mandatory"?',
    ],
    ['an empty file', '// nothing', 'a.json:1:11: EOF'],
    ['a file that is cut short', '{"general": {', 'a.json:1:14: unexpected EOF'],
    [
      'reference 01, 2.1: *env: that is not set',
      '{"general": {\n"node_id": "*env:NODE"}}',
      'a.json:2:13: NOT_FOUND:ENV_VAR:NODE',
    ],
  ]
  for (const [name, text, problem] of cases) t.same(await problemsOf(t, { 'a.json': text }), [problem], name)
})

t.test('all problems of all files are told at once', async (t) => {
  const problems = await problemsOf(t, { 'a.json': { general: { nod_id: '' } }, 'b.json': { rals: { enabled: 1 } } })
  t.match(problems, [/^a\.json:1:13: general\.nod_id/, /^b\.json:1:10: rals\.enabled: 1: expected boolean/])
})

t.test('reference 01, 2.2: files in name order, then the folders below', async (t) => {
  const { config, files } = await load(t, {
    'b.json': { general: { node_id: 'b' } },
    'a.json': { general: { node_id: 'a', default_category: 'data' } },
    'x/c.json': { general: { default_tenant: 'c' } },
    'notes.txt': 'not read',
  })
  t.match(config.general, { node_id: 'b', default_category: 'data', default_tenant: 'c' })
  t.equal(files.length, 3)
  t.same(await problemsOf(t, { 'notes.txt': '' }), ['No config file found on path FOLDER'])
  await t.rejects(loadConfig('/nowhere', {}, DEFAULTS), { message: 'path:"/nowhere" is not reachable' })
  await t.rejects(loadConfig(DEFAULTS, {}, DEFAULTS), { message: `path: ${DEFAULTS} not a directory` })
})

t.test('reference 01, 2.1: comments, trailing commas, *env:, null, keys in any case', async (t) => {
  const { config } = await load(
    t,
    {
      'a.json': `{ // *env:NOT_LOOKED_AT
        "general": {"log_level": *env:LEVEL, "Default_Tenant": "*env:TENANT.example", "node_id": null,}, /* end */
        "rals": null,
      }`,
    },
    { LEVEL: '3', TENANT: 'north' },
  )
  t.match(config.general, { log_level: 3, default_tenant: 'north.example', node_id: /^[0-9a-f]{7}$/ })
  t.equal(config.rals.fallback_depth, 3)
})

t.test('reference 01, 2.3: what is merged and what is replaced', async (t) => {
  const { config } = await load(t, {
    'a.json': {
      sessions: { default_usage: { '*data': '5' }, alterable_fields: ['Account', 'Subject'] },
      rals: { balance_rating_subject: { '*data': '*zero1024' } },
      ees: {
        exporters: [{ id: '*default', export_path: '/a' }, { id: 'x', type: '*file_csv' }, { type: '*file_csv' }],
      },
      diameter_agent: {
        request_processors: [{ id: 'p', filters: ['*string:~*req.A:1'], flags: ['*none'] }, { id: 'q' }],
      },
      templates: { own: [{ path: '*rep.A' }] },
    },
    'b.json': {
      sessions: { alterable_fields: ['Category'] },
      ees: { exporters: [{ id: 'x', flags: ['*log'] }] },
      diameter_agent: { request_processors: [{ id: 'p', flags: ['*continue'] }] },
      templates: { own: [{ path: '*rep.B' }] },
    },
  })
  t.same(config.sessions.default_usage, {
    '*any': 3n * 3600n * 10n ** 9n,
    '*voice': 3n * 3600n * 10n ** 9n,
    '*data': 5n,
    '*sms': 1n,
  })
  t.same(config.sessions.alterable_fields, ['Category'])
  t.same(config.rals.balance_rating_subject, { '*any': '*zero1ns', '*voice': '*zero1s', '*data': '*zero1024' })
  t.match(config.ees.exporters, [
    { id: '*default', type: '*none', export_path: '/a' },
    { id: 'x', type: '*file_csv', export_path: '/var/spool/cgrates/ees', flags: ['*log'] },
    { id: '*default', type: '*file_csv', export_path: '/var/spool/cgrates/ees' },
  ])
  t.match(config.diameter_agent.request_processors, [
    { id: 'p', filters: ['*string:~*req.A:1'], flags: ['*continue'] },
    { id: 'q', filters: [] },
  ])
  t.match(config.templates, { '*cca': { length: 7 }, '*err': { length: 3 }, own: [{ path: '*rep.B' }] })
})

t.test('02, 5.1: keys of fields that CGRateS forgets may stand in the files, and are not shown', async (t) => {
  const old = { field_id: 'X', handler_id: 'x', breakable: true, continue: false }
  const field = { path: '*rep.A', type: '*constant', value: '1' }
  const { config, warnings } = await load(t, { 'a.json': { templates: { t: [{ ...field, ...old }] } } })
  t.same(
    warnings.map(({ key }) => key),
    Object.keys(old).map((key) => `templates.t[0].${key}`),
  )
  t.same(printField(config.templates['t']?.[0]), { ...field, tag: '*rep.A' })
})

t.test('keys and sections without effect may stand in the files, and are told', async (t) => {
  const { warnings } = await load(t, {
    'a.json':
      '{"general": {"dbdata_encoding": "*json"},\n"caches": {"partitions": {"*diameter_messages": {"limit": -1}}},\n"trends": {"enabled": false},\n"templates": {"t": [{"path": "*rep.A", "rounding_decimals": 5}]}}',
  })
  t.same(
    warnings.map(({ place, key, problem }) => `${place?.line}: ${key} ${problem}`),
    [
      '1: general.dbdata_encoding has no effect in this version',
      '2: caches.partitions.*diameter_messages this partition has no effect in this version',
      '3: trends this section has no effect in this version',
      '4: templates.t[0].rounding_decimals has no effect in this version',
    ],
  )
  t.same(await problemsOf(t, { 'a.json': { general: { logger: 5 } } }), [
    'a.json:1:13: general.logger: 5: expected string, received number',
  ])
})

t.test(
  'keys of services that are there, but that nothing reads, are told; others of the same section are not',
  async (t) => {
    const cases: readonly [name: string, file: object, told: readonly string[]][] = [
      [
        'options of databases of CGRateS',
        {
          data_db: { opts: { internalDBDumpInterval: '0s', lmdbPath: 'x' } },
          stor_db: { opts: { mongoConnScheme: 'mongodb', pgSSLMode: 'disable', internalDBBackupPath: '/b' } },
        },
        [
          'data_db.opts.internalDBDumpInterval has no effect in this version',
          'stor_db.opts.mongoConnScheme has no effect in this version',
        ],
      ],
      [
        'exporters',
        {
          ees: {
            exporters: [
              { id: 'a', type: '*file_csv', flags: ['*log'], opts: { csvFieldSeparator: ';', kafkaTopic: 'x' } },
              { id: 'b', type: '*http_post' },
            ],
          },
        },
        [
          'ees.exporters[1].flags has no effect in this version',
          'ees.exporters[1].opts.kafkaTopic has no effect in this version',
          'ees.exporters[2].type "*http_post" is not available in this version',
        ],
      ],
      [
        'caches',
        { caches: { partitions: { '*uch': { limit: 5, replicate: false }, '*stir': { limit: 1 } }, remote_conns: [] } },
        [
          'caches.partitions.*uch.replicate has no effect in this version',
          'caches.partitions.*stir this partition has no effect in this version',
          'caches.remote_conns has no effect in this version',
        ],
      ],
      [
        'the loader and pools',
        {
          loader: { tpid: 'a', gapi_token: 'x' },
          rpc_conns: { a: { poolSize: 2, strategy: '*next', conns: [] } },
        },
        ['loader.gapi_token has no effect in this version', 'rpc_conns.a.poolSize has no effect in this version'],
      ],
    ]
    for (const [name, file, told] of cases) {
      const { warnings } = await load(t, { 'a.json': file })
      t.same(warnings.map(({ key, problem }) => `${key} ${problem}`).toSorted(), told.toSorted(), name)
    }
  },
)

t.test('tollgate.json has every section, and a comment for each key', async (t) => {
  const text = readFileSync(DEFAULTS, 'utf8')
  const { value, places } = parseConfigFile(DEFAULTS, text, {})
  t.same(Object.keys(value as object).toSorted(), Object.keys(SECTIONS).toSorted())
  for (const [section, keys] of Object.entries(value as Record<string, object>)) {
    if (['templates', 'rpc_conns'].includes(section)) continue
    for (const key of Object.keys(keys)) {
      const line = text.split('\n')[(places.get(`${section}.${key}`)?.line ?? 0) - 1] ?? ''
      if (key !== 'partitions') t.match(line, / \/\/ \S/, `${section}.${key}`)
    }
  }
})

t.test('tollgate.schema.json is what tollgate config-schema prints', async (t) => {
  const file = readFileSync(join(ROOT, 'config/tollgate.schema.json'), 'utf8')
  t.same(JSON.parse(file), JSON.parse(JSON.stringify(configJsonSchema(DEFAULTS))))
})
