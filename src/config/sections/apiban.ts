import { z } from 'zod'
import { secret, struct } from './key-types.ts'

/** Access to the APIBAN list of addresses. Reference 01, 4.7. */
export const apiban = struct('APIBanJsonCfg', {
  keys: z.array(secret),
})
