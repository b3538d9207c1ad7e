import { type Method, notYet } from '../method.ts'
import { any, boolean, list, map, number, pointer, struct, text } from '../shape.ts'
import { triggerShape } from '../shapes/trigger.ts'

const account = { Tenant: text, Account: text }
const group = { GroupID: text, UniqueID: text }

/** Action triggers and shared groups: there are none in this version. Reference 01, 9.6; 04, 13.2. */
export function triggerMethods(): Method[] {
  return [
    notYet('APIerSv1.SetActionTrigger', struct('v1.AttrSetActionTrigger', { ...group, ActionTrigger: map(any) })),
    notYet(
      'APIerSv1.GetActionTriggers',
      struct('v1.AttrGetActionTriggers', { GroupIDs: list(text) }),
      list(triggerShape),
    ),
    notYet('APIerSv1.RemoveActionTrigger', struct('v1.AttrRemoveActionTrigger', group)),
    notYet('APIerSv1.GetAccountActionTriggers', struct('utils.TenantAccount', account), list(triggerShape)),
    notYet(
      'APIerSv1.AddAccountActionTriggers',
      struct('v1.AttrAddAccountActionTriggers', {
        ...account,
        ActionTriggerIDs: list(text),
        ActionTriggerOverwrite: boolean,
        ActivationDate: text,
        Executed: boolean,
      }),
    ),
    notYet(
      'APIerSv1.SetAccountActionTriggers',
      struct('v1.AttrSetAccountActionTriggers', { ...account, ...group, ActionTrigger: map(any) }),
    ),
    notYet(
      'APIerSv1.ResetAccountActionTriggers',
      struct('v1.AttrResetAccountActionTriggers', { ...account, ...group, Executed: boolean }),
    ),
    notYet(
      'APIerSv1.RemoveAccountActionTriggers',
      struct('v1.AttrRemoveAccountActionTriggers', { ...account, ...group }),
    ),
    notYet(
      'APIerSv1.AddTriggeredAction',
      struct('v1.AttrAddActionTrigger', {
        ActionTriggersId: text,
        ...account,
        ThresholdType: text,
        ThresholdValue: number,
        BalanceId: text,
        BalanceType: text,
        BalanceDestinationIds: text,
        BalanceRatingSubject: text,
        BalanceWeight: pointer(number),
        BalanceExpiryTime: text,
        BalanceSharedGroup: text,
        Weight: number,
        ActionsId: text,
      }),
    ),
    notYet(
      'APIerSv1.GetSharedGroup',
      text,
      struct('engine.SharedGroup', {
        Id: text,
        AccountParameters: map(struct('engine.SharingParameters', { Strategy: text, RatingSubject: text })),
        MemberIds: map(boolean),
      }),
    ),
  ]
}
