import { join } from 'node:path'
import t from 'tap'
import { engineOf } from '../support/engine.ts'
import { ROOT } from '../support/gateway.ts'

const TARIFF = join(ROOT, 'test/conformance/tariffs/groups')

type Call = Awaited<ReturnType<typeof engineOf>>['call']

const share = (call: Call, account: string, value: number, group: string) =>
  call('APIerSv1.SetBalance', {
    Account: account,
    BalanceType: '*monetary',
    Value: value,
    Balance: { ID: 'M', SharedGroups: group },
  })

const membersOf = async (call: Call, group: string): Promise<string[]> => {
  const { MemberIds: ids } = JSON.parse(await call('ReplicatorSv1.GetSharedGroup', { Arg: group })) as {
    MemberIds: Record<string, boolean> | null
  }
  return Object.keys(ids ?? {}).map((id) => id.replace('cgrates.org:', ''))
}

const debit = (call: Call, account: string) =>
  call('APIerSv1.DebitUsage', { Account: account, ToR: '*voice', Category: 'call', Destination: '491001', Usage: '3s' })

t.test('members stay over a restart and a load of their group, and leave with their account', async (t) => {
  const first = await engineOf(t)
  t.equal(await share(first.call, 'a', 0, 'SG_CALLS'), '"OK"', 'before the group is known')
  t.equal(await share(first.call, 'b', 5, 'SG_CALLS'), '"OK"')
  t.equal(await share(first.call, 'c', 9, '!SG_CALLS'), '"OK"')
  await first.engine.tariff.load(TARIFF)
  await first.engine.tariff.load(TARIFF)
  t.same(await membersOf(first.call, 'SG_CALLS'), ['a', 'b'])
  await first.engine.close()

  const { engine, call } = await engineOf(t, first.folder)
  t.teardown(() => engine.close())
  t.same(await membersOf(call, 'SG_CALLS'), ['a', 'b'])
  t.equal(await debit(call, 'a'), '"OK"')
  t.match(await call('APIerSv2.GetAccount', { Account: 'b' }), /"ID":"M","Value":2,/, 'a member has paid')
  t.equal(await call('APIerSv1.RemoveAccount', { Account: 'b' }), '"OK"')
  t.same(await membersOf(call, 'SG_CALLS'), ['a'])
})

t.test(
  'an account that another engine has replicated is a member, and so are those that its group names',
  async (t) => {
    const { engine, call } = await engineOf(t)
    t.teardown(() => engine.close())
    const balance = { Uuid: 'm', ID: 'M', Value: 5, SharedGroups: { SG_R: true } }
    const account = { ID: 'cgrates.org:a', BalanceMap: { '*monetary': [balance] } }
    t.equal(await call('ReplicatorSv1.SetAccount', account), '"OK"')
    const parameters = { '*any': { Strategy: '*lowest', RatingSubject: '' } }
    const group = (members: object) => ({ Id: 'SG_R', AccountParameters: parameters, MemberIds: members })
    const named = group({ 'cgrates.org:b': true, 'cgrates.org:c': false })
    t.equal(await call('ReplicatorSv1.SetSharedGroup', named), '"OK"')
    t.same(await membersOf(call, 'SG_R'), ['a', 'b'])
    t.equal(await call('ReplicatorSv1.SetSharedGroup', group({})), '"OK"')
    t.same(await membersOf(call, 'SG_R'), ['a', 'b'], 'they are not forgotten')
    t.equal(await call('ReplicatorSv1.SetSharedGroup', { Id: '' }), 'MANDATORY_IE_MISSING: [Id]')
    t.equal(await call('ReplicatorSv1.RemoveAccount', { Arg: 'cgrates.org:a' }), '"OK"')
    t.same(await membersOf(call, 'SG_R'), ['b'])
  },
)

t.test('accounts and groups that a tariff names are removed with it', async (t) => {
  const { engine, call } = await engineOf(t)
  t.teardown(() => engine.close())
  await engine.tariff.load(TARIFF)
  t.equal(await share(call, 'parent', 5, 'SG_FAMILY'), '"OK"')
  t.equal(await share(call, 'child', 0, 'SG_FAMILY'), '"OK"')
  t.equal(await share(call, 'guest', 0, 'SG_FAMILY'), '"OK"')
  t.same(await membersOf(call, 'SG_FAMILY'), ['child', 'guest', 'parent'])
  await engine.tariff.remove(TARIFF)
  t.equal(await call('ReplicatorSv1.GetSharedGroup', { Arg: 'SG_FAMILY' }), 'NOT_FOUND')
  t.equal(await call('ReplicatorSv1.SetSharedGroup', { Id: 'SG_FAMILY' }), '"OK"')
  t.same(await membersOf(call, 'SG_FAMILY'), ['guest'], 'accounts of the tariff have left')
})
