import { type Method, method } from '../method.ts'
import { text } from '../shape.ts'
import { tenantShape } from '../shapes/event.ts'

/** Methods of the process itself. Reference 01, 9.4. */
export function coreMethods(): Method[] {
  return [method('CoreSv1.Ping', { summary: 'Answers Pong.', params: tenantShape, reply: text, run: () => 'Pong' })]
}
