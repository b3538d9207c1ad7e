import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { RadiusDictionary } from '../../../src/protocol/radius/dictionary.ts'
import { dictionaryLines, readDictionaryFolders } from '../../../src/protocol/radius/dictionary-files.ts'
import { requirePrograms } from '../../support/debian-packages.ts'
import { shippedDictionary } from '../../support/radius.ts'

requirePrograms({ radclient: 'freeradius-utils' })

function dictionaryOf(text: string): RadiusDictionary {
  return new RadiusDictionary(dictionaryLines('dictionary.test', text))
}

/** A folder of files by name. */
function folderOf(t: Test, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-radius-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return folder
}

t.test('reference 07, 3.3: lines of a dictionary', async (t) => {
  const dictionary = dictionaryOf(`
# comment
ATTRIBUTE	Plain		200	String	# behind it
ATTRIBUTE Sized 201 octets[50]
ATTRIBUTE Tagged 202 integer has_tag
ATTRIBUTE Hidden 203 string has_tag,encrypt=2
ATTRIBUTE Long 204 octets concat
ATTRIBUTE Hex 0xcd address
ATTRIBUTE Internal 1000 integer
VALUE Internal Some 1
VALUE Later One 1
ATTRIBUTE Later 206 integer
VALUE Later Big 0xffffffff
VALUE Later First 1
VENDOR Acme 12345 format=2,1
BEGIN-VENDOR Acme
ATTRIBUTE Acme-Size 0x0100 uint32
ATTRIBUTE Acme-Box 7 tlv
BEGIN-TLV Acme-Box
ATTRIBUTE Acme-Inner 1 text
END-TLV Acme-Box
ATTRIBUTE Acme-Other 7.2 byte
VALUE Acme-Size Large 9
END-VENDOR Acme
VENDOR Old 99
ATTRIBUTE Old-Style 5 string Old
ATTRIBUTE Ext 241 extended
ATTRIBUTE Evs 241.26 evs
ATTRIBUTE Ext-One 241.1 integer
BEGIN-VENDOR Old format=Evs
ATTRIBUTE Old-Extended 3 string
END-VENDOR Old
`)
  const shown = dictionary.attributes.map((each) =>
    [
      each.vendor?.name ?? '-',
      each.name,
      each.key,
      each.type + (each.size ?? ''),
      each.hasTag ? 'tag' : '',
      each.encryption || '',
      each.isConcatenated ? 'concat' : '',
    ]
      .filter((word) => word !== '')
      .join(' '),
  )
  t.same(shown, [
    '- Plain 200 string',
    '- Sized 201 octets50',
    '- Tagged 202 integer tag',
    '- Hidden 203 string tag 2',
    '- Long 204 octets concat',
    '- Hex 205 ipaddr',
    '- Later 206 integer',
    'Acme Acme-Size 26.12345.256 integer',
    'Acme Acme-Box 26.12345.7 tlv',
    'Acme Acme-Inner 26.12345.7.1 string',
    'Acme Acme-Other 26.12345.7.2 byte',
    'Old Old-Style 26.99.5 string',
    '- Ext 241 extended',
    '- Evs 241.26 evs',
    '- Ext-One 241.1 integer',
    'Old Old-Extended 241.26.99.3 string',
  ])
  const later = dictionary.byName('Later')
  t.equal(later?.nameOfValue.get('1'), 'First', 'the last name of a number is its text')
  t.equal(later?.valueOfName.get('One'), '1', 'the others are understood')
  t.equal(later?.nameOfValue.get('4294967295'), 'Big', '32 bits')
  t.equal(dictionary.byVendorName('Acme', 'Acme-Size')?.nameOfValue.get('9'), 'Large')
  t.equal(dictionary.byName('Acme-Size'), undefined, 'attributes of a vendor are found by vendor')
  t.match(dictionary.vendor(12345), { typeSize: 2, lengthSize: 1, hasContinuation: false })
})

t.test('a line that cannot be read is an error with file and line', async (t) => {
  const rows = [
    ['ATTRIBUTE', 'dictionary.test:1: ATTRIBUTE: the name of an attribute is missing'],
    ['ATTRIBUTE A', 'dictionary.test:1: ATTRIBUTE A: the number of an attribute is missing'],
    ['ATTRIBUTE A 1', 'dictionary.test:1: ATTRIBUTE A 1: the type of an attribute is missing'],
    ['ATTRIBUTE A x string', 'dictionary.test:1: "x", expected a whole number of at most 32 bits'],
    ['\n\nATTRIBUTE A 1 sting', /^dictionary\.test:3: type "sting", expected one of: string, octets, /],
    ['VENDOR V', 'dictionary.test:1: VENDOR V: the number of a vendor is missing'],
    ['VENDOR V 1 format=3,1', 'dictionary.test:1: format=3,1, expected format=1|2|4,0|1|2[,c]'],
    ['BEGIN-VENDOR V', 'dictionary.test:1: BEGIN-VENDOR V: there is no VENDOR line of it'],
    ['BEGIN-TLV T', 'dictionary.test:1: BEGIN-TLV T: there is no such attribute'],
    ['ATTRIBUTE A 1 integer\nVALUE A B c', 'dictionary.test:2: VALUE B: "c", expected a whole number'],
    ['ATRIBUTE A 1 integer', /^dictionary\.test:1: "ATRIBUTE", expected ATTRIBUTE, VALUE, /],
  ] as const
  for (const [text, message] of rows) t.throws(() => dictionaryOf(text), { message }, text)
})

