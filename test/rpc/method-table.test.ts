import t from 'tap'
import { describedRegistry } from '../../src/commands/methods.ts'
import { errorText, NOBODY } from '../../src/rpc/method.ts'

const registry = describedRegistry()

const words = (text: string) => text.trim().split(/\s+/)
const each = (verbs: string, names: string) => words(names).flatMap((name) => words(verbs).map((verb) => verb + name))

/** Every name of the tables of reference 01, 9.2 to 9.6, of services that are there. */
const TABLE: Readonly<Record<string, readonly string[]>> = {
  SessionSv1: words(`
    AuthorizeEvent AuthorizeEventWithDigest InitiateSession InitiateSessionWithDigest UpdateSession TerminateSession
    ProcessMessage ProcessEvent GetCost ProcessCDR GetActiveSessions GetPassiveSessions GetActiveSessionsCount
    GetPassiveSessionsCount ForceDisconnect AlterSessions ActivateSessions DeactivateSessions ReplicateSessions
    SetPassiveSession SyncSessions DisconnectPeer STIRAuthenticate STIRIdentity Sleep BackupActiveSessions
    RegisterInternalBiJSONConn`),
  CDRsV1: words(`
    ProcessCDR ProcessExternalCDR ProcessEvent ProcessEvents RateCDRs ReprocessCDRs StoreSessionCost GetCDRs GetCDRsCount`),
  CDRsV2: ['ProcessEvent', 'StoreSessionCost'],
  RALsV1: ['GetRatingPlansCost'],
  Responder: words(`
    GetCost Debit MaxDebit DebitMonetary RefundIncrements RefundRounding GetMaxSessionTime GetCostOnRatingPlans
    GetMaxSessionTimeOnAccounts Shutdown`),
  ChargerSv1: ['GetChargersForEvent', 'ProcessEvent'],
  CoreSv1: words('Status Sleep Panic StartCPUProfiling StopCPUProfiling StartMemoryProfiling StopMemoryProfiling'),
  CacheSv1: words(`
    GetItemIDs HasItem GetItem GetItemWithRemote GetItemExpiryTime RemoveItem HasGroup GetGroupItemIDs RemoveGroup ReloadCache
    LoadCache RemoveItems Clear GetCacheStats GetStats PrecacheStatus ReplicateSet ReplicateRemove`),
  ConfigSv1: words('GetConfig GetConfigAsJSON SetConfig SetConfigFromJSON ReloadConfig'),
  GuardianSv1: ['RemoteLock', 'RemoteUnlock'],
  SchedulerSv1: ['Reload', 'ExecuteActions', 'ExecuteActionPlans'],
  ServiceManagerV1: ['StartService', 'StopService', 'ServiceStatus'],
  ReplicatorSv1: [
    ...each(
      'Get Set Remove',
      `Account Destination Timing ActionTriggers SharedGroup Actions ActionPlan RatingPlan RatingProfile StatQueue Filter
       Threshold Trend Ranking Resource IPAllocations DispatcherHost ThresholdProfile StatQueueProfile RankingProfile
       TrendProfile ResourceProfile IPProfile RouteProfile AttributeProfile ChargerProfile DispatcherProfile`,
    ),
    ...words(`
      GetReverseDestination SetReverseDestination GetAllActionPlans GetAccountActionPlans SetAccountActionPlans
      RemAccountActionPlans GetItemLoadIDs SetLoadIDs GetIndexes SetIndexes RemoveIndexes SetBackupSessions
      RemoveSessionBackup`),
  ],
  APIerSv1: [
    ...words(`
      GetAccount GetAccounts GetAccountIDs GetAccountsCount SetAccount RemoveAccount AddBalance DebitBalance SetBalance
      RemoveBalances SetBalances TransferBalance GetAccountActionPlan RemoveActionTiming GetAccountActionTriggers
      GetActionTriggers AddAccountActionTriggers SetAccountActionTriggers SetActionTrigger ResetAccountActionTriggers
      RemoveAccountActionTriggers RemoveActionTrigger AddTriggeredAction GetCost GetMaxUsage DebitUsage DebitUsageWithOptions GetDataCost GetAccountCost GetEventCost GetDestination GetReverseDestination SetDestination RemoveDestination ComputeReverseDestinations GetRatingPlan GetRatingPlanIDs RemoveRatingPlan SetRatingProfile GetRatingProfile GetRatingProfileIDs RemoveRatingProfile GetTiming SetTiming RemoveTiming TimingIsActiveAt GetSharedGroup GetActions SetActions
      RemoveActions ExecuteAction SetActionPlan SetActionPlanAccounts GetActionPlan RemoveActionPlan GetActionPlanIDs
      GetScheduledActions LoadTariffPlanFromFolder RemoveTPFromFolder LoadTariffPlanFromStorDb RemoveTPFromStorDB
      ImportTariffPlanFromFolder ImportTPZipFile LoadDestination LoadRatingPlan LoadSharedGroup LoadRatingProfile
      LoadAccountActions ExportTPToFolder ExportTPToZipString ExportToFolder RemTP GetTPIds GetCDRs RemoveCDRs ExportCDRs
      ReplayFailedPosts ReplayFailedReplications ComputeActionPlanIndexes ComputeAccountActionPlans GetFilterIndexes
      RemoveFilterIndexes ComputeFilterIndexes ComputeFilterIndexIDs GetReverseFilterHealth
      GetAccountActionPlansIndexHealth GetReverseDestinationsIndexHealth GetAttributeProfileCount GetThresholdProfileCount
      GetTPRatingProfileLoadIds GetTPRatingProfilesByLoadID GetTPAccountActionLoadIds GetTPAccountActionsByLoadId
      GetTPActionIds GetTPActionTriggerIds GetTPSharedGroupIds GetTPActionPlanIds GetTPDestinationIDs GetTPRatingProfileIds
      GetTPAccountActionIds`),
    ...each('Dump Rewrite Restore Backup Snapshot', 'DataDB StorDB'),
    ...words('GetDataDBVersions SetDataDBVersions GetStorDBVersions SetStorDBVersions'),
    ...words('Thresholds Resources Stats Routes Attributes Chargers Dispatchers').map(
      (name) => `Get${name}IndexesHealth`,
    ),
    ...each(
      'Get Set Remove',
      `Filter AttributeProfile ChargerProfile ResourceProfile IPProfile StatQueueProfile ThresholdProfile TrendProfile
       RankingProfile RouteProfile DispatcherProfile DispatcherHost`,
    ),
    ...words(`
      Filter AttributeProfile ChargerProfile ResourceProfile IPProfile StatQueueProfile ThresholdProfile RankingProfile
      RouteProfile DispatcherProfile DispatcherHost`).map((name) => `Get${name}IDs`),
    ...each(
      'GetTP SetTP RemoveTP',
      `Timing Rate DestinationRate RatingPlan FilterProfile AttributeProfile Actions ActionTriggers SharedGroups ActionPlan
       Destination RatingProfile AccountActions Resource Stat Trend Ranking Threshold Charger RouteProfile DispatcherProfile
       DispatcherHost`,
    ),
    ...words('Timing Rate DestinationRate RatingPlan FilterProfile AttributeProfile').map((name) => `GetTP${name}Ids`),
    ...words('Resource Stat Trend Ranking Threshold Charger RouteProfile DispatcherProfile DispatcherHost').map(
      (name) => `GetTP${name}IDs`,
    ),
  ],
  APIerSv2: words(`
    GetAccount GetAccounts GetAccountsCount SetAccount GetActions GetActionsCount SetActions SetAttributeProfile
    LoadRatingProfile LoadAccountActions GetCDRs CountCDRs GetDestinations`),
  AttributeSv1: words('GetAttributeForEvent ProcessEvent'),
  ResourceSv1: words(`
    GetResourcesForEvent AuthorizeResources AllocateResources ReleaseResources GetResource GetResourceWithConfig`),
  StatSv1: words(`
    ProcessEvent GetStatQueuesForEvent GetQueueIDs GetStatQueue ResetStatQueue GetQueueStringMetrics GetQueueFloatMetrics`),
  ThresholdSv1: words('ProcessEvent GetThresholdIDs GetThresholdsForEvent GetThreshold ResetThreshold'),
  SMGenericV1: words('GetMaxUsage InitiateSession UpdateSession TerminateSession ProcessCDR'),
}

