import t from 'tap'
import { formatDuration, parseDuration } from '../../src/core/duration.ts'
import { InvalidText } from '../../src/core/errors.ts'
import { formatTime, parseTime } from '../../src/core/time.ts'

/** 2024-01-31T10:20:30Z, a Wednesday. */
const NOW = { ns: 1_706_696_430_000_000_000n, zone: 'UTC' }
const ZERO = '0001-01-01T00:00:00Z'

const times: readonly [literal: string, result: string][] = [
  ['', ZERO],
  [' ', ZERO],
  ['*unlimited', ZERO],
  ['0', ZERO],
  ['*daily', '2024-02-01T10:20:30Z'],
  ['*monthly', '2024-03-02T10:20:30Z'],
  ['*yearly', '2025-01-31T10:20:30Z'],
  ['*monthly_estimated', '2024-02-29T10:20:30Z'],
  ['*month_end', '2024-01-31T23:59:59Z'],
  ['*month_end+1h2m', '2024-02-01T01:01:59Z'],
  ['*mo+1h2m', '2024-03-02T11:22:30Z'],
  ['2016-09-14T19:37:43.665+0000', '2016-09-14T19:37:43.665Z'],
  ['2013-12-30T15:00:01Z', '2013-12-30T15:00:01Z'],
  ['2013-12-30T15:00:01.5+02:00', '2013-12-30T15:00:01.5+02:00'],
  ['2013-12-30 15:00:01 +0000 UTC', '2013-12-30T15:00:01Z'],
  ['2013-12-30 15:00:01.9 +0430 +0430', '2013-12-30T15:00:01.9+04:30'],
  ['2013-12-30 15:00:01 +0200 CEST', '2013-12-30T15:00:01+02:00'],
  ['2013-12-30 15:00:01', '2013-12-30T15:00:01+01:00'],
  ['1372636800000000', '2013-07-01T02:00:00+02:00'],
  ['1372636800', '2013-07-01T02:00:00+02:00'],
  ['1372636800123', '2013-07-01T02:00:00.123+02:00'],
  ['1372636800123456789', '2013-07-01T02:00:00.123456789+02:00'],
  ['20131023215149', '2013-10-23T21:51:49+02:00'],
  ['08.04.2014 22:14:29', '2014-04-08T22:14:29+02:00'],
  ['31/05/2015 14:46:00', '2015-05-31T14:46:00+02:00'],
  ['20160419210007.037', '2016-04-19T21:00:07.037+02:00'],
  [' *now ', '2024-01-31T10:20:30Z'],
  ['+20s', '2024-01-31T10:20:50Z'],
  ['-20s', '2024-01-31T10:20:10Z'],
  ['2005-08-26T14:17:34', '2005-08-26T14:17:34+02:00'],
]
for (const [literal, result] of times)
  t.test(`02, 1.4: ${JSON.stringify(literal)}`, async (t) =>
    t.equal(formatTime(parseTime(literal, 'Europe/Berlin', NOW)), result),
  )

const badTimes: readonly [literal: string, message: string][] = [
  ...['2014-01-01', '12345', '123456789', '20131023T215149Z', '*now+1h', '2013-12-30 15:00:01.5', 'x'].map(
    (literal): [string, string] => [literal, 'Unsupported time format'],
  ),
  [
    '2013-12-30T15:00:01+0000',
    'parsing time "2013-12-30T15:00:01+0000" as "2006-01-02T15:04:05Z07:00": cannot parse "+0000" as "Z07:00"',
  ],
  ['2013-13-30T15:00:01Z', 'parsing time "2013-13-30T15:00:01Z": month out of range'],
  ['-1', 'time: missing unit in duration "1"'],
  ['+', 'time: invalid duration ""'],
]
for (const [literal, message] of badTimes) {
  t.test(`02, 1.4: ${JSON.stringify(literal)} is none`, async (t) =>
    t.throws(() => parseTime(literal, 'UTC', NOW), new InvalidText(message)),
  )
}

const durations: readonly [literal: string, ns: bigint][] = [
  ['', 0n],
  ['*unlimited', -1n],
  ['1024', 1024n],
  ['1.5', 1n],
  ['1h2m3.5s', 3_723_500_000_000n],
  ['-5m', -300_000_000_000n],
  ['.5s', 500_000_000n],
  ['1us', 1_000n],
  ['1µs', 1_000n],
  ['1.5ms', 1_500_000n],
]
for (const [literal, ns] of durations)
  t.test(`02, 1.3: ${JSON.stringify(literal)}`, async (t) => t.equal(parseDuration(literal), ns))

const badDurations: readonly [literal: string, message: string][] = [
  ['1e3', 'time: unknown unit "e" in duration "1e3ns"'],
  ['1d', 'time: unknown unit "d" in duration "1d"'],
  ['abc', 'time: invalid duration "abc"'],
  [' 1s', 'time: invalid duration " 1s"'],
  ['9223372036854775808', 'time: invalid duration "9223372036854775808ns"'],
]
for (const [literal, message] of badDurations) {
  t.test(`02, 1.3: ${JSON.stringify(literal)} is none`, async (t) =>
    t.throws(() => parseDuration(literal), new InvalidText(message)),
  )
}

const shown: readonly [ns: bigint, text: string][] = [
  [129_600_000_000_000n, '36h0m0s'],
  [5_400_000_000_000n, '1h30m0s'],
  [90_000_000_000n, '1m30s'],
  [1_500_000_000n, '1.5s'],
  [1_500_000n, '1.5ms'],
  [1_500n, '1.5µs'],
  [100n, '100ns'],
  [0n, '0s'],
  [-10_000_000_000n, '-10s'],
  [2n ** 63n - 1n, '2562047h47m16.854775807s'],
]
for (const [ns, text] of shown) t.test(`02, 1.3: ${text}`, async (t) => t.equal(formatDuration(ns), text))
