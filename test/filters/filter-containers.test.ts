import t from 'tap'
import { newAccount, newBalance } from '../../src/accounting/account.ts'
import { Decimal } from '../../src/core/decimal.ts'
import type { EventFields } from '../../src/core/event.ts'
import { accountLookup } from '../../src/engine/mapping-sources.ts'
import { FILTERED_EVENT_READER } from '../../src/filters/event-reader.ts'
import { FilterCompiler } from '../../src/filters/filter-compiler.ts'
import { textOf } from '../../src/mapping/context.ts'
import { decide, eventOf, filterSources } from '../support/filters.ts'

const ACCOUNT = {
  ...newAccount('cgrates.org', '1001', 0),
  balances: {
    '*monetary': [newBalance('u1', 'B1', Decimal.parse('10')), newBalance('u2', 'B2', Decimal.parse('5.5'))],
  },
}

/** What a filter decides where account 1001 is known, or its error. */
function decideWithAccounts(filter: string, event: EventFields, isAsked = true): string {
  const find = (tenant: string, id: string) => (tenant === 'cgrates.org' && id === '1001' ? ACCOUNT : undefined)
  const sources = { ...filterSources(), accounts: accountLookup(find, () => isAsked) }
  const passes = new FilterCompiler(FILTERED_EVENT_READER, { separator: ';', group: undefined }, sources).compile([
    filter,
  ])
  try {
    return String(passes(eventOf(event)))
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause)
  }
}

t.test('02, 6.5: accounts in filters', async (t) => {
  // What the reference engine answers.
  const rows = [
    ['*gt:~*accounts.1001.BalanceMap.*monetary[0].Value:9', 'true'],
    ['*gt:~*accounts.1001.BalanceMap.*monetary[0].Value:10', 'false'],
    ['*gte:~*accounts.1001.BalanceMap.*monetary.GetTotalValue:15.5', 'true'],
    ['*string:~*accounts.<~*req.A>.ID:cgrates.org:1001', 'true'],
    ['*string:~*accounts.1001.Disabled:false', 'true'],
    ['*exists:~*accounts.1002.ID:', 'false'],
    ['*notstring:~*accounts.1002.ID:x', 'true'],
    ['*gt:~*accounts.1002.BalanceMap.*monetary[0].Value:9', 'false'],
    ['*string:~*accounts.1001.BalanceMap.*voice.GetTotalValue:0', 'false'],
    ['*string:~*accounts.1001.BalanceMap.*monetary[7].Value:0', 'false'],
  ] as const
  for (const [filter, outcome] of rows) t.equal(decideWithAccounts(filter, { A: '1001' }), outcome, filter)
  const [[filter]] = rows
  t.equal(decideWithAccounts(filter, {}, false), 'MANDATORY_IE_MISSING: [connIDs]', 'without filters.apiers_conns')
  t.equal(decide([filter], {}), 'MANDATORY_IE_MISSING: [connIDs]')
})

t.test('02, 6.5: what a phone number tells', async (t) => {
  const told = (number: string) =>
    Object.fromEntries(
      FIELDS.map((field) => {
        const filter = `*string:~*libphonenumber.<~*req.D>.${field}:~*req.V`
        const value = VALUES[number]?.[field] ?? 'none'
        return [field, decide([filter], { D: number, V: value })]
      }),
    )
  const all = Object.fromEntries(FIELDS.map((field) => [field, 'true']))
  for (const number of Object.keys(VALUES)) t.same(told(number), all, number)
  const rows: [string, EventFields, string][] = [
    ['*eq:~*libphonenumber.<~*req.D>.CountryCode:49', { D: '+491701234567' }, 'true'],
    ['*gt:~*libphonenumber.<~*req.D>.NumberType:0', { D: '+491701234567' }, 'true'],
    ['*string:~*libphonenumber.+491701234567.Region:DE', {}, 'true'],
    ['*empty:~*libphonenumber.<~*req.D>.Unknown:', { D: '+491701234567' }, 'true'],
    ['*string:~*libphonenumber.<~*req.D>.Region:DE', { D: '1001' }, 'invalid country code'],
    ['*string:~*libphonenumber.<~*req.D>.Region:DE', { D: '12' }, 'invalid country code'],
    ['*string:~*libphonenumber.<~*req.D>.Region:DE', { D: '1' }, 'the phone number supplied is not a number'],
    ['*string:~*libphonenumber.<~*req.D>.Region:DE', { D: 'abc' }, 'the phone number supplied is not a number'],
    ['*string:~*libphonenumber.<~*req.D>.Region:DE', { D: '+49' }, 'the phone number supplied is not a number'],
    [
      '*string:~*libphonenumber.<~*req.D>.Region:DE',
      { D: '+491' },
      'the string supplied is too short to be a phone number',
    ],
    ['*prefix:~*libphonenumber.<~*req.D>:{"Carrier":"T-Mobile","CountryCode":49', { D: '+491701234567' }, 'true'],
  ]
  for (const [filter, event, outcome] of rows) t.equal(decide([filter], event), outcome, `${filter} ${event['D']}`)
})

