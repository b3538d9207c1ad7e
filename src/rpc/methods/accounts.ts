import type { Account } from '../../accounting/account.ts'
import { accountWire } from '../../accounting/account-wire.ts'
import { NotFound } from '../../core/errors.ts'
import { type Method, method, requireFields } from '../method.ts'
import { struct, text } from '../shape.ts'
import { accountShape } from '../shapes/account.ts'
import type { RpcDefaults } from './defaults.ts'

/** What the methods of accounts ask of the engine. */
export interface AccountServices {
  account(tenant: string, id: string): Promise<Account | undefined>
}

/** Accounts and their balances. Reference 01, 9.6; 04. */
export function accountMethods(services: AccountServices, defaults: RpcDefaults): Method[] {
  return [
    method('APIerSv2.GetAccount', {
      summary: 'One account with its balances. Errors: MANDATORY_IE_MISSING: [Account], NOT_FOUND.',
      params: struct('utils.AttrGetAccount', { Tenant: text, Account: text }),
      reply: accountShape,
      async run(argument) {
        requireFields(argument, 'Account')
        const account = await services.account(argument.Tenant || defaults.tenant, argument.Account)
        if (account === undefined) throw new NotFound()
        return accountWire(account)
      },
    }),
  ]
}
