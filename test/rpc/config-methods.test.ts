import t from 'tap'
import { ConfigRefused } from '../../src/config/config-error.ts'
import { errorText, MethodRegistry, NOBODY } from '../../src/rpc/method.ts'
import { configMethods } from '../../src/rpc/methods/config.ts'

const calls: unknown[][] = []
const note =
  (name: string) =>
  async (...args: unknown[]) => {
    calls.push([name, ...args])
    if (args.includes('refused')) throw new ConfigRefused('why it is refused')
    return args.includes('waiting') ? ['data_db', 'general.rsr_separator'] : []
  }
const config = {
  show(section: string) {
    if (section === 'nope') throw new ConfigRefused('Invalid section')
    return { [section]: {} }
  },
  showJson: (section: string) => `{"${section}":"<&>"}`,
  set: note('set'),
  setFromJson: note('setFromJson'),
  reload: note('reload'),
}
const registry = new MethodRegistry(configMethods({ config }), () => true)

async function outcome(name: string, argument: unknown): Promise<unknown> {
  try {
    return await registry.call(`ConfigSv1.${name}`, [argument], NOBODY)
  } catch (cause) {
    return errorText(cause)
  }
}

/** As the reference engine answers them. */
const ANSWERS: readonly [method: string, argument: unknown, answer: unknown][] = [
  ['GetConfig', { Section: 'cores' }, { cores: {} }],
  ['GetConfig', { section: 'nope' }, 'Invalid section'],
  [
    'GetConfig',
    { Section: 5 },
    'json: cannot unmarshal number into Go struct field SectionWithAPIOpts.Section of type string',
  ],
  [
    'GetConfig',
    { Tenant: 5 },
    'json: cannot unmarshal number into Go struct field SectionWithAPIOpts.Tenant of type string',
  ],
  ['GetConfig', [], 'json: cannot unmarshal array into Go value of type config.SectionWithAPIOpts'],
  ['GetConfigAsJSON', { Section: 'x' }, String.raw`{"x":"\u003c\u0026\u003e"}`],
  [
    'SetConfig',
    { Config: 5 },
    'json: cannot unmarshal number into Go struct field SetConfigArgs.Config of type map[string]interface {}',
  ],
  ['SetConfig', { DryRun: 5 }, 'json: cannot unmarshal number into Go struct field SetConfigArgs.DryRun of type bool'],
  [
    'SetConfigFromJSON',
    { Config: 5 },
    'json: cannot unmarshal number into Go struct field SetConfigFromJSONArgs.Config of type string',
  ],
  ['SetConfigFromJSON', { Config: 'refused' }, 'why it is refused'],
  ['SetConfigFromJSON', { Config: 'waiting' }, 'OK, but for the next start: data_db, general.rsr_separator'],
  ['ReloadConfig', { Path: 5 }, 'json: cannot unmarshal number into Go struct field ReloadArgs.Path of type string'],
  [
    'ReloadConfig',
    { DryRun: 'x' },
    'json: cannot unmarshal string into Go struct field ReloadArgs.DryRun of type bool',
  ],
]

t.test('reference 01, 6.1: arguments and answers of ConfigSv1', async (t) => {
  for (const [method, argument, answer] of ANSWERS) t.same(await outcome(method, argument), answer, method)
  calls.length = 0
  t.equal(await outcome('SetConfig', { Config: { cores: {} }, DryRun: true }), 'OK')
  t.equal(await outcome('SetConfigFromJSON', { Config: '{}' }), 'OK')
  t.equal(await outcome('ReloadConfig', { Path: '/p', Section: 's' }), 'OK')
  t.same(calls, [
    ['set', { cores: {} }, true],
    ['setFromJson', '{}', false],
    ['reload', '/p', 's', false],
  ])
})
