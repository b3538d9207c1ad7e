import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { accountGateway, callText } from '../support/rpc-steps.ts'

const OK = '{"id":1,"result":"OK","error":null}'
const error = (text: string) => JSON.stringify({ id: 1, result: null, error: text })

t.test('09 B7, 10 B2.3: nothing waits here; files of another engine stay where they are', async (t) => {
  const gateway = await accountGateway(t, { data_db: { db_type: '*internal', replication_failed_dir: '' } })
  const call = (method: string, params: object) => callText(gateway, `APIerSv1.${method}`, params)
  const source = join(gateway.folder, 'failed')
  const failed = join(source, 'deep/EEs|0a1b2c3.gob')
  for (const method of ['ReplayFailedPosts', 'ReplayFailedReplications'])
    t.equal(await call(method, { SourcePath: source }), OK, `${method}: no folder`)
  mkdirSync(join(source, 'deep'), { recursive: true })
  t.equal(await call('ReplayFailedPosts', { SourcePath: source }), OK, 'an empty folder')
  writeFileSync(failed, 'gob')
  const refused = error(`SERVER_ERROR: failed to init ExportEvents from ${failed}: it is not of this engine`)
  t.equal(await call('ReplayFailedPosts', { SourcePath: source }), refused)
  t.equal(await call('ReplayFailedPosts', { SourcePath: source, Modules: ['test', 'EEs'] }), refused)
  t.equal(await call('ReplayFailedPosts', { SourcePath: source, Modules: ['CDRs'] }), OK, 'not of this module')
  t.equal(await call('ReplayFailedReplications', { SourcePath: source }), refused)
  t.ok(existsSync(failed))
  t.equal(
    await call('ReplayFailedReplications', {}),
    error(
      'SERVER_ERROR: no source directory specified: both SourcePath and replication_failed_dir configuration are empty',
    ),
  )
})
