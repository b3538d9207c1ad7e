import t from 'tap'
import { messageContext, runProcessors } from '../../src/agents/pipeline.ts'
import type { ChargingEvent, EventFields } from '../../src/core/event.ts'
import { compileProcessor, type RequestProcessorTemplate } from '../../src/mapping/request-processor.ts'
import { environmentOf, field, NOW } from '../support/mapping.ts'

type Template = Partial<Omit<RequestProcessorTemplate, 'requestFields' | 'replyFields'>> & {
  request?: Readonly<Record<string, string>>
  reply?: Readonly<Record<string, string>>
}

/** Runs an event through processors; what they called, logged and answered. */
function pass(
  templates: readonly Template[],
  message: EventFields,
  answers: readonly (EventFields | undefined)[] = [],
) {
  const environment = environmentOf()
  const fields = (values: Readonly<Record<string, string>> = {}) =>
    Object.entries(values).map(([path, value]) => field({ path, value }))
  const processors = templates.map(({ request, reply, ...keys }, i) =>
    compileProcessor(
      {
        id: `p${i + 1}`,
        filters: [],
        tenant: '',
        flags: ['*none'],
        forEach: '',
        place: 'test.json:1',
        ...keys,
        requestFields: fields(request),
        replyFields: fields(reply),
      },
      () => environment,
    ),
  )
  const called: { processor: string; event: ChargingEvent }[] = []
  const logged: unknown[] = []
  let lastId = 0
  const context = messageContext<EventFields, never>(message, { vars: {}, tenant: 'cgrates.org', now: NOW })
  const matched = runProcessors(
    processors,
    context,
    {
      call(processor, event) {
        called.push({ processor: processor.id, event: structuredClone(event) })
        return answers[called.length - 1]
      },
    },
    { newId: () => `id${++lastId}`, log: (_, title, told) => logged.push({ title, ...told }) },
  )
  const reply = Object.fromEntries(context.rep.entries.map(({ path, value }) => [path, value]))
  return { matched, called, logged, reply }
}

t.test('07 1.3: the first processor that matches is the last, unless it goes on', async (t) => {
  const first = { filters: ['*string:~*req.Kind:sms'], reply: { '*rep.By': 'first' } }
  const second = { reply: { '*rep.By': 'second', '*rep.Seen': '~*req.Kind' } }
  t.match(pass([first, second], { Kind: 'sms' }), { matched: true, reply: { By: 'first' }, called: [{}] })
  t.same(pass([first, second], { Kind: 'data' }).reply, { By: 'second', Seen: 'data' })
  t.same(
    pass([{ ...first, flags: ['*none', '*continue'] }, second], { Kind: 'sms' }).called.map((each) => each.processor),
    ['p1', 'p2'],
  )
  t.match(pass([first], { Kind: 'data' }), { matched: false, called: [], reply: {} })
  t.same(
    pass([{ ...first, flags: ['*none', '*continue:false'] }, second], { Kind: 'sms' }).called.length,
    1,
    '*continue:false is off',
  )
})

t.test('07 1.2: what lives how long', async (t) => {
  const { called, reply } = pass(
    [
      {
        flags: ['*none', '*continue'],
        request: { '*cgreq.Account': '~*req.A', '*opts.*kept': 'yes', '*vars.Seen': 'first', '*tmp.T': 'gone' },
        reply: { '*rep.Tmp': '~*tmp.T', '*rep.Usage': '~*cgrep.MaxUsage' },
      },
      {
        request: { '*cgreq.Of': '~*vars.Seen' },
        reply: { '*rep.Error': '~*cgrep.Error', '*rep.Held': '~*cgrep.MaxUsage' },
      },
    ],
    { A: '1001' },
    [{ Error: '', MaxUsage: 5n }, undefined],
  )
  t.same(
    called.map(({ event }) => event.event),
    [{ Account: '1001' }, { Of: 'first' }],
    'the event is fresh for each processor, *vars is shared',
  )
  t.same(called[1]?.event.apiOpts, { '*kept': 'yes' }, '*opts is shared')
  t.same(
    reply,
    { Usage: '5ns', Error: '', Held: '5ns' },
    '*tmp is cleared before the reply, *cgrep stays without a call',
  )
  t.same(
    called.map(({ event }) => event.id),
    ['id1', 'id2'],
  )
})

t.test(
  '07 1.1: the tenant is made before the filters; one that is empty or cannot be made is the default',
  async (t) => {
    for (const [tenant, message, expected] of [
      ['~*req.T', { T: 'other.org' }, 'other.org'],
      ['~*req.T', { T: '' }, 'cgrates.org'],
      ['~*req.T', {}, 'cgrates.org'],
      ['~*req.T{*duration_seconds}', { T: 'soon' }, 'cgrates.org'],
    ] as const) {
      const { called } = pass([{ tenant }], message)
      t.equal(called[0]?.event.tenant, expected, `${tenant} of ${JSON.stringify(message)}`)
    }
    const filters = ['*string:~*tenant:other.org']
    t.equal(pass([{ tenant: '~*req.T', filters }], { T: 'other.org' }).matched, true, 'filters read the own tenant')
    const { called } = pass([{ tenant: 'other.org', flags: ['*none', '*continue'] }, {}], {})
    t.same(
      called.map(({ event }) => event.tenant),
      ['other.org', 'cgrates.org'],
      'the next processor begins with the default again',
    )
  },
)

t.test('07 1.3: *log tells the event and the reply, *dryrun as well', async (t) => {
  const fields = { request: { '*cgreq.Account': '1001' }, reply: { '*rep.Code': '2001' } }
  for (const [flags, title] of [
    [['*none', '*log'], 'LOG'],
    [['*dryrun'], 'DRY_RUN'],
  ] as const) {
    const { logged } = pass([{ flags, ...fields }], {})
    t.match(logged, [
      { title, processor: 'p1', event: { Account: '1001' } },
      { title, processor: 'p1', reply: [{ path: 'Code', value: '2001' }] },
    ])
  }
  t.same(pass([fields], {}).logged, [])
})

t.test('07 1.3: an error of a filter or a field ends the message', async (t) => {
  t.throws(() => pass([{ filters: ['FLTR_GONE'] }, {}], {}), { message: 'NOT_FOUND:FLTR_GONE' })
  t.throws(() => pass([{ request: { '*cgreq.X': '~*req.T{*duration_seconds}' } }, {}], { T: 'soon' }))
})
