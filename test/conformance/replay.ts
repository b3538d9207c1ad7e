import { join } from 'node:path'
import type { Clients } from './clients.ts'
import { type Json, parseJson } from './json.ts'
import { maskOctets, maskReply } from './mask.ts'
import { FOLDER, type Reply, type Step, type Story } from './story.ts'

const TARIFFS = join(FOLDER, 'tariffs')

/** Loads the tariff that the stories of an engine share. Errors: what the engine answers. */
export async function loadTariff(clients: Clients, tariff: string): Promise<void> {
  const reply = await clients.call('json-tcp', 'APIerSv1.LoadTariffPlanFromFolder', {
    FolderPath: join(TARIFFS, tariff),
  })
  if (!reply.includes('"result":"OK"')) throw new Error(`tariff ${tariff}: ${reply}`)
}

/** Makes the calls of a story one after the other, and gives what came back, masked. */
export async function replay({ name, steps }: Story, clients: Clients): Promise<Reply[]> {
  const replies: Reply[] = []
  for (const step of steps)
    replies.push(
      await play(step, clients).catch((cause: unknown) => {
        throw new Error(`${name}, ${step.name}`, { cause })
      }),
    )
  return replies
}

async function play(step: Step, clients: Clients): Promise<Reply> {
  const { transport = 'json-tcp', method = '', params = {}, send, calls } = step
  if (send !== undefined) return { octets: maskOctets(await clients.send(transport, send)) }
  if (calls !== undefined) return maskReply(method, { calls: await clients.calls(Number(calls.rawJSON)) }) as Reply
  const argument = parseJson(JSON.stringify(params).replaceAll('{tariffs}', TARIFFS))
  const text = await clients.call(transport, method, argument)
  const { result, error } = parseJson(text.replaceAll(TARIFFS, '{tariffs}')) as { result: Json; error: Json }
  return maskReply(method, error === null ? { result } : { error }) as Reply
}
