/**
 * Writes what an engine answers into the stories: `node test/conformance/record.ts --engine PATH [--into DIR] [story...]`. Every story
 * has a new engine of its own. PATH is a program that takes `-config_path DIR`; DIR is that of the stories unless another is given.
 */
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { makeSetting, type Setting, startReference } from './engines.ts'
import { formatJson, type Json } from './json.ts'
import { loadTariff, replay } from './replay.ts'
import { type Reply, readStories, STORIES, type Story } from './story.ts'

async function record(engine: string, into: string, story: Story, setting: Setting): Promise<void> {
  const { connect, close } = await startReference(engine, story.configuration, setting)
  const clients = connect()
  try {
    if (story.tariff !== undefined) await loadTariff(clients, story.tariff)
    writeFileSync(join(into, `${story.name}.json`), `${formatJson(withReplies(story, await replay(story, clients)))}\n`)
  } finally {
    await clients.close()
    await close()
  }
}

/** The story with the replies in their place: before what differs. */
function withReplies(story: Story, replies: readonly Reply[]): Json {
  const steps = story.steps.map(({ differs, ...step }, at) => ({
    ...step,
    reply: replies[at],
    ...(differs === undefined ? {} : { differs }),
  }))
  return { ...story, steps } as unknown as Json
}

const { values, positionals } = parseArgs({
  options: { engine: { type: 'string' }, into: { type: 'string', default: STORIES } },
  allowPositionals: true,
})
const stories = readStories()
const unknown = positionals.filter((name) => !stories.some((story) => story.name === name))
if (values.engine === undefined || unknown.length > 0) {
  process.stderr.write(
    values.engine === undefined
      ? 'node test/conformance/record.ts --engine PATH [--into DIR] [story...]\n'
      : `no story ${unknown.join(', ')}\n`,
  )
  process.exitCode = 2
} else {
  const ends: (() => void)[] = []
  const setting = makeSetting({ teardown: (end) => ends.push(end) })
  const wanted = stories.filter(({ name }) => positionals.length === 0 || positionals.includes(name))
  for (const story of wanted) {
    await record(resolve(values.engine), values.into, story, setting)
    process.stdout.write(`${story.name}: ${story.steps.length} steps\n`)
  }
  for (const end of ends) end()
}
