import t from 'tap'
import { engineOf } from '../support/engine.ts'

const TENANT = 'cgrates.org'

t.test(
  'who follows the profiles of a kind is told of all there are, and of every change, of other engines too',
  async (t) => {
    const { engine, call } = await engineOf(t)
    t.teardown(() => engine.close())
    const { table } = engine.profiles.stores.ThresholdProfile
    const set = (ID: string, FilterIDs: string[] = []) =>
      call('APIerSv1.SetThresholdProfile', { ID, FilterIDs, Weight: 1 })
    await call('APIerSv1.SetFilter', { ID: 'F', Rules: [{ Type: '*string', Element: '~*req.A', Values: ['1'] }] })
    await set('T1', ['F'])
    const told: string[] = []
    table.follow({
      put: ({ Tenant, ID, Weight }) => told.push(`put ${Tenant}:${ID} ${Weight}`),
      delete: (tenant, id) => told.push(`delete ${tenant}:${id}`),
      filterChanged: (tenant, id) => told.push(`filter ${tenant}:${id}`),
    })
    await set('T2')
    await set('T2', ['F'])
    await call('APIerSv1.SetFilter', { ID: 'F', Rules: [{ Type: '*string', Element: '~*req.A', Values: ['2'] }] })
    await call('APIerSv1.RemoveThresholdProfile', { ID: 'T2' })
    await call('APIerSv1.RemoveThresholdProfile', { ID: 'T3' })
    engine.profiles.take(
      `ThresholdProfile/${TENANT}:T5`,
      '{"Tenant":"cgrates.org","ID":"T5","FilterIDs":null,"Weight":7}',
    )
    engine.profiles.take(`ThresholdProfile/${TENANT}:T5`, undefined)
    engine.profiles.take(`filter/${TENANT}:G`, '[[["*string","~*req.A",["1"]]],null]')
    t.same(told, [
      `put ${TENANT}:T1 1`,
      `put ${TENANT}:T2 1`,
      `put ${TENANT}:T2 1`,
      `filter ${TENANT}:F`,
      `delete ${TENANT}:T2`,
      `put ${TENANT}:T5 7`,
      `delete ${TENANT}:T5`,
      `filter ${TENANT}:G`,
    ])
    table.follow(undefined)
    await set('T4')
    t.equal(told.length, 8)
  },
)
