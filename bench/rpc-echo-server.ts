/** Answers every JSON-RPC request with its id and a text over TCP, HTTP and WebSocket: the floor of what a Node.js server of these bytes costs. */
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { WebSocketServer } from 'ws'

function replyTo(request: string): string {
  const { id } = JSON.parse(request) as { id: unknown }
  return `${JSON.stringify({ id, result: 'Pong', error: null })}\n`
}

const tcp = createServer((socket) => {
  let held = ''
  socket.setNoDelay(true)
  socket.setEncoding('utf8')
  socket.on('error', () => socket.destroy())
  socket.on('data', (text: string) => {
    const lines = (held + text).split('\n')
    held = lines.pop() ?? ''
    socket.write(lines.map(replyTo).join(''))
  })
})

const http = createHttpServer((request, response) => {
  let body = ''
  request.setEncoding('utf8')
  request.on('data', (text: string) => {
    body += text
  })
  request.on('end', () => {
    const reply = replyTo(body)
    response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': reply.length })
    response.end(reply)
  })
})
new WebSocketServer({ server: http, perMessageDeflate: false }).on('connection', (client) =>
  client.on('message', (data) => client.send(replyTo(String(data)))),
)

const listening = (server: Server) =>
  new Promise<number>((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)))
process.stdout.write(
  `JSON-RPC  127.0.0.1:${await listening(tcp)}\nHTTP      127.0.0.1:${await listening(http)}  ()\nnext\n`,
)
