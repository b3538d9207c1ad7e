import metaSchema from '@open-rpc/meta-schema'
import { Ajv } from 'ajv'
import t from 'tap'
import { describedRegistry } from '../../src/commands/methods.ts'
import { argumentFields, describeShape } from '../../src/rpc/describe-shape.ts'
import { MethodRegistry, method } from '../../src/rpc/method.ts'
import { openRpcDocument } from '../../src/rpc/openrpc.ts'
import {
  any,
  boolean,
  decimal,
  duration,
  embedded,
  list,
  map,
  pointer,
  struct,
  text,
  time,
} from '../../src/rpc/shape.ts'
import { eventShape } from '../../src/rpc/shapes/event.ts'

const argument = struct('v1.Example', {
  GetMaxUsage: boolean,
  Limit: pointer(duration),
  Costs: list(decimal),
  CGREvent: embedded(eventShape),
})
const example = method('T.M', { summary: 'An example.', params: argument, reply: map(text), run: () => ({}) })

t.test('the document of every method is one by the OpenRPC meta schema', async (t) => {
  const document = openRpcDocument(describedRegistry().list(), '1.0.0')
  const ajv = new Ajv({ strict: false, validateFormats: false })
  ajv.addSchema({ $id: 'https://meta.json-schema.tools', type: ['object', 'boolean'] })
  const { openrpcDocument: whole } = metaSchema as unknown as { openrpcDocument: Record<string, unknown> }
  const { $schema: _, ...dialect } = whole
  // The references to another document that ajv cannot follow are those to texts.
  const local = JSON.stringify(dialect, (key, value) =>
    key === '$ref' && String(value).endsWith('/properties/$ref')
      ? '#/definitions/licenseObject/properties/name'
      : value,
  )
  const isValid = ajv.compile(JSON.parse(local))
  t.notOk(isValid({ ...document, methods: [{}] }), 'the meta schema is in force')
  t.ok(isValid(document), JSON.stringify(isValid.errors?.slice(0, 3)))
  const { methods, components } = document as { methods: { name: string }[]; components: { schemas: object } }
  for (const schema of Object.values(components.schemas)) t.ok(ajv.validateSchema(schema as object))
  t.ok(methods.some(({ name }) => name === 'APIerSv1.GetCost'))
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)]
  t.ok(references.length > 0)
  for (const [, name = ''] of references) t.ok(name in components.schemas, name)
})

t.test('embedded fields stand beside the others', async (t) => {
  const document = openRpcDocument(new MethodRegistry([example], () => true).list(), '1.0.0')
  t.match(document, {
    methods: [
      {
        name: 'T.M',
        summary: 'An example.',
        paramStructure: 'by-position',
        params: [{ name: 'argument', schema: { $ref: '#/components/schemas/v1.Example' } }],
        result: { schema: { type: ['object', 'null'], additionalProperties: { type: 'string' } } },
      },
      { name: 'T.Ping' },
    ],
    components: {
      schemas: {
        'v1.Example': {
          properties: {
            GetMaxUsage: { type: 'boolean' },
            Limit: { anyOf: [{ type: 'integer', description: 'nanoseconds' }, { type: 'null' }] },
            Costs: { type: ['array', 'null'], items: { type: 'number' } },
            Tenant: { type: 'string' },
            Time: { anyOf: [{ type: 'string', format: 'date-time' }, { type: 'null' }] },
            Event: { anyOf: [{ type: ['object', 'null'], additionalProperties: {} }, { type: 'null' }] },
          },
        },
      },
    },
  })
})

t.test('two structs of one name are told apart', async (t) => {
  const one = method('T.One', { summary: '', params: struct('a.S', { A: text }), reply: text, run: () => '' })
  const two = method('T.Two', { summary: '', params: struct('a.S', { B: time }), reply: any, run: () => '' })
  const document = openRpcDocument([one, two], '1.0.0') as { components: { schemas: object } }
  t.same(Object.keys(document.components.schemas), ['a.S', 'a.S_2'])
})

t.test('a shape in one line', async (t) => {
  t.equal(
    describeShape(argument),
    '{GetMaxUsage: boolean, Limit: ns, Costs: [number], Tenant: text, ID: text, Time: time, Event: {text: any}, APIOpts: {text: any}}',
  )
  t.equal(describeShape(list(argument), 0), '[Example]')
  t.same(
    argumentFields(pointer(argument)).map(({ name }) => name),
    ['GetMaxUsage', 'Limit', 'Costs', 'Tenant', 'ID', 'Time', 'Event', 'APIOpts'],
  )
  t.same(argumentFields(text), [])
})
