import { join } from 'node:path'
import t from 'tap'
import { loadConfig } from '../../src/config/load-config.ts'
import type { EventFields } from '../../src/core/event.ts'
import { namedTemplates } from '../../src/engine/processors.ts'
import { typedOf } from '../../src/filters/comparison.ts'
import { textOf } from '../../src/mapping/context.ts'
import { compileConverter } from '../../src/mapping/converters.ts'
import type { FieldTemplate } from '../../src/mapping/field-plan.ts'
import type { Found } from '../../src/mapping/value.ts'
import { ROOT } from '../support/gateway.ts'
import { contextOf, environmentOf, NOW, run, valueText } from '../support/mapping.ts'

const CUT = '~*req.H:s/\\+49(\\d+)/0$1/:s/\\+(\\d+)/00$1/'
const NATIONAL = '~*req.1:s/^00(\\d+)(?:[a-zA-Z].{3})*0*([1-9]\\d+)$/+$1$2/:s/^\\+49(18\\d{2})$/+491400$1/'
const COST = { CGRID: 'cgridUniq', RunID: '*default', 'cgridUniq*default-Cost': '10' }
const QUOTED_COST = '`~*req.<~*req.CGRID;~*req.RunID;-Cost>`'

const values: readonly [name: string, value: string, event: EventFields, result: string][] = [
  ['1', '~*req.Account;~*req.Destination', { Account: '1001', Destination: '+111' }, '1001+111'],
  ['2', CUT, { H: '+4986517174963' }, '086517174963'],
  ['3', CUT, { H: '+3186517174963' }, '003186517174963'],
  ['4', '~*req.D:s/^\\+33/0/', { D: '+33123' }, '0'],
  ['5', '~*req.x:s/(\\d+)/$1x/', { x: '12' }, ''],
  ['5, braces', `~*req.x:s/(\\d+)/$\{1}x/`, { x: '12' }, '12x'],
  ['6', `~*req.Usage:s/(\\d+)/$\{1}ms/{*duration_seconds&*round:1:*middle}`, { Usage: '2210' }, '2.2'],
  ['7', '~*req.Usage{*duration_seconds}', { Usage: '10000000000' }, '10'],
  ['8', 'constant;`>;q=0.7;expires=3600`;constant', {}, 'constant>;q=0.7;expires=3600constant'],
  ['9', QUOTED_COST, COST, '10'],
  ['10, string mode', `2.;${QUOTED_COST};s`, COST, '2.10s'],
  ['11', NATIONAL, { '1': '00491888' }, '+4914001888'],
  ['12', NATIONAL, { '1': '0049ABOC0630415354' }, '+49630415354'],
]
for (const [name, value, event, result] of values)
  t.test(`02 ex. ${name}`, async (t) => t.equal(valueText(value, event), result))

t.test('02 ex. 10, interface mode', async (t) => {
  const shown = (text: string) => textOf(typedOf(text, NOW) as Found)
  t.equal(shown('2.') + shown(valueText(QUOTED_COST, COST) ?? '') + shown('s'), '210s')
})

