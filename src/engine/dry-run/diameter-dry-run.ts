import type { ReplyEncoder } from '../../agents/diameter/reply-encoder.ts'
import type { DiameterMapping } from '../../agents/diameter/request-handler.ts'
import { requestVars } from '../../agents/diameter/request-vars.ts'
import { messageContext } from '../../agents/pipeline.ts'
import { InvalidText } from '../../core/errors.ts'
import type { OrderedEntries } from '../../mapping/context.ts'
import { beginAnswer } from '../../protocol/diameter/answers.ts'
import type { RawAvp } from '../../protocol/diameter/avp.ts'
import type { Dictionary } from '../../protocol/diameter/dictionary.ts'
import { Framer } from '../../protocol/diameter/framing.ts'
import { DiameterMessage } from '../../protocol/diameter/message.ts'
import { MessageWriter } from '../../protocol/diameter/writer.ts'
import { tcpStreams } from '../../protocol/pcap.ts'
import { compileDiameterAgent } from '../diameter.ts'
import { avpLines, messageOf } from './diameter-text.ts'
import type { DryRunRequest } from './dry-run.ts'
import { INPUT_NAMES, inputOf, type MessageInput } from './input.ts'
import { dryRunMessage } from './pipeline-dry-run.ts'
import { MappingReport } from './report.ts'

/** A message, and where it came from when that is known. */
type Received = { message: DiameterMessage; remote: string }

/** Maps Diameter requests as the agent would, and tells each step. Throws InvalidText, ConfigError, TemplateError. */
export function diameterDryRun({ loaded, root, bytes, reply, sources, now }: DryRunRequest): readonly string[] {
  const report = new MappingReport()
  const { node_id: nodeId } = loaded.config.general
  const agent = compileDiameterAgent(loaded, root, nodeId, sources, report)
  const received = messagesOf(inputOf(bytes), agent.mapping.dictionary)
  if (received.length === 0) throw new InvalidText('there is no Diameter request in the file')
  for (const [i, { message, remote }] of received.entries()) {
    const vars = requestVars(agent.settings, agent.mapping.dictionary, message.applicationId, message.commandCode)
    report.say(
      `${i === 0 ? '' : '\n'}request ${i + 1}: ${vars['*cmd']} of ${message.bytes.length} octets${remote === '' ? '' : ` from ${remote}`}`,
    )
    const context = messageContext<DiameterMessage, RawAvp>(message, {
      vars: { ...vars, RemoteHost: remote },
      tenant: agent.settings.defaultTenant,
      now,
    })
    dryRunMessage(agent.mapping.processors, context, {
      report,
      reply,
      answer: () => answerLines(agent.mapping, message, context.rep),
      failure: (problem) => `answer 5012: ${problem}`,
    })
  }
  return report.lines
}

/** The answer of a request as AVPs and octets. Throws MappingError, InvalidText when a value is none of its AVP's type. */
function answerLines(
  { encoder, dictionary }: Pick<DiameterMapping, 'encoder' | 'dictionary'>,
  message: DiameterMessage,
  rep: OrderedEntries,
): string[] {
  const bytes = encoded(encoder, message, rep)
  const answer = new DiameterMessage(bytes)
  const avps = avpLines(answer, answer.avps, dictionary)
  return [`answer of ${bytes.length} octets`, ...avps.map((line) => `  ${line}`), `  ${bytes.toString('hex')}`]
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
