import { any, embedded, list, map, type Shape, struct, text } from '../shape.ts'
import { eventShape } from '../shapes/event.ts'
import { peerToDisconnectShape } from '../shapes/session.ts'

/** What goes into a method and comes out of it: without it a gob can neither be written nor read. */
export type MethodShapes = { readonly params: Shape; readonly reply: Shape }

/** The shapes of a method by its whole name; undefined: nobody knows it. */
export type FindShapes = (method: string) => MethodShapes | undefined

/** What other engines are called that no service here answers. Reference 09, B8. */
export const CALLED_METHODS: Readonly<Record<string, MethodShapes>> = {
  'EeSv1.ProcessEvent': {
    params: struct('engine.CGREventWithEeIDs', { EeIDs: list(text), CGREvent: embedded(eventShape) }),
    reply: map(map(any)),
  },
}

const notification: MethodShapes = { params: eventShape, reply: text }

/** What is called of clients on bidirectional connections. Reference 01, 7.4. */
export const AGENT_METHODS: Readonly<Record<string, MethodShapes>> = {
  'AgentV1.DisconnectSession': notification,
  'AgentV1.GetActiveSessionIDs': {
    params: text,
    reply: list(struct('sessions.SessionID', { OriginHost: text, OriginID: text })),
  },
  'AgentV1.AlterSession': notification,
  'AgentV1.DisconnectPeer': {
    params: peerToDisconnectShape,
    reply: text,
  },
  'AgentV1.WarnDisconnect': { params: map(any), reply: text },
  'AgentV1.SpendingStatusNotification': notification,
}
