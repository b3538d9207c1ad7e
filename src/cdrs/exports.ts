import type { ZonedTime } from '../core/time.ts'
import type { Cdr } from './cdr.ts'

/** What exporters have written of stored CDRs. refusal: the text for the client; what could be written is written all the same. */
export type CdrExports = {
  refusal: string | undefined
  done: readonly {
    exporterId: string
    path: string
    at: ZonedTime
    cdrs: readonly { orderId: number; cdr: Cdr }[]
  }[]
  /** What exporters of another engine have said last, by exporter. */
  told?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}
