import type { Writable } from 'node:stream'
import { nearestName } from '../../config/config-error.ts'
import { TollgateError } from '../../core/errors.ts'
import { ZERO_TIME } from '../../core/time.ts'
import { type MessageReader, OrderedEntries, textOf } from '../../mapping/context.ts'
import { TemplateError } from '../../mapping/value.ts'
import { compileValue } from '../../mapping/value-parser.ts'
import type { RpcClient } from '../../rpc/client/connections.ts'
import { NetworkError } from '../../rpc/client/errors.ts'
import { argumentFields, describeShape } from '../../rpc/describe-shape.ts'
import type { Method } from '../../rpc/method.ts'
import { COMMANDS, findCommand, LOCAL_COMMANDS } from './command-table.ts'
import { LineError, parseArgument, unknownKeys } from './grammar.ts'

/** What became of a line. unreachable: no connection could be made. */
export type Outcome = 'done' | 'failed' | 'unreachable' | 'end'

export type RunnerOptions = {
  output: Writable
  /** Notes, and what a line asked for when `verbose`. */
  notes: Writable
  /** Where the errors of commands go. */
  errors: Writable
  verbose: boolean
  /** rsr_separator of `parse`. */
  separator: string
}

/** Carries out console lines, one after the other. Reference 01, 10.2. */
export class CommandRunner {
  readonly #client: RpcClient
  readonly #methods: ReadonlyMap<string, Method>
  readonly #options: RunnerOptions

  /** methods: those whose arguments are known here; a server may have others. */
  constructor(client: RpcClient, methods: ReadonlyMap<string, Method>, options: RunnerOptions) {
    this.#client = client
    this.#methods = methods
    this.#options = options
  }

  /** Runs a line; nothing is thrown. */
  async run(line: string): Promise<Outcome> {
    const { name, method, rest } = findCommand(line)
    if (name === '' || name.startsWith('#')) return 'done'
    switch (name) {
      case 'bye':
      case 'close':
      case 'exit':
      case 'quit':
        return 'end'
      case 'help':
        return this.#help(rest)
      case 'parse':
        return this.#attempt(async () => `${parseRule(rest, this.#options.separator)}\n`)
    }
    if (method === undefined) {
      const near = nearestName(name, [...COMMANDS.keys(), ...this.#methods.keys(), ...LOCAL_COMMANDS])
      const hint = near === undefined ? 'help lists them' : `did you mean ${JSON.stringify(near)}?`
      return this.#fail(`there is no command ${JSON.stringify(name)}, ${hint}`)
    }
    return this.#attempt(() => this.#call(method, rest))
  }

  async #call(method: string, words: string): Promise<string> {
    const shape = this.#methods.get(method)?.params
    const argument = parseArgument(words, shape)
    for (const key of unknownKeys(argument, shape)) {
      const near =
        shape &&
        nearestName(
          key,
          argumentFields(shape).map(({ name }) => name),
        )
      this.#options.notes.write(
        `${method} has no argument ${key}${near === undefined ? '' : `, did you mean ${near}?`}\n`,
      )
    }
    if (this.#options.verbose) this.#options.notes.write(`${method} ${indentedJson(argument, '')}\n`)
    return `${indentedJson(await this.#client.call(method, argument), ' ')}\n`
  }

  async #attempt(run: () => Promise<string>): Promise<Outcome> {
    try {
      this.#options.output.write(await run())
      return 'done'
    } catch (cause) {
      if (!(cause instanceof TollgateError)) throw cause
      this.#fail(cause.message)
      return cause instanceof NetworkError && cause.message.startsWith('dial ') ? 'unreachable' : 'failed'
    }
  }

  #fail(message: string): Outcome {
    this.#options.errors.write(`Error executing command: ${message}\n`)
    return 'failed'
  }

  #help(about: string): Outcome {
    const { output } = this.#options
    if (about === '') {
      const names = [...COMMANDS.keys(), ...LOCAL_COMMANDS].sort()
      output.write(
        `Commands, and every Service.Method; help COMMAND tells its arguments:\n${names.map((name) => ` ${name}\n`).join('')}`,
      )
      return 'done'
    }
    const { name, method } = findCommand(about)
    if (name === 'parse') {
      output.write('parse Expression=RULE Value=TEXT\n What a value rule of a template makes of a text.\n')
      return 'done'
    }
    if (method === undefined) return this.#fail(`there is no command ${JSON.stringify(name)}`)
    const known = this.#methods.get(method)
    const usage =
      known && argumentFields(known.params).map(({ name: field, shape }) => ` ${field}=<${describeShape(shape)}>`)
    output.write(
      `${name}${usage?.join('') ?? ''}\n ${method}: ${known?.summary ?? 'this version does not have it; a server may.'}\n`,
    )
    return 'done'
  }
}

/** What a rule makes of a text: `parse Expression=RULE Value=TEXT`. Throws TollgateError. Reference 02, 3. */
function parseRule(words: string, separator: string): string {
  const { Expression: expression, Value: value } = parseArgument(words, undefined) as Record<string, unknown>
  if (expression === undefined || value === undefined) throw new LineError('parse wants Expression=RULE Value=TEXT')
  const source = compileValue(plain(expression), TEXT_READER, { separator, group: undefined })
  const context = {
    item: undefined,
    instance: -1,
    tenant: '',
    now: ZERO_TIME,
    vars: {},
    request: {},
    opts: {},
    reply: {},
    tmp: {},
  }
  const result = source({ ...context, message: plain(value), rep: new OrderedEntries() })
  if (result === undefined) throw new LineError('NOT_FOUND')
  return textOf(result)
}

function plain(value: unknown): string {
  return typeof value === 'string' ? value : indentedJson(value, '')
}

/** Every path below `*req` is the text itself. */
const TEXT_READER: MessageReader<string, never> = {
  compileRequestPath: () => (message) => message,
  compileItemPath: (path) => {
    throw new TemplateError(`*item.${path}: a text has no repeated groups`)
  },
  compileGroupPath: (path) => {
    throw new TemplateError(`${path}: a text has no repeated groups`)
  },
}

/** JSON with its digits as they came. indent: of each level, '' for one line. */
function indentedJson(value: unknown, indent: string): string {
  return JSON.stringify(
    value,
    (_, each: unknown) => (typeof each === 'bigint' ? JSON.rawJSON(String(each)) : each),
    indent,
  )
}
