import { TollgateError } from '../core/errors.ts'
import { DiameterClient } from '../protocol/diameter/client.ts'
import { type GroupRequest, gyRequest, readGyAnswer } from './gy-gateway.ts'

type Address = { host: string; port: number }

const MIB = 1n << 20n

/** Plays one data session with two rating groups and prints the account before and after, each grant, and the CDRs. */
export async function tryOut({
  diameter,
  http,
  account,
}: {
  diameter: Address
  http: Address
  account: string
}): Promise<void> {
  const call = (method: string, params: object) => callRpc(http, method, params)
  const say = (line: string) => process.stdout.write(`${line}\n`)
  say(`before    ${JSON.stringify(balancesOf(await call('APIerSv2.GetAccount', { Account: account })))}`)
  const client = await DiameterClient.connect({
    ...diameter,
    originHost: 'pgw.operator.example',
    originRealm: 'operator.example',
    applicationId: 4,
  })
  const sessionId = `pgw.operator.example;${Date.now()};1`
  const steps: { type: number; groups: GroupRequest[] }[] = [
    {
      type: 1,
      groups: [
        { ratingGroup: 1, requested: 5n * MIB },
        { ratingGroup: 2, requested: 2n * MIB },
      ],
    },
    {
      type: 2,
      groups: [
        { ratingGroup: 1, requested: 5n * MIB, used: 5n * MIB },
        { ratingGroup: 2, requested: 2n * MIB, used: MIB },
      ],
    },
    {
      type: 2,
      groups: [
        { ratingGroup: 1, requested: 5n * MIB, used: 4n * MIB },
        { ratingGroup: 2, requested: 'default', used: 2n * MIB },
      ],
    },
    {
      type: 3,
      groups: [
        { ratingGroup: 1, used: 3n * MIB },
        { ratingGroup: 2, used: MIB },
      ],
    },
  ]
  const names = ['', 'initial', 'update', 'terminate']
  for (const [number, { type, groups }] of steps.entries()) {
    const request = gyRequest(client, { sessionId, type, number, account, originHost: 'pgw.operator.example', groups })
    const answer = readGyAnswer(await client.send(request))
    const grants = answer.groups.map(({ ratingGroup, granted, resultCode, finalUnit }) => {
      const what = granted === undefined ? '' : ` granted ${granted} octets${finalUnit ? ' (final)' : ''}`
      return `group ${ratingGroup}: ${resultCode}${what}`
    })
    say(`${(names[type] ?? '').padEnd(9)} ${answer.resultCode}  ${grants.join(', ')}`)
  }
  await client.close()
  say(`after     ${JSON.stringify(balancesOf(await call('APIerSv2.GetAccount', { Account: account })))}`)
  const groups = steps[0]?.groups ?? []
  const cdrs = (await call('CDRsV1.GetCDRs', {
    OriginIDs: groups.map(({ ratingGroup }) => `${sessionId}_${ratingGroup}`),
  })) as Record<string, unknown>[]
  for (const { OriginID, Usage, Cost, CostSource } of cdrs)
    say(`CDR       ${JSON.stringify({ OriginID, Usage, Cost, CostSource })}`)
}

async function callRpc({ host, port }: Address, method: string, params: object): Promise<unknown> {
  const response = await fetch(`http://${host}:${port}/jsonrpc`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ id: 1, method, params: [params] }),
  })
  const { result, error } = (await response.json()) as { result: unknown; error: string | null }
  if (error !== null) throw new TollgateError('TRY', `${method}: ${error}`)
  return result
}

function balancesOf(account: unknown): Record<string, unknown> {
  const { BalanceMap } = account as { BalanceMap: Record<string, { ID: string; Value: unknown }[] | null> | null }
  return Object.fromEntries(
    Object.entries(BalanceMap ?? {}).flatMap(([type, list]) =>
      (list ?? []).map(({ ID, Value }) => [`${type} ${ID}`, Value]),
    ),
  )
}
