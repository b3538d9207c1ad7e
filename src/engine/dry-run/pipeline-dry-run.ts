import { runProcessors } from '../../agents/pipeline.ts'
import { InvalidText } from '../../core/errors.ts'
import type { EventFields } from '../../core/event.ts'
import type { MappingContext } from '../../mapping/context.ts'
import type { RequestProcessor } from '../../mapping/request-processor.ts'
import { MappingError } from '../../mapping/value.ts'
import type { MappingReport } from './report.ts'

export type DryRunOptions = {
  report: MappingReport
  /** What the API answers; undefined: replies are not built. */
  reply: EventFields | undefined
  /** Lines for the protocol's answer, made of `*rep`. May throw MappingError or InvalidText: it cannot be built. */
  answer: () => readonly string[]
  /** The line for a message that its templates do not answer. */
  failure: (problem: string) => string
}

/** Takes one message of any protocol through the processors of its agent and tells each step; nothing is called. */
export function dryRunMessage<M, G>(
  processors: readonly RequestProcessor<M, G>[],
  context: MappingContext<M, G>,
  { report, reply, answer, failure }: DryRunOptions,
): void {
  const { message } = context
  try {
    const matched = runProcessors(
      processors,
      context,
      {
        call({ calls }, { event, apiOpts, tenant }) {
          report.event(event, apiOpts, tenant)
          for (const call of calls) report.call(call)
          if (calls.length === 0) report.say('  calls nothing')
          return calls.length > 0 ? reply : undefined
        },
      },
      {
        newId: () => '',
        log: () => undefined,
        watch: {
          absent: ({ id }) => report.say(`processor ${id}: its group is not in the message`),
          matched({ instances }, { instance }) {
            if (instance >= 0) report.say(`  group ${instance + 1} of ${instances?.(message).length}`)
            report.say('  request fields')
          },
          replies() {
            if (reply !== undefined) report.say('  reply fields')
            return reply !== undefined
          },
        },
      },
    )
    if (!matched) throw new MappingError('no request processor matches')
    if (reply !== undefined) for (const line of answer()) report.say(line)
  } catch (cause) {
    if (!(cause instanceof MappingError || cause instanceof InvalidText)) throw cause
    report.say(failure(cause.message))
  }
}
