import { hash } from 'node:crypto'
import { CDR_FIELDS } from '../../cdrs/cdr.ts'
import { Decimal } from '../../core/decimal.ts'
import { InvalidText } from '../../core/errors.ts'
import { RpcError } from '../rpc-error.ts'

/** A posted CDR as the argument of CDRsV1.ProcessExternalCDR: fields that are not there are empty. */
export type PostedCdr = Readonly<Record<string, unknown>>

/** A field that CDRs of FreeSWITCH get besides their own: its name, and what it is made of the variable of that name. */
export type ExtraField = { readonly name: string; readonly read: (text: string) => string }

/** Fields that are no texts: how they are read. */
const READERS: ReadonlyMap<string, (text: string) => unknown> = new Map<string, (text: string) => unknown>([
  ['OrderID', Number],
  ['Partial', (text) => text === 'true'],
  ['PreRated', (text) => text === 'true'],
  ['Cost', (text) => (text === '' ? undefined : Decimal.parse(text))],
])

/**
 * A CDR of the fields of a form; the first value of a key counts, what is no field of CDRs is an extra field. remote: who sent it,
 * the Source of those that name none. A form that names neither CGRID nor OriginID gets an id by its content: sent again it is the
 * same CDR. Throws RpcError. Reference 05, 9.8.
 */
export function cdrOfForm(form: Iterable<readonly [string, string]>, remote: string): PostedCdr {
  const fields = new Map<string, string>()
  for (const [name, value] of form) if (!fields.has(name)) fields.set(name, value)
  const cdr: Record<string, unknown> = { Source: remote }
  const extra: Record<string, string> = {}
  for (const [name, value] of fields) {
    const read = READERS.get(name)
    if (read !== undefined) cdr[name] = readable(name, value, read)
    else if (CDR_FIELDS.has(name) && name !== 'CostDetails') cdr[name] = value
    else extra[name] = value
  }
  const isNamed = fields.get('CGRID') || fields.get('OriginID')
  return { ...cdr, ExtraFields: extra, ...(isNamed || fields.size === 0 ? {} : { CGRID: contentId(fields) }) }
}

function contentId(fields: ReadonlyMap<string, string>): string {
  return hash('sha1', JSON.stringify([...fields].sort(([a], [b]) => (a < b ? -1 : 1))))
}

function readable(name: string, value: string, read: (text: string) => unknown): unknown {
  try {
    return read(value)
  } catch (cause) {
    if (cause instanceof InvalidText) throw new RpcError(`${name}: ${cause.message}`)
    throw cause
  }
}

/** Where fields of a CDR come from: the first variable that is there counts. */
const VARIABLES = {
  OriginID: ['uuid'],
  OriginHost: ['cgr_originhost', 'FreeSWITCH-IPv4'],
  RequestType: ['cgr_reqtype'],
  Tenant: ['cgr_tenant'],
  Category: ['cgr_category'],
  Account: ['cgr_account', 'user_name'],
  Subject: ['cgr_subject', 'cgr_account', 'user_name'],
  Destination: ['cgr_destination', 'dialed_extension', 'sip_req_user'],
  RunID: ['cgr_runid'],
  ExtraInfo: ['cgr_extrainfo'],
  CostSource: ['cgr_costsource'],
} as const

/**
 * A CDR of what mod_json_cdr of FreeSWITCH posts: its `variables`; the account is else the first `username` of the whole body.
 * Throws RpcError for a body that is none. Reference 05, 9.8.
 */
export function cdrOfFreeSwitch(body: string, extraFields: readonly ExtraField[]): PostedCdr {
  const posted = parsed(body)
  const variables = isObject(posted) && isObject(posted['variables']) ? posted['variables'] : {}
  const variable = (...names: readonly string[]) =>
    names.map((name) => scalarText(variables[name])).find((text) => text !== undefined)
  const username = () => search(posted, 'username') ?? ''
  const cdr: Record<string, unknown> = { Source: 'freeswitch_json', ToR: '*voice' }
  for (const [field, names] of Object.entries(VARIABLES)) cdr[field] = variable(...names) ?? ''
  for (const field of ['Account', 'Subject']) if (cdr[field] === '') cdr[field] = username()
  const duration = variable('billsec') ?? ''
  const extra = extraFields.map(({ name, read }): [string, string] => {
    return [name, read(variable(name) ?? search(posted, name) ?? '')]
  })
  return {
    ...cdr,
    SetupTime: variable('start_epoch') ?? '',
    AnswerTime: variable('answer_epoch') ?? '',
    Usage: /^\d+$/.test(duration) ? `${duration}s` : duration,
    OrderID: Number(variable('cgr_orderid') ?? 0),
    PreRated: variable('cgr_prerated') === 'true',
    ExtraFields: Object.fromEntries(extra),
  }
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch (cause) {
    throw new RpcError(`the body is no JSON: ${cause instanceof Error ? cause.message : String(cause)}`)
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The text of a scalar; undefined for what is none. */
function scalarText(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : undefined
}

/** The first scalar with a name anywhere in a body: outer ones first, in the order in which they stand. */
function search(body: unknown, name: string): string | undefined {
  for (let level = [body]; level.length > 0; ) {
    const next: unknown[] = []
    for (const value of level) {
      if (isObject(value)) {
        const found = scalarText(value[name])
        if (found !== undefined) return found
      }
      if (typeof value === 'object' && value !== null) next.push(...Object.values(value))
    }
    level = next
  }
  return undefined
}
