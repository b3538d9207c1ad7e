import t from 'tap'
import { isActiveAt, selectBalances } from '../../src/accounting/select.ts'
import { accountOf, type BalanceText, balanceOf, names, tariffBySubject } from '../support/accounts.ts'
import { at, timing } from '../support/tariffs.ts'

const tariff = tariffBySubject(
  {},
  {
    destinations: { NAT: ['0723', '999'], DST7: ['0723123'], RET: ['999'], EXOTIC: ['999'] },
  },
)
const START = at('2026-10-01T10:00:00Z')

function selected(
  balances: Record<string, BalanceText>,
  event: { destination?: string; category?: string } = {},
): string {
  const found = selectBalances(
    { account: accountOf({ '*voice': balances }) },
    '*voice',
    { destination: '', category: 'call', start: START, ...event },
    tariff,
  )
  return found.map(({ balance, prefix }) => `${balance.id}${prefix && ` ${prefix}`}`).join(', ')
}

t.test('what can pay (04, 3.1)', async (t) => {
  t.equal(selected({ A: '1', B: '0', C: '-1', D: { value: '0', blocker: true } }), 'A, D')
  t.equal(selected({ A: { value: '0', sharedGroups: names('SG') } }), 'A', 'a ticket to a shared group')
  t.equal(selected({ A: { value: '1', disabled: true }, B: '1' }), 'B')
  t.equal(selected({ A: { value: '1', expiresAtNs: START.ns - 1n }, B: { value: '1', expiresAtNs: START.ns } }), 'B')
})

t.test('the order: prefix, weight, then as stored (04, 3.1.5)', async (t) => {
  t.equal(
    selected(
      {
        A: { value: '1', weight: 50 },
        B: { value: '1', weight: 10, destinationIds: names('NAT') },
        C: { value: '1', weight: 1, destinationIds: names('DST7') },
        D: { value: '1', weight: 50 },
        E: { value: '1', weight: 60 },
      },
      { destination: '0723123456' },
    ),
    'C 0723123, B 0723, E, A, D',
  )
})

t.test('categories: names only', async (t) => {
  const balances = {
    A: { value: '1', categories: names('call') },
    B: { value: '1', categories: names('sms') },
    C: { value: '1', categories: names('!call') },
    D: { value: '1', categories: names('*any') },
    E: { value: '1', categories: {} },
  }
  t.equal(selected(balances), 'A, E')
})

t.test('destinations (04, 3.2)', async (t) => {
  const matches = (list: string[], destination: string) =>
    selected({ A: { value: '1', destinationIds: names(...list) } }, { destination }) !== ''
  const rows: [string[], string, boolean][] = [
    [['NAT', '!RET'], '999123', false],
    [['!NAT', '!RET'], '999123', false],
    [['NAT', '!DST7'], '07231', true],
    [['NAT', '!DST7'], '0723123', false],
    [['!NAT'], '07239', false],
    [['!NAT'], '0723123', true],
    [['!NAT'], '5555', false],
    [['NAT', '*any'], '5555', true],
    [['NAT'], '5555', false],
    [[], '5555', true],
  ]
  for (const [list, destination, matched] of rows)
    t.equal(matches(list, destination), matched, `${list} ${destination}`)
})

t.test('04 W35: timings', async (t) => {
  const ALLDAY = timing('ALLDAY')
  const LUNCH = timing('LUNCH', { startTime: '12:00:00', endTime: '13:00:00' })
  const AM = timing('AM', { endTime: '11:59:59' })
  const PM = timing('PM', { startTime: '12:00:00', endTime: '23:59:59' })
  const active = (timings: (typeof AM)[], ids: string[], clock: string) =>
    isActiveAt(
      balanceOf('*voice', 'A', { value: '1', timings, timingIds: names(...ids) }),
      at(`2026-10-01T${clock}:00Z`),
    )
  t.equal(active([ALLDAY, LUNCH], ['ALLDAY', '!LUNCH'], '09:00'), true)
  t.equal(active([ALLDAY, LUNCH], ['ALLDAY', '!LUNCH'], '12:30'), false)
  t.equal(active([PM], ['!PM'], '09:00'), true)
  t.equal(active([PM], ['!PM'], '15:00'), false)
  t.equal(active([AM, PM], ['AM', 'PM'], '15:00'), true)
  t.equal(active([AM], ['AM'], '15:00'), false)
  t.equal(active([], [], '15:00'), true)
  const weekend = timing('WE', { weekDays: [0, 6], months: [10], years: [2026], monthDays: [3, 4] })
  t.equal(active([weekend], ['WE'], '15:00'), false)
})
