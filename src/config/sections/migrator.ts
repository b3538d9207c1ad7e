import { z } from 'zod'
import { databaseOpts } from './databases.ts'
import { noEffect, secret, struct, textList } from './key-types.ts'

const GO_FIELDS = Object.fromEntries(
  ['type', 'host', 'port', 'name', 'user', 'password', 'encoding', 'opts'].flatMap((key) => [
    [`out_datadb_${key}`, `Out_dataDB_${key}`],
    [`out_stordb_${key}`, `Out_storDB_${key}`],
  ]),
)

/** What the migrator program writes to. Reference 01, 4.7. */
export const migrator = struct(
  'MigratorCfgJson',
  {
    ...noEffect(
      z.string(),
      'out_datadb_type',
      'out_datadb_host',
      'out_datadb_port',
      'out_datadb_name',
      'out_datadb_user',
      'out_datadb_encoding',
      'out_stordb_type',
      'out_stordb_host',
      'out_stordb_port',
      'out_stordb_name',
      'out_stordb_user',
    ),
    ...noEffect(secret, 'out_datadb_password', 'out_stordb_password'),
    ...noEffect(databaseOpts, 'out_datadb_opts', 'out_stordb_opts'),
    ...noEffect(textList, 'users_filters'),
  },
  { goFields: GO_FIELDS, nulls: ['users_filters'] },
)
