/** What the tests use of the npm package `diameter`, which has no types. */
declare module 'diameter' {
  import type { Socket } from 'node:net'

  export type NodeAvp = [name: string, value: string | number | object | NodeAvp[]]
  export type NodeMessage = { header: { flags: { request: boolean } }; command: string; body: NodeAvp[] }
  export type NodeConnection = {
    createRequest(application: string, command: string, sessionId?: string): NodeMessage
    sendRequest(request: NodeMessage, timeoutMs?: number): PromiseLike<NodeMessage>
    end(): void
  }
  export type NodeEvent = { message: NodeMessage; response: NodeMessage; callback(response: NodeMessage): void }
  export type NodeSocket = Socket & {
    diameterConnection: NodeConnection
    on(event: 'diameterMessage', listener: (event: NodeEvent) => void): NodeSocket
  }
  const diameter: { createConnection(options: { host: string; port: number }, connected: () => void): NodeSocket }
  export default diameter
}
