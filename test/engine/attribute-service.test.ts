import t, { type Test } from 'tap'
import { SessionCalls } from '../../src/agents/session-calls.ts'
import type { ChargingEvent, EventFields } from '../../src/core/event.ts'
import { compileProcessor } from '../../src/mapping/request-processor.ts'
import { engineOf } from '../support/engine.ts'
import { sampleFolder } from '../support/gateway.ts'
import { environmentOf } from '../support/mapping.ts'
import { startServer } from '../support/rpc-hosts.ts'

const INTERNAL = ['*internal']
const TENANT = 'cgrates.org'

async function engineWith(t: Test, configuration: object) {
  const made = await engineOf(t, sampleFolder(t, configuration))
  t.teardown(() => made.engine.close())
  return made
}

const alias = (Contexts: string[]) => ({
  ID: 'ALIAS',
  Contexts,
  FilterIDs: ['*string:~*req.Account:alias'],
  Attributes: [{ Path: '*req.Account', Type: '*constant', Value: '1001' }],
  Weight: 10,
})
const PROCESS = { ID: 'e', Event: { Account: 'alias' }, APIOpts: { '*context': '*sessions' } }

t.test('01, 6: the service comes and goes with its section, profiles are kept', async (t) => {
  const { engine, call } = await engineWith(t, {})
  await call('APIerSv2.SetAttributeProfile', alias(['*sessions']))
  t.equal(engine.serves('AttributeSv1'), false)
  const set = (enabled: boolean) => call('ConfigSv1.SetConfig', { Config: { attributes: { enabled } } })
  t.equal(await set(true), '"OK"')
  t.equal(engine.serves('AttributeSv1'), true)
  t.match(await call('AttributeSv1.ProcessEvent', PROCESS), '"AlteredFields":["*req.Account"]')
  t.match(await call('AttributeSv1.GetAttributeForEvent', PROCESS), '"ID":"ALIAS","Contexts":["*sessions"]')
  await call('APIerSv1.RemoveAttributeProfile', { ID: 'ALIAS' })
  t.equal(await call('AttributeSv1.ProcessEvent', PROCESS), 'NOT_FOUND')
  await call('APIerSv2.SetAttributeProfile', alias(['*sessions']))
  await set(false)
  t.equal(engine.serves('AttributeSv1'), false)
  await set(true)
  t.match(await call('AttributeSv1.ProcessEvent', PROCESS), '"MatchedProfiles":["cgrates.org:ALIAS"]')
})

t.test('a start finds the profiles that were stored', async (t) => {
  const first = await engineOf(t, sampleFolder(t, { attributes: { enabled: true } }))
  await first.call('APIerSv2.SetAttributeProfile', alias(['*sessions']))
  await first.engine.close()
  const second = await engineOf(t, first.folder)
  t.teardown(() => second.engine.close())
  t.match(await second.call('AttributeSv1.ProcessEvent', PROCESS), '"MatchedProfiles":["cgrates.org:ALIAS"]')
})

/** What an agent hears of a processor with these flags. */
async function heard(
  { engine }: Awaited<ReturnType<typeof engineOf>>,
  flags: string[],
  fields: EventFields,
): Promise<EventFields | undefined> {
  const template = {
    id: 'p',
    filters: [],
    tenant: '',
    flags,
    forEach: '',
    requestFields: [],
    replyFields: [],
    place: 'x:1',
  }
  const processor = compileProcessor<unknown, unknown>(template, () => environmentOf() as never)
  const event: ChargingEvent = { tenant: TENANT, id: 'e', time: null, event: fields, apiOpts: {} }
  return engine.records.run((unit) => new SessionCalls(unit, engine.sessions, [], () => true).call(processor, event))
}

const CALL = {
  OriginID: 'o',
  ToR: '*data',
  Category: 'data',
  RequestType: '*postpaid',
  Destination: 'rg1',
  Usage: 1024,
}

