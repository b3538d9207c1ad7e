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

export type AvpDefinition = { name: string; code: number; vendorId: number; type: DataType }

/** required: at least one must be there. max: 0 for any number. */
export type AvpRule = { name: string; required: boolean; max: number }

export type CommandDefinition = {
  code: number
  short: string
  name: string
  request: readonly AvpRule[]
  answer: readonly AvpRule[]
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

/** Everything the dictionaries say, compiled for look-up. */
export class Dictionary {
  readonly #applications = new Map<number, ApplicationDefinition[]>()
  readonly #commands = new Map<string, CommandDefinition>()
  readonly #byName = new Map<string, AvpDefinition>()
  /** By application, then by code and vendor in one number. */
  readonly #byCode = new Map<number, Map<number, AvpDefinition>>()
  readonly #visible = new Map<number, ReadonlyMap<number, AvpDefinition>>()
  readonly #offered: readonly ApplicationDefinition[]

  /** files: in load order; later definitions win. Throws DictionaryError. */
  constructor(files: readonly { path: string; text: string }[]) {
    for (const { path, text } of files) this.#load(path, text)
    for (const id of this.#applications.keys()) this.#visible.set(id, this.#collect(id))
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
    return this.#lookUp(applicationId, (id) => this.#commands.get(`${id}:${code}`))
  }

  /** An AVP by its name, as the application sees it. `TGPP-x` and `3GPP-x` are the same. */
  byName(applicationId: number, name: string): AvpDefinition | undefined {
    const known = name.startsWith('TGPP-') ? `3GPP-${name.slice(5)}` : name
    return this.#lookUp(applicationId, (id) => this.#byName.get(`${id}:${known}`))
  }

  byCode(applicationId: number, code: number, vendorId: number): AvpDefinition | undefined {
    return this.#visible.get(applicationId)?.get(codeKey(code, vendorId))
  }

  /** Every AVP that an application may use; nearer definitions hide further ones. */
  #collect(applicationId: number): Map<number, AvpDefinition> {
    const visible = new Map<number, AvpDefinition>()
    for (const id of [0, ...(PARENTS[applicationId] ?? []).toReversed(), applicationId]) {
      for (const [key, definition] of this.#byCode.get(id) ?? []) visible.set(key, definition)
    }
    return visible
  }

  #lookUp<T>(applicationId: number, find: (id: number) => T | undefined): T | undefined {
    const own = find(applicationId)
    if (own !== undefined) return own
    for (const parent of [...(PARENTS[applicationId] ?? []), 0]) {
      const found = find(parent)
      if (found !== undefined) return found
    }
    return undefined
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
      this.#commands.set(`${id}:${code}`, {
        code,
        short: String(command['short'] ?? ''),
        name: String(command['name'] ?? ''),
        request: rulesOf(command['request']),
        answer: rulesOf(command['answer']),
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
    const definition = { name, code, vendorId, type }
    this.#byName.set(`${applicationId}:${name.startsWith('TGPP-') ? `3GPP-${name.slice(5)}` : name}`, definition)
    const own = this.#byCode.get(applicationId) ?? new Map<number, AvpDefinition>()
    this.#byCode.set(applicationId, own.set(codeKey(code, vendorId), definition))
  }
}

/** One number of both. Vendor ids of dictionaries are far below 2^21, so no other pair has the same number. */
function codeKey(code: number, vendorId: number): number {
  return vendorId * 2 ** 32 + code
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
