import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { engineOf } from '../support/engine.ts'
import { ROOT, sampleFolder } from '../support/gateway.ts'

for (const name of ['stats', 'resources', 'thresholds'])
  t.test(`the configuration, the file and the calls of docs/${name}.md do as they say`, async (t) => {
    const page = readFileSync(join(ROOT, `docs/${name}.md`), 'utf8')
    const blocks = [...page.matchAll(/^```(\w+) ?(\S*)\n(.*?)^```/gms)]
    const config = blocks.find(([, language]) => language === 'json')?.[3] ?? ''
    const folder = sampleFolder(t, JSON.parse(config) as object)
    const { engine, call } = await engineOf(t, folder)
    t.teardown(() => engine.close())
    const tariff = join(folder, 'added')
    mkdirSync(tariff)
    for (const [, language, file = '', text = ''] of blocks)
      if (language === 'csv') writeFileSync(join(tariff, file), text)
    await engine.tariff.load(tariff)
    const calls = blocks
      .filter(([, language]) => language === 'jsonl')
      .flatMap(([, , , text = '']) => text.trim().split('\n'))
    t.ok(calls.length > 6)
    for (let i = 0; i < calls.length; i += 2) {
      const { method, params } = JSON.parse(calls[i] ?? '') as { method: string; params: [object] }
      t.equal(await call(method, params[0]), calls[i + 1] ?? '', calls[i] ?? '')
    }
  })
