import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import t, { type Test } from 'tap'
import type { Account } from '../../src/accounting/account.ts'
import { readAction } from '../../src/accounting/action.ts'
import { loadConfig } from '../../src/config/load-config.ts'
import { Engine } from '../../src/engine/engine.ts'
import { ROOT, sampleFolder } from '../support/gateway.ts'
import { addressOf, startServer } from '../support/rpc-hosts.ts'
import { startWeb } from '../support/web-server.ts'

type Logged = { message: string; fields: Record<string, unknown> }

const IN_MEMORY = {
  data_db: { db_type: '*internal' },
  stor_db: { db_type: '*internal' },
  ees: { enabled: false },
  cdrs: { ees_conns: [], online_cdr_exports: [] },
}

async function engineOf(t: Test, overrides: object = {}, folder = sampleFolder(t, { ...IN_MEMORY, ...overrides })) {
  const { promise: isLogged, resolve } = Promise.withResolvers<Logged>()
  const cwd = process.cwd()
  process.chdir(folder)
  const engine = new Engine({
    loaded: await loadConfig(`${folder}/config`, {}, `${ROOT}/config/tollgate.json`),
    root: ROOT,
    log: (level, message, fields) => {
      if (level === 'error') resolve({ message, fields })
    },
  })
  process.chdir(cwd)
  let closed: Promise<void> | undefined
  const close = () => {
    closed ??= engine.close()
    return closed
  }
  t.teardown(close)
  await engine.openTariff()
  await engine.start()
  /** Runs actions, `[type, extra parameters, units of money]`, the first one first. */
  const run = (accountId: string, ...rows: readonly (readonly [string, string, string?])[]) =>
    engine.runner.run(accountId, () => [{ actions: rows.map(actionOf), extra: {} }])
  const account = (id: string): Promise<Account | undefined> => engine.account('cgrates.org', id)
  return { engine, run, account, close, isLogged }
}

function actionOf([action, extraParameters, units = '']: readonly [string, string, string?], at: number) {
  const cells = { filters: '', categories: '', destinationIds: '', ratingSubject: '', sharedGroups: '', timingIds: '' }
  const balance = {
    balanceId: 'M',
    balanceType: '*monetary',
    balanceWeight: '',
    balanceBlocker: '',
    balanceDisabled: '',
  }
  return readAction(
    { id: 'ACT', action, extraParameters, expiryTime: '', units, weight: String(100 - at), ...cells, ...balance },
    [],
  )
}

/** Things as they come; `until` waits for so many of them. */
function arrivals<T>() {
  const come: T[] = []
  let waiting: { count: number; resolve: () => void }[] = []
  return {
    come,
    add(thing: T) {
      come.push(thing)
      for (const { count, resolve } of waiting) if (come.length >= count) resolve()
      waiting = waiting.filter(({ count }) => come.length < count)
    },
    async until(count: number): Promise<T[]> {
      if (come.length < count) await new Promise<void>((resolve) => waiting.push({ count, resolve }))
      return come
    },
  }
}

/** A web server; statuses: of its answers, 200 after the last. */
async function webOf(t: Test, ...statuses: number[]) {
  const posts = arrivals<string>()
  const ids: unknown[] = []
  const { address } = await startWeb(t, ({ url, headers }, body, response) => {
    ids.push(headers['idempotency-key'])
    posts.add(`${url} ${headers['content-type']} ${body}`)
    response.writeHead(statuses.shift() ?? 200).end()
  })
  return { url: `http://${address}`, posts, ids }
}

