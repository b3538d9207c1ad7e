import { join } from 'node:path'
import t from 'tap'
import { DiameterReader } from '../../../src/agents/diameter/request-paths.ts'
import { messageContext } from '../../../src/agents/pipeline.ts'
import type { EventFields } from '../../../src/core/event.ts'
import { ZERO_TIME } from '../../../src/core/time.ts'
import { messageOf } from '../../../src/engine/dry-run/diameter-text.ts'
import { textOf } from '../../../src/mapping/context.ts'
import { MappingError, TemplateError } from '../../../src/mapping/value.ts'
import { compileRule } from '../../../src/mapping/value-parser.ts'
import type { RawAvp } from '../../../src/protocol/diameter/avp.ts'
import { Dictionary, readDictionaryFolder } from '../../../src/protocol/diameter/dictionary.ts'
import type { DiameterMessage } from '../../../src/protocol/diameter/message.ts'
import { ROOT } from '../../support/gateway.ts'

const dictionary = new Dictionary(readDictionaryFolder(join(ROOT, 'dictionaries/diameter')))
const reader = new DiameterReader(dictionary, 4)
const MESSAGE: EventFields = {
  'Session-Id': 's1',
  'CC-Request-Type': 1,
  'Subscription-Id': [
    { 'Subscription-Id-Type': 10, 'Subscription-Id-Data': 'ten' },
    { 'Subscription-Id-Type': 1, 'Subscription-Id-Data': 'imsi' },
    { 'Subscription-Id-Type': 0, 'Subscription-Id-Data': 'e164' },
  ],
  'Multiple-Services-Credit-Control': [
    { 'Rating-Group': 1, 'Used-Service-Unit': [{ 'CC-Total-Octets': 10 }, { 'CC-Total-Octets': 11 }] },
    { 'Rating-Group': 2, 'Service-Identifier': 7, 'Used-Service-Unit': { 'CC-Total-Octets': 20 } },
  ],
}
const message = messageOf(MESSAGE, dictionary)
const DATA = 'Subscription-Id.Subscription-Id-Data'
const OCTETS = 'Multiple-Services-Credit-Control.Used-Service-Unit.CC-Total-Octets'

/** What a path reads, as text; undefined: not found. */
function read(path: string, by = reader): string | undefined {
  const value = by.compileRequestPath(path)(message)
  return value === undefined ? undefined : textOf(value)
}

const rows: readonly [path: string, result: string | undefined][] = [
  ['Session-Id', 's1'],
  [DATA, 'ten'],
  [`${DATA}[0]`, 'ten'],
  [`${DATA}[2]`, 'e164'],
  [`${DATA}[-1]`, 'e164'],
  [`${OCTETS}[1]`, '11'],
  [`${OCTETS}[2]`, '20'],
  [`${DATA}[~Subscription-Id-Type(^0$)]`, 'e164'],
  [`${DATA}[~Subscription-Id-Type(1)]`, 'imsi'],
  [`${DATA}[~Subscription-Id-Type(^1)]`, 'ten'],
  [`${DATA}[~Subscription-Id-Type(>5)]`, 'ten'],
  [`${DATA}[~Subscription-Id-Type(>0&<10)]`, 'imsi'],
  [`${DATA}[~Subscription-Id-Type(^7$)]`, undefined],
  [`${OCTETS}[~Rating-Group(^1$)]`, '10'],
  [`${OCTETS}[~Rating-Group(^2$)]`, '20'],
  [`${OCTETS}[~Rating-Group(2)|~Service-Identifier(7)]`, '20'],
  [`${OCTETS}[~Service-Identifier(7)]`, '20'],
  [`${OCTETS}[~Rating-Group(1)|~Service-Identifier(7)]`, undefined],
  [`${DATA}[~Subscription-Id-Type:s/^(\\d)$/0$1/(^00$)]`, 'e164'],
  [`${DATA}[~Subscription-Id-Type:s/^1(\\d)$/x$1/:s/x/y/(^y$)]`, 'ten'],
  [`${DATA}[~Subscription-Id-Type:s/(.*)/$1/(~^(5)$)]`, undefined],
  [`${OCTETS}[~Rating-Group:s/2/7/(^7$)|~Service-Identifier(7)]`, '20'],
  [`${OCTETS}[~Rating-Group(~^(2|9)$)]`, '20'],
  [`${OCTETS}[~Rating-Group(~^9|2)|~Service-Identifier(~7|8)]`, '20'],
  [`${OCTETS}[~Rating-Group(1|2)]`, undefined],
  [`${DATA}[~Subscription-Id-Type:s/^(0|7)$/x/(^x$)]`, 'e164'],
  ['CC-Request-Number', undefined],
  ['CC-Request-Number[1]', undefined],
  [`${DATA}[-4]`, undefined],
  ['No-Such-AVP', ''],
]
for (const [path, result] of rows) t.test(`02, 2.5: ${path}`, async (t) => t.equal(read(path), result))

t.test('02, 2.5: what cannot be selected', async (t) => {
  t.throws(() => read(`${DATA}[3]`), new MappingError('avp index higher than number of AVPs'))
  t.throws(() => read(`${DATA}[0`), new TemplateError('filter rule <0> needs to end in ]'))
  t.throws(() => read(`${DATA}[~No-Such-AVP(1)]`), TemplateError)
  t.throws(() => read(`${DATA}[Subscription-Id-Type(1)]`), {
    message: 'selector [Subscription-Id-Type(1)]: expected a number or [~Name(rule)]',
  })
  t.throws(() => read(`${DATA}[~Subscription-Id-Type:s/(/x/(1)]`), {
    message: 'invalid Search&Replace subfield rule: <(>',
  })
  const rule = `~*req.${DATA}[~Subscription-Id-Type:s/^0$/x/(^x$)]:s/e(.*)/E$1/{*len}`
  const value = compileRule(rule, reader, { separator: ';', group: undefined })
  const context = messageContext<DiameterMessage, RawAvp>(message, { vars: {}, tenant: '', now: ZERO_TIME })
  t.equal(value(context), 4, 'what is in the brackets is no search of the value')
})

t.test('02, 2.4: a name that the dictionary does not have is an error in filters', async (t) => {
  t.throws(
    () => read('Subscription-Id.Nothing[0]', reader.forFilters),
    new TemplateError('Could not find AVP "Nothing" in the dictionary'),
  )
  t.equal(read(`${DATA}[1]`, reader.forFilters), 'imsi')
  t.same(
    ['Session-Id', `${DATA}[0]`, 'Subscription-Id.Nothing'].map((path) => reader.knows(path)),
    [true, true, false],
  )
})
