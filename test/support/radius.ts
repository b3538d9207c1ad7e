import { join } from 'node:path'
import { RadiusDictionary } from '../../src/protocol/radius/dictionary.ts'
import { dictionaryLines, readDictionaryFolders } from '../../src/protocol/radius/dictionary-files.ts'
import { decodePacket, type RadiusPacket } from '../../src/protocol/radius/packet.ts'
import { ROOT } from './gateway.ts'

const FOLDER = join(ROOT, 'dictionaries/radius')

/** The shipped dictionaries of attributes, with those of the default folder, and lines of a test behind them. */
export function shippedDictionary(...more: readonly string[]): RadiusDictionary {
  const lines = readDictionaryFolders([join(FOLDER, 'base'), join(FOLDER, 'default')])
  return new RadiusDictionary([...lines, ...dictionaryLines('test', more.join('\n'))])
}

/** Octets of hexadecimal text with any blanks. */
export function octets(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(/\s/g, ''), 'hex')
}

/** A packet that must be one. Throws Error with its fault. */
export function packetOf(bytes: Buffer): RadiusPacket {
  const decoded = decodePacket(bytes)
  if (!decoded.ok) throw new Error(`octet ${decoded.fault.at}: ${decoded.fault.reason}`)
  return decoded.packet
}
