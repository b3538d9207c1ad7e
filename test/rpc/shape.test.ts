import t from 'tap'
import { Decimal } from '../../src/core/decimal.ts'
import { JsonRpcCode, RpcError } from '../../src/rpc/rpc-error.ts'
import {
  any,
  boolean,
  decimal,
  duration,
  embedded,
  integer,
  list,
  map,
  parseJson,
  pointer,
  type Shape,
  struct,
  text,
  time,
  whole,
} from '../../src/rpc/shape.ts'
import { eventShape } from '../../src/rpc/shapes/event.ts'

const authorize = struct('sessions.V1AuthorizeArgs', {
  GetMaxUsage: boolean,
  Limit: pointer(integer),
  StatIDs: list(text),
  CGREvent: embedded(eventShape),
})

const EMPTY_EVENT = { Tenant: '', ID: '', Time: null, Event: null, APIOpts: null }

const DECODED: readonly { name: string; shape: Shape; json: string; value: unknown }[] = [
  { name: 'null is the zero value', shape: text, json: 'null', value: '' },
  {
    name: 'nothing at all is the zero argument, embedded fields too',
    shape: authorize,
    json: '{}',
    value: { GetMaxUsage: false, Limit: null, StatIDs: [], CGREvent: EMPTY_EVENT },
  },
  {
    name: 'keys match in any letter case, unknown ones are ignored, embedded fields stand beside the others',
    shape: authorize,
    json: '{"getmaxusage":true,"TENANT":"t","Nope":1,"Event":{"Account":"1001","account":"1"},"Limit":2,"StatIDs":null}',
    value: {
      GetMaxUsage: true,
      Limit: 2,
      StatIDs: [],
      CGREvent: { ...EMPTY_EVENT, Tenant: 't', Event: { Account: '1001', account: '1' } },
    },
  },
  {
    name: 'the exact digits of an amount',
    shape: decimal,
    json: '0.12345678901234567890',
    value: Decimal.parse('0.12345678901234567890'),
  },
  { name: 'nanoseconds past 2^53', shape: duration, json: '9223372036854775807', value: 9223372036854775807n },
  {
    name: 'nanoseconds that a binary float prints alike',
    shape: whole,
    json: '1795628245827000001',
    value: 1795628245827000001n,
  },
  {
    name: 'nanoseconds that a binary float holds otherwise',
    shape: whole,
    json: '1795628245827000000',
    value: 1795628245827000000n,
  },
  {
    name: 'a usage of an event past 2^53',
    shape: map(any),
    json: '{"Usage":9223372036854775807}',
    value: { Usage: 9223372036854775807n },
  },
  { name: 'a time', shape: time, json: '"2026-11-25T10:00:00.5Z"', value: { ns: 1795600800500000000n, zone: 'UTC' } },
]

const REFUSED: readonly { name: string; shape: Shape; json: string; error: string }[] = [
  {
    name: '01 7.1: an argument of a wrong kind',
    shape: eventShape,
    json: '"x"',
    error: 'json: cannot unmarshal string into Go value of type utils.CGREvent',
  },
  {
    name: '01 7.1: an array for an event',
    shape: eventShape,
    json: '[]',
    error: 'json: cannot unmarshal array into Go value of type utils.CGREvent',
  },
  {
    name: '01 7.1: an object for a text',
    shape: text,
    json: '{}',
    error: 'json: cannot unmarshal object into Go value of type string',
  },
  {
    name: '01 7.1: a member of a wrong kind, in an embedded struct',
    shape: authorize,
    json: '{"Tenant":1}',
    error: 'json: cannot unmarshal number into Go struct field V1AuthorizeArgs.CGREvent.Tenant of type string',
  },
  {
    name: '01 7.1: a text for a duration',
    shape: struct('utils.DurationArgs', { Duration: duration }),
    json: '{"Duration":"1m"}',
    error: 'json: cannot unmarshal string into Go struct field DurationArgs.Duration of type time.Duration',
  },
  {
    name: '01 7.1: a fraction for a duration',
    shape: struct('utils.DurationArgs', { Duration: duration }),
    json: '{"Duration":1.5}',
    error: 'json: cannot unmarshal number 1.5 into Go struct field DurationArgs.Duration of type time.Duration',
  },
  {
    name: 'a field of an entry of a list, with the fields around it',
    shape: struct('v1.AttrSetActions', { Actions: list(struct('utils.TPAction', { Units: text })) }),
    json: '{"Actions":[{"Units":5}]}',
    error: 'json: cannot unmarshal number into Go struct field TPAction.Actions.Units of type string',
  },
  {
    name: 'an entry of a list',
    shape: authorize,
    json: '{"StatIDs":["a",1]}',
    error: 'json: cannot unmarshal number into Go struct field V1AuthorizeArgs.StatIDs of type string',
  },
]

t.test('arguments are decoded as Go clients know them', async (t) => {
  for (const { name, shape, json, value } of DECODED) t.same(shape.decode(parseJson(json)), value, name)
  for (const { name, shape, json, error } of REFUSED)
    t.throws(() => shape.decode(parseJson(json)), new RpcError(error, JsonRpcCode.INVALID_PARAMS), name)
})

t.test('each decoded argument is its own', async (t) => {
  const first = authorize.decode({})
  first.StatIDs.push('a')
  t.same(authorize.decode({}).StatIDs, [])
})
