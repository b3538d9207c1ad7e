import { messageContext } from '../../agents/pipeline.ts'
import { isReplyFault } from '../../agents/radius/reply-encoder.ts'
import { radiusVars } from '../../agents/radius/request-vars.ts'
import { InvalidText } from '../../core/errors.ts'
import { parseListenAddress } from '../../core/listen-address.ts'
import type { OrderedEntries } from '../../mapping/context.ts'
import { hasRightMessageAuthenticator, isAuthentic } from '../../protocol/radius/authenticators.ts'
import { RadiusMessage } from '../../protocol/radius/message.ts'
import { decodePacket, PacketCode, packetCodeName } from '../../protocol/radius/packet.ts'
import { packetFault } from '../../protocol/radius/validate.ts'
import { type CompiledRadiusAgent, compileRadiusAgent, type RadiusMapping } from '../radius.ts'
import type { DryRunRequest } from './dry-run.ts'
import { INPUT_NAMES, inputOf, type MessageInput } from './input.ts'
import { dryRunMessage } from './pipeline-dry-run.ts'
import { attributeLines, radiusRequestOf } from './radius-text.ts'
import { MappingReport } from './report.ts'

/** Ports of RADIUS besides those that the section listens on. RFC 2865, 3; RFC 2866, 3; and those before them. */
const PORTS = [1812, 1813, 1645, 1646]

const REQUESTS: readonly number[] = [PacketCode.ACCESS_REQUEST, PacketCode.ACCOUNTING_REQUEST, PacketCode.STATUS_SERVER]

/** A datagram, and `address:port` where it came from when that is known. */
type Received = { bytes: Buffer; remote: string }

/** Maps RADIUS requests as the agent would, and tells each step. Throws InvalidText, ConfigError, TemplateError. */
export function radiusDryRun({ loaded, root, bytes, reply, sources, now }: DryRunRequest): readonly string[] {
  const report = new MappingReport()
  const agent = compileRadiusAgent(loaded, root, sources, report)
  const { listeners } = loaded.config.radius_agent
  const own = listeners
    .flatMap((each) => [each.auth_address, each.acct_address])
    .map((each) => parseListenAddress(each).port)
  const received = receivedOf(inputOf(bytes), agent, [...PORTS, ...own])
  if (received.length === 0) throw new InvalidText('there is no RADIUS request in the file')
  for (const [i, { bytes: packet, remote }] of received.entries()) {
    const address = remote.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1')
    const code = packet[0] ?? 0
    report.say(
      `${i === 0 ? '' : '\n'}request ${i + 1}: ${packetCodeName(code) ?? `code ${code}`} of ${packet.length} octets${remote === '' ? '' : ` from ${remote}`}`,
    )
    const mapping = agent.mappingOf(address)
    const message = messageOf(packet, address, agent, mapping, report)
    if (message === undefined) continue
    const { node_id: nodeId, default_tenant: tenant } = loaded.config.general
    const vars = radiusVars(message, mapping.dictionary, nodeId, remote)
    const context = messageContext<RadiusMessage, never>(message, { vars, tenant, now })
    dryRunMessage(mapping.processors, context, {
      report,
      reply,
      answer: () => answerLines(mapping, message, context.rep),
      failure: (problem) => `no answer: ${problem}`,
    })
  }
  return report.lines
}

/** The packet, when the agent would map it. What speaks against it is told. */
function messageOf(
  bytes: Buffer,
  address: string,
  agent: CompiledRadiusAgent,
  { dictionary }: RadiusMapping,
  report: MappingReport,
): RadiusMessage | undefined {
  const secret = agent.secretOf(address)
  const decoded = decodePacket(bytes)
  const fault = decoded.ok ? packetFault(decoded.packet, dictionary) : decoded.fault
  if (fault !== undefined) report.say(`no answer: octet ${fault.at}: ${fault.reason}`)
  if (secret === undefined) report.say(`no answer: there is no secret for client ${address}`)
  if (!decoded.ok || fault !== undefined || secret === undefined) return undefined
  const isRight = isAuthentic(decoded.packet, secret) && hasRightMessageAuthenticator(decoded.packet, secret) !== false
  // Whoever looks at a capture may not have its secret: the rest is worth seeing.
  if (!isRight)
    report.say('  the secret of the configuration is not that of this packet: the agent would not answer it')
  const message = new RadiusMessage(decoded.packet, dictionary, secret)
  report.say('  attributes')
  for (const line of attributeLines(message)) report.say(`    ${line}`)
  return message
}

/** The reply to a request as attributes and octets: of its templates, or of what is wrong with them. */
function answerLines({ encoder, dictionary }: RadiusMapping, message: RadiusMessage, rep: OrderedEntries): string[] {
  const bytes = builtOr(
    () => encoder.encode(message, rep.entries),
    (reason) => encoder.refuse(message, reason),
  )
  if (bytes === undefined) return ['no answer: the template drops the request']
  const decoded = decodePacket(bytes)
  if (!decoded.ok) throw new InvalidText(`octet ${decoded.fault.at}: ${decoded.fault.reason}`)
  // Values are hidden with the authenticator of the request.
  const packet = { ...decoded.packet, authenticator: message.packet.authenticator }
  const attributes = attributeLines(new RadiusMessage(packet, dictionary, message.hiding.secret))
  return [
    `answer ${packetCodeName(packet.code)} of ${bytes.length} octets`,
    ...attributes.map((line) => `  ${line}`),
    `  ${bytes.toString('hex')}`,
  ]
}

function builtOr(build: () => Buffer | undefined, refuse: (reason: string) => Buffer | undefined): Buffer | undefined {
  try {
    return build()
  } catch (cause) {
    const refusal = isReplyFault(cause) ? refuse(cause.message) : undefined
    if (refusal === undefined) throw cause
    return refusal
  }
}

/** The requests of an input. Throws InvalidText for what is no RADIUS. */
function receivedOf(input: MessageInput, agent: CompiledRadiusAgent, ports: readonly number[]): Received[] {
  switch (input.kind) {
    case 'octets':
      return input.messages.map((bytes) => ({ bytes, remote: '' }))
    case 'capture':
      return input.segments
        .filter(({ protocol, destination, payload }) => {
          const port = Number(destination.slice(destination.lastIndexOf(':') + 1))
          return protocol === 'udp' && ports.includes(port) && REQUESTS.includes(payload[0] ?? 0)
        })
        .map(({ payload, source }) => ({ bytes: payload, remote: source }))
    case 'json': {
      const secret = agent.secretOf('') ?? Buffer.alloc(0)
      const { dictionary } = agent.mappingOf('')
      return input.messages.map((object) => ({ bytes: radiusRequestOf(object, dictionary, secret), remote: '' }))
    }
    default:
      throw new InvalidText(`a RADIUS packet is hexadecimal octets, a pcap or JSON, not ${INPUT_NAMES[input.kind]}`)
  }
}
