import { encodeCdr } from '../cdrs/cdr.ts'
import type { CdrTarget } from '../cdrs/projector.ts'
import type { SqliteCdrStore } from '../store/sqlite/sqlite-cdr-store.ts'

/** The CDR store as a target of CDRs: those that are not to be stored pass by. */
export function cdrStoreTarget(id: string, store: SqliteCdrStore): CdrTarget {
  return {
    id,
    write: (batch) =>
      store.write(
        batch
          .filter(({ cdr }) => cdr.unstored !== true)
          .map(({ id, cdr }) => ({
            id,
            cgrId: cdr.cgrId,
            runId: cdr.runId,
            tenant: cdr.tenant,
            account: cdr.account,
            originId: cdr.originId,
            requestType: cdr.requestType,
            toR: cdr.toR,
            answerNs: cdr.answerTime.ns < 0n ? 0n : cdr.answerTime.ns,
            cost: cdr.cost.toString(),
            record: encodeCdr(cdr),
            replaces: cdr.replaces === true,
          })),
      ),
  }
}