const conversions: readonly [name: string, input: string, converter: string, result: string][] = [
  ['13', '20s423ns', '*durfmt:15-04-05.999999999', '00-00-20.000000423'],
  ['14', '10.252', '*round:2:*up', '10.26'],
  ['15', '12.12645', '*round:3', '12.126'],
  ['15, tens', '14.37', '*round:-1', '10'],
  ['16', '62.87.114.244', '*ip2hex', '0x3e5772f4'],
  ['17', '127.0.0.1', '*string2hex', '0x3132372e302e302e31'],
  ['18', '2015-07-07T14:52:08Z', '*unixtime', '1436280728'],
  ['19', '+14431234567', '*libphonenumber:US', '(443) 123-4567'],
  ['19, international', '+14431234567', '*libphonenumber:US:1', '+1 443-123-4567'],
  ['20', '6502530000', '*libphonenumber:DE:1', '+49 6502 530000'],
  ['20, E.164', '6502530000', '*libphonenumber:DE:0', '+496502530000'],
  ['21', '8.7.6.5.4.3.2.1.0.1.6.e164.arpa.', '*e164', '61012345678'],
  ['21, domain', '8.7.6.5.4.3.2.1.0.1.6.e164.arpa.', '*e164Domain', 'e164.arpa'],
  ['22', 'CallTest', '*strip:*suffix:*char:Test', 'Call'],
  ['23', '12345TEST12345', '*strip:*both:5', 'TEST'],
  ['24', 'TESTabcdabcdabcdabcd', '*strip:*suffix:*char:abcd:2', 'TESTabcdabcd'],
  ['25', '2025-05-07T14:25:08Z', '*timestring:Europe/Berlin', '2025-05-07 16:25:08'],
  ['26', '17:22:09.787  UTC Sun May 10 2026', '*datetime:15:04:05.000  UTC Mon Jan 02 2006', '2026-05-10T17:22:09Z'],
  ['27', '123$123', '*urlencode', '123%24123'],
  ['28, user', 'INVITE sip:1002@192.168.58.203 SIP/2.0', '*sipuri_user', '1002'],
  ['28, host', 'INVITE sip:1002@192.168.58.203 SIP/2.0', '*sipuri_host', '192.168.58.203'],
  ['28, method', 'INVITE sip:1002@192.168.58.203 SIP/2.0', '*sipuri_method', 'INVITE'],
  ['30', '[1,2,3]', '*slice&*len', '3'],
]
for (const [name, input, converter, result] of conversions)
  t.test(`02 ex. ${name}`, async (t) => t.equal(valueText(`~*req.X{${converter}}`, { X: input }), result))

t.test('02 ex. 29', async (t) => {
  const octets = Buffer.from('8245f750000145f75000000101', 'hex')
  const part = (path: string) => textOf(compileConverter(`*3gpp_uli:${path}`)(octets))
  t.same(['TAI.MCC', 'TAI.MNC', 'ECGI.ECI'].map(part), ['547', '05', '257'])
})

/** What the last field of the list leaves at `*cgreq.OUT`, as a later field reads it. */
function out(fields: readonly Partial<FieldTemplate>[], event: EventFields = {}): string | undefined {
  const { rep } = run([...fields, { path: '*rep.OUT', value: '~*cgreq.OUT' }], event)
  return rep.has('OUT') ? rep.get('OUT', -1) : undefined
}
const one = (type: string, value: string) => ({ path: '*cgreq.OUT', type, value })
const EVENT_TIME = { N: '2', T: '250', 'Event-Timestamp': '2018-10-04T15:12:20Z' }
const CC_USAGE = `~*req.N;~*req.T:s/(.*)/$\{1}s/;5m`
const OCTETS = '~*req.Acct-Input-Gigawords{*gigawords};~*req.Acct-Input-Octets'

const fields: readonly [name: string, fields: readonly Partial<FieldTemplate>[], event: EventFields, result: string][] =
  [
    ['31', [one('*cc_usage', '3;10s;5s')], {}, '20s'],
    ['32', [one('*cc_usage', CC_USAGE)], EVENT_TIME, '9m10s'],
    [
      '33',
      [
        { path: '*cgreq.Usage', type: '*cc_usage', value: CC_USAGE },
        one('*difference', '~*req.Event-Timestamp;~*cgreq.Usage'),
      ],
      EVENT_TIME,
      '2018-10-04T15:03:10Z',
    ],
    ['34', [one('*usage_difference', '1560325161;1560325151')], {}, '10s'],
    ['35, sum', [one('*sum', '15;15')], {}, '30'],
    ['35, difference', [one('*difference', '15;12;2')], {}, '1'],
    ['35, multiply', [one('*multiply', '15;15')], {}, '225'],
    ['35, divide', [one('*divide', '15;3')], {}, '5'],
    ['36', [one('*sum', OCTETS)], { 'Acct-Input-Gigawords': '0', 'Acct-Input-Octets': '12345' }, '12345'],
    ['36, two', [one('*sum', OCTETS)], { 'Acct-Input-Gigawords': '2', 'Acct-Input-Octets': '0' }, '8589934592'],
    ['37', [one('*value_exponent', '2;3')], {}, '2000'],
    [
      '38',
      [one('*sipcid', '~*req.cid;~*req.to;~*req.from')],
      { cid: '12345', to: '1002', from: '1001' },
      '12345;1001;1002',
    ],
    [
      '39',
      [one('*composed', '~*tenant'), one('*composed', ':'), one('*composed', '~*req.Account')],
      { Account: '1009' },
      'cgrates.org:1009',
    ],
    [
      '40',
      [one('*composed', 'a'), one('*variable', 'OverwrittenAccount'), one('*composed', 'WithComposed')],
      {},
      'OverwrittenAccountWithComposed',
    ],
  ]
