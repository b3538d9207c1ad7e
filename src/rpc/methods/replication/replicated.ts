import { NotFound } from '../../../core/errors.ts'
import { type Method, method, OK } from '../../method.ts'
import { RpcError } from '../../rpc-error.ts'
import { any, embedded, map, type Shape, struct, text } from '../../shape.ts'

/** Fields beside the object in arguments that set one. */
export const OPTIONS = { Tenant: text, APIOpts: map(any) }

const keyShape = struct('utils.StringWithAPIOpts', { Arg: text, ...OPTIONS })

/** How another engine reads, sets and removes the objects of one kind, by one text. */
export type Replicated<P> = {
  /** The name of the kind in the names of its methods. */
  readonly name: string
  /** What is read. */
  readonly object: Shape
  /** The argument that sets one. */
  readonly set: Shape<P>
  /** Undefined when there is none. */
  find(key: string): MaybePromise<unknown>
  put(argument: P): Promise<void>
  /** One that is not there is no error. */
  remove(key: string): Promise<void>
}

type MaybePromise<T> = T | Promise<T>

/** The three methods of a kind. Reference 01, 9.5. */
export function replicated<P>({ name, object, set, find, put, remove }: Replicated<P>): Method[] {
  return [
    reading(name, object, find),
    method(`ReplicatorSv1.Set${name}`, {
      summary:
        'Sets an object as another engine has it. Errors: MANDATORY_IE_MISSING, SERVER_ERROR: what cannot be used.',
      params: set,
      reply: OK,
      async run(argument) {
        await put(argument)
        return 'OK'
      },
    }),
    method(`ReplicatorSv1.Remove${name}`, {
      summary: 'Removes an object; one that is not there is no error.',
      params: keyShape,
      reply: OK,
      async run({ Arg: key }) {
        await remove(key)
        return 'OK'
      },
    }),
  ]
}

/** The method that reads objects by one text. */
export function reading(name: string, object: Shape, find: (key: string) => MaybePromise<unknown>): Method {
  return method(`ReplicatorSv1.Get${name}`, {
    summary: 'An object as it is kept here. Errors: NOT_FOUND.',
    params: keyShape,
    reply: object,
    async run({ Arg: key }) {
      const found = await find(key)
      if (found === undefined) throw new NotFound()
      return found
    },
  })
}

/** The argument that sets an object whose fields stand beside the options. */
export function withOptions<N extends string, S extends Shape>(goType: string, name: N, shape: S) {
  return struct(goType, { [name]: embedded(shape), ...OPTIONS } as Record<N, S> & typeof OPTIONS)
}

/** Throws RpcError when a key is empty: nobody could name what is set. */
export function requireKey(key: string, name: string): void {
  if (key.trim() === '') throw new RpcError(`MANDATORY_IE_MISSING: [${name}]`)
}