t.test('folders are read by name, with subfolders and what files include', async (t) => {
  const folder = folderOf(t, {
    'dictionary.b': 'ATTRIBUTE Twice 200 string\n$INCLUDE parts/more\n$INCLUDE- parts/none',
    'dictionary.a': 'ATTRIBUTE Twice 200 octets\nATTRIBUTE A 201 string',
    'sub/dictionary.c': 'ATTRIBUTE C 202 string\n$INCLUDE ../dictionary.a',
    'parts/more': 'ATTRIBUTE More 203 string\n$INCLUDE ../dictionary.b',
    'readme.txt': 'not read',
  })
  const dictionary = new RadiusDictionary(readDictionaryFolders([folder]))
  t.same(
    dictionary.attributes.map(({ name, type }) => `${name} ${type}`),
    ['Twice string', 'A string', 'More string', 'C string'],
    'later lines win, a file is read once',
  )
  const missing = folderOf(t, { 'dictionary.x': '\n$INCLUDE nothing' })
  t.throws(() => readDictionaryFolders([missing]), { message: /dictionary\.x:2: \$INCLUDE nothing: .*ENOENT/ })
  t.throws(() => readDictionaryFolders([join(folder, 'nowhere')]), {
    message: `<RadiusAgent> Invalid dictionaries folder: <${join(folder, 'nowhere')}>`,
  })
})

t.test('every dictionary of FreeRADIUS is read, and says the same of the attributes that are shipped', async (t) => {
  const lines = readDictionaryFolders(['/usr/share/freeradius'])
  const isOfRfc = ({ place }: { place: string }) => place.includes('dictionary.rfc')
  const theirs = new RadiusDictionary([...lines.filter(isOfRfc), ...lines.filter((line) => !isOfRfc(line))])
  t.ok(theirs.attributes.length > 7000)
  // RFC 4849, RFC 5447 and RFC 5580 say it; Event-Timestamp is a number in CGRateS; RFC 5090 against the draft.
  const ours = ['Event-Timestamp', 'NAS-Filter-Rule', 'Extended-Location-Policy-Rules', 'Digest-Response']
  // Not in their files.
  const more = ['SAML-Assertion', 'SAML-Protocol', 'MS-ARAP-Challenge']
  const names = [join('base'), join('names')].flatMap((name) =>
    readDictionaryFolders([join('dictionaries/radius', name)]),
  )
  const microsoft = shippedDictionary().attributes.filter(({ vendor }) => vendor !== undefined)
  let compared = 0
  for (const attribute of [...new RadiusDictionary(names).attributes, ...microsoft]) {
    const { name, vendor, numbers, type, size, hasTag, encryption, isConcatenated } = attribute
    if (ours.includes(name) || more.includes(name)) continue
    const other = vendor === undefined ? theirs.byName(name) : theirs.byVendorName(vendor.name, name)
    t.match(other, { numbers, type, size, hasTag, encryption, isConcatenated }, name)
    compared++
    for (const [text, number] of attribute.valueOfName) {
      if (name === 'Error-Cause' && (number === '502' || number === '505')) continue
      t.equal(other?.valueOfName.get(text), number, `${name} ${text}`)
    }
  }
  t.ok(compared > 190)
})

t.test('reference 07, 3.3: what is shipped reads as CGRateS does', async (t) => {
  const dictionary = shippedDictionary()
  t.equal(dictionary.byName('Event-Timestamp')?.type, 'integer')
  const status = dictionary.byName('Acct-Status-Type')
  t.equal(status?.nameOfValue.get('3'), 'Alive')
  t.equal(status?.valueOfName.get('Interim-Update'), '3')
  t.equal(dictionary.byName('Service-Type')?.nameOfValue.get('30'), 'SIP-Caller-AVPs')
  t.equal(dictionary.byName('Framed-Protocol')?.nameOfValue.size, 0, 'no names beyond those of the loaded files')
  t.equal(dictionary.byName('SIP-AVP')?.key, '225')
  t.equal(dictionary.byVendorName('Microsoft', 'MS-CHAP2-Response')?.key, '26.311.25')
})
