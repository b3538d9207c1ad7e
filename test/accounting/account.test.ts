import fc from 'fast-check'
import t from 'tap'
import type { Account } from '../../src/accounting/account.ts'
import { accountKind } from '../../src/accounting/account-record.ts'
import { accountWire } from '../../src/accounting/account-wire.ts'
import { Decimal } from '../../src/core/decimal.ts'
import { JsonWriter } from '../../src/core/json-writer.ts'
import { accountOf, names } from '../support/accounts.ts'
import { at, timing } from '../support/tariffs.ts'

const FULL = accountOf(
  {
    '*monetary': {
      M: {
        value: '10.00001',
        weight: 10,
        expiresAtNs: at('2030-01-01T00:00:00.000000001Z').ns,
        blocker: true,
        destinationIds: names('NAT', '!RET'),
        ratingSubject: '*zero1s',
        categories: {},
        sharedGroups: names('SG'),
        timings: [timing('PM', { weekDays: [1], startTime: '12:00:00' })],
        timingIds: names('PM'),
        factors: { f: '0.5' },
      },
      N: { value: '-3', disabled: true },
    },
    '*data': { big: '123456789012345678901234567890' },
    '*sms': {},
  },
  { allowNegative: true },
)

/** The account as the store gives it back. */
function stored(account: Account): Account {
  const writer = new JsonWriter().begin()
  accountKind.write(account, writer)
  return accountKind.decode(writer.finish().toString(), 't:1001')
}

t.test('an account is read back as it was written', async (t) => {
  for (const account of [FULL, accountOf({}), accountOf({ '*voice': { V: '5s' } }, { disabled: true })]) {
    t.same(stored(account), account)
  }
})

t.test('values of any size and precision are read back', async (t) => {
  const value = fc.tuple(fc.bigInt(), fc.integer({ min: 0, max: 20 }), fc.option(fc.bigInt()))
  fc.assert(
    fc.property(value, fc.string(), ([coefficient, scale, expiresAtNs], id) => {
      const [balance] = accountOf({ '*data': { D: '0' } }).balances['*data'] ?? []
      if (balance === undefined) return false
      const changed = { ...balance, id, value: new Decimal(coefficient, scale), expiresAtNs }
      const account: Account = { ...accountOf({}), id, balances: { '*data': [changed] } }
      const read = stored(account)
      const [found] = read.balances['*data'] ?? []
      return (
        read.id === id && found?.id === id && found.expiresAtNs === expiresAtNs && found.value.equals(changed.value)
      )
    }),
  )
  t.pass()
})

t.test('the form on the wire (04, 2.1)', async (t) => {
  const account = accountOf({
    '*monetary': {
      test: { value: '10', weight: 10, destinationIds: {}, categories: {}, sharedGroups: {}, timingIds: {} },
    },
    '*sms': {},
  })
  t.equal(
    JSON.stringify(accountWire({ ...account, updatedAtMs: Date.UTC(2026, 0, 2, 10, 0, 0, 123) })),
    '{"ID":"t:1001","BalanceMap":{"*monetary":[{"Uuid":"test","ID":"test","Value":10,' +
      '"ExpirationDate":"0001-01-01T00:00:00Z","Weight":10,"DestinationIDs":{},"RatingSubject":"","Categories":{},' +
      '"SharedGroups":{},"Timings":null,"TimingIDs":{},"Disabled":false,"Factors":null,"Blocker":false}],"*sms":null},' +
      '"UnitCounters":null,"ActionTriggers":null,"AllowNegative":false,"Disabled":false,' +
      '"UpdateTime":"2026-01-02T10:00:00.123Z"}',
  )
  t.match(JSON.parse(JSON.stringify(accountWire(FULL))), {
    BalanceMap: {
      '*monetary': [
        {
          Value: 10.00001,
          ExpirationDate: '2030-01-01T00:00:00.000000001Z',
          DestinationIDs: { NAT: true, RET: false },
          Timings: [
            { ID: 'PM', Years: [], Months: [], MonthDays: [], WeekDays: [1], StartTime: '12:00:00', EndTime: '' },
          ],
          Factors: { f: 0.5 },
          Blocker: true,
        },
        { Value: -3, Disabled: true },
      ],
    },
  })
  t.match(JSON.stringify(accountWire(FULL)), '"Value":123456789012345678901234567890', 'every digit is there')
  t.equal(accountWire(accountOf({}))['BalanceMap'], null)
})
