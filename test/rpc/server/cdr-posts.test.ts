import t from 'tap'
import { cdrOfForm, cdrOfFreeSwitch } from '../../../src/rpc/server/cdr-posts.ts'

const REMOTE = '127.0.0.1:38766'

t.test('05 9.8: fields of a form', async (t) => {
  const form = new URLSearchParams(
    'OriginID=b5&Account=1004&PreRated=true&Cost=2.5&OrderID=77&Partial=true&Foo=a&Foo=b',
  )
  t.match(cdrOfForm(form, REMOTE), {
    Source: REMOTE,
    OriginID: 'b5',
    Account: '1004',
    PreRated: true,
    OrderID: 77,
    Partial: true,
    ExtraFields: { Foo: 'a' },
    CGRID: undefined,
  })
  t.equal(String(cdrOfForm(form, REMOTE)['Cost']), '2.5')
  t.equal(cdrOfForm([['Source', 'x']], REMOTE)['Source'], 'x')
  t.throws(() => cdrOfForm([['Cost', 'dear']], REMOTE), { message: /^Cost: / })
})

t.test('a form without ids is the same CDR when it comes again, from wherever, in whatever order', async (t) => {
  const id = (form: string, remote = REMOTE) => cdrOfForm(new URLSearchParams(form), remote)['CGRID']
  t.match(id('Account=1&Usage=5'), /^[0-9a-f]{40}$/)
  t.equal(id('Account=1&Usage=5'), id('Usage=5&Account=1', '10.0.0.1:5'))
  t.not(id('Account=1&Usage=5'), id('Account=1&Usage=6'))
  t.equal(id(''), undefined, 'nothing is no CDR')
})

const BODY = {
  'core-uuid': 'c',
  variables: {
    uuid: '3da8bf84-c133-4959-9e24-e72875cb33a1',
    user_name: '1006',
    dialed_extension: '1003',
    start_epoch: '1709640000',
    answer_epoch: '1709640001',
    billsec: '68',
    cgr_reqtype: '*rated',
    other: 'v',
  },
  callflow: [{ caller_profile: { username: 'uu', ani: '55' } }],
}

const same = (text: string) => text

t.test('05 9.8: variables of FreeSWITCH', async (t) => {
  const extra = ['other', 'ani', 'nope'].map((name) => ({ name, read: same }))
  t.same(cdrOfFreeSwitch(JSON.stringify(BODY), extra), {
    Source: 'freeswitch_json',
    ToR: '*voice',
    OriginID: '3da8bf84-c133-4959-9e24-e72875cb33a1',
    OriginHost: '',
    RequestType: '*rated',
    Tenant: '',
    Category: '',
    Account: '1006',
    Subject: '1006',
    Destination: '1003',
    RunID: '',
    ExtraInfo: '',
    CostSource: '',
    SetupTime: '1709640000',
    AnswerTime: '1709640001',
    Usage: '68s',
    OrderID: 0,
    PreRated: false,
    ExtraFields: { other: 'v', ani: '55', nope: '' },
  })
  const variables = {
    uuid: 'u2',
    answer_epoch: '0',
    billsec: 0,
    'FreeSWITCH-IPv4': '10.1.1.1',
    sip_req_user: '99',
    cgr_runid: 'rr',
    cgr_prerated: 'true',
    cgr_orderid: '5',
    cgr_originhost: 'OH',
  }
  const upper = [{ name: 'uuid', read: (text: string) => text.toUpperCase() }]
  t.match(cdrOfFreeSwitch(JSON.stringify({ ...BODY, variables }), upper), {
    OriginHost: 'OH',
    Account: 'uu',
    Subject: 'uu',
    Destination: '99',
    RunID: 'rr',
    PreRated: true,
    OrderID: 5,
    Usage: '0s',
    ExtraFields: { uuid: 'U2' },
  })
  t.throws(() => cdrOfFreeSwitch('garbage', []), { message: /^the body is no JSON: / })
  t.match(cdrOfFreeSwitch('[]', []), { OriginID: '', Account: '' })
})
