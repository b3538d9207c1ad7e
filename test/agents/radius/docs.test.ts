import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { loadConfig } from '../../../src/config/load-config.ts'
import { dryRun } from '../../../src/engine/dry-run/dry-run.ts'
import { ROOT } from '../../support/gateway.ts'

const PAGE = readFileSync(join(ROOT, 'docs/radius.md'), 'utf8')
const block = (language: string) => new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'ms').exec(PAGE)?.[1] ?? ''

t.test('docs/radius.md: what the configuration of the page makes of the packet of the page', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-radius-docs-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'a.json'), block('jsonc'))
  const loaded = await loadConfig(folder, {}, join(ROOT, 'config/tollgate.json'))
  const [packet = '', ...expected] = block('text').trim().split('\n')
  t.equal(expected.length, 5)
  const reply = { Error: '', MaxUsage: 60_000_000_000n }
  const lines = (await dryRun('radius', Buffer.from(packet), { loaded, root: ROOT, reply })).map((line) => line.trim())
  for (const line of expected) t.ok(lines.includes(line), line)
  const refused = await dryRun('radius', Buffer.from(packet), { loaded, root: ROOT, reply: { Error: 'RALS_ERROR:X' } })
  t.ok(refused.some((line) => line.startsWith('answer AccessReject')))
})
