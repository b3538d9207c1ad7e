import { type Method, notYet } from '../../method.ts'
import { any, boolean, embedded, list, map, struct, text } from '../../shape.ts'
import { cdrFilterShape } from '../../shapes/cdr-filter.ts'

/** CDRs that are exported, and what could not be delivered. */
export function absentMaintenanceMethods(): Method[] {
  return [
    notYet(
      'APIerSv1.ExportCDRs',
      struct('utils.ArgExportCDRs', {
        ExporterIDs: list(text),
        Verbose: boolean,
        RPCCDRsFilter: embedded(cdrFilterShape),
      }),
      map(any),
    ),
  ]
}
