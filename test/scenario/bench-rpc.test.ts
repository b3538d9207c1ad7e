import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'
import { ROOT } from '../support/gateway.ts'

t.test('the benchmark of JSON-RPC runs', async (t) => {
  const printed = execFileSync(process.execPath, [join(ROOT, 'bench/rpc.ts'), '--calls', '200'], { encoding: 'utf8' })
  for (const name of ['raw JSON echo', 'Tollgate Ping', 'Tollgate GetCost'])
    for (const transport of ['tcp', 'http', 'ws'])
      t.match(printed, new RegExp(`^${name}, ${transport} +\\d+ calls/s .* us CPU/call *$`, 'm'), 'without errors')
  for (const name of ['Tollgate Ping', 'Tollgate GetCost'])
    t.match(printed, new RegExp(`^${name}, gob +\\d+ calls/s .* us CPU/call *$`, 'm'), 'without errors')
  t.match(printed, /of the echo: tcp \d.*, gob \d/)
})
