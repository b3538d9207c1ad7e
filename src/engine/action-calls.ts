import { setTimeout as sleep } from 'node:timers/promises'
import { accountWire } from '../accounting/account-wire.ts'
import type { OutsideCall, RpcAction } from '../accounting/outside-actions.ts'
import type { Config } from '../config/schema.ts'
import { TollgateError } from '../core/errors.ts'
import { formatTime, type ZonedTime } from '../core/time.ts'
import { isFailover, isOutcomeUnknown } from '../rpc/client/errors.ts'
import type { HttpClient } from '../rpc/client/http-client.ts'
import type { Unit } from '../store/unit-of-work.ts'
import { askServer } from './http-answers.ts'
import type { Argument } from './outgoing-calls.ts'
import type { Callee, CallOutcome, RemoteServices } from './remote-services.ts'

/** Whom the calls of actions that wait in the outbox are for. */
const WEB = '*http_post'
const MAIL = '*mail_async'
const RPC = '*cgr_rpc'
const SESSIONS = 'rals.sessions_conns'
const EXPORTERS = 'apiers.ees_conns'

/** Tries of one mail. Reference 04, 11.4 n7. */
const MAIL_ATTEMPTS = 5
const DONE: CallOutcome = { result: 'OK' }

export type ActionCallParts = {
  config: () => Config
  client: HttpClient
  remote: RemoteServices
  now: () => ZonedTime
  newUuid: () => string
  /** Has a call made once the unit is durable. use: whom it is for. */
  put: (unit: Unit, use: string, method: string, argument: Argument) => void
  /** Whether apiers.ees_conns lead to another process. */
  exportsElsewhere: () => boolean
  log: (level: 'warn' | 'error', message: string, fields: Record<string, unknown>) => void
}

/**
 * What actions ask of other systems: put into the commit that causes it, done when that is durable. Posts and mails come again until
 * they are taken, with the same id; calls of methods are made once. Reference 04, 11.4 n6 to n9.
 */
export class ActionCalls {
  readonly #parts: ActionCallParts
  readonly #closing = new AbortController()

  constructor(parts: ActionCallParts) {
    this.#parts = parts
  }

  close(): void {
    this.#closing.abort()
  }

  /** Throws TollgateError when there is nobody to ask. */
  put(unit: Unit, call: OutsideCall): void {
    const { put, newUuid } = this.#parts
    switch (call.to) {
      case 'web':
        put(unit, WEB, 'POST', { ID: newUuid(), URL: call.url, Body: call.body })
        break
      case 'mail':
        put(unit, MAIL, 'MAIL', { ID: newUuid(), To: call.addresses, Subject: call.subject, Text: call.text })
        break
      case 'rpc': {
        const { to: _, ...rpc } = call
        put(unit, RPC, call.method, rpc)
        break
      }
      case 'sessions':
        this.#require('rals', 'sessions_conns')
        put(unit, SESSIONS, call.method, call.argument)
        break
      case 'exporters':
        this.#export(unit, call)
    }
  }