t.test('02, 6.5: carriers and places of phone numbers', async (t) => {
  // What the reference engine answers, but for the last two, which end it.
  const rows = [
    ['+4930901820', '', 'Berlin'],
    ['+4989123456', '', 'Munich'],
    ['+14155552671', '', 'San Francisco, CA'],
    ['+33612345678', 'SFR', 'France'],
    ['+5511987654321', 'TIM', 'São Paulo'],
    ['+919812345678', 'Idea', 'India'],
    ['+8613812345678', 'China Mobile', 'Lianyungang, Jiangsu'],
    ['+74951234567', '', 'Moscow'],
    ['+26771123456', 'Mascom', 'Botswana'],
    ['+34612345678', 'Syma', 'España'],
    ['+12423591234', 'BaTelCo', 'Bahami'],
    ['+447781123456', 'Sure', 'Guernsey'],
    ['+80012345678', '', 'World'],
    ['+18005551234', '', 'United States'],
    ['+599123', '', ''],
    ['+41791234567', 'Swisscom', 'Switzerland'],
    ['+821012345678', '', 'South Korea'],
  ]
  for (const [number = '', carrier = '', place = ''] of rows) {
    const filters = [
      '*string:~*libphonenumber.<~*req.D>.Carrier:~*req.C',
      '*string:~*libphonenumber.<~*req.D>.GeoLocation:~*req.G',
    ]
    t.equal(decide(filters, { D: number, C: carrier, G: place }), 'true', number)
  }
})

/** Values of the reference engine. */
const VALUES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '+491701234567': {
    Carrier: 'T-Mobile',
    GeoLocation: 'Deutschland',
    CountryCode: '49',
    NationalNumber: '1701234567',
    Region: 'DE',
    NumberType: '1',
    LengthOfNationalDestinationCode: '3',
    RawInput: '+491701234567',
    NumberOfLeadingZeros: '1',
    ItalianLeadingZero: 'false',
    CountryCodeSource: '1',
  },
  '+14431234567': {
    Carrier: '',
    GeoLocation: 'Maryland',
    CountryCode: '1',
    NationalNumber: '4431234567',
    NumberType: '11',
    LengthOfNationalDestinationCode: '3',
    RawInput: '+14431234567',
    NumberOfLeadingZeros: '1',
    ItalianLeadingZero: 'false',
    CountryCodeSource: '1',
  },
  '+390612345678': {
    Carrier: '',
    GeoLocation: 'Rome',
    CountryCode: '39',
    NationalNumber: '612345678',
    Region: 'IT',
    NumberType: '0',
    LengthOfNationalDestinationCode: '2',
    RawInput: '+390612345678',
    NumberOfLeadingZeros: '1',
    ItalianLeadingZero: 'true',
    CountryCodeSource: '1',
  },
}
const FIELDS = Object.keys(VALUES['+491701234567'] ?? {}).filter((field) => field !== 'Region')

const COST: EventFields = {
  CGRID: 'c',
  Usage: 60_000_000_000,
  Cost: 1.5,
  Charges: [
    {
      RatingID: 'r1',
      Increments: [{ Usage: 1_000_000_000, Cost: 0.25, AccountingID: 'a1', CompressFactor: 60 }],
      CompressFactor: 2,
    },
  ],
  AccountSummary: {
    Tenant: 'cgrates.org',
    ID: '1001',
    BalanceSummaries: [{ UUID: 'u1', ID: 'B1', Type: '*monetary', Initial: 10, Value: 8.5, Disabled: false }],
    AllowNegative: false,
    Disabled: false,
  },
  Rating: {
    r1: {
      ConnectFee: 0.4,
      RoundingMethod: '*up',
      RoundingDecimals: 4,
      MaxCost: 0,
      MaxCostStrategy: '',
      TimingID: 't1',
      RatesID: 'x1',
      RatingFiltersID: 'f1',
    },
  },
  Accounting: {
    a1: { AccountID: 'cgrates.org:1001', BalanceUUID: 'u1', RatingID: 'r1', Units: 0.25, ExtraChargeID: '' },
  },
  RatingFilters: { f1: { DestinationID: 'DST', DestinationPrefix: '49', RatingPlanID: 'RP', Subject: '*out' } },
  Rates: { x1: [{ GroupIntervalStart: 0, Value: 0.2, RateIncrement: 1_000_000_000, RateUnit: 60_000_000_000 }] },
  Timings: { t1: { Years: [], Months: [], MonthDays: [], WeekDays: [], StartTime: '00:00:00' } },
}

