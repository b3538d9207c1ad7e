import t from 'tap'
import { InvalidText } from '../../src/core/errors.ts'
import { compileConverter } from '../../src/mapping/converters.ts'
import { MappingError, TemplateError } from '../../src/mapping/value.ts'
import { valueText } from '../support/mapping.ts'

/** Input, converters, result: as the reference engine gave them, but for exact quotients. */
const rows: readonly [input: string, converters: string, result: string][] = [
  ['10', '*divide:3', '3.3333333333333333'],
  ['10', '*divide:0', '+Inf'],
  ['-10', '*divide:0', '-Inf'],
  ['0', '*divide:0', 'NaN'],
  ['3', '*multiply:1.1', '3.3'],
  ['3.456', '*round:2:*foo', '3.456'],
  ['-2.4', '*round', '-3'],
  ['10s', '*round', '10000000000'],
  ['  abc', '*strip:*prefix:*space:0', '  abc'],
  ['  abc ', '*strip:*both:*space', 'abc'],
  ['ababXab', '*strip:*both:*char:ab:1', 'abX'],
  ['ababXab', '*strip:*prefix:*char:ba', 'Xab'],
  ['1234', '*strip:*both:2', ''],
  ['é1', '*strip:*prefix:2', '1'],
  ['25h', '*durfmt', '01:00:00'],
  ['90s', '*durfmt:15:04', '00:01'],
  ['150s', '*duration_minutes', '2.5'],
  ['10300000000', '*duration_seconds', '10.3'],
  ['10s', '*duration_nanoseconds', '10000000000'],
  ['10000000000', '*duration', '10s'],
  ['10s', '*duration&*json', '10000000000'],
  ['2025-05-07T14:25:08Z', '*timestring:UTC:Mon Jan _2 2006 3:04PM MST -07:00', 'Wed May  7 2025 2:25PM UTC +00:00'],
  [
    '2025-05-07T14:25:08.12Z',
    '*timestring:Europe/Berlin:MST -0700 -07 Z07:00 .000 .999',
    'CEST +0200 +02 +02:00 .120 .12',
  ],
  ['a b&c/d?e=f', '*urlencode', 'a+b%26c%2Fd'],
  ['http://h/p q?b=2&a=1 x#frag y', '*urlencode', 'http://h/p%20q?a=1+x&b=2#frag%20y'],
  ['http://u:p@h:80/ü', '*urlencode', 'http://u:p@h:80/%C3%BC'],
  ['a+b%20c%C3%BC', '*urldecode', 'a b cü'],
  ['<a>é"&', '*json', '"\\u003ca\\u003eé\\"\\u0026"'],
  ['[1]', '*json', '"[1]"'],
  ['[1,"b",{"c":1.50}]', '*slice&*json', '[1,"b",{"c":1.5}]'],
  ['[1,"b",{"c":1e21}]', '*slice', '[1,"b",{"c":1e+21}]'],
  ['[1,', '*slice&*len', '3'],
  ['é', '*len', '2'],
  ['x', '*random:5:6', '5'],
  ['x', '*random::1', '0'],
  ['+14431234567', '*libphonenumber:US:3', 'tel:+1-443-123-4567'],
  ['.foo.', '*e164Domain', 'foo'],
  ['sip:a@b-c.d_e;x=1', '*sipuri_host', 'b-c.d_e'],
  ['<sip:a;p=1@b>', '*sipuri_user', 'a;p=1'],
  ['INVITE sip:1002@192.168.58.203:5060 SIP/2.0', '*sipuri_host', '192.168.58.203:5060'],
  ['1e21', '*float64', '1000000000000000000000'],
  ['::1', '*ip2hex', '0x00000001'],
  ['2001:db8::1:203', '*ip2hex', '0x00010203'],
  ['2001:db8::', '*ip2hex', '0x00000000'],
  ['foo', '*ip2hex', ''],
  ['', '*string2hex', ''],
  ['2', '*gigawords', '8589934592'],
  ['UP', '*conn_status', '1'],
  ['DOWN', '*conn_status', '-1'],
]
for (const [input, converters, result] of rows)
  t.test(`02, 4: ${input} ${converters}`, async (t) =>
    t.equal(valueText(`~*req.X{${converters}}`, { X: input }), result),
  )

/** Definitions that are refused when a value is compiled. */
const definitions: readonly [definition: string, problem: string][] = [
  ['*foo', 'unsupported converter definition: <*foo>'],
  ['*', 'unsupported converter definition: <*>'],
  ['*len:1', 'unsupported converter definition: <*len:1>'],
  ['*round:a', '*round converter needs integer as decimals, have: <a>'],
  ['*round:2:*up:3', 'unsupported *round converter parameters: <2:*up:3>'],
  ['*multiply', 'mandatory information missing'],
  ['*multiply:a', 'strconv.ParseFloat: parsing "a": invalid syntax'],
  ['*timestring:Foo/Bar', 'unknown time zone Foo/Bar'],
  ['*datetime', '*datetime converter: requires at least one parameter'],
  ['*random:a', 'strconv.Atoi: parsing "a": invalid syntax'],
  ['*random:5:5', '*random converter: 5 is not above 5'],
  ['*libphonenumber', 'unsupported *libphonenumber converter parameters: <>'],
  ['*libphonenumber:US:1:2', 'unsupported *libphonenumber converter parameters: <US:1:2>'],
  ['*strip:*prefix', 'strip converter: invalid number of parameters (should have 3, 4 or 5)'],
  ['*strip:*prefix:three', 'strip converter: invalid amount parameter (strconv.Atoi: parsing "three": invalid syntax)'],
  ['*strip:*prefix:-1', 'strip converter: invalid amount parameter (-1 is negative)'],
  ['*strip:*prefix:*char', 'strip converter: usage of *char implies the need of 4 or 5 non-empty params'],
  ['*strip:*prefix:*char:', 'strip converter: usage of *char implies the need of 4 or 5 non-empty params'],
  ['*strip:*prefix:*nil:1:2', 'strip converter: cannot have 5 params in *nil/*space case'],
  ['*strip:*prefix:2:3', 'strip converter: just the amount specified, cannot have more than 3 params'],
  ['*strip:*prefix::1', 'strip converter: substr parameter cannot be empty'],
]
for (const [definition, problem] of definitions) {
  t.test(`02, 4: ${definition} is refused`, async (t) => {
    const message = `invalid converter value in string: <${definition}>, err: ${problem}`
    const offset = 'a;~*req.X{*len&'.length
    t.throws(() => valueText(`a;~*req.X{*len&${definition}}`), new TemplateError(message, offset))
  })
}

