import type { EventFields } from '../core/event.ts'
import type { MessageReader } from '../mapping/context.ts'
import { readTree, treeSteps } from '../mapping/context.ts'
import { TemplateError } from '../mapping/value.ts'

/** Reads `~*req` of an event that is no protocol message: chargers' filters, writers' templates. */
export const EVENT_READER: MessageReader<EventFields, never> = {
  compileRequestPath(path) {
    const steps = treeSteps(path)
    return (event) => readTree(event, steps)
  },
  compileItemPath(path) {
    throw new TemplateError(`*item.${path}: an event has no repeated groups`)
  },
  compileGroupPath(path) {
    throw new TemplateError(`${path}: an event has no repeated groups`)
  },
}
