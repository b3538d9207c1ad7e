import { z } from 'zod'
import { noEffect, secret, struct } from './key-types.ts'

const secretList = z.array(secret)

/** Access to the APIBAN list of addresses. Reference 01, 4.7. */
export const apiban = struct('APIBanJsonCfg', {
  ...noEffect(secretList, 'keys'),
})