t.test('07, 1.5: an agent that asks for attributes hears of the fields that have changed', async (t) => {
  const made = await engineWith(t, { attributes: { enabled: true }, sessions: { attributes_conns: INTERNAL } })
  await made.call('APIerSv2.SetAttributeProfile', alias(['*sessions']))
  await made.call('APIerSv1.SetChargerProfile', { ID: 'C', RunID: '*default', AttributeIDs: ['*none'] })
  const event = { ...CALL, Account: 'alias' }
  t.same(await heard(made, ['*authorize', '*attributes'], event), { Error: '', Attributes: { Account: '1001' } })
  t.match(await heard(made, ['*authorize', '*attributes', '*accounts'], event), {
    Error: '',
    Attributes: { Account: '1001' },
    MaxUsage: 1024n,
  })
  t.same(
    await heard(made, ['*authorize', '*attributes:*ids:*constant:*req.A:1'], event),
    { Error: '', Attributes: { A: '1' } },
    'by ids',
  )
  t.same(await heard(made, ['*authorize', '*attributes'], { Account: 'other' }), { Error: '' }, 'none matches')
  t.same(await heard(made, ['*authorize', '*attributes'], { A: '*attributes' }), {
    Error: 'ATTRIBUTES_ERROR:MANDATORY_IE_MISSING: [A]',
  })
  t.same(await heard(made, ['*authorize', '*attributes:false'], event), {
    Error: 'MANDATORY_IE_MISSING: [Subsystems]',
  })
})

t.test('05, 7: without a connection they are refused', async (t) => {
  const made = await engineWith(t, {})
  t.same(await heard(made, ['*authorize', '*attributes'], { ...CALL, Account: 'alias' }), {
    Error: 'ATTRIBUTES_ERROR:NOT_CONNECTED: AttributeS',
  })
})

t.test('01, 3: attributes of another process: asked once for each event, refusals as they are', async (t) => {
  const asked: unknown[] = []
  const server = await startServer(t, {
    'AttributeSv1.ProcessEvent': (argument) => {
      const { Tenant, Event, APIOpts } = argument as { Tenant: string; Event: EventFields; APIOpts: EventFields }
      asked.push([APIOpts['*subsys'], APIOpts['*attrProfileIDs']])
      if (Event['Account'] === 'nobody') return new Error('NOT_FOUND')
      if (Event['Account'] === 'broken') return new Error('SERVER_ERROR: WRONG_PATH')
      return {
        MatchedProfiles: ['cgrates.org:FAR'],
        AlteredFields: ['*req.Account'],
        Tenant,
        ID: '',
        Time: null,
        Event: { ...Event, Account: '1001' },
        APIOpts,
      }
    },
  })
  const { call } = await engineWith(t, {
    rpc_conns: { far: { conns: [{ address: server.address, transport: '*json' }] } },
    sessions: { attributes_conns: ['far'] },
    chargers: { attributes_conns: ['far'] },
    cdrs: { attributes_conns: ['far'] },
  })
  await call('APIerSv1.SetChargerProfile', { ID: 'FAR', RunID: 'far', AttributeIDs: ['ATTR_1'], Weight: 50 })
  const authorize = (Account: string) =>
    call('SessionSv1.AuthorizeEvent', { GetAttributes: true, GetMaxUsage: true, ID: 'e', Event: { ...CALL, Account } })
  t.match(await authorize('alias'), '"MatchedProfiles":["cgrates.org:FAR"],"AlteredFields":["*req.Account"]')
  t.same(asked.splice(0), [
    ['*sessions', null],
    ['*chargers', ['ATTR_1']],
  ])
  t.notMatch(await authorize('nobody'), 'Attributes')
  t.equal(await authorize('broken'), 'ATTRIBUTES_ERROR:SERVER_ERROR: WRONG_PATH')
  asked.splice(0)
  t.equal(
    await call('CDRsV1.ProcessEvent', { Flags: [], ID: 'e', Event: { ...CALL, OriginID: 'c', Account: 'alias' } }),
    '"OK"',
  )
  t.same(asked[0], ['*cdrs', undefined])
  t.equal(
    await call('CDRsV1.ProcessEvent', { Flags: [], ID: 'e', Event: { ...CALL, OriginID: 'd', Account: 'broken' } }),
    'PARTIALLY_EXECUTED',
  )
})
