import { argumentFields } from '../../rpc/describe-shape.ts'
import type { Method } from '../../rpc/method.ts'
import { COMMANDS, findCommand, LOCAL_COMMANDS } from './command-table.ts'

/**
 * What may follow a line, and the part of the line that it replaces: commands and methods as the first word, then the names of
 * arguments that the line does not have yet.
 */
export function completeLine(line: string, methods: ReadonlyMap<string, Method>): [string[], string] {
  const typed = line.trimStart()
  const commands = [...COMMANDS.keys(), ...LOCAL_COMMANDS]
  const begun = typed.startsWith('help ') ? typed.slice(5).trimStart() : typed
  if (begun === '' || !/^\S+ /.test(begun) || /^ping [a-z]*$/.test(begun)) {
    const names = begun.includes('.') ? [...methods.keys()] : commands
    return [names.filter((name) => name.startsWith(begun)).sort(), begun]
  }
  if (typed.startsWith('help ')) return [[], '']
  const { method = '', rest } = findCommand(typed)
  const known = methods.get(method)
  const word = /(?:^|\s)(\w*)$/.exec(typed)?.[1]
  if (known === undefined || word === undefined) return [[], '']
  const given = new Set([...rest.matchAll(/(?:^|\s)(\w+)\s*=/g)].map(([, key = '']) => key.toLowerCase()))
  const names = argumentFields(known.params)
    .map(({ name }) => name)
    .filter((name) => !given.has(name.toLowerCase()) && name.toLowerCase().startsWith(word.toLowerCase()))
  return [names.map((name) => `${name}=`), word]
}
