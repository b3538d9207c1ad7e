import { describeShape } from '../rpc/describe-shape.ts'
import type { MethodRegistry } from '../rpc/method.ts'
import { buildRegistry, type RpcServices } from '../rpc/methods/all.ts'
import { openRpcDocument } from '../rpc/openrpc.ts'
import { version } from './version.ts'

/** Stands for every service, and for every part of one: nothing of it can be called. */
const NO_SERVICE: object = new Proxy(() => undefined, {
  get: () => NO_SERVICE,
  apply: () => {
    throw new TypeError('no service runs here')
  },
})

/** Every method of this version, to be looked at: none can be run. */
export function describedRegistry(): MethodRegistry {
  const defaults = { nodeId: '', version: '', tenant: '', category: '', timeZone: 'UTC', roundingDecimals: 0 }
  return buildRegistry(NO_SERVICE as RpcServices, defaults, () => true)
}

/** Prints the methods whose name contains `pattern` (any letter case) with argument and reply, or all of them as an OpenRPC document. */
export function printMethods(pattern: string, { json }: { json?: boolean }): void {
  const wanted = pattern.toLowerCase()
  const found = describedRegistry()
    .list()
    .filter(({ name }) => name.toLowerCase().includes(wanted))
  if (json) {
    process.stdout.write(`${JSON.stringify(openRpcDocument(found, version()), null, 2)}\n`)
    return
  }
  for (const { name, summary, params, reply } of found)
    process.stdout.write(`${name}\n  ${summary}\n  ${describeShape(params)} -> ${describeShape(reply)}\n`)
  if (found.length === 0) process.stderr.write(`no method has ${JSON.stringify(pattern)} in its name\n`)
  process.exitCode = found.length === 0 ? 1 : 0
}
