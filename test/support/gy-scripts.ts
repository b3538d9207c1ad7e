import type { Test } from 'tap'
import { gyRequest, readGyAnswer, retransmission } from '../../src/commands/gy-gateway.ts'
import { Decimal } from '../../src/core/decimal.ts'
import type { DiameterClient } from '../../src/protocol/diameter/client.ts'
import { ask, balances, cdrCosts, type Gateway, stopGateway, sumOf } from './gateway.ts'
import { type Charging, startCharging } from './two-processes.ts'

export const MIB = 1n << 20n

/** Another process that charges, until the test ends. */
export async function chargingFor(t: Test): Promise<Charging> {
  const charging = await startCharging(t)
  t.teardown(() => stopGateway(charging.process, 'SIGKILL'))
  return charging
}

/** What was taken from the account of the sample, and what its CDRs say that they have cost. */
export async function taken({ httpPort }: Gateway): Promise<{ balance: string; cdrs: string; count: number }> {
  const costs = await cdrCosts(httpPort)
  const left = Decimal.parse((await balances(httpPort, '1001'))['MONEY'] ?? '0')
  return { balance: Decimal.of(10).minus(left).toString(), cdrs: sumOf(costs).toString(), count: costs.length }
}

/** A session that gets 1 MiB twice, and uses `used` of the first and half of that of the second. */
export async function wholeSession(t: Test, client: DiameterClient, id: string, used = MIB): Promise<void> {
  const initial = await ask(client, id, 1, 0, [{ ratingGroup: 1, requested: MIB }])
  t.match(initial.groups, [{ ratingGroup: 1, granted: MIB, resultCode: 2001 }], `${id}: initial`)
  const update = await ask(client, id, 2, 1, [{ ratingGroup: 1, requested: MIB, used }])
  t.match(update.groups, [{ granted: MIB, resultCode: 2001 }], `${id}: update`)
  const end = await ask(client, id, 3, 2, [{ ratingGroup: 1, used: used / 2n }])
  t.match(end, { resultCode: 2001, groups: [{ resultCode: 2001 }] }, `${id}: end`)
}

/** Asks until the answer is as expected. */
export async function untilText(ask: () => Promise<string>, expected: RegExp): Promise<string> {
  for (;;) {
    const text = await ask()
    if (expected.test(text)) return text
  }
}

/** One session of the gateway that is killed: what it sends next, and the request that has no answer yet. */
export type Script = { id: string; number: number; unanswered: Buffer | undefined; done: boolean }

export function scriptsOf(count: number): Script[] {
  return Array.from({ length: count }, (_, i) => ({ id: `kill;${i}`, number: 0, unanswered: undefined, done: false }))
}

function nextRequest({ id, number }: Script, updates: number, client: DiameterClient): { type: number; bytes: Buffer } {
  const type = number === 0 ? 1 : number <= updates ? 2 : 3
  const used = type === 1 ? {} : { used: type === 2 ? MIB / 2n : MIB / 4n }
  const requested = type === 3 ? {} : { requested: MIB }
  const groups = [{ ratingGroup: 1, ...requested, ...used }]
  return {
    type,
    bytes: gyRequest(client, { sessionId: id, type, number, account: '1001', originHost: 'pgw', groups }),
  }
}

/** What a session of so many updates has used at its end. */
export function usageOf(updates: number): number {
  return Number(BigInt(updates) * (MIB / 2n) + MIB / 4n)
}

/** Plays sessions of so many updates until they end, or until the connection is lost; `answered` is told each answer. */
export async function play(
  client: DiameterClient,
  scripts: readonly Script[],
  updates: number,
  answered: () => void,
): Promise<void> {
  const run = async (script: Script) => {
    while (!script.done) {
      const { type, bytes: fresh } = nextRequest(script, updates, client)
      const { unanswered } = script
      script.unanswered ??= fresh
      const bytes = unanswered === undefined ? fresh : retransmission(unanswered, fresh.readUInt32BE(12))
      const answer = readGyAnswer(await client.send(bytes))
      if (answer.resultCode !== 2001 || answer.groups.some(({ resultCode }) => resultCode !== 2001))
        throw new Error(`${script.id}: ${answer.resultCode} ${answer.groups[0]?.resultCode}`)
      script.unanswered = undefined
      script.number++
      script.done = type === 3
      answered()
    }
  }
  const outcomes = await Promise.allSettled(scripts.map(run))
  const failed = outcomes.find((outcome) => outcome.status === 'rejected' && !/closed/.test(String(outcome.reason)))
  if (failed?.status === 'rejected') throw failed.reason
}