/** A mail server that takes what comes, and answers a recipient with this code. */
async function mailOf(t: Test, code = 250) {
  const mails = arrivals<string>()
  const server = createServer((socket) => {
    let text: string | undefined
    socket.write('220 mail.example\r\n')
    createInterface(socket).on('line', (line) => {
      if (text !== undefined) {
        if (line !== '.') {
          text += `${line}\n`
          return
        }
        mails.add(text)
        text = undefined
        socket.write('250 taken\r\n')
      } else if (line === 'DATA') {
        text = ''
        socket.write('354 go on\r\n')
      } else if (line === 'QUIT') socket.end('221 bye\r\n')
      else socket.write(line.startsWith('RCPT') ? `${code} recipient\r\n` : '250 ok\r\n')
    })
    socket.on('error', () => socket.destroy())
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  t.teardown(() => new Promise<void>((done) => server.close(() => done())))
  return {
    mailer: { server: addressOf(server), auth_user: '', auth_password: '', from_address: 'ocs@example.org' },
    mails,
  }
}

const pool = (address: string) => ({ other: { strategy: '*first', conns: [{ address, transport: '*json' }] } })

t.test('04 11.4 n6: the account as it is then is posted, a post without one is empty, an event is null', async (t) => {
  const { run } = await engineOf(t)
  const { url, posts } = await webOf(t)
  await run('cgrates.org:a', ['*topup', '', '7'], ['*http_post', `${url}/one`], ['*topup', '', '1'])
  const [first = ''] = await posts.until(1)
  t.match(
    first,
    /^\/one application\/json \{"ID":"cgrates.org:a","BalanceMap":\{"\*monetary":\[\{"Uuid":"[^"]+","ID":"M","Value":7,/,
  )
  await run('', ['*http_post_async', `${url}/two`])
  await posts.until(2)
  await run('cgrates.org:a', ['*post_event', `${url}/three`])
  t.same((await posts.until(3)).slice(1), ['/two application/json ', '/three application/json null'])
})

t.test('a post that is not taken comes again under its id', async (t) => {
  const { run } = await engineOf(t, { general: { poster_attempts: 2 } })
  const { url, posts, ids } = await webOf(t, 500)
  await run('', ['*post_event', url])
  await posts.until(2)
  t.ok(ids[0])
  t.equal(ids[1], ids[0])
})

t.test('nothing of a set that fails goes out', async (t) => {
  const { run, account } = await engineOf(t)
  const { url, posts } = await webOf(t)
  await t.rejects(run('cgrates.org:a', ['*post_event', `${url}/failed`], ['*no_such', '']), {
    message: 'PARTIALLY_EXECUTED',
  })
  t.equal(await account('a'), undefined)
  await run('cgrates.org:a', ['*post_event', `${url}/after`])
  t.same(await posts.until(1), ['/after application/json null'])
})

t.test('what cannot be posted is told, and stops no set', async (t) => {
  const { url } = await webOf(t, 404)
  for (const [to, cause] of [
    ['nowhere', 'expected a URL of http:// or https://'],
    [url, 'unexpected status code received: <404>'],
  ] as const) {
    const { run, account, isLogged } = await engineOf(t, {
      general: { poster_attempts: 1 },
      ees: { enabled: false, failed_posts: { dir: '*none' } },
    })
    await run('cgrates.org:a', ['*topup', '', '7'], ['*http_post', to])
    t.match(await isLogged, { message: 'what an action sends was refused', fields: { cause } })
    t.ok(await account('a'))
  }
})

t.test('what is not posted yet is posted after a restart', async (t) => {
  const folder = sampleFolder(t, { ...IN_MEMORY, data_db: {}, general: { poster_attempts: 1 } })
  const { url, posts, ids } = await webOf(t, 500)
  const first = await engineOf(t, {}, folder)
  await first.run('', ['*post_event', url])
  t.match(await first.isLogged, { message: 'a call was refused, it will be made again' })
  await first.close()
  const second = await engineOf(t, {}, folder)
  await posts.until(2)
  t.equal(ids[1], ids[0])
  await second.close()
})

t.test('04 11.7: *cgr_rpc calls any method of a host, once', async (t) => {
  const { run, isLogged } = await engineOf(t)
  const calls = arrivals<unknown>()
  const { address } = await startServer(t, {
    'APIerSv1.SetBalance': (argument) => {
      calls.add(argument)
      throw new Error('NOT_FOUND')
    },
  })
  const call = (params: object) =>
    JSON.stringify({ Address: address, Transport: '*json', Method: 'APIerSv1.SetBalance', Attempts: 2, Params: params })
  await run('cgrates.org:a', [
    '*cgr_rpc',
    call({ Account: '<< .Account.ID >>', Type: '<<.Action.ActionType>>', Value: 1.5 }),
  ])
  t.same(await calls.until(1), [{ Account: 'cgrates.org:a', Type: '*cgr_rpc', Value: 1.5 }])
  t.match(await isLogged, {
    message: 'an action could not call',
    fields: { method: 'APIerSv1.SetBalance', cause: 'NOT_FOUND' },
  })
})

for (const [text, cause] of [
  ['nojson', '*cgr_rpc: nojson is no JSON, expected {"Address","Transport","Method","Attempts","Params"}'],
  ['{}', '*cgr_rpc: {} names no Method, or no Address'],
  ['{"Address":"<< .Nope >>"}', '*cgr_rpc: << .Nope >> has no text here'],
  [
    '{"Address":"<< range .Actions >>"}',
    '*cgr_rpc: << range .Actions >> cannot be read, expected a path such as << .Account.ID >>',
  ],
] as const)
  t.test(`04 11.7: ${text} stops the set`, async (t) => {
    const { run, isLogged } = await engineOf(t)
    await t.rejects(run('cgrates.org:a', ['*cgr_rpc', text]), { message: 'PARTIALLY_EXECUTED' })
    t.match(await isLogged, { fields: { cause } })
  })

t.test('04 11.4 n9: a trigger has sessions altered and ended', async (t) => {
  const calls = arrivals<unknown>()
  const answer = (argument: unknown) => {
    calls.add(argument)
    return 'OK'
  }
  const { address } = await startServer(t, { 'SessionSv1.AlterSessions': answer, 'SessionSv1.ForceDisconnect': answer })
  const { engine, run } = await engineOf(t, {
    rpc_conns: pool(address),
    rals: { enabled: true, sessions_conns: ['other'] },
  })
  const sets = [
    [
      'ALTER',
      '*alter_sessions',
      'cgrates.org;*string:~*req.Account:1001&*prefix:~*req.Destination:49;1;*radCoATemplate:mycoa;Filter:slow&A:b:c',
    ],
    ['END', '*force_disconnect_sessions', 'cgrates.org;;x;a:b;c:d'],
  ] as const
  const folder = t.testdir({
    'Actions.csv': sets.map(([id, type, extra]) => `${id},${type},${extra},,,,,,,,,,,,,,10\n`).join(''),
    'ActionTriggers.csv': sets
      .map(([id], at) => `TRG,${id},*min_balance,5,false,0,,,M,*monetary,,,,,,,,,,${id},${20 - at}\n`)
      .join(''),
    'AccountActions.csv': 'cgrates.org,a,,TRG,false,false\n',
  })
  await engine.tariff.load(folder)
  await run('cgrates.org:a', ['*topup', '', '3'])
  t.same(await calls.until(2), [
    {
      Filters: ['*string:~*req.Account:1001', '*prefix:~*req.Destination:49'],
      Limit: 1,
      Tenant: 'cgrates.org',
      APIOpts: { '*radCoATemplate': 'mycoa' },
      Event: { Filter: 'slow', A: 'b:c' },
    },
    { Filters: [], Limit: 0, Tenant: 'cgrates.org', APIOpts: { a: 'b' }, Event: { c: 'd' } },
  ])
})

for (const [text, cause] of [
  ['a;b', 'invalid number of parameters <2> expected 5'],
  ['cgrates.org;;1;;', 'invalid key-value pair: '],
  ['cgrates.org;;1;a;c:d', 'invalid key-value pair: a'],
  ['cgrates.org;;1;a:b;c:d', 'MANDATORY_IE_MISSING: [connIDs]'],
] as const)
  t.test(`04 11.4 n9: on demand ${text} stops the set`, async (t) => {
    const { run, isLogged } = await engineOf(t)
    await t.rejects(run('cgrates.org:a', ['*alter_sessions', text]), { message: 'PARTIALLY_EXECUTED' })
    t.match(await isLogged, { fields: { cause } })
  })

t.test('04 11.4 n8: *export goes over apiers.ees_conns', async (t) => {
  const calls = arrivals<Record<string, unknown>>()
  const { address } = await startServer(t, {
    'EeSv1.ProcessEvent': (argument) => {
      calls.add(argument as Record<string, unknown>)
      return {}
    },
  })
  const { run } = await engineOf(t, { rpc_conns: pool(address), apiers: { enabled: true, ees_conns: ['other'] } })
  await run('', ['*export', ''])
  await run('cgrates.org:a', ['*topup', '', '7'], ['*export', 'one;two'])
  t.match(await calls.until(1), [
    {
      EeIDs: ['one', 'two'],
      Tenant: 'cgrates.org',
      Event: {
        Account: { ID: 'cgrates.org:a', BalanceMap: { '*monetary': [{ ID: 'M', Value: 7 }] } },
        EventType: 'AccountUpdate',
        EventSource: 'AccountS',
      },
      APIOpts: { '*eventType': 'AccountUpdate' },
    },
  ])
})

t.test('04 11.4 n8: *export without a connection stops the set', async (t) => {
  const { run, isLogged } = await engineOf(t)
  await t.rejects(run('cgrates.org:a', ['*export', '']), { message: 'PARTIALLY_EXECUTED' })
  t.match(await isLogged, { fields: { cause: 'MANDATORY_IE_MISSING: [connIDs]' } })
})

t.test('04 11.4 n7: the account goes out as a mail', async (t) => {
  const { mailer, mails } = await mailOf(t)
  const { run } = await engineOf(t, { mailer })
  await run('', ['*mail_async', 'a@example.org'])
  await run('cgrates.org:a', ['*mail_async', 'a@example.org;b@example.org,rest'])
  const [mail = ''] = await mails.until(1)
  t.match(mail, /^From: ocs@example\.org$/m)
  t.match(mail, /^To: a@example\.org, b@example\.org$/m)
  t.match(mail, /^Subject: \[CGR Notification\] Threshold hit on Balance: cgrates\.org:a$/m)
  t.match(mail, /"ID":"cgrates\.org:a"/)
})

t.test('a mail to a recipient who is not known is told once', async (t) => {
  const { mailer } = await mailOf(t, 550)
  const { run, isLogged } = await engineOf(t, { mailer })
  await run('cgrates.org:a', ['*mail_async', 'a@example.org'])
  t.match(await isLogged, {
    message: 'what an action sends was refused',
    fields: { to: ['a@example.org'], cause: /550/ },
  })
})

t.test('*remove_account takes its account out of its plans, too; a charge keeps the account', async (t) => {
  const { engine, run, account } = await engineOf(t)
  const folder = t.testdir({
    'Actions.csv': 'ACT,*log,,,,,,,,,,,,,,,10\nRM,*remove_account,,,,,,,,,,,,,,,10\n',
    'Timings.csv': 'EVENING,*any,*any,*any,*any,20:00:00\n',
    'ActionPlans.csv': 'AP,ACT,EVENING,10\n',
    'ActionTriggers.csv': 'TRG,low,*min_balance,5,false,0,,,M,*monetary,,,,,,,,,,RM,10\n',
    'AccountActions.csv': 'cgrates.org,a,AP,,false,false\ncgrates.org,b,AP,TRG,false,false\ncgrates.org,c,AP,,,\n',
  })
  await engine.tariff.load(folder)
  await run('cgrates.org:a', ['*remove_account', ''])
  await run('cgrates.org:b', ['*topup', '', '3'])
  t.equal(await account('a'), undefined)
  t.ok(await account('b'))
  t.same(await engine.accounts.plansOf('cgrates.org', 'a'), [])
  t.same(await engine.accounts.plansOf('cgrates.org', 'b'), [])
  while (engine.accountsOf('AP').length > 1) await new Promise((next) => setImmediate(next))
  t.same(engine.accountsOf('AP'), ['cgrates.org:c'])
})
