import { any, boolean, list, map, number, pointer, struct, text } from '../shape.ts'
import { rateIntervalShape } from './call-cost.ts'

/** An action plan with its accounts. Reference 04, 12.1. */
export const actionPlanShape = struct('engine.ActionPlan', {
  Id: text,
  AccountIDs: map(boolean),
  ActionTimings: list(
    struct('engine.ActionTiming', {
      Uuid: text,
      Timing: pointer(rateIntervalShape),
      ActionsID: text,
      ExtraData: any,
      Weight: number,
    }),
  ),
})
