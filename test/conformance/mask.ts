import { type Json, parseJson } from './json.ts'

/** Methods that list a set: the order of what they list says nothing. */
const SET_METHOD = /\.(Get\w+IDs|GetAccounts|GetActiveSessions|GetFilterIndexes|GetScheduledActions)$/
const SET_KEYS: ReadonlySet<string> = new Set(['AlteredFields', 'BalanceSummaries'])
/** Sets that are printed as one text, such as `a;b`. */
const TEXT_SET_KEYS: ReadonlySet<string> = new Set(['DestinationIds', 'Category', 'SharedGroup', 'TimingIDs'])
/** Values of these keys are of the one who answers. The reference has no UpdateTime in memory. */
const OWN_KEYS: Readonly<Record<string, string>> = {
  NodeID: '<node>',
  node_id: '<node>',
  OrderID: '<order>',
  UpdateTime: '<now>',
}

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g
const SHORT_ID = /^[0-9a-f]{7,8}$/
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/
/** A time this near to the clock was taken from it. */
const NOW_MS = 600_000

/**
 * What a method has answered, without what differs by nature: uuids and ids of 7 or 8 hexadecimal digits are numbered in order of appearance, times of the
 * clock, order ids and ids of the node are named, sets are in order of their content. JSON in a text is shown as what it says, under the key `<JSON text>`.
 */
export function maskReply(method: string, reply: Json, nowMs = Date.now()): Json {
  const mask = new Mask(nowMs)
  if (SET_METHOD.test(method) && isFields(reply) && isList(reply['result']))
    return mask.value({ ...reply, result: inOrder(reply['result']) })
  return mask.value(reply)
}

/** Octets of HTTP without the time of their Date and the order of their headers; others as they are. */
export function maskOctets(octets: string): string {
  const [head = '', ...body] = octets.split('\r\n\r\n')
  const [status = '', ...headers] = head.split('\r\n')
  if (!status.startsWith('HTTP/')) return octets
  const masked = headers.map((header) => header.replace(/^Date: .*/, 'Date: <now>')).sort(compare)
  return [[status, ...masked].join('\r\n'), ...body].join('\r\n\r\n')
}

class Mask {
  readonly #nowMs: number
  readonly #uuids: Map<string, string>
  readonly #shortIds = new Map<string, string>()

  constructor(nowMs: number, uuids = new Map<string, string>()) {
    this.#nowMs = nowMs
    this.#uuids = uuids
  }

  value(value: Json): Json {
    if (typeof value === 'string') return this.#text(value)
    if (isList(value)) return value.map((each) => this.value(each))
    return isFields(value) ? this.#fields(value) : value
  }

  #fields(fields: Fields): Json {
    const masked: Record<string, Json> = {}
    for (const [key, value] of this.#entries(fields)) {
      masked[this.#id(key)] = OWN_KEYS[key] ?? this.#within(key).value(setInOrder(key, value))
    }
    return masked
  }

  /** Cost details have short ids of their own: those of two costs may be the same or not. */
  #within(key: string): Mask {
    return key === 'CostDetails' ? new Mask(this.#nowMs, this.#uuids) : this
  }

  /** A table by random ids is in order of what is known of them already, then of its content. */
  #entries(fields: Fields): [string, Json][] {
    const entries = Object.entries(fields)
    if (!entries.some(([key]) => loose(key) !== key)) return entries
    const rank = ([key, value]: [string, Json]) => this.#shortIds.get(key) ?? `~${loose(key)}${looseJson(value)}`
    return entries.sort((a, b) => compare(rank(a), rank(b)))
  }

  #text(text: string): Json {
    if (TIME.test(text)) return Math.abs(Date.parse(text) - this.#nowMs) < NOW_MS ? '<now>' : text
    if (!/^[[{]/.test(text)) return this.#id(text)
    const inner = readable(text)
    return inner === undefined ? this.#id(text) : { '<JSON text>': this.value(inner) }
  }

  #id(text: string): string {
    if (SHORT_ID.test(text)) return numberOf(this.#shortIds, 'id', text)
    return text.replaceAll(UUID, (uuid) => numberOf(this.#uuids, 'uuid', uuid))
  }
}

function numberOf(known: Map<string, string>, kind: 'id' | 'uuid', id: string): string {
  const name = known.get(id) ?? `<${kind} ${String(known.size + 1).padStart(2, '0')}>`
  known.set(id, name)
  return name
}

type Fields = { readonly [key: string]: Json }

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value)
}

function isFields(value: Json): value is Fields & { readonly rawJSON?: never } {
  return typeof value === 'object' && value !== null && !isList(value) && !JSON.isRawJSON(value)
}

/** JSON without blanks, the only one that is as well compared when it is read. Keys that are numbers may have moved. */
function readable(text: string): Json | undefined {
  try {
    const value = parseJson(text)
    return JSON.stringify(value).length === text.length ? value : undefined
  } catch {
    return undefined
  }
}

function setInOrder(key: string, value: Json): Json {
  // Fields that were removed may leave a comma behind.
  if (key === 'AttributesDigest' && typeof value === 'string')
    return value.split(',').filter(Boolean).sort(compare).join()
  if (SET_KEYS.has(key) && isList(value)) return inOrder(value)
  return TEXT_SET_KEYS.has(key) && typeof value === 'string' ? value.split(';').sort(compare).join(';') : value
}

function inOrder(set: readonly Json[]): Json[] {
  return set.toSorted((a, b) => compare(looseJson(a), looseJson(b)))
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Ids without what tells them apart. */
function loose(text: string): string {
  return SHORT_ID.test(text) ? '<id>' : text.replaceAll(UUID, '<uuid>')
}

function looseJson(value: Json): string {
  return JSON.stringify(value)
    .replaceAll(UUID, '<uuid>')
    .replaceAll(/"[0-9a-f]{7,8}"/g, '"<id>"')
}
