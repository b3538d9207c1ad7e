import { Decimal } from '../core/decimal.ts'
import type { EventValue } from '../core/event.ts'
import { eventJson } from '../core/event-values.ts'
import type { Account } from './account.ts'
import { accountWire } from './account-wire.ts'
import type { Action } from './action.ts'
import { actionWire } from './action-wire.ts'
import { ActionRefused } from './balance-actions.ts'

/** Actions that ask something of other systems. Reference 04, 11.4. */
const OUTSIDE_ACTIONS = new Set([
  '*http_post',
  '*http_post_async',
  '*post_event',
  '*mail_async',
  '*export',
  '*cgr_rpc',
  '*alter_sessions',
  '*force_disconnect_sessions',
])

/** Whether an action asks something of other systems. */
export function isOutside(type: string): boolean {
  return OUTSIDE_ACTIONS.has(type)
}

/** One such action that has run. account: as it was then; actions: its set; isReaction: a trigger has run the set. */
export type OutsideAction = {
  action: Action
  actions: readonly Action[]
  account: Account | undefined
  isReaction: boolean
}

type Argument = Readonly<Record<string, unknown>>

/** What is to be done outside, once what caused it is durable. */
export type OutsideCall =
  /** body: JSON, or empty. */
  | { to: 'web'; url: string; body: string }
  | { to: 'mail'; addresses: readonly string[]; subject: string; text: string }
  | { to: 'sessions'; method: string; argument: Argument }
  /** exporterIds: none for all. */
  | { to: 'exporters'; exporterIds: readonly string[]; account: Account }
  | ({ to: 'rpc' } & RpcAction)

/** A call of any method. transport: as in rpc_conns; attempts: how often a connection is tried. Reference 04, 11.7. */
export type RpcAction = { address: string; transport: string; method: string; attempts: number; params: Argument }

/** What an action asks for; undefined: nothing, without an account. Throws ActionRefused with the texts of the reference. Reference 04, 11.4 n6 to n9. */
export function outsideCall(outside: OutsideAction): OutsideCall | undefined {
  const { action, account, isReaction } = outside
  const { type, extraParameters } = action
  switch (type) {
    case '*http_post':
    case '*http_post_async':
      return { to: 'web', url: extraParameters, body: account === undefined ? '' : accountJson(account) }
    case '*post_event':
      return { to: 'web', url: extraParameters, body: 'null' }
    case '*mail_async':
      return account && mailOf(action, account)
    case '*export':
      return account && { to: 'exporters', exporterIds: partsOf(extraParameters, ';'), account }
    case '*alter_sessions':
      return sessionsCall('SessionSv1.AlterSessions', extraParameters, isReaction)
    case '*force_disconnect_sessions':
      return sessionsCall('SessionSv1.ForceDisconnect', extraParameters, isReaction)
    default:
      return { to: 'rpc', ...rpcCall(outside) }
  }
}

function accountJson(account: Account): string {
  return eventJson(accountWire(account) as EventValue)
}

/** Text after a comma is not read. */
function mailOf({ extraParameters }: Action, account: Account): OutsideCall {
  const [named = ''] = extraParameters.split(',')
  const addresses = partsOf(named, ';')
  const subject = `[CGR Notification] Threshold hit on Balance: ${account.tenant}:${account.id}`
  return { to: 'mail', addresses, subject, text: accountJson(account) }
}

const SESSION_PARTS = 5

function sessionsCall(method: string, extraParameters: string, isReaction: boolean): OutsideCall {
  const parts = extraParameters.split(';')
  if (parts.length !== SESSION_PARTS)
    throw new ActionRefused(`invalid number of parameters <${parts.length}> expected ${SESSION_PARTS}`)
  const [tenant = '', filters = '', limit = '', options = '', event = ''] = parts
  const argument = {
    Filters: partsOf(filters, '&'),
    Limit: /^[+-]?\d+$/.test(limit) ? Number(limit) : 0,
    Tenant: tenant,
    APIOpts: pairsOf(options),
    Event: pairsOf(event),
  }
  // Only what fires at an account has a connection of its own.
  if (!isReaction) throw new ActionRefused('MANDATORY_IE_MISSING: [connIDs]')
  return { to: 'sessions', method, argument }
}

/** `name:value&name:value`. */
function pairsOf(text: string): Record<string, string> {
  return Object.fromEntries(
    text.split('&').map((pair) => {
      const colon = pair.indexOf(':')
      if (colon < 0) throw new ActionRefused(`invalid key-value pair: ${pair}`)
      return [pair.slice(0, colon), pair.slice(colon + 1)]
    }),
  )
}

function partsOf(text: string, separator: string): string[] {
  return text
    .split(separator)
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

function rpcCall({ action, actions, account }: OutsideAction): RpcAction {
  const data = {
    Account: account && accountWire(account),
    Action: actionWire({ action, isWhole: false }),
    Actions: actions.map((each) => actionWire({ action: each, isWhole: false })),
    ExtraData: null,
  }
  const text = expand(action.extraParameters, data)
  let call: Record<string, unknown>
  try {
    call = Object(JSON.parse(text)) as Record<string, unknown>
  } catch {
    throw new ActionRefused(
      `*cgr_rpc: ${text} is no JSON, expected {"Address","Transport","Method","Attempts","Params"}`,
    )
  }
  const word = (name: string, otherwise = '') => String(call[name] ?? otherwise)
  const method = word('Method')
  const address = word('Address')
  if (method === '' || address === '') throw new ActionRefused(`*cgr_rpc: ${text} names no Method, or no Address`)
  const attempts = Number(call['Attempts'] ?? 1)
  return {
    address,
    method,
    transport: word('Transport', '*json'),
    attempts: Number.isSafeInteger(attempts) && attempts > 0 ? attempts : 1,
    params: Object(call['Params'] ?? {}) as Argument,
  }
}

/** Puts values into `<< .Account.ID >>`. Throws ActionRefused for what is not there, and for what is no path. */
function expand(template: string, data: Readonly<Record<string, unknown>>): string {
  return template.replaceAll(/<<-?\s*(.*?)\s*-?>>/gs, (whole, path: string) => {
    if (!/^(?:\.\w+)+$/.test(path))
      throw new ActionRefused(`*cgr_rpc: ${whole} cannot be read, expected a path such as << .Account.ID >>`)
    let value: unknown = data
    for (const name of path.slice(1).split('.'))
      value =
        value instanceof Object && Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined
    if (
      typeof value === 'string' ||
      typeof value === 'boolean' ||
      typeof value === 'number' ||
      value instanceof Decimal
    )
      return String(value)
    throw new ActionRefused(`*cgr_rpc: ${whole} has no text here`)
  })
}
