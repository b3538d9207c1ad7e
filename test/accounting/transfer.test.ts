import t from 'tap'
import type { Account } from '../../src/accounting/account.ts'
import { readAction } from '../../src/accounting/action.ts'
import { runActions } from '../../src/accounting/actions.ts'
import { NotFound } from '../../src/core/errors.ts'
import { accountOf, contextOf, show } from '../support/accounts.ts'
import { at } from '../support/tariffs.ts'

const NOW = at('2026-11-23T06:22:13Z')
const PAST = NOW.ns - 1n
const money = (balances: Record<string, string>): Account => accountOf({ '*monetary': balances })
const blank = {
  id: 'ACT',
  action: '*transfer_balance',
  filters: '',
  balanceType: '',
  categories: '',
  destinationIds: '',
  ratingSubject: '',
  sharedGroups: '',
  expiryTime: '',
  timingIds: '',
  balanceWeight: '',
  balanceBlocker: '',
  balanceDisabled: '',
  weight: '',
}

type Row = {
  name: string
  source: Account
  /** Balance of the source. */
  from?: string
  /** Undefined: there is no such account. */
  destination?: Account | undefined
  to?: string
  units?: string
  reference?: number
  parameters?: string
  /** Both accounts afterwards, or why nothing moves. */
  source2?: string
  destination2?: string
  cause?: string
}

const rows: readonly Row[] = [
  {
    name: '04 W23e: 4 from 10 to 10',
    source: money({ S: '10' }),
    destination: money({ D: '10' }),
    units: '4',
    source2: 'S 6',
    destination2: 'D 14',
  },
  {
    name: '04 W23e: 3 to a missing balance',
    source: money({ S: '4' }),
    destination: money({}),
    units: '3',
    source2: 'S 1',
    destination2: 'D 3',
  },
  {
    name: '04 W23e: *default may go below 0',
    source: money({ '*default': '2' }),
    from: '*default',
    destination: money({ D: '0' }),
    units: '3',
    source2: '*default -1',
    destination2: 'D 3',
  },
  {
    name: '04 W23e: a reference value below that of *default',
    source: money({ S: '10' }),
    destination: money({ '*default': '5' }),
    to: '*default',
    reference: -0.01,
    source2: 'S 15.01',
    destination2: '*default -0.01',
  },
  {
    name: '04 W23e: up to a reference value',
    source: money({ S: '10' }),
    destination: money({ D: '5' }),
    reference: 8,
    source2: 'S 7',
    destination2: 'D 8',
  },
  {
    name: '04 W23e: back to a reference value',
    source: money({ S: '7' }),
    destination: money({ D: '8' }),
    reference: 2,
    source2: 'S 13',
    destination2: 'D 2',
  },
  {
    name: 'a balance of any type',
    source: accountOf({ '*sms': { S: '7' } }),
    destination: money({ S: '8' }),
    units: '2',
    source2: 'S 5',
    destination2: 'S 8, D 2',
  },
  {
    name: 'more than there is',
    source: money({ S: '2' }),
    destination: money({ D: '5' }),
    units: '3',
    cause: 'insufficient credits in source balance "S" (account "t:1001") for transfer of 3.00 units',
  },
  {
    name: 'more than there is to move back',
    source: money({ S: '2' }),
    destination: money({ D: '5' }),
    units: '-5.5',
    cause: 'insufficient credits in destination balance "D" (account "t:2") for transfer of 5.50 units',
  },
  {
    name: 'no units',
    source: money({ S: '2' }),
    destination: money({ D: '5' }),
    cause: 'transfer amount is missing or 0',
  },
  { name: 'no balance named', source: money({ S: '2' }), from: '', cause: 'source balance ID is missing' },
  {
    name: 'no destination named',
    source: money({ S: '2' }),
    parameters: '',
    cause: 'ExtraParameters used to identify the destination balance are missing',
  },
  {
    name: 'no balances at all',
    source: accountOf({}),
    units: '1',
    cause: 'account t:1001 has no balances to transfer from',
  },
  { name: 'no such balance', source: money({ X: '1' }), units: '1', cause: 'source balance not found or expired' },
  {
    name: 'an expired balance',
    source: accountOf({ '*monetary': { S: { value: '1', expiresAtNs: PAST } } }),
    units: '1',
    cause: 'source balance not found or expired',
  },
  {
    name: 'no such account',
    source: money({ S: '1' }),
    units: '1',
    cause: 'retrieving destination account failed: NOT_FOUND',
  },
  {
    name: 'an expired destination',
    source: money({ S: '1' }),
    destination: accountOf({ '*monetary': { D: { value: '1', expiresAtNs: PAST } } }),
    units: '1',
    cause: 'destination balance expired',
  },
]

for (const { name, source, from = 'S', destination, to = 'D', units = '', reference, ...row } of rows) {
  t.test(`*transfer_balance: ${name}`, async (t) => {
    const parameters = { DestinationAccountID: 't:2', DestinationBalanceID: to, DestinationReferenceValue: reference }
    const extraParameters = row.parameters ?? JSON.stringify(parameters)
    const action = readAction({ ...blank, extraParameters, balanceId: from, units }, [])
    const outcome = runActions({ tenant: 't', id: '1001' }, source, [action], {
      ...contextOf(),
      now: NOW,
      roundingDecimals: 5,
      removeExpired: true,
      passes: () => true,
      setOf: () => undefined,
      failed: () => undefined,
      lastSummary: () => {
        throw new NotFound()
      },
      accountOf: (id) => (id === 't:2' && destination ? { ...destination, id: '2' } : undefined),
    })
    if (!outcome.ok) t.equal(outcome.cause, row.cause)
    else {
      t.equal(outcome.account && show(outcome.account), row.source2)
      t.same(outcome.others.map(show), [row.destination2])
    }
  })
}
