import t from 'tap'
import type { EventFields } from '../../src/core/event.ts'
import { type TimeoutSettings, timeoutOf } from '../../src/sessions/timeout.ts'

const NONE: TimeoutSettings = { ttl: 0n, maxDelay: 0n, lastUsage: undefined, lastUsed: undefined, usage: undefined }
const MS = 1_000_000n
const all: TimeoutSettings = { ttl: 60_000n * MS, maxDelay: 1_000n * MS, lastUsage: 3n, lastUsed: 0n, usage: 9n }

const rows: readonly {
  name: string
  request?: EventFields
  start?: EventFields
  settings?: Partial<TimeoutSettings>
  deadlineMs: number | undefined
  atTimeout?: { extra: bigint; lastUsed: bigint | undefined; total: bigint | undefined }
}[] = [
  { name: 'never', deadlineMs: undefined },
  { name: 'the key alone', settings: { ttl: 50n * MS }, deadlineMs: 1_050 },
  {
    name: 'every key',
    settings: all,
    deadlineMs: 1_000 + 60_000 + 750,
    atTimeout: { extra: 3n, lastUsed: 0n, total: 9n },
  },
  {
    name: '05 W10: options of an update over those of the start over the keys',
    request: { '*sessionsTTLUsage': 2048n, '*sessionsTTLLastUsed': '1024' },
    start: { '*sessionsTTL': '50ms', '*sessionsTTLUsage': '7' },
    settings: { lastUsage: 1n },
    deadlineMs: 1_050,
    atTimeout: { extra: 1n, lastUsed: 1_024n, total: 2_048n },
  },
  { name: '05, 12 row 11: 0 cancels', request: { '*sessionsTTL': 0n }, settings: all, deadlineMs: undefined },
  {
    name: '05, 12 row 11: a delay below 1 ms is none',
    settings: { ttl: MS, maxDelay: 999_999n },
    deadlineMs: 1_001,
  },
  { name: 'less than 1 ms', settings: { ttl: 1n }, deadlineMs: 1_000 },
]
for (const { name, request = {}, start = {}, settings, deadlineMs, atTimeout } of rows)
  t.test(name, async (t) => {
    const timeout = timeoutOf(request, start, { ...NONE, ...settings }, 1_000, () => 0.75)
    t.strictSame(timeout, { deadlineMs, atTimeout })
  })

t.test('an option that cannot be read', async (t) => {
  t.throws(() => timeoutOf({ '*sessionsTTL': 'soon' }, {}, NONE, 0, () => 0), {
    message: 'time: invalid duration "soon"',
  })
})
