import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { XMLParser } from 'fast-xml-parser'
import { TollgateError } from '../../core/errors.ts'
import { DATA_TYPES, type DataType } from './types.ts'

/** A dictionary that cannot be loaded: its file and what is wrong. */
export class DictionaryError extends TollgateError {
  constructor(message: string) {
    super('DICTIONARY_ERROR', message)
  }
}

export type AvpDefinition = {
  name: string
  code: number
  vendorId: number
  type: DataType
  /** Numbers of an Enumerated that the dictionary names; undefined: any. */
  items: ReadonlySet<number> | undefined
}

/** required: at least one must be there. max: 0 for any number. */
export type AvpRule = { name: string; required: boolean; max: number }

export type CommandDefinition = {
  code: number
  short: string
  name: string
  request: readonly AvpRule[]
  answer: readonly AvpRule[]
  /** How often an AVP may be in a request, by `avpKey`; those that may be there any number of times are not in it. */
  limits: ReadonlyMap<number, number>
  /** AVPs that a request must have. */
  required: readonly AvpDefinition[]
  /** AVPs that only its answer may have, by `avpKey`. */
  answerOnly: ReadonlySet<number>
}

export type ApplicationDefinition = {
  id: number
  type: string
  name: string
  /** Vendor of the application, 0 when it has none. */
  vendorId: number
}

type XmlNode = { [name: string]: unknown }

/** Applications whose AVPs and commands an application may use as well, nearest first. Reference 07, 2.10. */
const PARENTS: Readonly<Record<number, readonly number[]>> = {
  16777251: [4, 1],
  16777238: [4, 1],
  16777302: [4, 1],
  16777236: [4, 1],
  4: [1],
}

/** What one application may use, its own and what it inherits: nearer definitions hide further ones. */
type Scope = {
  byName: Map<string, AvpDefinition>
  byKey: Map<number, AvpDefinition>
  commands: Map<number, CommandDefinition>
}

/** Everything the dictionaries say, compiled for look-up. */
export class Dictionary {
  readonly #applications = new Map<number, ApplicationDefinition[]>()
  readonly #own = new Map<number, Scope>()
  readonly #visible = new Map<number, Scope>()
  readonly #offered: readonly ApplicationDefinition[]

  /** files: in load order; later definitions win. Throws DictionaryError. */
  constructor(files: readonly { path: string; text: string }[]) {
    for (const { path, text } of files) this.#load(path, text)
    for (const id of this.#applications.keys()) this.#visible.set(id, this.#scopeOf(id))
    this.#offered = [...this.#applications.values()].flat().filter(({ id }) => id !== 0)
  }

  /** Applications offered to peers; 0 is not among them. */
  get applications(): readonly ApplicationDefinition[] {
    return this.#offered
  }

  hasApplication(id: number): boolean {
    return this.#applications.has(id)
  }

  command(applicationId: number, code: number): CommandDefinition | undefined {
    return this.#visible.get(applicationId)?.commands.get(code)
  }

  /** An AVP by its name, as the application sees it. `TGPP-x` and `3GPP-x` are the same. */
  byName(applicationId: number, name: string): AvpDefinition | undefined {
    return this.#visible.get(applicationId)?.byName.get(knownName(name))
  }

  byCode(applicationId: number, code: number, vendorId: number): AvpDefinition | undefined {
    return this.#visible.get(applicationId)?.byKey.get(avpKey(code, vendorId))
  }

  /** Every AVP that an application may use, by `avpKey`: for those who look up all of a message. */
  avpsOf(applicationId: number): ReadonlyMap<number, AvpDefinition> {
    return this.#visible.get(applicationId)?.byKey ?? NO_AVPS
  }

  #scopeOf(applicationId: number): Scope {
    const scope = newScope()
    for (const id of [0, ...(PARENTS[applicationId] ?? []).toReversed(), applicationId]) {
      const own = this.#own.get(id) ?? newScope()
      for (const [name, definition] of own.byName) scope.byName.set(name, definition)
      for (const [key, definition] of own.byKey) scope.byKey.set(key, definition)
      for (const [code, command] of own.commands) scope.commands.set(code, command)
    }
    for (const [code, command] of scope.commands) {
      scope.commands.set(code, compiled(command, scope))
    }
    return scope
  }

