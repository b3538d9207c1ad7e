import { createHash } from 'node:crypto'
import type { Table } from '../data-store.ts'

/** A program that Redis runs whole, with nothing in between. */
export type Script = { readonly text: string; readonly sha: string }

function script(text: string): Script {
  return { text, sha: createHash('sha1').update(text).digest('hex') }
}

/** Tables in the order in which scripts know them. */
export const TABLES: readonly Table[] = ['account', 'session', 'profile', 'answer', 'outbox', 'meta', 'cost']

/**
 * Applies commits, each whole or not at all, one after the other. What a batch came to is kept until it is known that the sender has
 * it: a batch that is sent again is not applied again.
 *
 * Everything is read before anything is written, and the first write is one that a full or read-only Redis refuses: an error means
 * that nothing was applied.
 *
 * KEYS: outcomes of the sender, counter of changes, changes, then hash and order of each table.
 * ARGV: number of the batch, numbers of batches that the sender has (commas), commits; of each commit: conditions, changes, then
 * (table, key, version) of each condition, (table, key, 1 when others are told, text) of each change, '' deletes.
 * Gives: the numbers of changes before and after, then per commit 1 or a list of (table, key, text or false) that differ; or, when
 * it was sent again, a text of one digit per commit.
 */
export const COMMIT = script(`
local again = redis.call('HGET', KEYS[1], ARGV[1])
if again then return again end
local at, left = 4, tonumber(ARGV[3])
local before = tonumber(redis.call('GET', KEYS[2]) or '0')
local changed, reply, digits, wrote = before, {0, 0}, {}, false
for commit = 1, left do
  local conditions, changes = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
  at = at + 2
  local differ, found = {}, {}
  for _ = 1, conditions do
    local t, key, version = tonumber(ARGV[at]), ARGV[at + 1], ARGV[at + 2]
    at = at + 3
    local held = redis.call('HGET', KEYS[4 + 2 * t], key)
    local is = held and string.match(held, '^%d+') or '0'
    if is ~= version then
      differ[#differ + 1] = t
      differ[#differ + 1] = key
      differ[#differ + 1] = held
    end
    found[t .. key] = is ~= '0'
  end
  if #differ > 0 then
    at = at + 4 * changes
    reply[#reply + 1] = differ
    digits[commit] = '0'
  else
    for _ = 1, changes do
      local t, key, told, text = tonumber(ARGV[at]), ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]
      at = at + 4
      local hash, order = KEYS[4 + 2 * t], KEYS[5 + 2 * t]
      if text ~= '' then
        redis.call('HSET', hash, key, text)
        if not found[t .. key] then redis.call('ZADD', order, 0, key) end
      elseif found[t .. key] then
        redis.call('HDEL', hash, key)
        redis.call('ZREM', order, key)
      end
      if told == '1' then
        changed = changed + 1
        redis.call('ZADD', KEYS[3], changed, t .. key)
      end
      wrote = true
    end
    reply[#reply + 1] = 1
    digits[commit] = '1'
  end
end
if changed > before then redis.call('SET', KEYS[2], changed) end
if wrote then
  redis.call('HSET', KEYS[1], ARGV[1], table.concat(digits))
  for batch in string.gmatch(ARGV[2], '%d+') do redis.call('HDEL', KEYS[1], batch) end
  redis.call('PEXPIRE', KEYS[1], 604800000)
end
reply[1], reply[2] = before, changed
return reply
`)

/** One page of a table in key order. KEYS: hash, order. ARGV: bounds as of ZRANGE BYLEX, limit. Gives (key, text)*. */
export const PAGE = script(`
local keys = redis.call('ZRANGE', KEYS[2], ARGV[1], ARGV[2], 'BYLEX', 'LIMIT', 0, ARGV[3])
local rows = {}
for i, key in ipairs(keys) do
  rows[2 * i - 1] = key
  rows[2 * i] = redis.call('HGET', KEYS[1], key)
end
return rows
`)

/** Deletes some records with keys before a bound. KEYS: hash, order. ARGV: bound as of ZRANGE BYLEX, how many. Gives how many. */
export const DELETE_BEFORE = script(`
local keys = redis.call('ZRANGE', KEYS[2], '-', ARGV[1], 'BYLEX', 'LIMIT', 0, ARGV[2])
if #keys > 0 then
  redis.call('HDEL', KEYS[1], unpack(keys))
  redis.call('ZREM', KEYS[2], unpack(keys))
end
return #keys
`)

/**
 * An engine says that it is there, and hears what there is to know. A name is its own for as long as it says so.
 * KEYS: owners of names, when they were heard last, counter of changes, changes, then the hash of each table.
 * ARGV: name, owner, ms after which a name is free, number of the last change that is known (-1: none is wanted), limit.
 * Gives: owner of the name, ms since it was heard, names that are there, number of changes, records per table, then (table and key,
 * number) of the changes.
 */
export const REPORT = script(`
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local gone = redis.call('ZRANGE', KEYS[2], '-inf', now - tonumber(ARGV[3]), 'BYSCORE')
for _, name in ipairs(gone) do
  redis.call('ZREM', KEYS[2], name)
  redis.call('HDEL', KEYS[1], name)
end
local owner, heard = redis.call('HGET', KEYS[1], ARGV[1]), now
if owner and owner ~= ARGV[2] then
  heard = tonumber(redis.call('ZSCORE', KEYS[2], ARGV[1]) or now)
else
  owner = ARGV[2]
  redis.call('ZADD', KEYS[2], now, ARGV[1])
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
end
local counts = {}
for i = 5, #KEYS do counts[i - 4] = redis.call('HLEN', KEYS[i]) end
local changes = {}
if tonumber(ARGV[4]) >= 0 then
  changes = redis.call('ZRANGE', KEYS[4], '(' .. ARGV[4], '+inf', 'BYSCORE', 'LIMIT', 0, ARGV[5], 'WITHSCORES')
end
return {owner, now - heard, redis.call('ZRANGE', KEYS[2], 0, -1), tonumber(redis.call('GET', KEYS[3]) or '0'), counts, changes}
`)

/** Frees a name. KEYS: as of REPORT, two of them. ARGV: name, owner. */
export const LEAVE = script(`
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[2], ARGV[1])
return 1
`)