  #require(section: 'rals' | 'apiers', key: 'sessions_conns' | 'ees_conns'): void {
    const values: Readonly<Record<string, unknown>> = this.#parts.config()[section]
    if ((values[key] as readonly string[]).length === 0)
      throw new TollgateError('NO_CONNECTION', 'MANDATORY_IE_MISSING: [connIDs]')
  }

  #export(unit: Unit, { exporterIds, account }: OutsideCall & { to: 'exporters' }): void {
    const { put, newUuid, now, config, exportsElsewhere } = this.#parts
    this.#require('apiers', 'ees_conns')
    if (!exportsElsewhere())
      throw new TollgateError(
        'NOT_IMPLEMENTED',
        '*export: exporters of this process take CDRs only, name those of another one',
      )
    put(unit, EXPORTERS, 'EeSv1.ProcessEvent', {
      EeIDs: exporterIds,
      Tenant: account.tenant || config().general.default_tenant,
      ID: newUuid(),
      Time: formatTime(now()),
      Event: { Account: accountWire(account), EventType: 'AccountUpdate', EventSource: 'AccountS' },
      APIOpts: { '*eventType': 'AccountUpdate', '*eventTime': formatTime(now()) },
    })
  }

  /** Who makes the calls for one of them; undefined: it is none of actions alone. */
  callee(use: string): Callee | undefined {
    switch (use) {
      case WEB:
        return { isIdempotent: true, ask: notAsked, call: (_, argument) => this.#post(argument) }
      case MAIL:
        return { isIdempotent: true, ask: notAsked, call: (_, argument) => this.#mail(argument) }
      case RPC:
        return {
          isIdempotent: false,
          ask: notAsked,
          call: (method, argument, key) => this.#once(method, this.#rpc(argument as RpcAction, key)),
        }
      case SESSIONS: {
        const { remote, config } = this.#parts
        const callee = remote.callee(config().rals.sessions_conns)
        return {
          ...callee,
          call: (method, argument, key) => this.#once(method, answered(callee.call(method, argument, key))),
        }
      }
      default:
        return undefined
    }
  }

  /** Nobody makes it again: what it was for has passed. */
  async #once(method: string, made: Promise<unknown>): Promise<CallOutcome> {
    await made.catch((cause: unknown) =>
      this.#parts.log('error', 'an action could not call', { method, cause: messageOf(cause) }),
    )
    return DONE
  }

  async #rpc({ address, transport, method, attempts, params }: RpcAction, key: string): Promise<void> {
    await this.#tried(
      attempts,
      () => this.#parts.remote.callHost({ address, transport }, method, params, key),
      (cause) => isFailover(cause) && !isOutcomeUnknown(cause),
    )
  }

  async #post(argument: Argument): Promise<CallOutcome> {
    const { general, ees } = this.#parts.config()
    const { client } = this.#parts
    const url = URL.parse(String(argument['URL']))
    if (url?.protocol !== 'http:' && url?.protocol !== 'https:')
      return this.#undelivered('expected a URL of http:// or https://', true, { url: argument['URL'] })
    const post = async () => {
      const signal = AbortSignal.any([
        this.#closing.signal,
        AbortSignal.timeout(Math.max(1, Number(general.reply_timeout / 1_000_000n))),
      ])
      const headers = { 'idempotency-key': String(argument['ID']) }
      const answer = await askServer(client, { url, method: 'POST', headers, body: String(argument['Body']), signal })
      if (answer.status < 200 || answer.status > 299)
        throw new TollgateError('REFUSED', `unexpected status code received: <${answer.status}>`)
    }
    try {
      await this.#tried(general.poster_attempts, post, () => true)
      return DONE
    } catch (cause) {
      return this.#undelivered(cause, ees.failed_posts.dir === '*none', { url: url.href })
    }
  }

  async #mail(argument: Argument): Promise<CallOutcome> {
    const { server, auth_user: user, auth_password: pass, from_address: from } = this.#parts.config().mailer
    const [host = '', port = '25'] = server.split(':')
    const { createTransport } = await import('nodemailer')
    const transport = createTransport({ host, port: Number(port), ...(user === '' ? {} : { auth: { user, pass } }) })
    const { ID, To, Subject, Text } = argument as { ID: string; To: string[]; Subject: string; Text: string }
    const messageId = `<${ID}@${from.slice(from.indexOf('@') + 1)}>`
    try {
      await this.#tried(
        MAIL_ATTEMPTS,
        () => transport.sendMail({ from, to: To, subject: Subject, text: Text, messageId }),
        isPassing,
      )
      return DONE
    } catch (cause) {
      return this.#undelivered(cause, !isPassing(cause), { to: To })
    } finally {
      transport.close()
    }
  }

  /** isOver: it is not tried later either. */
  #undelivered(cause: unknown, isOver: boolean, fields: Record<string, unknown>): CallOutcome {
    const error = messageOf(cause)
    if (this.#closing.signal.aborted) return { error, isRepeatable: true, isUnknown: true }
    if (!isOver) return { error, isRepeatable: false, isUnknown: false }
    this.#parts.log('error', 'what an action sends was refused', { ...fields, cause: error })
    return DONE
  }

  /** Tries again after 1, 1, 2, 3, 5... seconds. Rejects with the last failure. */
  async #tried(attempts: number, work: () => Promise<unknown>, isAgain: (cause: unknown) => boolean): Promise<void> {
    const { signal } = this.#closing
    for (let left = attempts, waitS = 1, nextS = 1; ; left--, [waitS, nextS] = [nextS, waitS + nextS]) {
      try {
        await work()
        return
      } catch (cause) {
        if (left <= 1 || signal.aborted || !isAgain(cause)) throw cause
        await sleep(waitS * 1_000, undefined, { signal })
      }
    }
  }
}

/** Whether a mail server may take later what it has not taken. */
function isPassing(cause: unknown): boolean {
  return !(cause instanceof Error && 'responseCode' in cause && Number(cause.responseCode) >= 500)
}

async function answered(outcome: Promise<CallOutcome>): Promise<void> {
  const ended = await outcome
  if ('error' in ended) throw new TollgateError('CALL_FAILED', ended.error)
}

function notAsked(): Promise<never> {
  return Promise.reject(new TollgateError('NOT_IMPLEMENTED', 'calls of actions change something'))
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
