import { connect, createServer, type Socket } from 'node:net'
import type { Test } from 'tap'
import { addressOf } from './rpc-hosts.ts'

/** A way to a server that can be cut. */
export type CutProxy = {
  port: number
  /** What happens to octets from now on: they pass; replies are swallowed; requests are swallowed. */
  mode: 'pass' | 'deaf' | 'mute'
  /** Octets that were swallowed. */
  swallowed: number
  /** Ends every connection; new ones are taken. */
  cut: () => void
}

/** A proxy in front of a port of this machine, closed with the test. */
export async function cutProxy(t: Test, target: number): Promise<CutProxy> {
  const sockets = new Set<Socket>()
  const proxy: CutProxy = { port: 0, mode: 'pass', swallowed: 0, cut: () => undefined }
  const pass = (from: Socket, to: Socket, swallowedIn: CutProxy['mode']) => {
    from.on('data', (octets: Buffer) => {
      if (proxy.mode === swallowedIn) proxy.swallowed += octets.length
      else to.write(octets)
    })
    from.on('close', () => to.destroy())
    from.on('error', () => to.destroy())
    sockets.add(from)
    from.on('close', () => sockets.delete(from))
  }
  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1')
    pass(client, upstream, 'mute')
    pass(upstream, client, 'deaf')
  })
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  proxy.port = Number(addressOf(server).split(':')[1])
  proxy.cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  t.teardown(() => {
    proxy.cut()
    server.close()
  })
  return proxy
}
