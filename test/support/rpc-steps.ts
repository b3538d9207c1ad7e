import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { type Gateway, ROOT, sampleFolder, startGateway, stopGateway } from './gateway.ts'

/** One call: what comes back is the JSON text of the result, or the error. */
export type Step = { name: string; call: string; params?: unknown; result?: string; error?: string }

/** The sample configuration with a scheduler, in memory unless the overrides say otherwise. */
export function accountFolder(t: Test, overrides: object = {}): string {
  return sampleFolder(t, {
    data_db: { db_type: '*internal' },
    stor_db: { db_type: '*internal' },
    ees: { enabled: false },
    cdrs: { ees_conns: [], online_cdr_exports: [] },
    schedulers: { enabled: true, cdrs_conns: ['*internal'] },
    ...overrides,
  })
}

/** A gateway with the actions and plans of `test/fixtures/04-actions`. */
export async function accountGateway(t: Test, overrides: object = {}): Promise<Gateway> {
  const folder = accountFolder(t, overrides)
  const gateway = await startGateway(folder, join(ROOT, 'test/fixtures/04-actions'))
  t.teardown(() => stopGateway(gateway))
  return gateway
}

const RATED = join(ROOT, 'test/fixtures/03-api')
export const RATED_TARIFF = join(RATED, 'tariff')

/** A gateway with the rates of `test/fixtures/03-api`. */
export async function ratedGateway(t: Test, overrides: object = {}): Promise<Gateway> {
  const gateway = await startGateway(accountFolder(t, overrides), RATED_TARIFF)
  t.teardown(() => stopGateway(gateway))
  return gateway
}

/** Calls on the rates of `ratedGateway` with the replies that the reference engine gave. */
export function recordedSteps(name: string): Step[] {
  return JSON.parse(readFileSync(join(RATED, `${name}.json`), 'utf8')) as Step[]
}

/** Calls a method with any argument; the text of the reply. */
export async function callText({ httpPort }: Gateway, method: string, params: unknown = {}): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${httpPort}/jsonrpc`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ id: 1, method, params: [params] }),
  })
  return (await response.text()).trim()
}

/** What differs by nature: uuids, and the time of the last change. */
export function masked(reply: string): string {
  return reply
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '#')
    .replaceAll(/"UpdateTime":"[^"]+"/g, '"UpdateTime":"#"')
}

/** Makes the calls in order; each is an assertion of its name. */
export async function runSteps(t: Test, gateway: Gateway, steps: readonly Step[]): Promise<void> {
  for (const { name, call, params, result = '"OK"', error } of steps) {
    const wanted =
      error === undefined ? `{"id":1,"result":${result},"error":null}` : JSON.stringify({ id: 1, result: null, error })
    t.equal(masked(await callText(gateway, call, params)), wanted, `${name}: ${call}`)
  }
}

const BALANCE = {
  Uuid: '#',
  ID: '',
  Value: 0,
  ExpirationDate: '0001-01-01T00:00:00Z',
  Weight: 0,
  DestinationIDs: {},
  RatingSubject: '',
  Categories: {},
  SharedGroups: {},
  Timings: null,
  TimingIDs: {},
  Disabled: false,
  Factors: null,
  Blocker: false,
}

/** A balance as `*topup` makes it. */
export function toppedUp(fields: object): object {
  return { ...BALANCE, ...fields }
}

/** A balance as `*set_balance` and transfers make it: sets that were not given are null. */
export function bareBalance(fields: object): object {
  return { ...BALANCE, DestinationIDs: null, Categories: null, SharedGroups: null, TimingIDs: null, ...fields }
}

/** The text of an account of tenant cgrates.org in the current layout. */
export function accountText(id: string, balances: object | null, flags: object = {}): string {
  return JSON.stringify({
    ID: `cgrates.org:${id}`,
    BalanceMap: balances,
    UnitCounters: null,
    ActionTriggers: null,
    AllowNegative: false,
    Disabled: false,
    ...flags,
    UpdateTime: '#',
  })
}
