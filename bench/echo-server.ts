import { createServer } from 'node:net'
import { Framer } from '../src/protocol/diameter/framing.ts'

/** Sends every Diameter message straight back: the floor of what a Node.js server of these bytes costs. */
const server = createServer((socket) => {
  const framer = new Framer()
  socket.setNoDelay(true)
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk: Buffer) => {
    const out: Buffer[] = []
    framer.push(chunk, (frame) => out.push(frame))
    if (out.length > 0) socket.write(out.length === 1 && out[0] !== undefined ? out[0] : Buffer.concat(out))
  })
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.stdout.write(`Diameter  127.0.0.1:${typeof address === 'object' ? address?.port : ''}\nnext\n`)
})
