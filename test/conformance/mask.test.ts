import t from 'tap'
import { parseJson } from './json.ts'
import { maskOctets, maskReply } from './mask.ts'

const NOW = Date.parse('2026-03-01T12:00:00Z')
const A = '11111111-2222-3333-4444-555555555555'
const B = '99999999-2222-3333-4444-555555555555'

const ROWS: readonly { name: string; method?: string; reply: string; masked: string }[] = [
  {
    name: 'amounts keep their digits',
    reply: '{"Cost":0.10000000000000000001}',
    masked: '{"Cost":0.10000000000000000001}',
  },
  {
    name: 'uuids in order of appearance',
    reply: `["${B}","${A}","x ${B}"]`,
    masked: '["<uuid 01>","<uuid 02>","x <uuid 01>"]',
  },
  {
    name: 'tables by short ids in order of their mention',
    reply: '{"Charges":["bbbbbbb","aaaaaaa"],"Rating":{"aaaaaaa":1,"bbbbbbb":2}}',
    masked: '{"Charges":["<id 01>","<id 02>"],"Rating":{"<id 01>":2,"<id 02>":1}}',
  },
  {
    name: 'those that nothing mentions in order of their content',
    reply: '{"Rating":{"aaaaaaa":2,"bbbbbbb":1}}',
    masked: '{"Rating":{"<id 01>":1,"<id 02>":2}}',
  },
  {
    name: 'cost details have numbers of their own',
    reply: `[{"CostDetails":["aaaaaaa","${A}"]},{"CostDetails":["bbbbbbb","${B}"]}]`,
    masked: '[{"CostDetails":["<id 01>","<uuid 01>"]},{"CostDetails":["<id 01>","<uuid 02>"]}]',
  },
  { name: 'what only looks like an id', reply: '["abcdefg","123456"]', masked: '["abcdefg","123456"]' },
  {
    name: 'times of the clock, not others',
    reply: '["2026-03-01T12:05:00.5Z","2026-03-01T13:59:00+02:00","2026-03-01T12:11:00Z","2024-03-05T12:00:00Z"]',
    masked: '["<now>","<now>","2026-03-01T12:11:00Z","2024-03-05T12:00:00Z"]',
  },
  {
    name: 'nodes and order ids',
    reply: '{"NodeID":"a1b2","OrderID":7}',
    masked: '{"NodeID":"<node>","OrderID":"<order>"}',
  },
  {
    name: 'a list is in its order',
    method: 'CDRsV1.GetCDRs',
    reply: '{"result":["b","a"]}',
    masked: '{"result":["b","a"]}',
  },
  {
    name: 'a set is sorted',
    method: 'APIerSv1.GetAccountIDs',
    reply: '{"result":["b","a"]}',
    masked: '{"result":["a","b"]}',
  },
  {
    name: 'whatever the uuids in it',
    method: 'APIerSv2.GetAccounts',
    reply: `{"result":[{"ID":"2","Uuid":"${A}"},{"ID":"1","Uuid":"${B}"}]}`,
    masked: '{"result":[{"ID":"1","Uuid":"<uuid 01>"},{"ID":"2","Uuid":"<uuid 02>"}]}',
  },
  { name: 'sets in a text', reply: '{"Category":"sms;call","ID":"b;a"}', masked: '{"Category":"call;sms","ID":"b;a"}' },
  {
    name: 'no set but an error',
    method: 'APIerSv1.GetAccountIDs',
    reply: '{"error":"NOT_FOUND"}',
    masked: '{"error":"NOT_FOUND"}',
  },
  {
    name: 'JSON in a text',
    reply: `{"CostDetails":"{\\"CGRID\\":\\"${A}\\",\\"Cost\\":0.20}"}`,
    masked: '{"CostDetails":{"<JSON text>":{"CGRID":"<uuid 01>","Cost":0.20}}}',
  },
  {
    name: 'JSON in a text whose ids are digits alone',
    reply: '"{\\"a\\":\\"2222222\\",\\"T\\":{\\"2222222\\":1,\\"1111111\\":2}}"',
    masked: '{"<JSON text>":{"a":"<id 01>","T":{"<id 01>":1,"<id 02>":2}}}',
  },
  { name: 'JSON with blanks stays a text', reply: '"[1, 2]"', masked: '"[1, 2]"' },
  { name: 'a text that only starts like JSON', reply: '"[aaaaaaa"', masked: '"[aaaaaaa"' },
]

for (const { name, method = '', reply, masked } of ROWS)
  t.test(name, (t) => {
    t.equal(JSON.stringify(maskReply(method, parseJson(reply), NOW)), masked)
    t.end()
  })

t.test('octets', (t) => {
  const head = ['HTTP/1.1 200 OK', 'Date: Sun, 01 Mar 2026 12:00:00 GMT', 'Connection: close']
  t.equal(
    maskOctets(`${head.join('\r\n')}\r\n\r\nDate: x\r\n\r\n`),
    'HTTP/1.1 200 OK\r\nConnection: close\r\nDate: <now>\r\n\r\nDate: x\r\n\r\n',
    'headers of HTTP',
  )
  t.equal(maskOctets('{"id":1}\n'), '{"id":1}\n', 'others')
  t.end()
})