/** What a path of a filter reads, as text; NOT_FOUND, or the error. */
function read(path: string, event: EventFields): string {
  try {
    const value = FILTERED_EVENT_READER.compileRequestPath(path)(event)
    return value === undefined ? 'NOT_FOUND' : textOf(value)
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause)
  }
}

t.test('02, 6.5: into the details of a cost', async (t) => {
  // What the reference engine answers, of an object and of its JSON text.
  const rows = [
    ['Charges[0].Rating.RatingFilter.DestinationID', 'DST'],
    ['Charges[0].Rating.RatingFilter.DestinationPrefix', '49'],
    ['Charges[0].CompressFactor', '2'],
    ['Charges[0].Rating.Timing.StartTime', '00:00:00'],
    ['Charges[0].Rating.Rates[0].Value', '0.2'],
    ['Charges[0].Rating.Rates[0].RateIncrement', '1s'],
    ['Charges[0].Rating.ConnectFee', '0.4'],
    ['Charges[0].Increments[0].Cost', '0.25'],
    ['Charges[0].Increments[0].Usage', '1s'],
    ['Charges[0].Increments[0].AccountingID', 'a1'],
    ['Charges[0].Increments[0].CompressFactor', '60'],
    ['Charges[0].Increments[0].Accounting.BalanceUUID', 'u1'],
    ['Charges[0].Increments[0].Accounting.Units', '0.25'],
    ['Charges[0].Increments[0].Accounting.Balance.ID', 'B1'],
    ['Charges[0].RatingID', 'unsupported field prefix: <RatingID>'],
    ['Charges[0].Usage', 'unsupported field prefix: <Usage>'],
    ['Charges[1].CompressFactor', 'NOT_FOUND'],
    ['Charges[x].CompressFactor', 'unsupported field prefix: <Charges[x]>'],
    ['Charges.0.CompressFactor', 'NOT_FOUND'],
    ['Rating.r1.ConnectFee', '0.4'],
    ['Rating.r1.RoundingMethod', '*up'],
    ['Rating.none.ConnectFee', 'NOT_FOUND'],
    ['Accounting.a1.Units', '0.25'],
    ['Accounting.a1.BalanceUUID', 'u1'],
    ['RatingFilters.f1.DestinationID', 'DST'],
    ['Rates.x1[0].Value', '0.2'],
    ['Timings.t1.StartTime', '00:00:00'],
    ['AccountSummary.BalanceSummaries.B1.Value', '8.5'],
    ['AccountSummary.BalanceSummaries[0].Value', '8.5'],
    ['AccountSummary.BalanceSummaries[0].ID', 'B1'],
    ['AccountSummary.ID', 'unsupported field prefix: <ID>'],
    ['AccountSummary.AllowNegative', 'false'],
    ['Foo.Bar', 'unsupported field prefix: <Foo>'],
  ] as const
  for (const [path, value] of rows) {
    t.equal(read(`CostDetails.${path}`, { CostDetails: COST }), value, path)
    t.equal(read(`CostDetails.${path}`, { CostDetails: JSON.stringify(COST) }), value, `${path} of text`)
  }
  t.equal(read('CostDetails.Cost', { CostDetails: COST }), '1.5', 'one step is the raw value')
  t.equal(read('CostDetails.Cost', { CostDetails: JSON.stringify(COST) }), 'WRONG_PATH')
  t.equal(read('CostDetails.Charges[0].CompressFactor', {}), 'NOT_FOUND')
  t.equal(read('CostDetails.Charges[0].CompressFactor', { CostDetails: 5 }), 'WRONG_PATH')
  t.match(read('CostDetails.Charges[0].CompressFactor', { CostDetails: '{' }), /JSON/)
})

t.test('02, 6.5: into the summary of an account', async (t) => {
  const summary = COST['AccountSummary'] as EventFields
  for (const [path, value] of [
    ['BalanceSummaries.B1.Value', '8.5'],
    ['BalanceSummaries[0].UUID', 'u1'],
    ['Foo.X', 'unsupported field prefix: <Foo>'],
  ] as const) {
    t.equal(read(`AccountSummary.${path}`, { AccountSummary: summary }), value, path)
    t.equal(read(`AccountSummary.${path}`, { AccountSummary: JSON.stringify(summary) }), value, `${path} of text`)
  }
  t.equal(read('AccountSummary.ID', { AccountSummary: summary }), '1001')
})

t.test('a filter asks the details of a cost', async (t) => {
  const filter = '*string:~*req.CostDetails.Charges[0].Rating.RatingFilter.DestinationID:DST'
  t.equal(decide([filter], { CostDetails: COST }), 'true')
  t.equal(decide(['*gt:~*req.CostDetails.Charges[0].Increments[0].Usage:500ms'], { CostDetails: COST }), 'true')
})