/** Names of services that are not there, as the tables have them. Reference 01, 9.2 to 9.4. */
const NO_SERVICES: Readonly<Record<string, readonly string[]>> = {
  IPsV1: words('AuthorizeIP AllocateIP ReleaseIP GetIPAllocationForEvent GetIPAllocations ClearIPAllocations'),
  RouteSv1: words('GetRoutes GetRoutesList GetRouteProfilesForEvent'),
  TrendSv1: words('ScheduleQueries GetScheduledTrends GetTrend GetTrendSummary'),
  RankingSv1: words('ScheduleQueries GetSchedule GetRanking GetRankingSummary'),
  EeSv1: words('ProcessEvent ResetExporterMetrics'),
  ErSv1: ['RunReader'],
  AnalyzerSv1: ['StringQuery'],
  DispatcherSv1: words('GetProfilesForEvent RemoteStatus RemotePing RemoteSleep'),
  RegistrarSv1: words('RegisterDispatcherHosts UnregisterDispatcherHosts'),
}

t.test('01 9: every name of the tables is answered', async (t) => {
  const unknown = Object.entries(TABLE).flatMap(([service, names]) =>
    ['Ping', ...names].map((name) => `${service}.${name}`).filter((name) => !registry.has(name)),
  )
  t.same(unknown, [])
})

t.test('state of services that are not there is found nowhere, and not taken from other engines', async (t) => {
  for (const name of words('Trend Ranking IPAllocations'))
    for (const [verb, reply] of [
      ['Get', 'NOT_FOUND'],
      ['Set', 'NOT_IMPLEMENTED'],
      ['Remove', 'OK'],
    ] as const) {
      const called = registry.call(`ReplicatorSv1.${verb}${name}`, [{ Tenant: 'cgrates.org', ID: 'x' }], NOBODY)
      t.equal(await called.then(String, errorText), reply, `${verb}${name}`)
    }
})

t.test('01 9.1: services that are not there are answered as those that are off', async (t) => {
  const replies: string[] = []
  const wanted: string[] = []
  for (const [service, names] of Object.entries(NO_SERVICES)) {
    for (const name of ['Ping', ...names]) {
      wanted.push(`rpc: can't find service ${service}.${name}`)
      replies.push(await registry.call(`${service}.${name}`, [{}], NOBODY).then(String, errorText))
    }
  }
  t.same(replies, wanted)
})
