import fc from 'fast-check'
import t from 'tap'
import { type HttpRequest, readHttpMessage } from '../../../src/agents/http/http-request.ts'
import { httpReply } from '../../../src/agents/http/reply.ts'
import { HttpReader } from '../../../src/agents/http/request-paths.ts'
import { OrderedEntries, textOf } from '../../../src/mapping/context.ts'
import { MappingError } from '../../../src/mapping/value.ts'
import { parseXml } from '../../../src/mapping/xml/xml-document.ts'

function requestOf(fields: Partial<HttpRequest> = {}): HttpRequest {
  return { method: 'GET', target: '/', headers: {}, body: Buffer.alloc(0), ...fields }
}

/** What a path reads of a request; undefined: it is not found. */
async function read(
  payload: '*url' | '*xml' | '*json',
  request: HttpRequest,
  ...paths: string[]
): Promise<(string | undefined)[]> {
  const message = await readHttpMessage(request, payload)
  const reader = new HttpReader(payload)
  return paths.map((path) => {
    const value = reader.compileRequestPath(path)(message)
    return value === undefined ? undefined : textOf(value)
  })
}

const xml = (body: string) => requestOf({ method: 'POST', body: Buffer.from(body) })

t.test('reference 07, 4, *url: form before query, the first of a name, absent is empty', async (t) => {
  const form = requestOf({
    method: 'POST',
    target: '/x?a=query&b=2&b=3&c=a%20b+c',
    headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
    body: Buffer.from('a=form&d=%2B49'),
  })
  t.same(await read('*url', form, 'a', 'b', 'c', 'd', 'e', 'a.b'), ['form', '2', 'a b c', '+49', '', undefined])
  t.same(
    await read('*url', { ...form, method: 'GET' }, 'a', 'd'),
    ['query', ''],
    'only POST, PUT and PATCH have a form',
  )
  const json = { ...form, headers: { 'content-type': 'application/json' }, body: Buffer.from('{"a":"json"}') }
  t.same(await read('*url', json, 'a'), ['query'], 'another body says nothing')
  const broken = { ...form, headers: { 'content-type': 'multipart/form-data; boundary=x' } }
  await t.rejects(read('*url', broken, 'a'), MappingError)
})

t.test('07 ex. 30: XML paths', async (t) => {
  const body = xml(`<?xml version="1.0" encoding="UTF-8"?>
<complete-datasession-notification callid="109870">
  <callleg calllegid="222146"><number>+4986517174963</number><seconds>38</seconds></callleg>
  <callleg calllegid="222147"><number>+4986517174964</number><seconds>37</seconds></callleg>
</complete-datasession-notification>`)
  const below = (path: string) => `complete-datasession-notification.${path}`
  const paths = [
    'callleg.seconds',
    'callleg[1].seconds',
    "callleg[@calllegid='222147'].seconds",
    'callleg[1].@calllegid',
    '@callid',
    '*.number',
    'callleg[2].seconds',
    'nothing',
  ]
  t.same(await read('*xml', body, ...paths.map(below)), [
    '38',
    '37',
    '37',
    '222147',
    '109870',
    '+4986517174963',
    '',
    '',
  ])
})

t.test('reference 07, 4, *xml: text of a subtree, CDATA in it, comments not, blanks kept', async (t) => {
  const body = xml('<a> x<!-- no --><b>1</b><![CDATA[<2>]]>&amp;3 <c d="4"e=\'5\'/></a>')
  t.same(await read('*xml', body, 'a', 'a.b', 'a.c.@d', 'a.c.@e'), [' x1<2>&3 ', '1', '4', '5'])
  t.same(await read('*xml', xml(''), 'a'), [''], 'an empty body is an empty document')
  t.same(await read('*xml', xml('not xml'), 'a'), [''], 'and so is one without markup')
  for (const wrong of ['<a>', '<a></b>', '<a b=></a>', '<'])
    await t.rejects(read('*xml', xml(wrong), 'a'), MappingError, wrong)
  const deep = `${'<a>'.repeat(200)}${'</a>'.repeat(200)}`
  await t.rejects(read('*xml', xml(deep), 'a'), { message: 'XML: Maximum nested tags exceeded' })
  for (const path of ['a[x]', 'a..b', 'a[1'])
    t.throws(() => new HttpReader('*xml').compileRequestPath(path), { code: 'TEMPLATE_ERROR' }, path)
})

