import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { gyRequest, retransmission } from '../../src/commands/gy-gateway.ts'
import {
  ask,
  balances,
  connectGateway,
  ROOT,
  rpcText,
  sampleFolder,
  startGateway,
  stopGateway,
} from '../support/gateway.ts'
import { startWeb } from '../support/web-server.ts'

const MIB = 1n << 20n
const GROUPS = [{ ratingGroup: 1, requested: MIB }]

/** The sample whose updates ask a web server for the destination, and whether they are served at all. */
function folderOf(t: Test, web: string, general: object = {}): string {
  const template = { type: '*template', value: 'gy_event' }
  return sampleFolder(t, {
    general,
    diameter_agent: {
      request_processors: [
        {
          id: 'initial',
          filters: [
            '*string:~*vars.*cmd:CCR',
            '*string:~*req.CC-Request-Type:1',
            `*http#[http://${web}/serves]:~*req.Session-Id:`,
          ],
          request_fields: [
            template,
            { tag: 'Destination', path: '*cgreq.Destination', type: `*http#[http://${web}/destination]` },
          ],
        },
      ],
    },
  })
}

t.test('a Gy request waits for web servers, in its templates and in the filters of chargers', async (t) => {
  const web = await startWeb(t, ({ url = '' }, body, response) => {
    if (url.startsWith('/serves')) response.end(String(!url.includes('refused')))
    else if (url.startsWith('/destination')) response.end(JSON.parse(body)['*cgreq'].Destination)
    else response.end(url.includes('1001') ? 'true' : 'false')
  })
  const gateway = await startGateway(folderOf(t, web.address))
  t.teardown(() => stopGateway(gateway, 'SIGKILL'))
  const client = await connectGateway(gateway.diameterPort)
  const initial = await ask(client, 's', 1, 0, GROUPS)
  t.match(initial, { resultCode: 2001, groups: [{ granted: MIB, resultCode: 2001 }] })
  t.match(web.asked, [/^GET \/serves\?~%2Areq.Session-Id=s$/, /^GET \/destination \{"\*cgrep":.*"Destination":"rg1"/])
  t.equal(web.asked.length, 2, 'each is asked once')
  await ask(client, 's', 3, 1, [{ ratingGroup: 1, used: MIB }])
  t.equal((await ask(client, 'refused', 1, 0, GROUPS)).groups.length, 0, 'a filter that does not pass')

  const charger = {
    Tenant: 'cgrates.org',
    ID: 'ASKED',
    FilterIDs: ['*string:~*req.ToR:*data', `*http#[http://${web.address}/charged]:~*req.Account:`],
    RunID: 'asked',
    AttributeIDs: ['*none'],
    Weight: 30,
  }
  t.match(await rpcText(gateway.httpPort, 'APIerSv1.SetChargerProfile', charger), '"result":"OK"')
  web.asked.length = 0
  const before = (await balances(gateway.httpPort, '1001'))['MONEY']
  const bytes = gyRequest(client, {
    sessionId: 'c',
    type: 1,
    number: 0,
    account: '1001',
    originHost: 'pgw',
    groups: GROUPS,
  })
  await Promise.all([client.send(bytes), client.send(retransmission(bytes, 0x7ffffff0))])
  t.ok(web.asked.includes('GET /charged?~%2Areq.Account=1001'), 'the filter of the charger is asked')
  t.match(await rpcText(gateway.httpPort, 'SessionSv1.GetActiveSessionsCount', {}), '"result":2', 'two runs')
  const reserved = (await balances(gateway.httpPort, '1001'))['MONEY']
  t.not(reserved, before)
  await ask(client, 'c', 3, 1, [{ ratingGroup: 1, used: 0n }])
  t.equal((await balances(gateway.httpPort, '1001'))['MONEY'], before, 'a repeat at the same time has reserved nothing')
  const event = { Tenant: 'cgrates.org', ID: 'e', Event: { Account: '1002', ToR: '*data' } }
  web.asked.length = 0
  const found = await rpcText(gateway.httpPort, 'ChargerSv1.GetChargersForEvent', event)
  t.notMatch(found, 'ASKED', 'methods wait as well')
  t.same(web.asked, ['GET /charged?~%2Areq.Account=1002'])
  await client.close()
})

t.test('a web server that does not answer: 5012 in time, and nothing has moved', async (t) => {
  const web = await startWeb(t, ({ url = '' }, _, response) => {
    if (!url.startsWith('/destination')) response.end('true')
  })
  const gateway = await startGateway(folderOf(t, web.address, { reply_timeout: '200ms' }))
  t.teardown(() => stopGateway(gateway, 'SIGKILL'))
  const client = await connectGateway(gateway.diameterPort)
  const before = await balances(gateway.httpPort, '1001')
  t.equal((await ask(client, 's', 1, 0, GROUPS)).resultCode, 5012)
  t.match(gateway.output(), /diameter request failed.*|error processing the request: Get/)
  t.same(await balances(gateway.httpPort, '1001'), before)
  t.match(await rpcText(gateway.httpPort, 'SessionSv1.GetActiveSessionsCount', {}), '"result":0')
  await client.close()
})

t.test('a dry run asks the web servers and shows what they say', async (t) => {
  const web = await startWeb(t, ({ url = '' }, _, response) => response.end(url.startsWith('/serves') ? '1' : 'rg7'))
  const folder = folderOf(t, web.address)
  const request = { 'Session-Id': 's', 'CC-Request-Type': 1, 'CC-Request-Number': 0, 'Origin-Host': 'pgw' }
  const group = { 'Multiple-Services-Credit-Control': { 'Rating-Group': 1 } }
  const subscriber = { 'Subscription-Id': { 'Subscription-Id-Type': 0, 'Subscription-Id-Data': '1001' } }
  const file = join(folder, 'request.json')
  writeFileSync(file, JSON.stringify({ ...request, ...subscriber, ...group }))
  const lines = await dryRun(folder, file)
  t.match(lines, /processor initial: matches/)
  t.match(lines, /Destination \*cgreq\.Destination \(\*http#.*\): = "rg7"/)
  t.match(lines, /"Destination":"rg7"/)
  t.equal(web.asked.length, 2)
})

async function dryRun(folder: string, file: string): Promise<string> {
  const options = ['dry-run', '--config-path', join(folder, 'config'), '--agent', 'diameter', '--in', file]
  const child = spawn(join(ROOT, 'bin/tollgate'), options)
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  await new Promise((done) => child.once('close', done))
  return output
}
