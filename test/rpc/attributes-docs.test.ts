import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { engineOf } from '../support/engine.ts'
import { sampleFolder } from '../support/gateway.ts'

t.test('the configuration, the files and the calls of docs/attributes.md do what stands there', async (t) => {
  const page = readFileSync(new URL('../../docs/attributes.md', import.meta.url), 'utf8')
  const [, configuration = ''] = /```json\n([\s\S]*?)```/.exec(page) ?? []
  const { engine, folder, call } = await engineOf(t, sampleFolder(t, JSON.parse(configuration) as object))
  t.teardown(() => engine.close())
  const tariff = join(folder, 'page')
  mkdirSync(tariff)
  const files = [...page.matchAll(/^`(\w+\.csv)`\n\n```csv\n([\s\S]*?)```/gm)]
  t.equal(files.length, 2)
  for (const [, name = '', content = ''] of files) writeFileSync(join(tariff, name), content)
  await engine.tariff.load(tariff)
  const calls = [...page.matchAll(/^> (.*)\n< (.*)$/gm)]
  t.equal(calls.length, 6)
  for (const [, request = '', reply = ''] of calls) {
    const { id, method, params } = JSON.parse(request) as { id: number; method: string; params: [object] }
    const answer = await call(method, params[0])
    const [result, error] = /^[[{"]/.test(answer) ? [answer, 'null'] : ['null', JSON.stringify(answer)]
    t.equal(`{"id":${id},"result":${result},"error":${error}}`, reply, request)
  }
})