t.test('whatever comes as XML is a document or an error', async () => {
  const parts = fc.constantFrom(
    '<a>',
    '</a>',
    '<b c="d"',
    "e='f'",
    '>',
    '/>',
    'text',
    '<![CDATA[',
    ']]>',
    '<!--',
    '-->',
    '&amp;',
    '&',
    '<?x',
    '?>',
    '"',
  )
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(parts, { maxLength: 12 }).map((all) => all.join('')),
      ),
      (text) => {
        try {
          parseXml(text)
        } catch (cause) {
          return cause instanceof MappingError
        }
        return true
      },
    ),
    { numRuns: 3000 },
  )
})

t.test('reference 07, 4, *json: keys, indexes, numbers as they are written', async (t) => {
  const body = xml('{"a":{"b":[{"c":12345678901234567890},{"c":1.50}]},"n":null,"t":true,"o":{"z":1}}')
  t.same(await read('*json', body, 'a.b[0].c', 'a.b[1].c', 'a.b[2].c', 'n', 't', 'o', 'x'), [
    '12345678901234567890',
    '1.50',
    undefined,
    undefined,
    'true',
    '{"z":"1"}',
    undefined,
  ])
  for (const wrong of ['', '{', '[1]', '1']) await t.rejects(read('*json', xml(wrong), 'a'), MappingError, wrong)
  const large = xml('x'.repeat((1 << 20) + 1))
  await t.rejects(read('*json', large, 'a'), { message: 'http: request body too large: 1048577 octets' })
})

t.test('headers are read by name', async (t) => {
  const request = requestOf({ headers: { 'x-operator': 'a' } })
  const message = await readHttpMessage(request, '*url')
  const own = (area: string, name: string) => new HttpReader('*url').compileOwnPath(area, name)?.(message)
  t.same([own('*hdr', 'X-Operator'), own('*hdr', 'X-None'), own('*trl', 'X')], ['a', undefined, undefined])
})

type Write = (rep: OrderedEntries) => void

function reply(payload: '*xml' | '*text_plain' | '*json', write: Write) {
  const rep = new OrderedEntries()
  write(rep)
  return httpReply(payload, rep.entries)
}

t.test('07 ex. 27: an XML reply', async (t) => {
  const { status, headers, body } = reply('*xml', (rep) => {
    rep.set('response.Allow', false, '1', -1)
    rep.set('response.Concatenated', false, '234/Val1', -1)
    rep.set('response.MaxDuration', false, '1200', -1)
  })
  t.equal(
    body,
    `<?xml version="1.0" encoding="UTF-8"?>
<response>
  <Allow>1</Allow>
  <Concatenated>234/Val1</Concatenated>
  <MaxDuration>1200</MaxDuration>
</response>`,
  )
  t.equal(Buffer.byteLength(body), 154)
  t.equal(status, 200)
  t.same(headers, { 'Content-Type': 'text/xml; charset=utf-8' })
})

t.test('07 ex. 31: a text reply, equal lines once', async (t) => {
  const { body, headers } = reply('*text_plain', (rep) => {
    rep.set('Variable1', false, 'Hola1', -1)
    rep.set('Variable2', false, 'Hola2', -1)
    rep.set('ComposedVar', false, 'TestComposed', -1)
    rep.push('Item1.1', false, 'Val1', -1)
    rep.push('Item1.1', false, 'Val2', -1)
    rep.push('Item1.1', false, 'Val2', -1)
  })
  t.equal(body, 'Variable1=Hola1\nVariable2=Hola2\nComposedVar=TestComposed\nItem1.1=Val1\nItem1.1=Val2\n')
  t.equal(Buffer.byteLength(body), 83)
  t.same(headers, { 'Content-Type': 'text/plain; charset=utf-8' })
})

