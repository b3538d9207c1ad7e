import { z } from 'zod'
import { noEffect, secret, struct } from './key-types.ts'

/** Where mail of actions goes out. Reference 01, 4.7. */
export const mailer = struct('MailerJsonCfg', {
  ...noEffect(z.string(), 'server', 'auth_user', 'from_address'),
  ...noEffect(secret, 'auth_password'),
})
