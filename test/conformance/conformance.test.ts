import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { ROOT } from '../support/gateway.ts'
import { makeSetting, startTollgate } from './engines.ts'
import { formatJson, type Json } from './json.ts'
import { loadTariff, replay } from './replay.ts'
import { groupStories, type Reply, readStories, type Story } from './story.ts'

const stories = readStories()
const setting = makeSetting(t)

const shown = (reply: Reply | undefined) => formatJson((reply ?? 'not recorded') as Json)

for (const [name, group] of groupStories(stories))
  t.test(`stories of ${name}`, async (t) => {
    const [{ configuration, tariff }] = group as [Story]
    const engine = await startTollgate(configuration, setting)
    t.teardown(() => engine.close())
    const loader = engine.connect()
    if (tariff !== undefined) await loadTariff(loader, tariff)
    await loader.close()
    for (const story of group)
      await t.test(story.name, async (t) => {
        const clients = engine.connect()
        t.teardown(() => clients.close())
        const replies = await replay(story, clients)
        for (const [at, { name, reply, differs }] of story.steps.entries())
          t.equal(shown(replies[at]), shown(differs?.reply ?? reply), name)
      })
  })

t.test('what differs is a row of docs/differences.md, and does differ', (t) => {
  const page = readFileSync(join(ROOT, 'docs/differences.md'), 'utf8')
  const subjects = new Set([...page.matchAll(/^\| (.*?) \|/gm)].map(([, subject]) => subject))
  for (const story of stories)
    for (const { name, reply, differs } of story.steps)
      if (differs !== undefined) {
        t.ok(subjects.has(differs.subject), `${story.name}, ${name}: ${differs.subject}`)
        t.not(shown(differs.reply), shown(reply), `${story.name}, ${name}`)
      }
  t.end()
})

t.test('docs/conformance.md tells how many there are', (t) => {
  const told = /\bover (\d+) stories\b/.exec(readFileSync(join(ROOT, 'docs/conformance.md'), 'utf8'))?.[1]
  t.ok(stories.length > Number(told), `${stories.length} are over ${told}`)
  t.end()
})
