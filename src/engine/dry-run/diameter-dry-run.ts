import type { ReplyEncoder } from '../../agents/diameter/reply-encoder.ts'
import { requestVars } from '../../agents/diameter/request-vars.ts'
import { InvalidText } from '../../core/errors.ts'
import type { EventFields } from '../../core/event.ts'
import { zoneOf } from '../../core/time.ts'
import { type MappingContext, OrderedEntries, textOf } from '../../mapping/context.ts'
import type { RequestProcessor } from '../../mapping/request-processor.ts'
import { sessionCalls } from '../../mapping/session-call.ts'
import { MappingError } from '../../mapping/value.ts'
import { beginAnswer } from '../../protocol/diameter/answers.ts'
import type { RawAvp } from '../../protocol/diameter/avp.ts'
import type { Dictionary } from '../../protocol/diameter/dictionary.ts'
import { Framer } from '../../protocol/diameter/framing.ts'
import { DiameterMessage } from '../../protocol/diameter/message.ts'
import { MessageWriter } from '../../protocol/diameter/writer.ts'
import { tcpStreams } from '../../protocol/pcap.ts'
import { type CompiledDiameterAgent, compileDiameterAgent } from '../diameter.ts'
import { avpLines, messageOf } from './diameter-text.ts'
import type { DryRunRequest } from './dry-run.ts'
import { INPUT_NAMES, type MessageInput } from './input.ts'
import { MappingReport } from './report.ts'

/** A dry run reads no store: a stored filter is not there, and neither is a destination or a timing. */
const NOTHING_STORED = { filter: () => undefined, destination: () => undefined, timing: () => undefined }

/** A message, and where it came from when that is known. */
type Received = { message: DiameterMessage; remote: string }

/** Maps Diameter requests as the agent would, and tells each step. Throws InvalidText, ConfigError, TemplateError. */
export function diameterDryRun({ loaded, root, input, reply }: DryRunRequest): readonly string[] {
  const report = new MappingReport()
  const { node_id: nodeId, default_timezone: zone } = loaded.config.general
  const agent = compileDiameterAgent(loaded, root, nodeId, NOTHING_STORED, report)
  const now = { ns: BigInt(Date.now()) * 1_000_000n, zone: zoneOf(zone) }
  const received = messagesOf(input, agent.mapping.dictionary)
  if (received.length === 0) throw new InvalidText('there is no Diameter request in the file')
  for (const [i, { message, remote }] of received.entries()) {
    const vars = requestVars(agent.settings, agent.mapping.dictionary, message.applicationId, message.commandCode)
    report.say(
      `${i === 0 ? '' : '\n'}request ${i + 1}: ${vars['*cmd']} of ${message.bytes.length} octets${remote === '' ? '' : ` from ${remote}`}`,
    )
    const context = {
      message,
      item: undefined,
      instance: -1,
      tenant: agent.settings.defaultTenant,
      now,
      vars: { ...vars, RemoteHost: remote },
      request: {},
      opts: {},
      reply: {},
      rep: new OrderedEntries(),
      tmp: {},
    }
    new DryRun(agent, report, reply).run(context)
  }
  return report.lines
}

type Context = MappingContext<DiameterMessage, RawAvp>

/** One request through the processors. Reference 07, 1.3. */
class DryRun {
  readonly #agent: CompiledDiameterAgent
  readonly #report: MappingReport
  readonly #reply: EventFields | undefined

  constructor(agent: CompiledDiameterAgent, report: MappingReport, reply: EventFields | undefined) {
    this.#agent = agent
    this.#report = report
    this.#reply = reply
  }

  run(context: Context): void {
    try {
      if (!this.#runProcessors(context)) throw new MappingError('no request processor matches')
      if (this.#reply !== undefined) this.#answer(context)
    } catch (cause) {
      if (!(cause instanceof MappingError || cause instanceof InvalidText)) throw cause
      this.#report.say(`answer 5012: ${cause.message}`)
    }
  }

  #runProcessors(context: Context): boolean {
    let matched = false
    for (const processor of this.#agent.mapping.processors) {
      const instances = processor.instances?.(context.message) ?? [undefined]
      if (instances.length === 0) this.#report.say(`processor ${processor.id}: its group is not in the message`)
      let ran = false
      for (const [i, item] of instances.entries()) {
        context.item = item
        context.instance = processor.instances === undefined ? -1 : i
        context.tmp = {}
        if (!processor.matches(context)) continue
        ran = matched = true
        this.#runProcessor(processor, context)
      }
      if (ran && !processor.flags.continue) break
    }
    return matched
  }

  #runProcessor(processor: RequestProcessor<DiameterMessage, RawAvp>, context: Context): void {
    const report = this.#report
    context.request = {}
    const tenant = processor.tenant?.(context)
    context.tenant = tenant === undefined || tenant === '' ? this.#agent.settings.defaultTenant : textOf(tenant)
    if (context.instance >= 0)
      report.say(`  group ${context.instance + 1} of ${processor.instances?.(context.message).length}`)
    report.say('  request fields')
    processor.fillRequest(context)
    report.event(context.request, context.opts, context.tenant)
    const calls = sessionCalls(processor.flags)
    for (const call of calls) report.call(call)
    if (calls.length === 0) report.say('  calls nothing')
    if (this.#reply === undefined) return
    if (calls.length > 0) context.reply = this.#reply
    context.tmp = {}
    report.say('  reply fields')
    processor.fillReply(context)
  }

  #answer({ message, rep }: Context): void {
    const bytes = encoded(this.#agent.mapping.encoder, message, rep)
    this.#report.say(`answer of ${bytes.length} octets`)
    const answer = new DiameterMessage(bytes)
    for (const line of avpLines(answer, answer.avps, this.#agent.mapping.dictionary)) this.#report.say(`  ${line}`)
    this.#report.say(`  ${bytes.toString('hex')}`)
  }
}

function encoded(encoder: ReplyEncoder, message: DiameterMessage, rep: OrderedEntries): Buffer {
  const writer = beginAnswer(new MessageWriter(1024), message)
  encoder.encode(rep.entries, writer)
  return writer.finish()
}

/** The requests of an input that are for processors. Throws InvalidText for what is no Diameter. */
function messagesOf(input: MessageInput, dictionary: Dictionary): Received[] {
  switch (input.kind) {
    case 'octets':
      return input.messages.map((bytes) => ({ message: whole(bytes), remote: '' }))
    case 'capture':
      return tcpStreams(input.segments).flatMap(({ source, bytes }) => {
        const found: Received[] = []
        new Framer().push(bytes, (frame) => found.push({ message: new DiameterMessage(frame), remote: source }))
        return found.filter(({ message }) => message.isRequest && message.applicationId !== 0)
      })
    case 'json':
      return input.messages.map((object) => ({ message: messageOf(object, dictionary), remote: '' }))
    default:
      throw new InvalidText(`a Diameter message is hexadecimal octets, a pcap or JSON, not ${INPUT_NAMES[input.kind]}`)
  }
}

function whole(bytes: Buffer): DiameterMessage {
  if (bytes.length < 20 || bytes.readUIntBE(1, 3) !== bytes.length)
    throw new InvalidText(
      `a Diameter message of ${bytes.length} octets names a length of ${bytes.length < 4 ? 'nothing' : bytes.readUIntBE(1, 3)}`,
    )
  const message = new DiameterMessage(bytes)
  if (message.fault !== undefined) throw new InvalidText('an AVP of the Diameter message has no possible length')
  return message
}
