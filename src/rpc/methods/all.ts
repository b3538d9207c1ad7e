import { MethodRegistry } from '../method.ts'
import { type AccountServices, accountMethods } from './accounts.ts'
import { type ActionPlanServices, actionPlanMethods } from './action-plans.ts'
import { actionMethods } from './actions.ts'
import { type AttributeServices, attributeMethods } from './attributes.ts'
import { balanceMethods } from './balances.ts'
import { type CacheServices, cacheMethods } from './cache.ts'
import { type CdrServices, cdrMethods } from './cdrs.ts'
import { type ChargerServices, chargerMethods } from './chargers.ts'
import { type ConfigServices, configMethods } from './config.ts'
import { type ConnectedServices, whenConnected } from './connected.ts'
import { type CoreServices, coreMethods } from './core.ts'
import { type CostServices, costMethods } from './costs.ts'
import { type DatabaseServices, databaseMethods } from './databases.ts'
import type { RpcDefaults } from './defaults.ts'
import { destinationMethods } from './destinations.ts'
import { type FilterServices, filterMethods } from './filters.ts'
import { type GuardianServices, guardianMethods } from './guardian.ts'
import { indexHealthMethods } from './index-health.ts'
import { type LegacySessionServices, legacySessionMethods } from './legacy-sessions.ts'
import { type ProfileExportServices, profileExportMethods } from './profile-export.ts'
import { type ProfileServices, serviceProfileMethods } from './profiles.ts'
import { type RatingPlanServices, ratingPlanMethods, ratingProfileMethods } from './rating-plans.ts'
import { type ReplayServices, replayMethods } from './replays.ts'
import { type ReplicationServices, replicationMethods } from './replication/all.ts'
import { type ResourceServices, resourceMethods } from './resources.ts'
import { responderMethods } from './responder.ts'
import { routeCostMethods } from './route-costs.ts'
import { schedulerMethods } from './scheduler.ts'
import { type SessionCallServices, sessionCallMethods } from './session-calls.ts'
import { type SessionControlServices, sessionControlMethods } from './session-control.ts'
import { type SessionCopyServices, sessionCopyMethods } from './session-copies.ts'
import { type SessionCostServices, sessionCostMethods } from './session-costs.ts'
import { type SessionServices, sessionMethods } from './sessions.ts'
import { type SharedGroupServices, sharedGroupMethods } from './shared-groups.ts'
import { type StatServices, statMethods } from './stats.ts'
import { type StirServices, stirMethods } from './stir.ts'
import { type PlanTransferServices, tariffPlanTransferMethods } from './tariff-plan-transfers.ts'
import { type PlanObjectServices, tariffPlanMethods } from './tariff-plans.ts'
import { type TariffServices, tariffMethods } from './tariffs.ts'
import { type ThresholdServices, thresholdMethods } from './thresholds.ts'
import { type TimingServices, timingMethods } from './timings.ts'
import { type ToldSessionServices, whenTold } from './told-sessions.ts'
import { type TriggerServices, triggerMethods } from './triggers.ts'
import { type UsageServices, usageMethods } from './usage.ts'

/** What all methods together ask of the engine. */
export type RpcServices = AccountServices &
  ActionPlanServices &
  AttributeServices &
  CacheServices &
  CdrServices &
  ChargerServices &
  ConfigServices &
  ConnectedServices &
  CoreServices &
  CostServices &
  DatabaseServices &
  GuardianServices &
  FilterServices &
  ProfileServices &
  PlanObjectServices &
  PlanTransferServices &
  SessionServices &
  SessionCallServices &
  SessionCostServices &
  SessionControlServices & { readonly sessionCopies: SessionCopyServices } & RatingPlanServices &
  RatingPlanServices &
  ProfileExportServices &
  ReplayServices &
  ReplicationServices &
  ResourceServices &
  SessionControlServices &
  LegacySessionServices &
  SharedGroupServices &
  StatServices &
  StirServices & { readonly sessionCopies: SessionCopyServices } & RatingPlanServices &
  TariffServices &
  ThresholdServices &
  TimingServices &
  ToldSessionServices &
  TriggerServices &
  UsageServices

/** Every method of this version. isOn: whether a service answers now. Reference 01, 9. */
export function buildRegistry(
  services: RpcServices,
  defaults: RpcDefaults,
  isOn: (service: string) => boolean,
): MethodRegistry {
  return new MethodRegistry(
    [
      ...coreMethods(services, defaults),
      ...cacheMethods(services, defaults),
      ...guardianMethods(services),
      ...configMethods(services),
      ...accountMethods(services, defaults),
      ...balanceMethods(services, defaults),
      ...actionMethods(services, defaults),
      ...actionPlanMethods(services, defaults),
      ...schedulerMethods(services, defaults),
      ...triggerMethods(services, defaults),
      ...sharedGroupMethods(services),
      ...cdrMethods(services, defaults),
      ...sessionCostMethods(services),
      ...attributeMethods(services, defaults),
      ...chargerMethods(services, defaults),
      ...whenConnected([...costMethods(services, defaults), ...usageMethods(services, defaults)], services),
      ...resourceMethods(services, defaults),
      ...responderMethods(services, defaults),
      ...routeCostMethods(services, defaults),
      ...filterMethods(services, defaults),
      ...serviceProfileMethods(services, defaults),
      ...indexHealthMethods(),
      ...sessionMethods(services, defaults),
      ...sessionControlMethods(services),
      ...sessionCopyMethods(services, defaults),
      ...legacySessionMethods(services, defaults),
      ...statMethods(services, defaults),
      ...thresholdMethods(services, defaults),
      ...stirMethods(services),
      ...whenTold(sessionCallMethods(services, defaults), services, defaults),
      ...tariffMethods(services),
      ...tariffPlanMethods(services, defaults),
      ...tariffPlanTransferMethods(services, defaults),
      ...destinationMethods(services),
      ...timingMethods(services, defaults),
      ...databaseMethods(services),
      ...replicationMethods(services, defaults),
      ...replayMethods(services),
      ...profileExportMethods(services),
      ...ratingPlanMethods(services),
      ...ratingProfileMethods(services, defaults),
    ],
    isOn,
  )
}