  #ownScope(applicationId: number): Scope {
    const held = this.#own.get(applicationId)
    if (held !== undefined) return held
    const made = newScope()
    this.#own.set(applicationId, made)
    return made
  }

  #load(path: string, text: string): void {
    const parser = new XMLParser({
      ignoreAttributes: false,
      attributeNamePrefix: '',
      isArray: (name) => LISTS.has(name),
    })
    let root: XmlNode
    try {
      root = parser.parse(text) as XmlNode
    } catch (cause) {
      throw new DictionaryError(`${path}: ${cause instanceof Error ? cause.message : String(cause)}`)
    }
    const diameter = root['diameter'] as XmlNode | undefined
    if (diameter === undefined) throw new DictionaryError(`${path}: no <diameter> element`)
    for (const application of nodes(diameter, 'application')) this.#addApplication(path, application)
  }

  #addApplication(path: string, node: XmlNode): void {
    const id = integer(path, node, 'id')
    const vendors = nodes(node, 'vendor')
    const vendorId = Number(vendors.at(-1)?.['id'] ?? 0)
    const held = this.#applications.get(id) ?? []
    if (!held.some((application) => application.vendorId === vendorId)) {
      const name = String(node['name'] ?? held[0]?.name ?? '')
      held.push({ id, type: String(node['type'] ?? 'auth'), name, vendorId })
    }
    this.#applications.set(id, held)
    for (const command of nodes(node, 'command')) {
      const code = integer(path, command, 'code')
      this.#ownScope(id).commands.set(code, {
        code,
        short: String(command['short'] ?? ''),
        name: String(command['name'] ?? ''),
        request: rulesOf(command['request']),
        answer: rulesOf(command['answer']),
        limits: new Map(),
        required: [],
        answerOnly: new Set(),
      })
    }
    for (const avp of nodes(node, 'avp')) this.#addAvp(path, id, avp)
  }

  #addAvp(path: string, applicationId: number, node: XmlNode): void {
    const name = String(node['name'] ?? '')
    const data = node['data'] as XmlNode | undefined
    const type = String(data?.['type'] ?? '')
    if (!isDataType(type)) throw new DictionaryError(`${path}: AVP ${name}: Unsupported data type: ${type}`)
    const code = integer(path, node, 'code')
    const vendorId = Number(node['vendor-id'] ?? 0)
    const numbers = type === 'Enumerated' ? nodes(data ?? {}, 'item').map((item) => Number(item['code'])) : []
    const items = numbers.length === 0 ? undefined : new Set(numbers)
    const definition = { name, code, vendorId, type, items }
    const own = this.#ownScope(applicationId)
    own.byName.set(knownName(name), definition)
    own.byKey.set(avpKey(code, vendorId), definition)
  }
}

/** A command with its rules made ready for requests of an application. */
function compiled(command: CommandDefinition, { byName }: Scope): CommandDefinition {
  const limits = new Map<number, number>()
  const required: AvpDefinition[] = []
  const known = new Set<number>()
  for (const { name, max, required: isRequired } of command.request) {
    const definition = byName.get(knownName(name))
    if (definition === undefined) continue
    const key = avpKey(definition.code, definition.vendorId)
    known.add(key)
    if (max > 0) limits.set(key, max)
    if (isRequired) required.push(definition)
  }
  const answerOnly = new Set<number>()
  for (const { name } of command.answer) {
    const definition = byName.get(knownName(name))
    const key = definition && avpKey(definition.code, definition.vendorId)
    if (key !== undefined && !known.has(key)) answerOnly.add(key)
  }
  return { ...command, limits, required, answerOnly }
}

const NO_AVPS: ReadonlyMap<number, AvpDefinition> = new Map()

function newScope(): Scope {
  return { byName: new Map(), byKey: new Map(), commands: new Map() }
}

function knownName(name: string): string {
  return name.startsWith('TGPP-') ? `3GPP-${name.slice(5)}` : name
}

/**
 * Code and vendor of an AVP as one number. It is a small integer for every code below 65,536 and vendor below 16,384; all
 * others get a number that no such pair has.
 */
export function avpKey(code: number, vendorId: number): number {
  return code < 65_536 && vendorId < 16_384 ? vendorId * 65_536 + code : (vendorId + 1) * 2 ** 32 + code
}

const LISTS = new Set(['application', 'vendor', 'command', 'avp', 'rule', 'item'])

function nodes(parent: XmlNode, name: string): XmlNode[] {
  return (parent[name] as XmlNode[] | undefined) ?? []
}

function isDataType(type: string): type is DataType {
  return (DATA_TYPES as readonly string[]).includes(type)
}

function integer(path: string, node: XmlNode, attribute: string): number {
  const value = Number(node[attribute] ?? Number.NaN)
  if (Number.isInteger(value) && value >= 0) return value
  throw new DictionaryError(
    `${path}: ${String(node['name'] ?? '')}: attribute ${attribute}=${JSON.stringify(node[attribute])}, expected a whole number`,
  )
}

function rulesOf(node: unknown): AvpRule[] {
  if (typeof node !== 'object' || node === null) return []
  return nodes(node as XmlNode, 'rule').map((rule) => ({
    name: String(rule['avp'] ?? ''),
    required: String(rule['required'] ?? 'false').toLowerCase() === 'true',
    max: Number(rule['max'] ?? 0),
  }))
}

/** The dictionaries of a folder and its subfolders, `*.xml` in name order. Throws DictionaryError when it is no folder. */
export function readDictionaryFolder(folder: string): { path: string; text: string }[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .flatMap((entry) => {
        const path = join(folder, entry.name)
        if (entry.isDirectory()) return readDictionaryFolder(path)
        return entry.name.endsWith('.xml') ? [{ path, text: readFileSync(path, 'utf8') }] : []
      })
  } catch (cause) {
    if (cause instanceof DictionaryError) throw cause
    throw new DictionaryError(`<DiameterAgent> Invalid dictionaries folder: <${folder}>`)
  }
}
