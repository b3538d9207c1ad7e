import type { Method } from '../../method.ts'
import { absentReplicationMethods } from './replication.ts'

/**
 * Methods of services that are there which this version does not have: clients get NOT_IMPLEMENTED, and see their shapes. Who makes
 * one takes it out of here. Methods of services that are not there are answered as those of a service that is off.
 */
export function absentMethods(): Method[] {
  return absentReplicationMethods()
}
