import { z } from 'zod'
import { secret, struct } from './key-types.ts'

/** Where mail of actions goes out. Reference 01, 4.7. */
export const mailer = struct('MailerJsonCfg', {
  /** `host` or `host:port`. */
  server: z.string(),
  auth_user: z.string(),
  from_address: z.string(),
  auth_password: secret,
})
