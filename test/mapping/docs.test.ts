import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { EventFields } from '../../src/core/event.ts'
import { textOf } from '../../src/mapping/context.ts'
import { CONVERTER_NAMES } from '../../src/mapping/converters.ts'
import type { FieldTemplate } from '../../src/mapping/field-plan.ts'
import { readTree } from '../../src/mapping/tree.ts'
import { ROOT } from '../support/gateway.ts'
import { type EventContext, run, valueText } from '../support/mapping.ts'

const page = readFileSync(join(ROOT, 'docs/templates.md'), 'utf8')

type Example = {
  message: EventFields
  fields: Partial<FieldTemplate>[]
  gives?: Record<string, EventFields | string[]>
  fails?: string
}

/** A container as the page shows it: fields as text, the reply in its order. */
function shown(context: EventContext, container: string): EventFields | string[] {
  if (container === '*rep') return context.rep.entries.map(({ path, value }) => `${path}=${value}`)
  const tree = container === '*opts' ? context.opts : context.request
  const texts = Object.keys(tree).map((name) => [
    name,
    Array.isArray(tree[name]) ? tree[name] : textOf(readTree(tree, [name]) ?? ''),
  ])
  return Object.fromEntries(texts) as EventFields
}

const examples = [...page.matchAll(/^```json\n(.*?)^```/gms)].map(([, text = '']) => JSON.parse(text) as Example)

for (const [i, { message, fields, gives = {}, fails }] of examples.entries()) {
  t.test(`docs/templates.md, example ${i + 1}`, async (t) => {
    if (fails !== undefined) t.throws(() => run(fields, message), { message: `test.json:1: ${fails}` })
    else {
      const context = run(fields, message)
      for (const [container, content] of Object.entries(gives)) t.same(shown(context, container), content)
    }
  })
}

const rows = [...page.matchAll(/^\| `([^|]*)` \| (?:`` (.*?) ``|`([^`|]*)`) \| `([^|]*)` \|$/gm)]

for (const [, message = '', quoted, plain = '', result] of rows) {
  const value = quoted ?? plain
  t.test(`docs/templates.md: ${value} of ${message}`, async (t) => t.equal(valueText(value, { X: message }), result))
}

t.test('the page shows every converter', async (t) => {
  t.ok(examples.length >= 7 && rows.length >= 30, 'the examples are found')
  t.same(
    CONVERTER_NAMES.filter((name) => !page.includes(name)),
    [],
  )
})
