/** What a call of sessions wants to be told of its event, and by whom. */
export type SessionNotice = {
  readonly thresholds: boolean
  readonly stats: boolean
  /** Empty: those that the event matches. */
  readonly thresholdIds: readonly string[]
  readonly statIds: readonly string[]
}

/** Arguments of calls of sessions that ask for it. */
export type NoticeArguments = {
  readonly ProcessThresholds?: boolean
  readonly ProcessStats?: boolean
  readonly ThresholdIDs?: readonly string[]
  readonly StatIDs?: readonly string[]
}

/** What the arguments of a call ask for; undefined: nothing. Reference 05, 7. */
export function noticeOf({
  ProcessThresholds: thresholds = false,
  ProcessStats: stats = false,
  ThresholdIDs: thresholdIds = [],
  StatIDs: statIds = [],
}: NoticeArguments): SessionNotice | undefined {
  return thresholds || stats ? { thresholds, stats, thresholdIds, statIds } : undefined
}