/** Inputs that a converter cannot take. */
const refused: readonly [input: string, converters: string, problem: string][] = [
  ['abc', '*strip:*foo:1', 'strip converter: invalid side parameter'],
  ['abc', '*len&*strip:*prefix:1', 'strip converter: CAST_FAILED'],
  ['foo', '*unixtime', 'Unsupported time format'],
  ['foo', '*timestring', 'Unsupported time format'],
  [
    'foo',
    '*datetime:2006',
    '*datetime converter: parsing failed for value "foo" with layout "2006": parsing time "foo" as "2006": cannot parse "foo" as "2006"',
  ],
  ['a%usb', '*urldecode', 'invalid URL escape "%us"'],
  ['a+b%20c%2', '*urldecode', 'invalid URL escape "%2"'],
  ['%zz', '*urlencode', 'parse "%zz": invalid URL escape "%zz"'],
  ['abc', '*libphonenumber:US', 'the phone number supplied is not a number'],
  ['1234567', '*libphonenumber:XX', 'invalid country code'],
  ['foo', '*e164', 'unknown format'],
  ['FOO', '*conn_status', 'unsupported connection status: "FOO"'],
  ['2.5', '*gigawords', 'strconv.ParseInt: parsing "2.5": invalid syntax'],
  ['', '*float64', 'strconv.ParseFloat: parsing "": invalid syntax'],
  ['1d', '*duration', 'time: unknown unit "d" in duration "1d"'],
  ['x', '*3gpp_uli:FOO', 'ULI data too short'],
  ['', '*3gpp_uli', 'empty ULI input'],
]
for (const [input, converters, problem] of refused) {
  t.test(`02, 4: ${input} ${converters} fails`, async (t) => {
    try {
      valueText(`~*req.X{${converters}}`, { X: input })
      t.fail('it was taken')
    } catch (cause) {
      t.ok(cause instanceof MappingError || cause instanceof InvalidText)
      t.equal((cause as Error).message, problem)
    }
  })
}

/** 3GPP TS 29.274, 8.21: MCC 262, MNC 01. */
const locations: readonly [octets: string, path: string, result: string][] = [
  ['0062f210123456 78', 'CGI.LAC', '4660'],
  ['0062f21012345678', 'CGI.CI', '22136'],
  ['0162f21012345678', 'SAI.SAC', '22136'],
  ['0262f2101234ff00', 'RAI.RAC', '65280'],
  ['8062f2101234', 'TAI.TAC', '4660'],
  ['8162f210f2345678', 'ECGI.ECI', '36984440'],
  ['8762f210f123456789', 'NCGI.NCI', '4886718345'],
  ['8862f210123456', 'TAI5GS.TAC', '1193046'],
  ['8962f21012345662f210f123456789', 'NCGI.MNC', '01'],
  ['8062f2101234', 'TAI.MCC.Name', 'Germany'],
  ['8062f2101234', 'TAI.MNC.Name', 'Telekom Deutschland GmbH'],
  ['8013001412 34', 'TAI.MNC', '410'],
  ['8062f2101234', 'TAI', '{"MCC":"262","MNC":"01","TAC":4660}'],
]
for (const [octets, path, result] of locations) {
  t.test(`02, 4: *3gpp_uli:${path} of ${octets}`, async (t) => {
    const convert = compileConverter(`*3gpp_uli:${path}`)
    t.equal(String(convert(Buffer.from(octets.replaceAll(' ', ''), 'hex'))), result)
  })
}

const badLocations: readonly [octets: string, path: string, problem: string][] = [
  ['8062f210', 'TAI.TAC', 'insufficient data for TAI'],
  ['8262f2101234', 'TAI.TAC', 'insufficient data for TAI+ECGI'],
  ['0362f210', 'TAI.TAC', 'unsupported ULI location type: 3'],
  ['0062f21012345678', 'TAI.TAC', 'TAI not present in ULI'],
  ['8062f2101234', 'X.TAC', 'unknown ULI component: X'],
  ['8062f2101234', 'TAI.X', 'unknown field: X'],
  ['8000f0001234', 'TAI.MCC.Name', 'unknown MCC: 000'],
]
for (const [octets, path, problem] of badLocations) {
  t.test(`02, 4: *3gpp_uli:${path} of ${octets} fails`, async (t) => {
    t.throws(() => compileConverter(`*3gpp_uli:${path}`)(Buffer.from(octets, 'hex')), new MappingError(problem))
  })
}

t.test('02, 4: *random stays in its bounds', async (t) => {
  const draws = Array.from({ length: 200 }, () => Number(valueText('x{*random:10:13}')))
  t.same([...new Set(draws)].sort(), [10, 11, 12])
})