t.test('reference 07, 4: attributes, branches, escapes and empty replies in XML', async (t) => {
  const inner = (write: Write) => reply('*xml', write).body.split('\n').slice(1).join('\n')
  const withAttribute: Write = (rep) => {
    rep.push('a', false, 'x', -1)
    rep.push('a', false, '9', -1, 'k')
  }
  t.equal(inner(withAttribute), '<a k="9">x</a>', 'a value and its attribute')
  const onParent: Write = (rep) => {
    rep.set('a.b', false, '1', -1)
    rep.set('a', false, '9', -1, 'k')
  }
  t.doesNotThrow(() => inner(onParent))
  const branches: Write = (rep) => {
    rep.push('r.a', true, '1', -1)
    rep.push('r.a', true, '2', -1)
  }
  t.equal(inner(branches), '<r>\n  <a>1</a>\n</r>\n<r>\n  <a>2</a>\n</r>')
  const afterBranch: Write = (rep) => {
    rep.set('r.a', false, '1', -1)
    rep.set('s.t', true, '2', -1)
    rep.set('r.b', false, '3', -1)
  }
  const parts = ['<r>', '  <a>1</a>', '</r>', '<s>', '  <t>2</t>', '</s>', '<r>', '  <b>3</b>', '</r>']
  t.equal(
    inner(afterBranch),
    parts.join('\n'),
    'what was before a branch is not gone on with, as in the reference engine',
  )
  const group: Write = (rep) => {
    rep.push('r.a', false, '1', -1)
    rep.push('r.a', false, '2', -1)
  }
  t.equal(inner(group), '<r>\n  <a>2</a>\n</r>', 'without new_branch the last counts')
  const siblings: Write = (rep) => {
    rep.set('r.x.a', false, '1', -1)
    rep.set('r.y.a', false, '2', -1)
    rep.set('r.x.b', false, '3', -1)
  }
  t.equal(
    inner(siblings),
    '<r>\n  <x>\n    <a>1</a>\n    <b>3</b>\n  </x>\n  <y>\n    <a>2</a>\n  </y>\n</r>',
    'an element is not repeated',
  )
  t.equal(
    inner((rep) => rep.set('a', false, '&<>"\'\n\t', -1)),
    '<a>&amp;&lt;&gt;&#34;&#39;&#xA;&#x9;</a>',
  )
  t.equal(
    inner((rep) => rep.set('a', false, '', -1)),
    '<a></a>',
  )
  t.equal(reply('*xml', () => undefined).body, '')
})

t.test('reference 07, 4: a JSON reply, its status and headers', async (t) => {
  const { status, headers, body } = reply('*json', (rep) => {
    rep.set('a.b', false, '1', -1)
    rep.set('a.c', false, '2', -1)
    rep.push('l', false, 'x', -1)
    rep.push('l', false, 'y', -1)
    rep.push('m.id', true, '1', -1)
    rep.push('m.id', true, '2', -1)
    rep.set('__proto__.x', false, 'p', -1)
    rep.set('*httpStatus', false, '402', -1)
    rep.set('*httpHeader.X-Why', false, 'no\r\ncredit', -1)
  })
  t.equal(body, '{"a":{"b":"1","c":"2"},"l":["x","y"],"m":[{"id":"1"},{"id":"2"}],"__proto__":{"x":"p"}}')
  t.equal(status, 402)
  t.same(headers, { 'Content-Type': 'application/json; charset=utf-8', 'X-Why': 'no  credit' })
  t.throws(() => reply('*json', (rep) => rep.set('*httpStatus', false, 'no', -1)), {
    message: '*rep.*httpStatus: "no", expected 200 to 599',
  })
})
