import t from 'tap'
import { NotFound } from '../../src/core/errors.ts'
import { errorText, MethodRegistry, method, NOBODY, notYet, requireFields } from '../../src/rpc/method.ts'
import { RpcError } from '../../src/rpc/rpc-error.ts'
import { list, struct, text } from '../../src/rpc/shape.ts'

const named = struct('utils.TenantID', { Tenant: text, ID: text })
const off = new Set<string>()
const registry = new MethodRegistry(
  [
    method('APIerSv1.Echo', {
      summary: 'Gives its argument back.',
      params: named,
      reply: named,
      run: (argument) => argument,
    }),
    method('APIerSv2.Echo', {
      summary: 'Answers otherwise.',
      params: text,
      reply: text,
      run: (argument) => `v2 ${argument}`,
    }),
    method('APIerSv1.Ids', { summary: 'Ids.', params: named, reply: list(text), run: () => ['a'] }),
    method('APIerSv1.Fail', {
      summary: 'Fails.',
      params: named,
      reply: text,
      run: (argument) => {
        requireFields(argument, 'Tenant', 'ID')
        throw argument.ID === 'x' ? new NotFound() : new Error('the disk is full')
      },
    }),
    notYet('APIerSv1.Later', named),
    method('StatSv1.GetQueueIDs', { summary: 'Ids.', params: named, reply: list(text), run: () => [] }),
  ],
  (service) => !off.has(service),
)

async function outcome(name: string, params: unknown): Promise<unknown> {
  try {
    return await registry.call(name, params, NOBODY)
  } catch (cause) {
    return errorText(cause)
  }
}

const CALLS: readonly { name: string; call: string; params: unknown; answer: unknown }[] = [
  {
    name: '01 7.1: the first element is the argument',
    call: 'APIerSv1.Echo',
    params: [{ id: 'a' }, 1],
    answer: { Tenant: '', ID: 'a' },
  },
  {
    name: '01 7.1: no element is the zero argument',
    call: 'APIerSv1.Echo',
    params: [],
    answer: { Tenant: '', ID: '' },
  },
  { name: '01 9.1: legacy names', call: 'ApierV1.Echo', params: [null], answer: { Tenant: '', ID: '' } },
  { name: '01 9.1: v2 replaces', call: 'APIerSv2.Echo', params: ['x'], answer: 'v2 x' },
  { name: '01 9.1: v2 answers the methods of v1', call: 'ApierV2.Ids', params: [{}], answer: ['a'] },
  { name: '01 9.1: every service has Ping', call: 'StatSv1.Ping', params: [{}], answer: 'Pong' },
  { name: '01 7.1: no dot', call: 'Echo', params: [{}], answer: 'rpc: service/method request ill-formed: Echo' },
  { name: '01 7.1: unknown service', call: 'Nope.Echo', params: [{}], answer: "rpc: can't find service Nope.Echo" },
  {
    name: '01 7.1: unknown method',
    call: 'APIerSv1.echo',
    params: [{}],
    answer: "rpc: can't find method APIerSv1.echo",
  },
  {
    name: '01 7.1: no params',
    call: 'APIerSv1.Echo',
    params: undefined,
    answer: 'jsonrpc: request body missing params',
  },
  {
    name: '01 7.1: params that are no array',
    call: 'APIerSv1.Echo',
    params: {},
    answer: 'json: cannot unmarshal object into Go value of type [1]interface {}',
  },
  {
    name: '01 8: mandatory fields, in check order',
    call: 'APIerSv1.Fail',
    params: [{}],
    answer: 'MANDATORY_IE_MISSING: [Tenant ID]',
  },
  {
    name: '04 13: a blank field is missing',
    call: 'APIerSv1.Fail',
    params: [{ Tenant: ' ', ID: 'x' }],
    answer: 'MANDATORY_IE_MISSING: [Tenant]',
  },
  { name: '01 8: not found is bare', call: 'APIerSv1.Fail', params: [{ Tenant: 't', ID: 'x' }], answer: 'NOT_FOUND' },
  {
    name: '01 8: others are wrapped',
    call: 'APIerSv1.Fail',
    params: [{ Tenant: 't', ID: 'y' }],
    answer: 'SERVER_ERROR: the disk is full',
  },
]

t.test('methods are found and called by name', async (t) => {
  for (const { name, call, params, answer } of CALLS) t.same(await outcome(call, params), answer, name)
})

t.test('a service that is not on has no methods', async (t) => {
  off.add('StatSv1')
  t.equal(await outcome('StatSv1.Ping', [{}]), "rpc: can't find service StatSv1.Ping")
  t.notOk(registry.list().some(({ name }) => name.startsWith('StatSv1.')))
  off.delete('StatSv1')
  t.equal(await outcome('StatSv1.Ping', [{}]), 'Pong')
})

t.test('a method that is defined twice is a mistake of ours', async (t) => {
  const twice = method('A.B', { summary: '', params: text, reply: text, run: () => '' })
  t.throws(() => new MethodRegistry([twice, twice], () => true), /A\.B is defined twice/)
  t.ok(new RpcError('x').code)
})
