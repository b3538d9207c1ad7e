/** What a peer sent: the reply to a call of ours, or, on bidirectional connections, a call of its own. */
export type Incoming =
  | { readonly kind: 'reply'; readonly id: number; readonly result: unknown; readonly error: string | null }
  /** id: what the reply echoes; undefined or null: nothing is answered. fault: why the argument could not be read. */
  | {
      readonly kind: 'call'
      readonly id: unknown
      readonly method: string
      readonly argument: unknown
      readonly fault?: string
    }

/** The bytes of one connection, both ways. It has a state: each connection needs its own. */
export interface ClientCodec {
  /** A call. id: 1, 2, 3... on this connection. */
  encodeCall(id: number, method: string, argument: unknown): Buffer | string
  /** Tells the server that the reply to an earlier call is not waited for any more. */
  encodeCancel(id: number, cancelled: number): Buffer | string
  /** The reply to a call of the peer. */
  encodeReply(id: unknown, result: unknown, error: string | null): Buffer | string
  /** Everything that the bytes complete. Throws NetworkError when they cannot be read. */
  decode(bytes: Buffer): Incoming[]
}
