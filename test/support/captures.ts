/** A pcap file of whole frames, little-endian. */
export function pcap(link: number, frames: readonly Buffer[]): Buffer {
  const header = Buffer.from('d4c3b2a1020004000000000000000000ffff000000000000', 'hex')
  header.writeUInt32LE(link, 20)
  const records = frames.flatMap((frame) => {
    const record = Buffer.alloc(16)
    record.writeUInt32LE(frame.length, 8)
    record.writeUInt32LE(frame.length, 12)
    return [record, frame]
  })
  return Buffer.concat([header, ...records])
}

/** The same as pcapng, big-endian. */
export function pcapng(link: number, frames: readonly Buffer[]): Buffer {
  const word = (value: number) => {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(value)
    return bytes
  }
  const block = (type: number, body: Buffer) => {
    const padded = Buffer.concat([body, Buffer.alloc(-body.length & 3)])
    return Buffer.concat([word(type), word(padded.length + 12), padded, word(padded.length + 12)])
  }
  const section = block(0x0a0d0d0a, Buffer.from('1a2b3c4d00010000ffffffffffffffff', 'hex'))
  const description = block(1, Buffer.concat([Buffer.from([link >> 8, link & 0xff, 0, 0]), word(0xffff)]))
  const packets = frames.map((frame) =>
    block(6, Buffer.concat([word(0), word(0), word(0), word(frame.length), word(frame.length), frame])),
  )
  return Buffer.concat([section, description, ...packets])
}

function tcp(sequence: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(20)
  header.writeUInt16BE(40_000, 0)
  header.writeUInt16BE(3868, 2)
  header.writeUInt32BE(sequence, 4)
  header.writeUInt8(0x50, 12)
  return Buffer.concat([header, payload])
}

/** An IPv4 packet with one TCP segment from 10.0.0.1:40000 to 10.0.0.2:3868. */
export function ipv4(sequence: number, payload: Buffer): Buffer {
  const segment = tcp(sequence, payload)
  const header = Buffer.from('45000000000000004006000' + '00a0000010a000002', 'hex')
  header.writeUInt16BE(20 + segment.length, 2)
  return Buffer.concat([header, segment])
}

/** The same over IPv6, from 2001:db8::1 to 2001:db8::2. */
export function ipv6(sequence: number, payload: Buffer): Buffer {
  const segment = tcp(sequence, payload)
  const address = (last: string) => `20010db8${'0'.repeat(22)}${last}`
  const header = Buffer.from(`6000000000000640${address('01')}${address('02')}`, 'hex')
  header.writeUInt16BE(segment.length, 4)
  return Buffer.concat([header, segment])
}

/** An IPv4 packet with one UDP datagram from `address:port` to that port of the loopback address. */
export function udp4(from: string, port: number, payload: Buffer): Buffer {
  const [address = '', source = ''] = from.split(':')
  const header = Buffer.from('450000000000000040110000000000007f000001', 'hex')
  header.writeUInt16BE(28 + payload.length, 2)
  Buffer.from(address.split('.').map(Number)).copy(header, 12)
  const datagram = Buffer.alloc(8)
  datagram.writeUInt16BE(Number(source), 0)
  datagram.writeUInt16BE(port, 2)
  datagram.writeUInt16BE(8 + payload.length, 4)
  return Buffer.concat([header, datagram, payload])
}
