import { BalanceSubjects } from '../accounting/balance-subject.ts'
import type { CdrDefaults, CdrSwitches } from '../cdrs/cdr.ts'
import type { Config } from '../config/schema.ts'
import type { TariffOptions } from '../rating/tariff-index.ts'
import { Caps } from '../rpc/server/caps.ts'
import type { ResponderSettings } from '../services/responder.ts'
import type { ClientCallSettings } from '../sessions/client-calls.ts'
import type { SessionLifeSettings } from '../sessions/session-life.ts'
import type { SessionSettings } from '../sessions/sessions.ts'

/** What the configuration says to rating and accounting. Reference 01, 4.5 (rals). */
export function responderSettings({ general, rals }: Config): ResponderSettings {
  return {
    roundingDecimals: general.rounding_decimals,
    subjects: new BalanceSubjects(rals.balance_rating_subject),
    maxComputedUsage: rals.max_computed_usage,
  }
}

/** How the tariff is compiled. Reference 01, 4.5 (rals). */
export function tariffOptions({ general, rals }: Config): TariffOptions {
  return {
    roundingDecimals: general.rounding_decimals,
    fallbackDepth: rals.fallback_depth,
    subjectPrefixMatching: rals.rp_subject_prefix_matching,
  }
}

/** What an event that becomes a CDR means by fields that it leaves out. timeZone: of times that name none. */
export function cdrDefaults({ general, cdrs, stor_db }: Config, timeZone: string): CdrDefaults {
  return {
    tenant: general.default_tenant,
    category: general.default_category,
    requestType: general.default_request_type,
    timeZone,
    isStored: cdrs.store_cdrs,
    tellsSessionCosts: stor_db.db_type === '*postgres' || stor_db.db_type === '*mysql',
  }
}

/** What is done to an event that is to become a CDR and does not say it itself. Reference 05, 9.3. */
export function cdrSwitches({ cdrs }: Config): CdrSwitches {
  return {
    isAttributed: cdrs.attributes_conns.length > 0,
    isForked: cdrs.chargers_conns.length > 0,
    isRated: cdrs.rals_conns.length > 0,
    isStored: cdrs.store_cdrs,
    isExported: true,
    isRefunded: false,
    isRerated: false,
    isReprocessed: false,
  }
}

/** Where what could not be delivered waits in files; '' for nowhere. Reference 09, B7; 10, B2.3. */
export function failedFolders({ ees, data_db }: Config): { posts: string; replications: string } {
  return { posts: ees.failed_posts.dir, replications: data_db.replication_failed_dir ?? '' }
}

/** What the configuration says to sessions. timeZone: of times that name none. Reference 01, 4.5 (sessions). */
export function sessionSettings({ general, sessions }: Config, timeZone: string): SessionSettings {
  return {
    defaultUsage: sessions.default_usage,
    defaultCategory: general.default_category,
    timeZone,
    alterableFields: sessions.alterable_fields,
    timeout: {
      ttl: sessions.session_ttl,
      maxDelay: sessions.session_ttl_max_delay ?? 0n,
      lastUsage: sessions.session_ttl_last_usage,
      lastUsed: sessions.session_ttl_last_used,
      usage: sessions.session_ttl_usage,
    },
    storesCosts: sessions.store_session_costs,
    debitInterval: sessions.debit_interval,
    isRated: sessions.rals_conns.length > 0,
  }
}

/** The limit of calls that run at once. Reference 01, 7.6. */
export function capsOf({ cores }: Config): Caps {
  return new Caps(cores.caps, cores.caps_strategy === '*queue' ? '*queue' : '*busy', cores.caps_stats_interval > 0n)
}

/** How clients of sessions are called. */
export function clientCallSettings({ general, sessions }: Config): ClientCallSettings {
  return { protocol: sessions.client_protocol, replyTimeoutMs: milliseconds(general.reply_timeout) }
}

/** What happens to sessions without a request. */
export function sessionLifeSettings({ sessions }: Config): SessionLifeSettings {
  return {
    terminateAttempts: sessions.terminate_attempts,
    lowBalance: sessions.min_dur_low_balance,
    syncIntervalMs: milliseconds(sessions.channel_sync_interval),
    syncTimeoutMs: milliseconds(sessions.channel_sync_timeout),
    staleExtraUsage: sessions.stale_chan_max_extra_usage,
  }
}

function milliseconds(ns: bigint): number {
  return Number(ns / 1_000_000n)
}