for (const [name, list, event, result] of fields)
  t.test(`02 ex. ${name}`, async (t) => t.equal(out(list, event), result))

t.test('02 ex. 41', async (t) => {
  const { reply } = run([
    { path: '*cgreq.BestRoute', value: 'ROUTE1' },
    { path: '*cgrep.Route2.<CGR_;~*cgreq.BestRoute>', value: 'x' },
  ])
  t.same(reply, { Route2: { CGR_ROUTE1: 'x' } })
})

t.test('02 ex. 42', async (t) => {
  const { opts } = run(['val1', 'val2'].map((value) => ({ path: '*opts.Field1', type: '*group', value })))
  t.same(opts, { Field1: ['val1', 'val2'] })
})

const widths: readonly [keys: Partial<FieldTemplate>, result: string][] = [
  [{ width: 8, padding: '*right' }, 'test    '],
  [{ width: 8, padding: '*left' }, '    test'],
  [{ width: 8, padding: '*zeroleft' }, '0000test'],
  [{ width: 2, strip: '*right' }, 'te'],
  [{ width: 3, strip: '*xright' }, 'tex'],
  [{ width: 2, strip: '*left' }, 'st'],
  [{ width: 3, strip: '*xleft' }, 'xst'],
]
t.test('02 ex. 43 and 44', async (t) => {
  for (const [keys, result] of widths) t.equal(out([{ ...one('*variable', 'test'), ...keys }]), result)
})

t.test('02 ex. 45', async (t) => {
  const { rep } = run(['A', 'B', 'A'].map((name) => ({ path: `*rep.${name}`, value: name })))
  t.same(
    rep.entries.map(({ path }) => path),
    ['B', 'A'],
  )
})

t.test('02, 7: the reply example: the answer of the built-in *cca, and another Result-Code over it', async (t) => {
  const loaded = await loadConfig(join(ROOT, 'templates'), {}, join(ROOT, 'config/tollgate.json'))
  const cca = namedTemplates(loaded).get('*cca') ?? []
  const event = { 'Session-Id': 's', 'CC-Request-Type': 1, 'CC-Request-Number': 0 }
  const filters = ['*eq:~*cgrep.MaxUsage:0']
  const fields = [
    { type: '*template', value: '*cca' },
    { path: '*rep.Result-Code', type: '*constant', value: '4012', filters, blocker: true },
    { path: '*rep.Granted', type: '*constant', value: 'yes' },
  ]
  const answer = (maxUsage: bigint) => {
    const vars = { OriginHost: 'h', OriginRealm: 'r', '*appid': '4' }
    const context = { ...contextOf(event), vars, reply: { MaxUsage: maxUsage } }
    return run(fields, event, environmentOf({ '*cca': cca }), context).rep.entries.map(
      ({ path, value }) => `${path}=${value}`,
    )
  }
  const rest = ['Origin-Host=h', 'Origin-Realm=r', 'Auth-Application-Id=4', 'CC-Request-Type=1', 'CC-Request-Number=0']
  t.same(answer(60_000_000_000n), ['Session-Id=s', 'Result-Code=2001', ...rest, 'Granted=yes'])
  t.same(answer(0n), ['Session-Id=s', ...rest, 'Result-Code=4012'], 'it moves to the end, and nothing follows')
})
